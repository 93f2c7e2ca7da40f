// SPDX-License-Identifier: MIT
// The sections that are words and tables: head, answers, conditions, trials.
import {details, h, scrolling, table} from './dom.js';
import {cell_labels, words} from './model.js';
import {count, plural, when} from './numbers.js';

const badge = (outcome, text = words(outcome)) =>
  h('span', {class: `badge ${outcome === 'passed' ? 'good' : 'bad'}`},
    `${outcome === 'passed' ? '✓' : '✗'} ${text}`);

export function head(data) {
  const outcomes = Object.entries(data.outcomes ?? {}).filter(([, n]) => Number(n) > 0);
  return h('header', {},
    h('h1', {}, data.title ?? 'Report'),
    h('p', {class: 'made'},
      h('time', {datetime: data.made}, when(data.made)), ` · lab ${data.lab ?? '–'} · `,
      h('code', {}, data.command ?? 'lab report')),
    outcomes.length
      ? h('ul', {class: 'outcomes', 'aria-label': 'Outcomes of the trials'},
        outcomes.map(([outcome, n]) => h('li', {}, badge(outcome, `${count(n)} ${words(outcome)}`))))
      : [],
    data.notes?.length
      ? h('ul', {class: 'notes', 'aria-label': 'Notes'}, data.notes.map((note) => h('li', {}, note)))
      : []);
}

// "… [1, 2]." with links to what is cited.
function cited(line, evidence) {
  return line.split(/(\[\d+(?:(?:, ?|–)\d+)*\])/).flatMap((part, i) => i % 2 === 0 ? [part]
    : part.split(/(\d+)/).map((piece) => evidence.has(piece)
      ? h('a', {href: `#evidence-${piece}`}, piece) : piece));
}

// Lines keep how far they are set in: that says what belongs to what.
const answer_line = (line, evidence) => {
  const depth = Math.min(Math.floor(/^ */.exec(line)[0].length / 2), 3);
  return h('p', {class: depth ? `in-${depth}` : undefined}, cited(line.trim(), evidence));
};

export function answers(data) {
  const numbered = (data.evidence ?? []).map((line) => [/^\[(\d+)\]/.exec(line)?.[1], line]);
  const known = new Set(numbered.map(([number]) => number));
  const list = details(`Evidence: ${plural(numbered.length, 'trial')}`,
    h('ul', {class: 'evidence'}, numbered.map(([number, line]) =>
      h('li', {id: number && `evidence-${number}`}, line))));
  const content = data.answers.flatMap(({question, lines}) =>
    [h('h3', {}, question), ...lines.map((line) => answer_line(line, known))]);
  const footnotes = (data.footnotes ?? []).map((line) => h('p', {class: 'remark'}, line));
  const box = h('div', {class: 'answers', onclick: ({target}) => {
    if (target.hash?.startsWith('#evidence-')) list.open = true;
  }}, content, footnotes, numbered.length ? list : []);
  return {content: [box]};
}

export function every_condition({cells}) {
  const labels = cell_labels(cells);
  const keys = [...new Set(cells.flatMap(({conditions = {}}) => Object.keys(conditions)))];
  const value = (cell, key) => cell.conditions?.[key];
  const same = keys.filter((key) => cells.every((cell) => value(cell, key) === value(cells[0], key)));
  const other = keys.filter((key) => !same.includes(key));
  const content = [];
  if (other.length) content.push(table({
    caption: 'Conditions that differ between cells',
    columns: [{head: 'cell', name: true}, ...other.map((key) => ({head: words(key), long: true}))],
    count: cells.length,
    row: (i) => [labels[i], ...other.map((key) => value(cells[i], key))],
  }));
  if (same.length) content.push(table({
    caption: cells.length > 1 ? 'Conditions that are the same in all cells' : `Conditions of ${cells[0].name}`,
    columns: [{head: 'condition', name: true}, {head: 'value'}], kind: 'wrapping',
    count: same.length, row: (i) => [words(same[i]), value(cells[0], same[i])],
  }));
  return {content};
}

export const have_conditions = (cells) =>
  cells.some(({conditions = {}}) => Object.keys(conditions).length);

const told_at_first = 20;

export function trials(data) {
  const failed = data.trials.filter(({outcome}) => outcome !== 'passed');
  const all = [...failed, ...data.trials.filter(({outcome}) => outcome === 'passed')];
  const rest = failed.slice(told_at_first);
  return {content: [
    ...failed.slice(0, told_at_first).map(failure),
    ...rest.length ? [details(`${rest.length} more that did not pass`, rest.map(failure))] : [],
    trial_table(all, failed.length),
  ]};
}

function failure(trial) {
  const {name, id, outcome, message, checks_failed = [], console_tail} = trial;
  return h('article', {class: 'failure'},
    h('h3', {}, name, ' ', badge(outcome)),
    h('p', {class: 'made'}, `${when(trial.start)} · ${trial.site ?? '–'} · `, h('code', {}, id ?? '')),
    message ? h('p', {class: 'message'}, message) : [],
    checks_failed.length
      ? [h('p', {}, 'Failed checks:'), h('ul', {}, checks_failed.map((text) => h('li', {}, text)))] : [],
    console_tail
      ? [h('p', {}, 'The end of the guest’s console:'),
         scrolling(`Console of ${name}`, h('pre', {}, console_tail))] : []);
}

const trial_table = (all, failed, nodes = all.some(({node}) => node)) => table({
  caption: `All ${plural(all.length, 'trial')}` +
    `${failed ? ', those that did not pass first' : ''}; exits are those of the first step`,
  columns: [
    {head: 'trial', name: true}, {head: 'outcome'}, {head: 'site'}, ...nodes ? [{head: 'node'}] : [], {head: 'start'},
    {head: 'seconds', number: true}, {head: 'exits', number: true},
    {head: 'checks', title: 'passed of all'}, {head: 'id', long: true},
  ],
  count: all.length,
  row: (i) => {
    const trial = all[i];
    const failed = trial.checks_failed?.length ?? 0;
    return [trial.name, badge(trial.outcome), trial.site, ...nodes ? [trial.node] : [],
            when(trial.start), trial.seconds?.toFixed(1), count(trial.exits),
            trial.checks_passed === undefined ? undefined
              : `${trial.checks_passed} of ${trial.checks_passed + failed}`, trial.id];
  },
});
