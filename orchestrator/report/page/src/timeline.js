// SPDX-License-Identifier: MIT
// Exits over time in one trial: rates of the leading reasons, stacked, with the boot's milestones.
import {axis_room, Chart, swatch, text_width, tip, upright_axis} from './chart.js';
import {has_colour} from './colours.js';
import {bulk, h, select, table} from './dom.js';
import {Explorer} from './explore.js';
import {count, plural, round, seconds, sum} from './numbers.js';

const most_points = 400;  // samples are put together in bins where there are more: zoom shows them
const most_named = 12;    // reasons in a tooltip
const widest = 140;       // a milestone's label

export function timelines({timelines: all}) {
  const place = h('div');
  let shown;
  const show = (index) => {
    shown?.chart.dispose();
    shown = one(all[index]);
    place.replaceChildren(...shown.content);
  };
  show(0);
  const choice = all.length < 2 ? []
    : [h('div', {class: 'controls'}, select('Trial', all.map(({trial}) => trial), 0, show))];
  return {content: [...choice, place], chart: shown.chart};
}

function one(timeline) {
  const samples = new Samples(timeline);
  const chart = new Chart('timeline', (around) => ({
    height: around.narrow ? 300 : 360,
    label: description(samples),
    option: option(around, samples, explorer),
  }));
  const explorer = new Explorer(chart, {
    extent: [0, samples.end], points: samples.times.map((_, i) => samples.middle(i)),
    say: (i) => samples.sentence(i), point_word: 'Sample',
    span: (from, to) => `${seconds(from, 2)} to ${seconds(to, 2)}`,
  });
  return {chart, content: [
    h('figure', {},
      h('figcaption', {}, h('strong', {}, timeline.trial), `: exits per second since its start; ` +
        `${plural(samples.times.length, 'sample')}.`),
      chart.element, legend(samples), explorer.controls),
    ...phases(samples), bulk('Every sample', () => sample_table(samples)),
  ]};
}

// The samples of a trial, and what is between two of them.
class Samples {
  constructor(timeline) {
    this.timeline = timeline;
    this.times = timeline.seconds;
    this.end = this.times.at(-1) ?? 0;
    this.reasons = timeline.reasons.map((reason) => ({...reason, all: sum(reason.exits)}))
      .sort((x, y) => Number(y.all) - Number(x.all));
    this.named = this.reasons.filter(({name}) => has_colour(name));
    this.rest = this.reasons.filter(({name}) => !has_colour(name));
    this.milestones = [...timeline.milestones ?? []].sort((x, y) => x.seconds - y.seconds);
    this.steps = timeline.steps ?? [];
  }

  begin(i) { return i > 0 ? this.times[i - 1] : 0; }
  middle(i) { return (this.begin(i) + this.times[i]) / 2; }
  total(i) { return sum(this.reasons.map(({exits}) => exits[i] ?? 0)); }

  // The first sample taken at or after a time.
  at(time) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // That happened in a sample's time, most first: [reason, exits].
  happened(i) {
    return this.reasons.map((reason) => [reason, reason.exits[i] ?? 0])
      .filter(([, exits]) => Number(exits) > 0).sort((x, y) => Number(y[1]) - Number(x[1]));
  }

  heading(i) {
    return `${seconds(this.times[i])}: ${plural(this.total(i), 'exit')} in ` +
      `${seconds(this.times[i] - this.begin(i))}`;
  }

  sentence(i) {
    const list = this.happened(i).map(([{name}, exits]) => `${name} ${count(exits)}`);
    return this.heading(i) + (list.length ? `: ${list.join(', ')}` : '');
  }

  // Exits per second of reasons in a window: [time, rate] at the end of each bin.
  rates(reasons, from, to) {
    const first = this.at(from), last = this.at(to);
    const together = Math.ceil((last - first + 1) / most_points);
    const points = [];
    for (let i = first; i <= last; i += together) {
      const end = Math.min(i + together, last + 1);
      let exits = 0;
      for (const reason of reasons)
        for (let k = i; k < end; ++k) exits += Number(reason.exits[k] ?? 0);
      const long = this.times[end - 1] - this.begin(i);
      const rate = long > 0 ? exits / long : 0;
      if (!points.length) points.push([this.begin(i), rate]);
      points.push([this.times[end - 1], rate]);
    }
    return points;
  }
}

const description = (samples) =>
  `Areas: exits per second over ${seconds(samples.end, 1)}, by reason. Most by ` +
  samples.reasons.slice(0, 3).map(({name, all}) => `${name} (${count(all)})`).join(', ') +
  '. The slider that follows says the numbers of each sample, a table has them all.';

function option(around, samples, explorer) {
  const [from, to] = explorer.window;
  const left = axis_room(around), right = 12;
  const labels = milestone_places(around, samples, from, to, around.width - left - right);
  return {
    grid: {left, right, top: 12 + labels.rows * 15, bottom: 40},
    dataZoom: explorer.option(),
    tooltip: {
      trigger: 'axis', axisPointer: {type: 'line', snap: false, lineStyle: {color: around.quiet}},
      formatter: ([{axisValue}]) => sample_tip(samples, samples.at(axisValue)),
    },
    xAxis: {
      type: 'value', min: 0, max: samples.end, name: 'seconds', nameLocation: 'middle', nameGap: 24,
      nameTextStyle: {color: around.quiet}, splitLine: {show: false},
      axisLine: {lineStyle: {color: around.quiet}}, splitNumber: around.narrow ? 4 : 8,
      axisLabel: {color: around.quiet, hideOverlap: true, showMinLabel: true, showMaxLabel: false,
                  formatter: (value) => count(round(value, to - from < 1 ? 3 : 2))},
    },
    yAxis: upright_axis(around, 'exits per second'),
    series: [
      ...samples.named.map((reason, i) =>
        area(i, reason.name, around.colour(reason.name), samples.rates([reason], from, to))),
      area('rest', 'other reasons', around.colour(), samples.rates(samples.rest, from, to)),
      marks(around, samples, labels, (begin, end) =>
        (Math.min(end, to) - Math.max(begin, from)) / (to - from || 1) * (around.width - left - right)),
    ],
  };
}

