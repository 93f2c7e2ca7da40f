// SPDX-License-Identifier: MIT
// Horizontal bars, one or several a reason, with the range of the trials as a whisker.
import {Chart, text_width, tip} from './chart.js';
import {texture} from './colours.js';
import {short} from './numbers.js';

const most_bars = 16, most_groups = 10;

// items: [{name, reason (whose colour), tip() → [heading, lines]}]; series: [{name, values: [{value, low, high, text}]}], a
// value for each item, `value` undefined where there is none.
export function bars(name, describe) {
  return new Chart(name, (around) => {
    const {label, items, series} = describe(around);
    const shown = items.slice(0, series.length > 1 ? most_groups : most_bars);
    const thick = series.length === 1 ? 16 : 13;
    return {
      height: 40 + shown.length * (series.length * thick + 8),
      label,
      option: option(around, shown, series, thick),
    };
  });
}

function option(around, items, series, thick) {
  const single = series.length === 1;
  const left = Math.min(around.width * 0.36,
    Math.max(...items.map(({name}) => text_width(name, around)), 0) + 12);
  const ends = series.flatMap(({values}) => values.slice(0, items.length)
    .map(({value = 0, high = value, text = ''}) => [Math.max(value, high), text_width(text, around) + 8]));
  const most = Math.max(0, ...ends.map(([end]) => end)) || 1;
  // As little as lets each text end within the chart, where its bar ends.
  const room = around.width - left;
  const right = Math.max(8, ...ends.map(([end, wide]) => room - (room - wide) * most / (end || most / 1e6)));
  return {
    grid: {left, right, top: 4, bottom: 24},
    tooltip: {
      trigger: 'axis', axisPointer: {type: 'shadow', shadowStyle: {opacity: 0.08}},
      formatter: ([{dataIndex}]) => tip(...items[dataIndex].tip()),
    },
    // Names are given by number: as categories, equal ones would be one.
    yAxis: {
      type: 'category', inverse: true, data: items.map((item, i) => String(i)),
      axisTick: {show: false}, axisLine: {lineStyle: {color: around.rule}},
      axisLabel: {color: around.ink, width: left - 10, overflow: 'truncate', interval: 0,
                  formatter: (i) => items[Number(i)]?.name ?? ''},
    },
    xAxis: {
      type: 'value', min: 0, max: most, splitNumber: around.narrow ? 2 : 5,
      splitLine: {lineStyle: {color: around.rule}, showMaxLine: false},
      axisLabel: {color: around.quiet, hideOverlap: true, showMaxLabel: false, formatter: short},
    },
    series: series.flatMap(({name, values}, index) => [
      bar(around, items, name, values, index, thick),
      labels(around, items, values, (index - (series.length - 1) / 2) * thick),
    ]),
  };
}

function bar(around, items, name, values, index, thick) {
  return {
    type: 'bar', name, barWidth: thick, barGap: '0%', emphasis: {disabled: true},
    data: items.map((item, i) => ({
      value: values[i].value ?? null,
      itemStyle: {color: around.colour(item.reason), decal: texture(index, around.paper)},
    })),
  };
}

// A bar's text, behind the whisker that goes from the least to the most of the trials.
function labels(around, items, values, below) {
  return {
    type: 'custom', silent: true, z: 3, tooltip: {show: false},
    data: items.map((item, i) => {
      const {value = 0, low = value, high = value} = values[i];
      return [low, i, Math.max(high, value), high];
    }),
    encode: {x: [0, 2], y: 1},
    renderItem: (params, api) => {
      const [low, i, end, high] = [0, 1, 2, 3].map((dimension) => api.value(dimension));
      const place = (value) => api.coord([value, i]);
      const y = place(low)[1] + below;
      const line = (x1, y1, x2, y2) => ({
        type: 'line', shape: {x1, y1, x2, y2}, style: {stroke: around.ink, lineWidth: 1}});
      const text = {type: 'text', x: place(end)[0] + 6, y, style: {
        text: values[i].text ?? '', fill: around.ink, verticalAlign: 'middle',
        font: `12px ${around.font}`}};
      if (low === high) return {type: 'group', children: [text]};
      const [from, to] = [place(low)[0], place(high)[0]];
      return {type: 'group', children: [
        line(from, y, to, y), line(from, y - 3, from, y + 3), line(to, y - 3, to, y + 3), text]};
    },
  };
}
