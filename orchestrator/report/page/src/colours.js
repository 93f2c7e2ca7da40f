// SPDX-License-Identifier: MIT
// Okabe and Ito's colours, which the colour-blind tell apart; a reason has the same one in every
// chart of the page. Black is the text's, and their yellow is darker, to be seen on white.
import {median, sum} from './numbers.js';

const light = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#a79500'];
const dark = ['#3d9fdc', '#e69f00', '#1fb58d', '#d792b8', '#8fcdf2', '#ef7a2a', '#d9c836'];
const other = {light: '#9aa3ab', dark: '#6c757d'};

// By name: a number means something else on another vendor's processors.
const ranks = new Map();

// The reasons with the largest shares anywhere on the page are worth a colour, the rest is grey.
export function rank_reasons(data) {
  const largest = new Map();
  for (const counts of groups_of(data)) {
    const all = counts.reduce((total, [, exits]) => total + exits, 0) || 1;
    for (const [name, exits] of counts)
      largest.set(name, Math.max(largest.get(name) ?? 0, exits / all));
  }
  [...largest].sort((x, y) => y[1] - x[1]).slice(0, light.length)
    .forEach(([name], index) => ranks.set(name, index));
}

// Lists of [name, exits], each of things that happened together.
function* groups_of({cells = [], timelines = [], comparisons = []}) {
  for (const {steps = []} of cells)
    for (const {reasons = []} of steps)
      yield reasons.map(({name, exits}) => [name, Number(median(exits) ?? 0)]);
  for (const {reasons} of timelines)
    yield reasons.map(({name, exits}) => [name, Number(sum(exits))]);
  for (const {rows} of comparisons)
    yield rows.filter(({kind}) => kind === 'reason')
      .map(({name, a, b}) => [name, Math.max(a.median, b.median)]);
}

export const has_colour = (name) => ranks.has(name);

export function colour(name, is_dark) {
  const rank = ranks.get(name);
  if (rank === undefined) return is_dark ? other.dark : other.light;
  return (is_dark ? dark : light)[rank];
}

// What tells cells of one reason apart: plain, and hatched in up to three manners.
const hatch = (options) => ({dashArrayX: [1, 0], dashArrayY: [2, 4], symbolSize: 1, ...options});
export function texture(index, paper) {
  return [
    undefined,
    hatch({color: paper, rotation: -Math.PI / 4}),
    {color: paper, symbol: 'circle', dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0],
     symbolSize: 0.7},
    hatch({color: paper, rotation: Math.PI / 2, dashArrayY: [3, 3]}),
  ][index];
}
