// SPDX-License-Identifier: MIT
// Pages that `lab report` made of real records, in the folder LAB_PAGES: whatever is on them is what
// lab itself says otherwise. For each NAME.html one or several of
//   NAME.json          its trials: lab results show … --format json
//   NAME.compare.json  its comparison: lab compare A B --format json
//   NAME.history.json  the trials of its history: lab results show --scenario … --format json
// Medians, sums and texts are worked out here anew, from those files alone.
const assert = require('node:assert');
const {existsSync, readdirSync, readFileSync} = require('node:fs');
const path = require('node:path');
const {after, before, describe, it} = require('node:test');
const axe = require('axe-core');
const {choose, close, launch, rows_of, series, show_all, tables, with_page} = require('./browser.js');

const folder = process.env.LAB_PAGES;
const names = folder ? readdirSync(folder).filter((name) => name.endsWith('.html')) : [];

before(launch);
after(close);

const count = (value) => value === undefined ? '–'
  : value.toLocaleString('en-US', {maximumFractionDigits: 1}).replace('-', '−');
const plain = /^[\x20-\x7e]*$/;

function measure(values) {
  if (values.includes(undefined)) return {};
  const sorted = [...values].sort((x, y) => x - y);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return {median: (low + high) / 2, least: sorted[0], most: sorted.at(-1)};
}

// Passed trials under equal conditions, in the order in which they come first.
function cells_of(trials) {
  const cells = new Map();
  for (const trial of trials.filter(({outcome}) => outcome === 'passed')) {
    const conditions = Object.entries(trial.conditions)
      .filter(([key]) => !['start_time', 'repeat'].includes(key)).sort();
    const key = JSON.stringify([trial.scenario, conditions]);
    cells.set(key, [...cells.get(key) ?? [], trial]);
  }
  return [...cells.values()];
}

const step_key = ({name, guest}) => JSON.stringify([name, guest]);

// What each step and reason was in the trials of a cell; a reason that was not there happened 0 times.
function steps_of(trials, kind) {
  const steps = new Map();
  for (const step of trials.flatMap((trial) => trial.steps)) {
    if (!steps.has(step_key(step))) steps.set(step_key(step), []);
    if (step.exits !== undefined) steps.get(step_key(step)).push(step);
  }
  return [...steps.values()].map((counted) => {
    const reasons = new Map(counted.flatMap((step) => step.reasons.map(({number, name}) => [number, name])));
    const values = (number) => counted.map((step) => {
      const reason = step.reasons.find((one) => one.number === number);
      return reason ? reason[kind] : 0;  // undefined: not known
    });
    return {
      total: counted.length ? measure(counted.map((step) => step[kind])) : undefined,
      reasons: [...reasons].map(([number, name]) => ({number, name, ...measure(values(number))})),
    };
  });
}

// {reason, no.} → numbers, whatever their order.
const by_number = (rows) => new Map(rows.map((row) => [row['no.'], row]));

async function check_cells(page, trials, kind) {
  for (const [c, cell] of cells_of(trials).entries()) {
    for (const [s, {total, reasons}] of steps_of(cell, kind).entries()) {
      if (!total || reasons.length === 0) continue;
      await choose(page, kind, 'Cell', c);
      await choose(page, kind, 'Step', s);
      const caption = await page.$eval(`#${kind} figcaption`, ({textContent}) => textContent);
      assert.ok(caption.includes(`: ${count(total.median)} `), `${caption} | ${count(total.median)}`);
      const rows = by_number(await rows_of(page, kind, 'by reason'));
      assert.strictEqual(rows.size, reasons.length);
      for (const reason of reasons) {
        const row = rows.get(String(reason.number));
        const [median] = Object.entries(row).filter(([head]) => /(exits|cycles)(, median)?$/.test(head));
        assert.strictEqual(row.reason, reason.name);
        assert.strictEqual(median[1], count(reason.median), `${reason.name} of cell ${c}, step ${s}`);
        if (row.least !== undefined)
          assert.deepStrictEqual([row.least, row.most], [count(reason.least), count(reason.most)]);
      }
      const [bars] = await series(page, `${kind}-by-reason`);
      const most_first = reasons.map(({median}) => median).filter((median) => median !== undefined)
        .sort((x, y) => y - x);
      assert.deepStrictEqual(bars.data.map(({value}) => value), most_first.slice(0, bars.data.length));
    }
  }
}

// "−n" stands for n zeros; zeros at the end are left out.
const spelled_out = (exits, samples) => {
  const list = exits.flatMap((n) => n < 0 ? Array(-n).fill(0) : [n]);
  return [...list, ...Array(samples - list.length).fill(0)];
};