const area = (id, name, colour, data) => ({
  id: `area-${id}`, type: 'line', name, data, stack: 'exits', step: 'start', symbol: 'none',
  silent: true, lineStyle: {width: 0}, areaStyle: {color: colour, opacity: 1}, color: colour,
  emphasis: {disabled: true},
});

// Milestones as lines, steps as faint areas: a series without points.
// wide(begin, end): pixels of a time.
function marks(around, samples, labels, wide) {
  return {
    id: 'marks', type: 'line', data: [], silent: true,
    markLine: {
      silent: true, symbol: 'none', animation: false, lineStyle: {color: around.ink, type: 'dashed', width: 1},
      data: samples.milestones.map(({seconds: at, name}, i) => ({
        xAxis: at,
        label: {show: labels.places[i] !== undefined, position: 'end', formatter: () => name,
                color: around.ink, distance: 3 + (labels.places[i]?.row ?? 0) * 15,
                align: labels.places[i]?.align, width: widest, overflow: 'truncate'},
      })),
    },
    markArea: {
      silent: true, itemStyle: {color: around.quiet, opacity: 0.1},
      data: samples.steps.map(({name, begin, seconds: long}, i) => [
        {xAxis: begin,
         label: {show: wide(begin, begin + long) > text_width(name, around) + 8,
                 position: 'insideTop', color: around.quiet, formatter: () => name},
         itemStyle: {opacity: i % 2 ? 0.16 : 0.07}},
        {xAxis: begin + long},
      ]),
    },
  };
}

// Labels beside each other where there is room, otherwise one above the other; none beyond the edge.
function milestone_places(around, samples, from, to, room) {
  const ends = [], places = [];
  samples.milestones.forEach(({seconds: at, name}, i) => {
    if (at < from || at > to) return;
    const wide = Math.min(text_width(name, around), widest);
    const x = (at - from) / (to - from || 1) * room;
    const align = x < wide / 2 ? 'left' : x > room - wide / 2 ? 'right' : 'center';
    const begin = x - {left: 0, center: wide / 2, right: wide}[align];
    let row = ends.findIndex((end) => end < begin);
    if (row < 0) row = ends.length;
    ends[row] = begin + wide + 10;
    places[i] = {row, align};
  });
  return {rows: Math.max(ends.length, 1), places};
}

function sample_tip(samples, i) {
  const all = samples.happened(i);
  const lines = all.slice(0, most_named)
    .map(([{name}, exits]) => [name, name, count(exits)]);
  if (all.length > most_named)
    lines.push([undefined, `${all.length - most_named} more`,
                count(sum(all.slice(most_named).map(([, exits]) => exits)))]);
  return tip(samples.heading(i), lines);
}

function legend(samples) {
  const entry = (name, text) => h('li', {}, swatch(name), text);
  return h('ul', {class: 'legend', 'aria-hidden': 'true'},
    samples.named.map(({name, all}) => entry(name, `${name} ${count(all)}`)),
    samples.rest.length
      ? [entry(undefined, `other reasons ${count(sum(samples.rest.map(({all}) => all)))}`)] : []);
}

// From one milestone to the next.
function phases(samples) {
  const {milestones} = samples;
  if (!milestones.length) return [];
  const bounds = [...milestones, {name: 'end', seconds: samples.end}];
  const rows = milestones.map(({name, seconds: from}, i) => {
    const {name: next, seconds: to} = bounds[i + 1];
    const inside = samples.times.flatMap((time, k) => time > from && time <= to ? [k] : []);
    const by_reason = samples.reasons
      .map((reason) => [reason.name, sum(inside.map((k) => reason.exits[k] ?? 0))])
      .sort((x, y) => Number(y[1]) - Number(x[1]));
    const all = sum(by_reason.map(([, exits]) => exits));
    const [leader] = by_reason;
    return [`${name} → ${next}`, seconds(from), seconds(to), count(all),
            to > from ? count(Math.round(Number(all) / (to - from))) : undefined,
            leader && Number(leader[1]) > 0 ? `${leader[0]} ${count(leader[1])}` : undefined];
  });
  return [table({
    caption: `Between milestones of ${samples.timeline.trial}, by samples`,
    columns: [{head: 'phase', name: true}, {head: 'from', number: true}, {head: 'to', number: true},
              {head: 'exits', number: true}, {head: 'a second', number: true}, {head: 'most by'}],
    count: rows.length, row: (i) => rows[i],
  })];
}

const sample_table = (samples) => table({
  caption: `Exits since the sample before, ${samples.timeline.trial}`,
  columns: [{head: 'seconds', number: true, name: true}, {head: 'all', number: true},
            ...samples.reasons.map(({name}) => ({head: name, number: true}))],
  count: samples.times.length,
  row: (i) => [String(round(samples.times[i], 3)), count(samples.total(i)),
               ...samples.reasons.map(({exits}) => count(exits[i]))],
});
