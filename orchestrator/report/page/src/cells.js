// SPDX-License-Identifier: MIT
// Cells of a matrix side by side: up to four of them, by reason.
import {bars} from './bars.js';
import {texture_swatch} from './chart.js';
import {h, select, table} from './dom.js';
import {cell_labels, step_in, step_key, step_label, steps_of} from './model.js';
import {count, difference, median, number, ratio, share, signed} from './numbers.js';

const letters = 'ABCD';

export const can_stand_beside = (cells) => cells.filter(({steps = []}) => steps.length).length > 1;

export function side_by_side(data) {
  const cells = data.cells.filter(({steps = []}) => steps.length);
  const labels = cell_labels(cells);
  // Those of the first cell's scenario: others are not made to be compared with it.
  const beside = cells.flatMap(({scenario}, i) => scenario === cells[0].scenario ? [i] : []);
  const chosen = (beside.length > 1 ? beside : [0, 1]).slice(0, letters.length);
  while (chosen.length < Math.min(letters.length, cells.length)) chosen.push(undefined);
  let step = steps_of(cells)[0];

  const shown = () => chosen
    .map((index, place) => index === undefined ? {}
      : {label: `${letters[place]}: ${labels[index]}`, step: step_in(cells[index], step)})
    .filter((one) => one.step);
  const chart = bars('cells', () => ({
    label: `Grouped bars: exits by reason in ${step_label(step)} of ` +
      `${shown().map(({label}) => label).join(', ')}. The table that follows has the numbers.`,
    items: reasons_of(shown()).map((reason) => ({
      name: reason.name, reason: reason.name,
      tip: () => [reason.name, shown().map((one) =>
        [undefined, one.label, exits_text(one, reason)])],
    })),
    series: shown().map((one) => ({
      name: one.label,
      values: reasons_of(shown()).map((reason) => value_of(one, reason)),
    })),
  }));

  const caption = h('figcaption');
  const legend = h('ul', {class: 'legend'});
  const numbers = h('div');
  const choices = h('div', {class: 'controls'});
  const show = () => {
    caption.replaceChildren(h('strong', {}, `Exits by reason in ${step_label(step)}`),
      ': a reason keeps its colour, a cell its pattern.');
    legend.replaceChildren(...shown().map(({label}, i) =>
      h('li', {}, texture_swatch(i), label)));
    numbers.replaceChildren(cell_table(step, shown()));
    chart.redraw();
  };
  const steps = steps_of(cells);
  choices.append(
    ...chosen.map((index, place) => select(`Cell ${letters[place]}`,
      [...labels, ...place > 0 ? ['none'] : []], index ?? labels.length, (now) => {
        chosen[place] = now < labels.length ? now : undefined;
        show();
      })),
    ...steps.length > 1 ? [select('Step', steps.map(step_label), 0, (index) => {
      step = steps.find((one) => step_key(one) === step_key(steps[index]));
      show();
    })] : []);
  show();
  return {content: [choices, h('figure', {}, caption, chart.element, legend), numbers], chart};
}

const reason_in = ({step}, {number: no, name}) =>
  step.reasons?.find((other) => other.number === no && other.name === name);

// Where a step's counts are known, a reason that is not among them did not happen.
const exits_in = (one, reason) => {
  const found = reason_in(one, reason);
  if (found) return median(found.exits);
  return one.step.reasons && one.step.exits ? 0 : undefined;
};

const exits_text = (one, reason) =>
  `${count(exits_in(one, reason))} (${share(exits_in(one, reason), median(one.step.exits))} %)`;

function value_of(one, reason) {
  const measure = reason_in(one, reason)?.exits;
  return {value: number(exits_in(one, reason)), low: number(measure?.least),
          high: number(measure?.most), text: count(exits_in(one, reason))};
}

// Of all cells shown, those with the most exits in any of them first.
function reasons_of(shown) {
  const found = new Map();
  for (const {step} of shown)
    for (const reason of step.reasons ?? []) {
      const key = JSON.stringify([reason.number, reason.name]);
      const most = Math.max(found.get(key)?.most ?? 0, Number(median(reason.exits) ?? 0));
      found.set(key, {number: reason.number, name: reason.name, most});
    }
  return [...found.values()].sort((x, y) => y.most - x.most);
}

function cell_table(step, shown) {
  const reasons = reasons_of(shown);
  const two = shown.length === 2;
  const [a, b] = shown.map(({label}) => label[0]);
  const line = (name, values) => [name, ...values.map(count), ...two
    ? [signed(difference(...values)), ratio(...values)] : []];
  const rows = [
    line('all exits', shown.map((one) => median(one.step.exits))),
    ...reasons.map((reason) => line(reason.name, shown.map((one) => exits_in(one, reason)))),
  ];
  return table({
    caption: `Exits in ${step_label(step)}, cells side by side`, kind: 'totals',
    columns: [{head: 'reason', name: true}, ...shown.map(({label}) => ({head: label, number: true})),
              ...two ? [{head: `${b} − ${a}`, number: true}, {head: `${b} : ${a}`, number: true}] : []],
    count: rows.length, row: (i) => rows[i],
  });
}
