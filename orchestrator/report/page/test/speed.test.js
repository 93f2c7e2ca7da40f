// SPDX-License-Identifier: MIT
// How soon a page is usable: its text and first chart stand. Measured by the browser's own clock,
// beside an empty page in the same run, as the machine may be busy.
const assert = require('node:assert');
const {after, before, it} = require('node:test');
const {close, file_of, launch, open, write} = require('./browser.js');
const shapes = require('./shapes.js');

const rounds = 5;
const goal = 1000;      // ms, on a machine that does nothing else
const patience = 3;     // times that, on one that does

before(launch);
after(close);

const empty_page = () => write('<!doctype html><title>empty</title><p>empty<script>' +
  'requestAnimationFrame(() => setTimeout(() => performance.mark("lab-usable")))</script>');

async function usable(file) {
  const page = await open(file, {wait: false});
  try {
    await page.waitForFunction(() => performance.getEntriesByName('lab-usable').length, {timeout: 60_000});
    return await page.evaluate(() => performance.getEntriesByName('lab-usable')[0].startTime);
  } finally {
    await page.close();
  }
}

const middle = (list) => [...list].sort((x, y) => x - y)[list.length >> 1];

for (const shape of ['full', 'many_cells', 'long_history', 'one_long_series'])
  it(`is usable in under a second: ${shape}`, async (test) => {
    const files = [empty_page(), file_of(shapes[shape]())];
    const times = [[], []];
    for (let round = 0; round < rounds; ++round)
      for (const [i, file] of files.entries()) times[i].push(await usable(file));
    const [empty, page] = times.map(middle);
    test.diagnostic(`${shape}: usable after ${page.toFixed(0)} ms (best ${Math.min(...times[1]).toFixed(0)}), ` +
      `an empty page after ${empty.toFixed(0)} ms: ${(page / empty).toFixed(1)} times`);
    assert.ok(page < patience * goal, `${page} ms`);
  });
