// SPDX-License-Identifier: MIT
// A flame graph, its root on top: frames are buttons, so that they are reached by keyboard, read
// out, and fit any width without being drawn anew. A press zooms.
import {h} from './dom.js';

const row_height = 26;  // of a frame, in pixels
const least_share = 0.0008;   // of the width: narrower frames are not drawn
const least_to_name = 0.02;   // and these have no room for a name

// A node: {name, size, parent, children: [largest first]}; whatever else it has is the caller's.
const ancestors = (node) => node ? [...ancestors(node.parent), node] : [];
const depth_of = (node) => 1 + Math.max(0, ...node.children.map(depth_of));

// A name may be cut; a number that is would be another, so it goes where there is no room.
const name_and_number = ([name, number]) =>
  [h('span', {class: 'name'}, name), ...number ? [h('span', {class: 'number'}, ` ${number}`)] : []];

export class Flame {
  // paint(element, node): its colours; label(node): what a frame says, [name, number or nothing];
  // say(node): all of it in words.
  constructor({name, paint, label, say}) {
    Object.assign(this, {paint, label, say});
    this.element = h('div', {class: 'flame', role: 'group', 'aria-label': name,
      onkeydown: (event) => this.press(event)});
    this.says = h('output', {class: 'point'});
    this.query = '';
  }

  show(root) {
    this.root = root;
    this.zoom(root);
  }

  zoom(node) {
    this.focus = node;
    this.frames = new Map();
    const above = ancestors(node);
    above.forEach((one, level) => this.add(one, level, 0, 1));
    this.add_children(node, above.length, 0, 1);
    this.element.style.height = `${depth_of(this.root) * row_height}px`;
    this.element.replaceChildren(...this.frames.values());
    this.stop(node);
    this.says.value = `${this.say(node)}. Enter or a click zooms, the arrow keys move, Escape shows all.`;
    this.mark();
  }

  add_children(node, level, left, width) {
    for (const child of node.children) {
      const wide = width * child.size / (node.size || 1);
      if (wide < least_share) break;  // the others are smaller
      this.add(child, level, left, wide);
      this.add_children(child, level + 1, left, wide);
      left += wide;
    }
  }

  add(node, level, left, width) {
    const frame = h('button', {type: 'button', class: 'frame', tabindex: '-1',
      'aria-label': this.say(node), onclick: () => this.choose(node),
      onfocus: () => this.tell(node), onpointerenter: () => this.tell(node)},
    ...width < least_to_name ? [] : name_and_number(this.label(node)));
    frame.classList.toggle('narrow', width < least_to_name);
    Object.assign(frame.style, {
      top: `${level * row_height}px`, left: `${100 * left}%`, width: `${100 * width}%`});
    this.paint(frame, node);
    this.frames.set(node, frame);
  }

  // A press on what is zoomed already goes back out.
  choose(node) {
    this.zoom(node === this.focus && node.parent ? node.parent : node);
    this.frames.get(this.focus).focus();
  }

  tell(node) {
    this.says.value = this.say(node);
  }

  // The one frame that the tab key reaches.
  stop(node) {
    for (const [other, frame] of this.frames) frame.tabIndex = other === node ? 0 : -1;
  }

  press(event) {
    const here = [...this.frames].find(([, frame]) => frame === event.target)?.[0];
    if (!here) return;
    const beside = (by) => {
      const all = here.parent?.children.filter((node) => this.frames.has(node)) ?? [];
      return all[all.indexOf(here) + by];
    };
    const moves = {
      ArrowRight: () => beside(1), ArrowLeft: () => beside(-1), ArrowUp: () => here.parent,
      ArrowDown: () => here.children[0], Home: () => this.root,
    };
    if (event.key === 'Escape') {
      this.zoom(this.root);
      this.frames.get(this.root).focus();
    } else if (moves[event.key]) {
      const next = moves[event.key]();
      if (!next || !this.frames.has(next)) return event.preventDefault();
      this.stop(next);
      this.frames.get(next).focus();
    } else {
      return undefined;
    }
    return event.preventDefault();
  }

  // Marks the frames whose names contain the text. Returns the outermost nodes that do, drawn or
  // not, so that their sizes may be added up.
  search(text) {
    this.query = text.trim().toLowerCase();
    this.mark();
    const found = [];
    const look = (node) => this.matches(node) ? found.push(node) : node.children.forEach(look);
    if (this.query) look(this.root);
    return found;
  }

  matches(node) {
    return this.query !== '' && node.name.toLowerCase().includes(this.query);
  }

  mark() {
    this.element.classList.toggle('searched', this.query !== '');
    for (const [node, frame] of this.frames) frame.classList.toggle('found', this.matches(node));
  }
}
