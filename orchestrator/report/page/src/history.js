// SPDX-License-Identifier: MIT
// The trend over runs: medians with the range of the trials, and where they changed.
import {axis_room, Chart, tip, upright_axis} from './chart.js';
import {details, h, select, table} from './dom.js';
import {Explorer} from './explore.js';
import {cell_labels, step_label} from './model.js';
import {count, number, percent, plural, when} from './numbers.js';

const hour = 3600e3;
const most_points = 800;  // drawn at once

export function trend({history}) {
  const series = history.series ?? [];
  const changes = history.changes ?? [];
  const labels = series_labels(series);
  const place = h('div');
  let shown;
  const show = (index) => {
    shown?.chart.dispose();
    shown = one(series[index], labels[index], changes, history.failed ?? []);
    place.replaceChildren(...shown.content);
  };
  const first = most_telling(series, changes);
  if (series.length) show(first);
  const choice = series.length < 2 ? []
    : [h('div', {class: 'controls'}, select('Series', labels, first, show))];
  return {chart: shown?.chart, content: [
    ...choice, place, ...changes_in_words(changes, place_of(series)), ...failed_runs(history.failed ?? []),
  ]};
}

const is_of = (change, series) =>
  ['cell', 'site', 'vendor', 'step', 'guest'].every((key) => change[key] === series[key]);

// The first one in which something changed, or the longest.
function most_telling(series, changes) {
  const changed = series.findIndex((one) => changes.some((change) => is_of(change, one)));
  if (changed >= 0) return changed;
  const lengths = series.map(({points}) => points.length);
  return lengths.indexOf(Math.max(...lengths));
}

// Sites and vendors have series of their own; they are named where there are several.
function place_of(series) {
  const several = (key) => new Set(series.map((one) => one[key])).size > 1;
  const keys = ['site', 'vendor'].filter(several);
  return (one) => keys.length ? ` on ${keys.map((key) => one[key] || '–').join(', ')}` : '';
}

function series_labels(series) {
  const place = place_of(series);
  const cells = cell_labels(series.map(({scenario, cell, label}) => ({scenario, name: cell, label})));
  const several = new Set(series.map((one) => step_label({name: one.step, guest: one.guest}))).size > 1;
  return series.map((one, i) => {
    const {step, guest} = one;
    const cell = cells[i].replace(/ \(\d+\)$/, '') + place(one);
    return several ? `${cell}: ${step_label({name: step, guest})}` : cell;
  });
}

function one(series, label, changes, failed) {
  const points = series.points.map((point) => ({...point, at: Date.parse(point.time)}));
  const mine = changes.map((change, i) => ({...change, number: i + 1, at: Date.parse(change.time)}))
    .filter((change) => is_of(change, series));
  const lost = failed.filter(({scenario, site}) =>
    scenario === series.scenario && (!site || site === series.site))
    .map((run) => ({...run, at: Date.parse(run.time)}));
  const ends = [...points, ...lost].map(({at}) => at).filter((at) => !Number.isNaN(at));
  const first = Math.min(...ends), last = Math.max(...ends);
  const room = (last - first) * 0.01 || hour;
  const chart = new Chart('trend', (around) => ({
    height: around.narrow ? 280 : 320,
    label: `Line: exits of ${label} over ${plural(points.length, 'run')}, ` +
      `${plural(mine.length, 'change')}. The slider that follows says the numbers of each run.`,
    option: option(around, points, mine, lost, explorer),
  }));
  const explorer = new Explorer(chart, {
    extent: [first - room, last + room], points: points.map(({at}) => at), point_word: 'Run',
    say: (i) => sentence(points[i]),
    span: (from, to) => `${when(new Date(from).toISOString())} to ${when(new Date(to).toISOString())}`,
  });
  return {chart, content: [
    h('figure', {}, h('figcaption', {}, h('strong', {}, label),
      `: exits in ${step_label({name: series.step, guest: series.guest})}, median of each run, ` +
      'shaded from the least to the most of its trials' +
      (series.thinned ? `; each point stands for up to ${plural(series.thinned, 'run')} put together` : '') +
      (mine.length ? '; numbered lines are changes, told below' : '') +
      (lost.length ? '; × marks runs in which trials did not pass' : '') + '.'),
    chart.element, explorer.controls),
    details('Every run', run_table(points, label)),
  ]};
}

const sentence = ({time, run, median, least, most, trials}) =>
  `${when(time)}: ${count(median)} exits (${count(least)}–${count(most)}, ` +
  `${plural(trials, 'trial')}), run ${run}`;

function option(around, points, changes, lost, explorer) {
  const [from, to] = explorer.window;
  const drawn = in_window(points, from, to);
  const line = (id, of, more) => ({
    id, type: 'line', symbol: 'none', silent: true, emphasis: {disabled: true},
    lineStyle: {width: 0}, data: drawn.map((point) => [point.at, of(point)]), ...more,
  });
  return {
    grid: {left: axis_room(around), right: 16, top: 26, bottom: 34},
    dataZoom: explorer.option(),
    tooltip: {
      trigger: 'axis', axisPointer: {type: 'line', snap: drawn.length === points.length,
                                     lineStyle: {color: around.quiet}},
      formatter: ([{axisValue}]) => run_tip(nearest(points, axisValue)),
    },
    useUTC: true,
    xAxis: {type: 'time', min: explorer.extent[0], max: explorer.extent[1], splitLine: {show: false},
            axisLine: {lineStyle: {color: around.quiet}}, splitNumber: around.narrow ? 3 : 6,
            axisLabel: {color: around.quiet, hideOverlap: true,
                        formatter: (time) => tick(time, to - from)}},
    yAxis: upright_axis(around, 'exits', {scale: true}),
    series: [
      line('least', ({least}) => number(least), {stack: 'band', stackStrategy: 'all'}),
      line('band', ({least, most}) => Number(most) - Number(least), {
        stack: 'band', stackStrategy: 'all', areaStyle: {color: around.quiet, opacity: 0.25}}),
      line('median', ({median}) => number(median), {
        z: 3, symbol: 'circle', symbolSize: 6, showSymbol: drawn.length <= 100, color: around.ink,
        lineStyle: {width: 1.5, color: around.ink},
        markLine: {
          silent: true, symbol: 'none', animation: false,
          data: changes.map((change) =>
            change_line(around, change, changes.filter(({at}) => at === change.at))),
        },
      }),
      crosses(around, lost),
    ],
  };
}

