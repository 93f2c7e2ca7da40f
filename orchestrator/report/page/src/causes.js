// SPDX-License-Identifier: MIT
// What the exits of a step were about and which code caused them: a flame graph (step → reason →
// detail → place) of one cell, or of two with what moved, and the table of it.
import {colour} from './colours.js';
import {details, h, new_id, select, table} from './dom.js';
import {Flame} from './flame.js';
import {cell_labels, step_label} from './model.js';
import {count, descending, plural, ratio, share, signed} from './numbers.js';

const steps_with_causes = ({steps = []}) => steps.filter(({causes}) => causes?.length);
export const have_causes = (cells) => cells.some((cell) => steps_with_causes(cell).length);

const sum = (nodes, of) => nodes.reduce((all, node) => all + of(node), 0);

// Of one step, or of two: exits in a and in b. Where there is one, a is all there is.
function tree(step, other) {
  const root = {name: step_label(step), children: new Map()};
  const add = (causes, side) => {
    for (const cause of causes) {
      let node = root;
      for (const name of path(cause)) {
        if (!node.children.has(name))
          node.children.set(name, {name, reason: cause.reason, parent: node, children: new Map()});
        node = node.children.get(name);
      }
      node[side] = (node[side] ?? 0) + Number(cause.exits);
    }
  };
  add(step.causes, 'own_a');
  if (other) add(other.causes, 'own_b');
  return finish(root, Boolean(other));
}

// A sum of others, or lost ones, is one frame; so is what is not known.
function path({reason, detail, place}) {
  const names = [reason, detail, place === detail ? '' : place].filter(Boolean);
  return names.length === 1 ? [reason, 'unknown'] : names;
}

// As wide as the larger side of each cause, so that what is gone is seen, too.
function finish(node, two) {
  node.children = [...node.children.values()].map((child) => finish(child, two));
  const {own_a = 0, own_b = 0} = node;
  node.a = own_a + sum(node.children, ({a}) => a);
  node.b = own_b + sum(node.children, ({b}) => b);
  node.size = (two ? Math.max(own_a, own_b) : own_a) + sum(node.children, ({size}) => size);
  node.children.sort(descending(({size}) => size));
  return node;
}

const leaves = (node) => node.children.length ? node.children.flatMap(leaves) : [node];

const stack = (node) => node.parent ? [...stack(node.parent), node.name] : [];

export function causes(data) {
  const cells = data.cells.filter((cell) => steps_with_causes(cell).length);
  const shown = {cell: cells[0], step: steps_with_causes(cells[0])[0], other: undefined};
  // Two sides that are compared: what changed is the question.
  if (data.comparisons?.length && cells.length === 2 && is_comparable(cells[1], shown))
    shown.other = cells[1];
  const labels = cell_labels(cells);
  let root, most;  // of the tree shown, and its largest change of a cause

  const flame = new Flame({
    name: 'Flame graph of causes',
    label: (node) => label(node, shown.other),
    say: (node) => in_words(node, root, shown.other),
    paint: (frame, node) => shown.other ? paint_change(frame, node, most) : paint_reason(frame, node),
  });
  const caption = h('figcaption');
  const numbers = h('div');
  const choice = h('div', {class: 'controls'});
  const found = h('output', {class: 'window'});
  const search = h('input', {type: 'search', id: new_id('search'), oninput: () => look()});

  const look = () => {
    const nodes = flame.search(search.value);
    found.value = !search.value.trim() ? '' : !nodes.length ? 'nothing matches'
      : `${plural(nodes.length, 'match', 'matches')}: ${amount(nodes, root, shown.other)}`;
  };
  const show = () => {
    const beside = shown.other && same_step(shown.other, shown.step);
    root = tree(shown.step, beside);
    most = Math.max(1, ...leaves(root).map(({a, b}) => Math.abs(b - a)));
    caption.replaceChildren(...sentence(shown, root));
    flame.show(root);
    numbers.replaceChildren(cause_table(shown, root));
    look();
  };
  const choices = () => {
    const steps = steps_with_causes(shown.cell);
    const others = cells.filter((cell) => cell !== shown.cell && is_comparable(cell, shown));
    choice.replaceChildren(
      ...cells.length < 2 ? [] : [select('Cell', labels, cells.indexOf(shown.cell), (index) => {
        shown.cell = cells[index];
        shown.step = same_step(shown.cell, shown.step) ?? steps_with_causes(shown.cell)[0];
        choose_other(undefined);
      })],
      ...steps.length < 2 ? [] : [select('Step', steps.map(step_label), steps.indexOf(shown.step), (index) => {
        shown.step = steps[index];
        choose_other(shown.other && is_comparable(shown.other, shown) ? shown.other : undefined);
      })],
      ...!others.length ? [] : [select('What changes to',
        ['(nothing: this cell alone)', ...others.map((cell) => labels[cells.indexOf(cell)])],
        others.indexOf(shown.other) + 1, (index) => choose_other(others[index - 1]))]);
  };
  const choose_other = (cell) => {
    shown.other = cell;
    choices();
    show();
  };
  choices();
  show();
  const tools = h('div', {class: 'controls'},
    h('label', {class: 'choice', for: search.id}, h('span', {}, 'Search'), search),
    h('button', {type: 'button', onclick: () => flame.zoom(root)}, 'Show all'), found);
  return {content: [choice, h('figure', {}, caption, tools, flame.element, flame.says), numbers]};
}

