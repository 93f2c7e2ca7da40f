// SPDX-License-Identifier: MIT
// Two sets of trials, in benchstat's manner: what cannot be told from chance is "~".
import {bars} from './bars.js';
import {texture_swatch} from './chart.js';
import {h, scrolling, select, table} from './dom.js';
import {step_label, words} from './model.js';
import {count, number, percent, plural, round, signed} from './numbers.js';

const step_of = ({step, guest}) => ({name: step, guest});
const key_of = ({step, guest = 1}) => JSON.stringify([step, guest]);
const told = 0.95;  // an interval with less confidence is none: too few trials

export function comparisons({comparisons: all}) {
  const shown = all.map((comparison, index) => one(comparison, index));
  return {content: shown.flatMap(({content}) => content), chart: shown[0].chart};
}

function one(comparison, index) {
  const steps = steps_of(comparison);
  const keys = [...steps.keys()];
  let step = keys[0];
  const rows = () => comparison.rows
    .filter((row) => row.kind === 'reason' && key_of(row) === step)
    .sort((x, y) => Math.max(y.a.median, y.b.median) - Math.max(x.a.median, x.b.median));
  const chart = bars(`comparison-${index + 1}`, () => ({
    label: `Grouped bars: exits by reason of a and b in ${steps.get(step)}. ` +
      'The table that follows has the numbers.',
    items: rows().map((row) => ({name: row.name, reason: row.name, tip: () => row_tip(row)})),
    series: ['a', 'b'].map((side) => ({
      name: side, values: rows().map((row) => value_of(row[side], comparison.exact)),
    })),
  }));
  const caption = h('figcaption');
  const show = () => {
    caption.replaceChildren(h('strong', {}, `Exits by reason in ${steps.get(step)}`),
      comparison.exact ? '' : ': medians, with the interval of each.');
    chart.redraw();
  };
  show();
  const choice = keys.length < 2 ? [] : [h('div', {class: 'controls'},
    select('Step', [...steps.values()], 0, (chosen) => {
      step = keys[chosen];
      show();
    }))];
  return {chart, content: [
    h('h3', {}, comparison.scenario), sides(comparison),
    ...comparison.note ? [h('p', {class: 'note'}, comparison.note)] : [],
    ...conditions(comparison.conditions), rows_table(comparison), remarks(comparison), ...choice,
    h('figure', {}, caption, chart.element, h('ul', {class: 'legend'},
      h('li', {}, texture_swatch(0), 'a'), h('li', {}, texture_swatch(1), 'b'))),
  ]};
}

const steps_of = ({rows}) => new Map(rows.map((row) => [key_of(row), step_label(step_of(row))]));

const sides = ({a, b, a_trials, b_trials}) => h('dl', {class: 'sides'},
  h('div', {}, h('dt', {}, 'a'), h('dd', {}, `${a} (${plural(a_trials, 'trial')})`)),
  h('div', {}, h('dt', {}, 'b'), h('dd', {}, `${b} (${plural(b_trials, 'trial')})`)));

function conditions(differences = {}) {
  const keys = Object.keys(differences);
  if (!keys.length) return [h('p', {}, 'The conditions of both agree.')];
  return [table({
    caption: 'Conditions that differ', kind: 'wrapping', columns: [{head: 'condition', name: true}, {head: 'a'}, {head: 'b'}],
    count: keys.length,
    row: (i) => [words(keys[i]), differences[keys[i]].a || '–', differences[keys[i]].b || '–'],
  })];
}

const value_of = (side, exact) => exact
  ? {value: number(side.median), text: count(side.median)}
  : {value: number(side.median), low: side.interval?.low, high: side.interval?.high,
     text: count(side.median)};

const interval_text = ({interval}) => !interval ? '' :
  ` (${count(interval.low)}–${count(interval.high)}, ${round(100 * interval.confidence, 1)} %)`;

const row_tip = (row) => [row.name, [
  [row.name, 'a', count(row.a.median) + interval_text(row.a)],
  [undefined, 'b', count(row.b.median) + interval_text(row.b)],
  [undefined, 'change', row.differs ? change(row) : '~'],
]];

// "± 3 %" of the median; "± ∞" where there are too few trials for such an interval.
function spread({median, interval}) {
  if (!interval) return '';
  if (interval.confidence < told) return '± ∞';
  if (!(median > 0)) return '± 0 %';
  const half = Math.max(interval.high - median, median - interval.low) / median;
  return `± ${Math.round(100 * half)} %`;
}

function change(row) {
  if (row.share !== undefined) return percent(row.share);
  return row.change > 0 ? 'new' : '0';
}

const p_text = (p) => p === undefined ? '' : p < 0.001 ? '<.001' : p.toFixed(3);

// A body of rows for each step, and in it for each kind of row, as the words before them say.
function rows_table({rows, exact, scenario}) {
  const head = (text, number_too = true) =>
    h('th', {scope: 'col', class: number_too ? 'number' : undefined}, text);
  const columns = ['a', ...exact ? [] : ['±'], 'b', ...exact ? [] : ['±'], 'change', 'exits',
                   ...exact ? [] : ['p']];
  const bodies = [];
  let before;
  for (const row of rows) {
    if (!before || before.kind !== row.kind || key_of(before) !== key_of(row))
      bodies.push(h('tbody', {}, h('tr', {class: 'group'}, h('th',
        {scope: 'rowgroup', colspan: columns.length + 1}, heading(row)))));
    bodies.at(-1).append(line(row, exact));
    before = row;
  }
  const caption = `Comparison of ${scenario}: exits, medians`;
  return scrolling(caption, h('table', {class: 'comparison'}, h('caption', {}, caption),
    h('thead', {}, h('tr', {}, head('', false), columns.map((text) => head(text)))), bodies));
}

function heading(row) {
  const step = step_label(step_of(row));
  if (row.kind === 'total') return step;
  return `${step}, by ${row.kind}`;
}

function line(row, exact) {
  const more = row.change > 0;
  const mark = row.differs ? h('span', {class: 'mark'}, more ? '▲ ' : '▼ ') : '';
  const number = (...content) => h('td', {class: 'number'}, ...content);
  return h('tr', {class: row.differs ? (more ? 'differs more' : 'differs fewer') : undefined},
    h('th', {scope: 'row'}, row.kind === 'category' ? words(row.name) : row.name),
    number(count(row.a.median)), exact ? [] : number(spread(row.a)),
    number(count(row.b.median)), exact ? [] : number(spread(row.b)),
    number(mark, row.differs ? change(row) : '~'),
    number(row.differs ? signed(row.change) : ''),
    exact ? [] : number(p_text(row.p_corrected)));
}

function remarks({exact, rows}) {
  if (exact)
    return h('p', {class: 'remark'}, 'Exact: trial by trial, these are the same whenever nothing has changed.');
  const few = rows.some(({a, b}) => [a, b].some(({interval}) => interval?.confidence < told));
  return h('p', {class: 'remark'}, '±: 95 % interval of the median; p: rank test, corrected by ' +
    `Holm for all rows; ~: no difference can be told from chance.${few ? ' ± ∞: needs 6 trials.' : ''}`);
}
