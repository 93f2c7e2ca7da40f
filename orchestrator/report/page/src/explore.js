// SPDX-License-Identifier: MIT
// Looking around in a chart over time: zoom by wheel, drag, pinch and buttons, and a slider that
// goes from point to point and says its numbers, for the keyboard and for ears.
import {h, new_id} from './dom.js';

const steps_in = 2;  // a press of a zoom button

export class Explorer {
  // extent: [from, to]; points: where each point is; name_of(i), say(i): a point in words;
  // span(from, to): the window in words.
  constructor(chart, {extent, points, say, span, point_word}) {
    Object.assign(this, {chart, extent, points, say, span});
    this.window = [...extent];
    this.least = Math.max((extent[1] - extent[0]) / 5000, Number.MIN_VALUE);
    this.shows = h('output', {class: 'window'});
    this.says = h('output', {class: 'point'}, 'Point at the chart, or move the slider, for exact numbers. ' +
      'Drag to move; the wheel zooms with Ctrl, or after a click; so do two fingers.');
    this.slider = h('input', {type: 'range', min: 0, max: Math.max(points.length - 1, 0), value: 0,
      oninput: () => this.point(Number(this.slider.value))});
    const id = new_id('slider');
    this.slider.id = id;
    this.controls = h('div', {class: 'controls explore'},
      h('div', {class: 'buttons', role: 'group', 'aria-label': 'Zoom'}, this.buttons(), this.shows),
      h('div', {class: 'pointer'}, h('label', {for: id}, point_word), this.slider, this.says));
    this.connect();
    this.tell();
  }

  buttons() {
    const button = (text, name, change) =>
      h('button', {type: 'button', 'aria-label': name, title: name, onclick: change}, text);
    const middle = () => (this.window[0] + this.window[1]) / 2;
    return [
      button('+', 'Zoom in', () => this.zoom(1 / steps_in, middle())),
      button('−', 'Zoom out', () => this.zoom(steps_in, middle())),
      button('←', 'Earlier', () => this.move(-0.5)),
      button('→', 'Later', () => this.move(0.5)),
      button('All', 'All of it', () => this.go(...this.extent)),
    ];
  }

  // The wheel alone scrolls the page; it zooms with Ctrl (so a pinch on a touchpad does), and
  // without once the chart was clicked. ECharts would keep every turn of it.
  connect() {
    const {chart} = this;
    const box = chart.element;
    box.classList.add('explored');
    let active = false;
    document.addEventListener('pointerdown', ({target, pointerType}) => {
      active = pointerType === 'mouse' && box.contains(target);
    });
    for (const name of ['wheel', 'mousewheel'])
      box.addEventListener(name, (event) => {
        if (!active && !event.ctrlKey) event.stopPropagation();
      }, {capture: true, passive: true});
    chart.when_drawn = (instance) => instance.on('datazoom', () => this.dragged(instance));
  }

  dragged(instance) {
    const [{startValue, endValue}] = instance.getOption().dataZoom;
    if (startValue === this.window[0] && endValue === this.window[1]) return;
    this.window = [startValue, endValue];
    this.tell();
    this.coming ??= requestAnimationFrame(() => {
      this.coming = undefined;
      this.chart.update();
    });
  }

  option() {
    return [{
      type: 'inside', xAxisIndex: 0, filterMode: 'none', startValue: this.window[0],
      endValue: this.window[1], minValueSpan: this.least, preventDefaultMouseMove: false,
    }];
  }

  zoom(factor, at) {
    this.go(at - (at - this.window[0]) * factor, at + (this.window[1] - at) * factor);
  }

  move(by) {
    const far = (this.window[1] - this.window[0]) * by;
    this.go(this.window[0] + far, this.window[1] + far);
  }

  // As wide as asked for, moved so far that nothing beyond the ends is shown.
  go(from, to) {
    const [first, last] = this.extent;
    const wide = Math.min(Math.max(to - from, this.least), last - first);
    const begin = Math.min(Math.max(from, first), last - wide);
    this.window = [begin, begin + wide];
    this.tell();
    this.chart.update();
  }

  tell() {
    this.shows.value = this.span(...this.window);
  }

  // Shows a point's numbers in words and, as the mouse does, at its place.
  point(i) {
    const at = this.points[i];
    const [from, to] = this.window;
    if (at < from || at > to) this.go(at - (to - from) / 2, at + (to - from) / 2);
    const text = this.say(i);
    this.says.value = text;
    this.slider.setAttribute('aria-valuetext', text);
    const {instance} = this.chart;
    if (!instance) return;
    const x = instance.convertToPixel({xAxisIndex: 0}, at);
    instance.dispatchAction({type: 'showTip', x, y: instance.getHeight() / 2});
  }
}
