// SPDX-License-Identifier: MIT
// Names for what the data hold.

// Steps are told apart by guest and by who counted, and say so only where that is needed.
export const step_key = ({name, guest = 1, view = 'guest'}) => JSON.stringify([name, guest, view]);

export function step_label({name, guest = 1, view}) {
  return name + (guest > 1 ? ` (guest ${guest})` : '') + (view === 'host' ? ', seen by the host' : '');
}

// A cell's name among others: what differs, where one scenario is all there is.
export function cell_labels(cells) {
  const one = new Set(cells.map(({scenario}) => scenario)).size < 2;
  const labels = cells.map(({name, label}) => (one && label) || name);
  return labels.map((label, i) => labels.indexOf(label) === labels.lastIndexOf(label)
    ? label : `${label} (${i + 1})`);
}

export const cycles_word = (cell) => cell.emulated ? 'emulated cycles' : 'cycles';

// Steps of several cells, each once, in their order.
export function steps_of(cells) {
  const steps = new Map();
  for (const cell of cells)
    for (const step of cell.steps ?? [])
      if (!steps.has(step_key(step))) steps.set(step_key(step), step);
  return [...steps.values()];
}

export const step_in = (cell, step) =>
  cell.steps?.find((other) => step_key(other) === step_key(step));

// 'guest_failed' → 'guest failed'.
export const words = (name) => String(name).replaceAll('_', ' ');