async function check_timelines(page, trials) {
  const count_of = await page.$$eval('#time option', (all) => all.length);
  for (let i = 0; i < Math.max(count_of, 1); ++i) {
    await choose(page, 'time', 'Trial', i);
    const name = await page.$eval('#time figcaption strong', ({textContent}) => textContent);
    const legend = await page.$eval('#time .legend', ({innerText}) => innerText);
    const drawn = Number(/; ([\d,]+) sample/.exec(
      await page.$eval('#time figcaption', ({textContent}) => textContent))[1].replaceAll(',', ''));
    // Of trials of one name, that one whose sums are in the legend.
    const fits = trials.filter(({trial, timeline}) => trial === name && timeline).some((trial) => {
      const {milliseconds, numbers, exits} = trial.timeline;
      const lists = exits.map((list) => spelled_out(list, milliseconds.length));
      const all = lists.flat().reduce((total, n) => total + n, 0);
      const shown = [...legend.matchAll(/ ([\d,]+)(?:\n|$)/g)]
        .reduce((total, [, n]) => total + Number(n.replaceAll(',', '')), 0);
      const sums = lists.map((list) => list.reduce((total, n) => total + n, 0));
      const names_of = new Map([...trial.steps, ...trial.host ? [trial.host] : []]
        .flatMap(({reasons}) => reasons ?? []).map((reason) => [reason.number, reason.name]));
      return drawn <= milliseconds.length && shown === all && numbers.every((number, column) =>
        !legend.includes(`${names_of.get(number)} `) ||
        legend.includes(`${names_of.get(number)} ${count(sums[column])}`));
    });
    assert.ok(fits, `${name}: ${legend}`);
    const areas = (await series(page, 'timeline')).filter(({id}) => id.startsWith('area'));
    const drawn_exits = areas.flatMap(({data}) => data.slice(1)
      .map(([end, rate], k) => rate * (end - data[k][0]))).reduce((all, n) => all + n, 0);
    const shown = [...legend.matchAll(/ ([\d,]+)(?:\n|$)/g)]
      .reduce((total, [, n]) => total + Number(n.replaceAll(',', '')), 0);
    assert.ok(Math.abs(drawn_exits - shown) <= 1e-6 * shown, `${name}: ${drawn_exits} drawn, ${shown} told`);
  }
}

async function check_trials(page, trials) {
  await show_all(page);
  const rows = new Map((await rows_of(page, 'trials', 'All ')).map((row) => [row.id, row]));
  assert.strictEqual(rows.size, trials.length);
  const text = await page.$eval('#trials', ({textContent}) => textContent);
  for (const trial of trials) {
    const row = rows.get(trial.id);
    assert.ok(row.outcome.endsWith(` ${trial.outcome.replaceAll('_', ' ')}`), row.outcome);
    assert.strictEqual(row.exits, trial.steps[0]?.exits === undefined ? '–' : count(trial.steps[0].exits));
    assert.strictEqual(row.checks, `${trial.checks.filter(({ok}) => ok).length} of ${trial.checks.length}`);
    if (plain.test(trial.trial)) assert.strictEqual(row.trial, trial.trial);
    if (trial.outcome === 'passed') continue;
    for (const said of [trial.message ?? '', ...(trial.console_tail ?? '').split('\n')])
      if (plain.test(said)) assert.ok(text.includes(said), said);
  }
}

async function check_conditions(page, trials) {
  const text = await page.$eval('#conditions', ({textContent}) => textContent);
  for (const [trial] of cells_of(trials))
    for (const [key, value] of Object.entries(trial.conditions))
      if (!['start_time', 'repeat'].includes(key) && plain.test(value)) {
        assert.ok(text.includes(key.replaceAll('_', ' ')), key);
        assert.ok(text.includes(value), `${key}: ${value}`);
      }
}

async function check_comparison(page, {comparisons}) {
  const shown = (await tables(page, 'comparison')).filter(({caption}) => caption.startsWith('Comparison of'));
  assert.strictEqual(shown.length, comparisons.length);
  for (const [i, comparison] of comparisons.entries()) {
    const rows = shown[i].rows.filter((row) => row.length > 1);
    assert.strictEqual(rows.length, comparison.rows.length);
    for (const [k, row] of comparison.rows.entries()) {
      const at = Object.fromEntries(shown[i].head.map((head, column) => [head, rows[k][column]]));
      assert.strictEqual(rows[k][0], row.kind === 'category' ? row.name.replaceAll('_', ' ') : row.name);
      assert.strictEqual(at.a, count(row.a.median));
      assert.strictEqual(at.b, count(row.b.median));
      assert.strictEqual(at.exits, row.differs ? (row.change > 0 ? '+' : '') + count(row.change) : '');
      if (!row.differs) assert.strictEqual(at.change, '~');
      else assert.ok(at.change.startsWith(row.change > 0 ? '▲' : '▼'), at.change);
    }
  }
}