const same_step = (cell, {name, guest}) =>
  steps_with_causes(cell).find((step) => step.name === name && step.guest === guest);

// Reasons of another vendor are others, whatever they are about.
const is_comparable = (cell, {cell: {vendor}, step}) => cell.vendor === vendor && same_step(cell, step);

function amount(nodes, root, other) {
  const a = sum(nodes, (node) => node.a), b = sum(nodes, (node) => node.b);
  return other ? `${count(a)} → ${count(b)} exits, ${signed(b - a)}`
    : `${count(a)} exits, ${share(a, root.a)} %`;
}

const label = ({name, a, b}, other) => other && b !== a ? [name, signed(b - a)] : [name];

// The label is a part of it, for those who say what they see.
function in_words(node, root, other) {
  const name = [...[root.name, ...stack(node)].slice(0, -1), label(node, other).join(' ')].join(' → ');
  if (other) return `${name}: ${count(node.a)} → ${count(node.b)} exits`;
  const part = node.parent?.parent ? `, ${share(node.a, node.parent.a)} % of ${node.parent.name}` : '';
  return `${name}: ${amount([node], root, other)}${part}`;
}

function paint_reason(frame, {reason}) {
  if (!reason) return;
  frame.style.setProperty('--on-light', colour(reason, false));
  frame.style.setProperty('--on-dark', colour(reason, true));
  frame.classList.add('of-reason');
}

// The sign is in the text as well (where there is no room for the number, by the style): colour
// alone says nothing to some.
function paint_change(frame, {a, b}, most) {
  if (a === b) return;
  frame.classList.add(b > a ? 'grown' : 'shrunk');
  frame.style.setProperty('--strength', `${Math.round(12 + 48 * Math.min(1, Math.abs(b - a) / most))}%`);
}

function sentence({cell, step, other}, root) {
  const largest = leaves(root).sort(descending(({a, b}) => other ? Math.abs(b - a) : a))[0];
  const heading = `${step_label(step)} of ${cell.name}${other ? ` → ${other.name}` : ''}`;
  const mean = Math.max(cell.trials, other?.trials ?? 0) > 1 ? ' a trial, in the mean' : '';
  const leader = other ? `Most moved at ${stack(largest).join(', ')}: ${signed(largest.b - largest.a)}.`
    : `${stack(largest).join(', ')} leads with ${share(largest.a, root.a)} %.`;
  const how = other ? ' A frame is as wide as the larger side; + and red: more exits, − and blue: fewer.' : '';
  return [h('strong', {}, heading), `: ${amount([root], root, other).replace(', 100.0 %', '')}${mean}. ${leader}${how}`];
}

function cause_table({cell, step, other}, root) {
  const name = `${step_label(step)} of ${cell.name}`;
  if (other) {
    const rows = leaves(root).sort(descending(({a, b}) => Math.abs(b - a)));
    return table({
      caption: `What changed by cause in ${name}, to ${other.name}`, count: rows.length, kind: 'wrapping',
      columns: [{head: 'cause', name: true, long: true}, {head: 'A', number: true}, {head: 'B', number: true},
                {head: 'B − A', number: true}],
      row: (i) => [stack(rows[i]).join(', '), count(rows[i].a), count(rows[i].b), signed(rows[i].b - rows[i].a)],
    });
  }
  const rows = [...step.causes].sort(descending(({exits}) => exits));
  return details('All causes as a table', table({
    caption: `Causes in ${name}`, count: rows.length, kind: 'wrapping',
    columns: [{head: 'reason', name: true}, {head: 'detail', long: true}, {head: 'place', long: true},
              {head: 'exits', number: true}, {head: '%', number: true},
              {head: cell.emulated ? 'emulated cycles an exit' : 'cycles an exit', number: true}],
    row: (i) => {
      const {reason, detail, place, exits, cycles} = rows[i];
      return [reason, detail || '–', place || '–', count(exits), share(exits, root.a), ratio(exits, cycles)];
    },
  }));
}
