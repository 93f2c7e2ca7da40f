// SPDX-License-Identifier: MIT
// Elements from text. Nothing on this page is ever parsed as HTML: data become text nodes and
// attribute values, whatever they look like.

// h('p', {class: 'note'}, 'text', element, …). Functions are listeners: {onclick: …}.
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== ''));
  return element;
}

let last_id = 0;
export const new_id = (prefix) => `${prefix}-${++last_id}`;

// A label and a choice. `options` are texts; `choose` is told the index.
export function select(label, options, chosen, choose) {
  const box = h('select', {onchange: () => choose(Number(box.value))},
    options.map((text, index) => h('option', {value: index, selected: index === chosen}, text)));
  return h('label', {class: 'choice'}, h('span', {}, label), box);
}

export const details = (summary, ...children) =>
  h('details', {}, h('summary', {}, summary), ...children);

// What is made when it is opened for the first time, and is not printed.
export function bulk(summary, make) {
  const box = details(summary);
  box.classList.add('bulk');
  box.addEventListener('toggle', () => box.append(make()), {once: true});
  return box;
}

// Wide tables and long consoles scroll by themselves, and by keyboard, but are a tab stop only when
// there is something to scroll.
const overflow = new ResizeObserver((entries) => {
  for (const {target} of entries) {
    const box = target.closest('.scroll');
    if (!box) continue;
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (scrolls) box.setAttribute('tabindex', '0');
    else box.removeAttribute('tabindex');
  }
});

export function scrolling(name, child) {
  const box = h('div', {class: 'scroll', role: 'region', 'aria-label': name}, child);
  overflow.observe(box);
  overflow.observe(child);
  return box;
}

const rows_at_once = 200;

function cell(column, content, is_head) {
  const attributes = {class: column.number ? 'number' : column.long ? 'long' : undefined};
  if (is_head) attributes.scope = 'row';
  return h(is_head ? 'th' : 'td', attributes, content ?? '–');
}

// columns: [{head, number, long, title}], the one with `name` names its row. `row(i)` gives the cells'
// contents and is asked only for rows that are shown: the first ones, all at a press of a button.
export function table({caption, columns, count, row, kind}) {
  const body = h('tbody');
  const grow = (until) => {
    for (let i = body.rows.length; i < until; ++i) {
      const contents = row(i);
      body.append(h('tr', {}, columns.map((column, c) => cell(column, contents[c], column.name))));
    }
  };
  grow(Math.min(count, rows_at_once));
  const head = h('tr', {}, columns.map((column) => h('th',
    {scope: 'col', class: column.number ? 'number' : undefined, title: column.title}, column.head)));
  const box = scrolling(caption,
    h('table', {class: kind}, h('caption', {}, caption), h('thead', {}, head), body));
  if (count <= rows_at_once) return box;
  const said = h('span', {}, `The first ${rows_at_once} of ${count} rows. `);
  const more = h('p', {class: 'rest'}, said, h('button', {type: 'button', onclick: () => {
    grow(count);
    more.remove();
    box.focus();
  }}, 'Show all'));
  return h('div', {}, box, more);
}