// Total exits of each run, by series as the page has them.
function trends_of(trials) {
  const trends = new Map();
  for (const trial of trials) {
    if (trial.outcome !== 'passed' || trial.run?.startsWith('confirm-')) continue;
    for (const step of trial.steps.filter(({exits}) => exits !== undefined)) {
      const {site = '', vendor = ''} = trial.conditions;
      const key = JSON.stringify([trial.trial.replace(/#\d+$/, ''), site, vendor, step.name, step.guest ?? 1]);
      if (!trends.has(key)) trends.set(key, new Map());
      const runs = trends.get(key);
      const run = trial.run ?? trial.id;
      runs.set(run, [...runs.get(run) ?? [], step.exits]);
    }
  }
  return trends;
}

async function check_history(page, trials) {
  const trends = trends_of(trials);
  const told = await page.evaluate(() => window.lab.data.history.series
    .map(({cell, site, vendor, step, guest, thinned}) => ({cell, site, vendor, step, guest, thinned})));
  assert.strictEqual(told.length, trends.size);
  for (const [i, {cell, site, vendor, step, guest, thinned}] of told.entries()) {
    if (i >= 20) break;  // a page has hundreds
    const runs = trends.get(JSON.stringify([cell, site, vendor, step, guest]));
    assert.ok(runs, `${cell}, ${step}`);
    await choose(page, 'trend', 'Series', i);
    await show_all(page);
    const rows = await rows_of(page, 'trend', 'the newest first');
    const trials_shown = rows.reduce((all, row) => all + Number(row.trials.replaceAll(',', '')), 0);
    assert.strictEqual(trials_shown, [...runs.values()].flat().length, cell);
    const drawn = (await series(page, 'trend')).find(({id}) => id === 'median').data.map(([, value]) => value);
    if (thinned) continue;
    assert.strictEqual(rows.length, runs.size);
    for (const row of rows) {
      const {median, least, most} = measure(runs.get(row.run));
      assert.deepStrictEqual([row.median, row.least, row.most], [median, least, most].map(count));
      assert.ok(drawn.length < rows.length || drawn.includes(median), `${median} is drawn`);
    }
  }
}

it('has pages to look at', {skip: folder ? false : 'LAB_PAGES names no folder'}, () =>
  assert.ok(names.length > 0, folder));

for (const name of names) {
  const file = path.join(folder, name);
  const beside = (ending) => {
    const other = file.replace(/\.html$/, ending);
    return existsSync(other) ? JSON.parse(readFileSync(other, 'utf8')) : undefined;
  };
  const [shown, compared, history] = ['.json', '.compare.json', '.history.json'].map(beside);

  describe(name, () => {
    if (shown) {
      for (const [what, check] of [
        ['exits', (page) => check_cells(page, shown.trials, 'exits')],
        ['cycles', (page) => check_cells(page, shown.trials, 'cycles')],
        ['time', (page) => check_timelines(page, shown.trials)],
        ['conditions', (page) => check_conditions(page, shown.trials)],
        ['trials', (page) => check_trials(page, shown.trials)],
      ])
        it(`shows the records’ ${what}`, () => with_page(file, {}, async (page) => {
          if (await page.$(`#${what}`)) await check(page);
          else assert.ok(!shown.trials.some(({outcome}) => outcome === 'passed') && what !== 'trials' ||
            (what === 'time' && !shown.trials.some(({timeline}) => timeline)), `section ${what}`);
        }));
    }
    if (compared) it('shows the comparison', () => with_page(file, {}, (page) => check_comparison(page, compared)));
    if (history) it('shows the history', () => with_page(file, {}, (page) => check_history(page, history.trials)));
    it('has something beside it to be compared with', () => assert.ok(shown || compared || history));

    for (const [scheme, size] of [['light', 'desktop'], ['dark', 'phone']])
      it(`is well: ${scheme}, ${size}`, () => with_page(file, {scheme, size}, async (page) => {
        assert.strictEqual(await page.evaluate(() => window.hacked), undefined);
        await page.evaluate(() => window.lab.charts.forEach((chart) => chart.draw()));
        assert.strictEqual(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
        await page.$$eval('details', (all) => all.forEach((box) => { box.open = true; }));
        await page.evaluate(axe.source);
        const {violations} = await page.evaluate(() => window.axe.run(document));
        assert.deepStrictEqual(violations.filter(({impact}) => ['serious', 'critical'].includes(impact))
          .map(({id, nodes}) => [id, nodes.slice(0, 3).map(({html}) => html)]), []);
      }));
  });
}
