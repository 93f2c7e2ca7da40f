// SPDX-License-Identifier: MIT
// Exits, or cycles, by reason: of one step of one cell.
import {bars} from './bars.js';
import {h, select, table} from './dom.js';
import {cell_labels, cycles_word, step_label, words} from './model.js';
import {
  count, descending, hex, median, number, plural, range, ratio, seconds, share,
} from './numbers.js';

// What the two sections differ in.
const kinds = {
  exits: {of: (thing) => thing.exits, word: () => 'exits'},
  cycles: {of: (thing) => thing.cycles, word: cycles_word},
};

export const have_cycles = (cells) =>
  cells.some(({steps = []}) => steps.some(({reasons = []}) => reasons.some(({cycles}) => cycles)));

export function by_reason(kind, data) {
  const {of, word} = kinds[kind];
  const cells = data.cells.filter(({steps = []}) => steps.length);
  const shown = {cell: cells[0], step: cells[0].steps[0]};
  const reasons = () => [...shown.step.reasons ?? []].sort(descending((reason) => median(of(reason))));
  const known = () => reasons().filter(of);

  const chart = bars(`${kind}-by-reason`, () => ({
    label: `Bars: ${word(shown.cell)} by reason. ` + known().slice(0, 5)
      .map((reason) => `${reason.name} ${count(median(of(reason)))}`).join(', ') +
      '. All numbers are in the table that follows.',
    items: known().map((reason) => ({
      name: reason.name, reason: reason.name, tip: () => reason_tip(shown, reason),
    })),
    series: [{name: word(shown.cell), values: known().map((reason) => bar_of(of, shown, reason))}],
  }));

  const caption = h('figcaption');
  const numbers = h('div');
  const choice = h('div', {class: 'controls'});
  const show = () => {
    caption.replaceChildren(...sentence(shown, known()[0], of, word(shown.cell)));
    numbers.replaceChildren(reason_table(kind, shown, reasons()));
    chart.redraw();
  };
  const choose_cell = (index) => {
    const before = step_label(shown.step);
    shown.cell = cells[index];
    shown.step = shown.cell.steps.find((step) => step_label(step) === before) ?? shown.cell.steps[0];
    choices();
    show();
  };
  const choices = () => choice.replaceChildren(
    ...cells.length < 2 ? [] : [select('Cell', cell_labels(cells), cells.indexOf(shown.cell), choose_cell)],
    ...shown.cell.steps.length < 2 ? [] : [select('Step', shown.cell.steps.map(step_label),
      shown.cell.steps.indexOf(shown.step), (index) => {
        shown.step = shown.cell.steps[index];
        show();
      })]);
  choices();
  show();
  return {content: [choice, h('figure', {}, caption, chart.element), numbers], chart};
}

function bar_of(of, {step}, reason) {
  const measure = of(reason);
  return {
    value: number(median(measure)), low: number(measure?.least), high: number(measure?.most),
    text: `${count(median(measure))}  ${share(median(measure), median(of(step)))} %`,
  };
}

function sentence({cell, step}, leader, of, word) {
  const total = of(step);
  const several = total?.count > 1 ? `, median of ${plural(total.count, 'trial')}` : '';
  return [
    h('strong', {}, `${step_label(step)} of ${cell.name}`),
    `: ${count(median(total))} ${word}${several}` +
      (total?.count > 1 ? ` (${range(total)})` : '') +
      (step.seconds ? `, in ${seconds(median(step.seconds), 1)}` : '') + '. ' +
      (leader ? `${leader.name} leads with ${share(median(of(leader)), median(total))} %.` : ''),
  ];
}

function reason_tip({cell, step}, reason) {
  const lines = [];
  const add = (name, value) => value && lines.push([undefined, name, value]);
  add('exits', count(median(reason.exits)));
  add('of the step', `${share(median(reason.exits), median(step.exits))} %`);
  add('least–most', range(reason.exits));
  if (reason.cycles) {
    add(cycles_word(cell), count(median(reason.cycles)));
    add('an exit', ratio(median(reason.exits), median(reason.cycles)));
  }
  lines[0][0] = reason.name;
  return [`${reason.name}, no. ${reason.number} (${hex(reason.number)})`, lines];
}

function reason_table(kind, {cell, step}, reasons) {
  const of = kinds[kind].of;
  const word = kinds[kind].word(cell);
  const measured = (measure) => measure?.count > 1;
  const several = reasons.some((reason) => measured(of(reason)));
  const column = (head, of_reason, more = {}) => ({head, of_reason, number: true, ...more});
  const columns = [
    column('reason', ({name}) => name, {number: false, name: true}),
    column(several ? `${word}, median` : word, (reason) => count(median(of(reason)))),
    column('%', (reason) => share(median(of(reason)), median(of(step)))),
    ...several ? [column('least', (reason) => count(of(reason)?.least)),
                  column('most', (reason) => count(of(reason)?.most))] : [],
    ...kind === 'exits' ? [] : [
      column('exits', (reason) => count(median(reason.exits))),
      column(`${word} an exit`, (reason) => ratio(median(reason.exits), median(reason.cycles))),
    ],
    column('category', ({category}) => category && words(category), {number: false}),
    column('no.', (reason) => String(reason.number)),
    column('hex', (reason) => hex(reason.number)),
  ];
  return table({
    caption: `${word} by reason in ${step_label(step)} of ${cell.name}`,
    columns, count: reasons.length,
    row: (i) => columns.map(({of_reason}) => of_reason(reasons[i])),
  });
}
