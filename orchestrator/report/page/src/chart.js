// SPDX-License-Identifier: MIT
// A chart: drawn when it comes near the screen, and anew for another width, theme or paper.
import {BarChart, CustomChart, LineChart} from 'echarts/charts';
import {
  AriaComponent, DataZoomInsideComponent, GridComponent, MarkAreaComponent, MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import {init, use} from 'echarts/core';
import {SVGRenderer} from 'echarts/renderers';

import {colour} from './colours.js';
import {h} from './dom.js';
import {short} from './numbers.js';

use([AriaComponent, BarChart, CustomChart, DataZoomInsideComponent, GridComponent, LineChart,
     MarkAreaComponent, MarkLineComponent, SVGRenderer, TooltipComponent]);

const paper_width = 680;  // of an A4 or letter page between its margins, at 96 dpi
const prefers_dark = matchMedia('(prefers-color-scheme: dark)');
const on_paper = matchMedia('print');
let printing = false;

export const charts = new Map();  // by name; the tests look here

const near = new IntersectionObserver((entries) => {
  for (const {isIntersecting, target} of entries) if (isIntersecting) chart_of.get(target).draw();
}, {rootMargin: '400px'});
const widths = new ResizeObserver((entries) => {
  for (const {target} of entries) chart_of.get(target).fit();
});
const chart_of = new WeakMap();

// What a chart is drawn with: sizes, and the style sheet's own colours.
function surroundings(width) {
  const style = getComputedStyle(document.documentElement);
  const dark = prefers_dark.matches && !printing;
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    width, dark, narrow: width < 520, ink: of('--ink'), quiet: of('--quiet'), rule: of('--rule'),
    paper: of('--paper'), tint: of('--tint'), colour: (name) => colour(name, dark),
    font: getComputedStyle(document.body).fontFamily,
  };
}

// What all charts have in common.
function frame(around, {label, option}) {
  const text = {color: around.ink, fontFamily: around.font, fontSize: 12};
  return {
    animation: false,
    textStyle: text,
    aria: {enabled: true, label: {description: label}},
    tooltip: {
      confine: true, transitionDuration: 0, backgroundColor: around.paper, padding: [6, 10],
      borderColor: around.rule, textStyle: text, extraCssText: 'box-shadow: 0 1px 6px #0003',
      ...option.tooltip,
    },
    ...Object.fromEntries(Object.entries(option).filter(([key]) => key !== 'tooltip')),
    // Room for labels is in the charts' own numbers; ECharts' search for it takes half the time.
    grid: {...option.grid, outerBoundsMode: 'none'},
  };
}

export class Chart {
  // describe(surroundings) → {height, label (for those who do not see it), option (ECharts')}.
  constructor(name, describe) {
    this.name = name;
    this.describe = describe;
    this.element = h('div', {class: 'chart'});
    charts.set(name, this);
    chart_of.set(this.element, this);
    near.observe(this.element);
  }

  // Also what is not yet drawn is drawn by this. Where there is no room it is left for later.
  draw(how = {notMerge: true}) {
    const width = printing ? paper_width : this.element.clientWidth;
    if (!width) return;
    const around = surroundings(width);
    const {height, label, option} = this.describe(around);
    this.element.style.height = `${height}px`;
    if (!this.instance) {
      near.unobserve(this.element);
      widths.observe(this.element);
      this.instance = init(this.element, null, {renderer: 'svg', width, height});
      this.when_drawn?.(this.instance);
    }
    this.width = width;
    this.instance.resize({width, height, silent: true});
    this.instance.setOption(frame(around, {label, option}), how);
  }

  // Something of the data shown has changed; not drawn before it is seen.
  redraw() {
    if (this.instance) this.draw();
  }

  // The same with other data, while it is being dragged about.
  update() {
    if (this.instance) this.draw({});
  }

  fit() {
    if (!printing && this.element.clientWidth !== this.width) this.redraw();
  }

  dispose() {
    near.unobserve(this.element);
    widths.unobserve(this.element);
    this.instance?.dispose();
    charts.delete(this.name);
  }

  flush() {
    this.instance?.getZr().flush();
  }
}

export function draw_all_for_paper(is_paper) {
  if (printing === is_paper) return;
  printing = is_paper;
  document.documentElement.classList.toggle('paper', is_paper);
  for (const chart of charts.values()) {
    if (is_paper) chart.draw();
    else chart.redraw();
    chart.flush();
  }
}

prefers_dark.addEventListener('change', () => charts.forEach((chart) => chart.redraw()));
export const when_paper = (change) => {
  addEventListener('beforeprint', () => change(true));
  addEventListener('afterprint', () => change(on_paper.matches));
  on_paper.addEventListener('change', () => change(on_paper.matches));
};

// An upright axis with a name, and the room that it takes.
export const axis_room = ({narrow}) => narrow ? 58 : 64;
export const upright_axis = (around, name, more) => ({
  type: 'value', name, nameLocation: 'middle', nameGap: axis_room(around) - 14, nameMoveOverlap: false,
  nameTextStyle: {color: around.quiet}, splitNumber: 4, splitLine: {lineStyle: {color: around.rule}},
  axisLabel: {color: around.quiet, formatter: short}, ...more,
});

const pen = document.createElement('canvas').getContext('2d');
export function text_width(text, around) {
  pen.font = `12px ${around.font}`;
  return pen.measureText(text).width;
}

// A tooltip's content: a heading and lines of [reason with a colour or undefined, name, value].
export function tip(heading, lines) {
  return h('div', {class: 'tip'}, h('strong', {}, heading), h('table', {}, h('tbody', {},
    lines.map(([reason, name, value]) => h('tr', {},
      h('td', {}, reason === undefined ? '' : swatch(reason)), h('td', {}, name),
      h('td', {class: 'number'}, value))))));
}

// The style sheet takes one of the two colours.
export function swatch(reason) {
  const element = h('span', {class: 'swatch', 'aria-hidden': 'true'});
  element.style.setProperty('--on-light', colour(reason, false));
  element.style.setProperty('--on-dark', colour(reason, true));
  return element;
}

// For what has a pattern of its own rather than a colour: bars.js.
export const texture_swatch = (index) =>
  h('span', {class: `swatch texture-${index}`, 'aria-hidden': 'true'});
