// SPDX-License-Identifier: MIT
// The report: its sections from the data in the page, the first ones at once, the others when the
// browser has shown those.
import {can_stand_beside, side_by_side} from './cells.js';
import {causes, have_causes} from './causes.js';
import {charts, draw_all_for_paper, when_paper} from './chart.js';
import {rank_reasons} from './colours.js';
import {comparisons} from './comparison.js';
import {h} from './dom.js';
import {trend} from './history.js';
import {by_reason, have_cycles} from './reasons.js';
import {answers, every_condition, have_conditions, head, trials} from './text.js';
import {timelines} from './timeline.js';

const some = (list) => Array.isArray(list) && list.length > 0;
const counted = ({cells}) => some(cells) && cells.some(({steps}) => some(steps));

// id, heading, whether there are data for it, its contents.
const sections = [
  ['answers', 'Answers', (data) => some(data.answers), answers],
  ['exits', 'Exits by reason', counted, (data) => by_reason('exits', data)],
  ['cycles', 'Cycles by reason', (data) => counted(data) && have_cycles(data.cells),
   (data) => by_reason('cycles', data)],
  ['causes', 'Causes', (data) => counted(data) && have_causes(data.cells), causes],
  ['time', 'Exits over time', (data) => some(data.timelines), timelines],
  ['cells', 'Cells side by side', (data) => counted(data) && can_stand_beside(data.cells), side_by_side],
  ['comparison', 'Comparison', (data) => some(data.comparisons), comparisons],
  ['trend', 'Trend over runs',
   ({history}) => history && (some(history.series) || some(history.failed)), trend],
  ['conditions', 'Conditions', (data) => some(data.cells) && have_conditions(data.cells), every_condition],
  ['trials', 'Trials', (data) => some(data.trials), trials],
];

const data = JSON.parse(document.getElementById('data').textContent);
const waiting = [];  // sections whose contents are to be made

function frame() {
  const shown = sections.filter(([, , has]) => has(data));
  const main = h('main', {}, shown.map(([id, heading, , make]) => {
    const section = h('section', {id, 'aria-labelledby': `${id}-heading`},
      h('h2', {id: `${id}-heading`}, heading));
    waiting.push(() => {
      const {content, chart} = make(data);
      section.append(...content);
      return chart;
    });
    return section;
  }));
  if (!shown.length) main.append(h('p', {}, 'No trial was recorded that this report could show.'));
  const contents = shown.length < 2 ? [] : [h('nav', {'aria-label': 'Contents'},
    h('ul', {}, shown.map(([id, heading]) => h('li', {}, h('a', {href: `#${id}`}, heading)))))];
  document.title = data.title ?? 'Report';
  document.body.append(head(data), ...contents, main);
}

// What a reader sees first is text and one chart.
function make_first() {
  while (waiting.length) {
    const chart = waiting.shift()();
    if (!chart) continue;
    chart.draw();
    chart.flush();
    return;
  }
}

const make_rest = () => {
  while (waiting.length) waiting.shift()();
};

const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

async function show() {
  rank_reasons(data);
  frame();
  make_first();
  await painted();
  performance.mark('lab-usable');
  while (waiting.length) {
    waiting.shift()();
    await new Promise((done) => setTimeout(done));
  }
  // A place further down has moved while sections were made.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

// On paper nothing can be opened.
let opened = [];
when_paper((is_paper) => {
  make_rest();
  if (is_paper) {
    const closed = [...document.querySelectorAll('details:not([open])')];
    opened.push(...closed);
    for (const box of closed) box.open = true;
  } else {
    for (const box of opened) box.open = false;
    opened = [];
  }
  draw_all_for_paper(is_paper);
});

window.lab = {charts, data, ready: show()};