// The points of a window and one to each side, so that lines go on beyond the edges. Where there are
// more than can be told apart, neighbours are put together: zoom shows them.
function in_window(points, from, to) {
  const inside = points.filter(({at}, i) =>
    (points[i + 1]?.at ?? at) >= from && (points[i - 1]?.at ?? at) <= to);
  const together = Math.ceil(inside.length / most_points);
  if (together < 2) return inside;
  return Array.from({length: Math.ceil(inside.length / together)}, (_, i) => {
    const some = inside.slice(i * together, (i + 1) * together);
    const medians = some.map(({median}) => Number(median)).sort((x, y) => x - y);
    return {
      at: some[0].at, median: medians[medians.length >> 1],
      least: Math.min(...some.map(({least}) => Number(least))),
      most: Math.max(...some.map(({most}) => Number(most))),
    };
  });
}

const nearest = (points, time) => points.reduce((best, point) =>
  Math.abs(point.at - time) < Math.abs(best.at - time) ? point : best, points[0]);

// As much of a time as tells it from its neighbours.
function tick(time, span) {
  const text = new Date(time).toISOString();
  if (span > 400 * 24 * hour) return text.slice(0, 7);
  return span > 3 * 24 * hour ? text.slice(5, 10) : `${text.slice(5, 10)} ${text.slice(11, 16)}`;
}

// The first of those at one time has the numbers of all.
const change_line = (around, {at, number: no, subject}, same) => ({
  xAxis: at, lineStyle: {color: around.ink, width: 1, type: subject.startsWith('total ') ? 'solid' : 'dashed'},
  label: {
    position: 'end', color: around.ink,
    formatter: () => same[0].number === no ? same.map(({number: each}) => each).join(', ') : '',
  },
});

// At the bottom, whatever the counts are: a run that did not pass has none.
const crosses = (around, lost) => ({
  id: 'lost', type: 'custom', silent: true, tooltip: {show: false}, encode: {x: 0, y: []},
  data: lost.map(({at}) => [at]),
  renderItem: ({coordSys: {y, height}}, api) => ({
    type: 'text', x: api.coord([api.value(0), 0])[0], y: y + height - 8,
    style: {text: '×', fill: around.ink, align: 'center', verticalAlign: 'middle',
            font: `12px ${around.font}`},
  }),
});

const run_tip = (point) => point ? tip(when(point.time), [
  [undefined, 'exits', count(point.median)],
  [undefined, 'least–most', `${count(point.least)}–${count(point.most)}`],
  [undefined, 'trials', count(point.trials)], [undefined, 'run', point.run],
]) : '';

const run_table = (points, label) => table({
  caption: `Runs of ${label}, the newest first`,
  columns: [{head: 'time'}, {head: 'run', name: true, long: true}, {head: 'trials', number: true},
            {head: 'median', number: true}, {head: 'least', number: true}, {head: 'most', number: true}],
  count: points.length,
  row: (i) => {
    const {time, run, trials, median, least, most} = points[points.length - 1 - i];
    return [when(time), run, count(trials), count(median), count(least), count(most)];
  },
});

function changes_in_words(changes, site) {
  if (!changes.length) return [h('p', {}, 'No change was found over these runs.')];
  return [h('h3', {}, plural(changes.length, 'change')), h('ol', {class: 'changes'}, changes.map((change) =>
    h('li', {}, h('strong', {}, `${change.cell}${site(change)}, ${change.subject}`),
      ` since ${when(change.time)}: ${count(change.before)} → ${count(change.after)} exits` +
      (Number(change.before) > 0
        ? ` (${percent(Number(change.after) / Number(change.before) - 1)})` : '') +
      `, from run ${change.run} on. `,
      ...Object.keys(change.conditions ?? {}).length
        ? ['With it changed: ', Object.entries(change.conditions).map(([key, {a, b}], i) =>
          `${i ? '; ' : ''}${key.replaceAll('_', ' ')}: ${a || '–'} → ${b || '–'}`).join('')]
        : ['No recorded condition changed with it.'])))];
}

function failed_runs(failed) {
  if (!failed.length) return [];
  return [details(`${plural(failed.length, 'run')} in which trials did not pass`, table({
    caption: 'Runs in which trials did not pass, the newest first',
    columns: [{head: 'time'}, {head: 'run', name: true, long: true}, {head: 'scenario'},
              {head: 'passed', number: true}, {head: 'trials', number: true}],
    count: failed.length,
    row: (i) => {
      const {time, run, scenario, passed, trials} = failed[failed.length - 1 - i];
      return [when(time), run, scenario, count(passed), count(trials)];
    },
  }))];
}
