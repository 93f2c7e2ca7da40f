// SPDX-License-Identifier: MIT
// The page with data of every shape: sections, exact numbers, text that stays text, keyboard, hover,
// paper, phone, dark, and what axe finds.
const assert = require('node:assert');
const {readFileSync} = require('node:fs');
const {after, before, describe, it} = require('node:test');
const axe = require('axe-core');
const {
  choose, close, file_of, launch, rows_of, series, show_all, tables, with_page,
} = require('./browser.js');
const shapes = require('./shapes.js');

before(launch);
after(close);

const ids = (page) => page.$$eval('section', (all) => all.map(({id}) => id));
const text_of = (page, selector) => page.$eval(selector, ({textContent}) => textContent);
const in_section = (page, id) => page.$eval(`#${id}`, (section) => section.scrollIntoView());
const drawn = (page) => page.evaluate(() => window.lab.charts.forEach((chart) => {
  chart.draw();
  chart.flush();
}));
const thousands = (value) => Number(value).toLocaleString('en-US');

describe('the template', () => {
  it('is small, and allows no script but its own', () => {
    const template = readFileSync(process.env.LAB_PAGE_TEMPLATE, 'utf8');
    assert.ok(template.length < 700_000, `${template.length} bytes`);
    const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(template);
    assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'unsafe-inline'; img-src data:;/);
    for (const name of ['Apache ECharts', 'Apache License', 'zrender', 'Baidu', 'SPDX-License-Identifier: MIT'])
      assert.ok(template.includes(name), name);
    assert.doesNotMatch(template.split('<!--')[0], /<(link|script|img)[^>]+(src|href)="(?!data:)/);
  });

  it('asks for scripts where there are none', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      assert.match(readFileSync(process.env.LAB_PAGE_TEMPLATE, 'utf8'), /<noscript><p>[^<]*allow scripts/);
      assert.strictEqual(await page.title(), 'paging');
    });
  });
});

describe('sections', () => {
  const all = ['answers', 'exits', 'cycles', 'causes', 'time', 'cells', 'comparison', 'trend', 'conditions', 'trials'];

  it('are all there, in order, with a chart and a table each', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      assert.deepStrictEqual(await ids(page), all);
      assert.deepStrictEqual(await page.$$eval('nav a', (links) => links.map(({hash}) => hash.slice(1))), all);
      await drawn(page);
      for (const id of ['exits', 'cycles', 'time', 'cells', 'comparison', 'trend']) {
        assert.ok(await page.$(`#${id} figure > figcaption`), `${id} has a caption`);
        assert.ok(await page.$(`#${id} figure .chart svg path`), `${id} is drawn`);
        assert.ok((await tables(page, id)).length, `${id} has a table`);
        const label = await page.$eval(`#${id} .chart`, (chart) => chart.getAttribute('aria-label'));
        assert.ok(label.length > 20, label);
      }
      assert.strictEqual((await page.$$('h1')).length, 1);
    });
  });

  it('appear only where there are data', async () => {
    await with_page(file_of(shapes.empty()), {}, async (page) => {
      assert.deepStrictEqual(await ids(page), []);
      assert.match(await text_of(page, 'main'), /No trial/);
      assert.match(await text_of(page, 'header'), /no trial to report on/);
    });
    await with_page(file_of(shapes.one_trial()), {}, async (page) => {
      assert.deepStrictEqual(await ids(page), ['exits', 'conditions', 'trials']);
      await choose(page, 'exits', 'Step', 1);
      assert.match(await text_of(page, '#exits figcaption'), /– exits/);
    });
    await with_page(file_of(shapes.long_history()), {}, async (page) =>
      assert.deepStrictEqual(await ids(page), ['trend']));
  });

  it('draw a chart only when it comes near', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      const is_drawn = () => page.evaluate(() => Boolean(window.lab.charts.get('trend').instance));
      assert.strictEqual(await is_drawn(), false);
      await in_section(page, 'trend');
      await page.waitForFunction(() => window.lab.charts.get('trend').instance);
    });
  });

  it('link what is cited', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      await page.click('#answers a[href="#evidence-2"]');
      assert.ok(await page.$eval('#answers details', ({open}) => open));
      assert.strictEqual((await page.$$('#answers p a')).length, 4);
    });
  });

  it('show cells that are chosen', async () => {
    const data = shapes.many_cells();
    await with_page(file_of(data), {}, async (page) => {
      for (const [place, cell] of [[0, 7], [1, 9], [2, 40], [3, 40]])
        await choose(page, 'cells', `Cell ${'ABCD'[place]}`, cell);
      const [row] = await rows_of(page, 'cells', 'side by side');
      const [a, b] = [7, 9].map((i) => data.cells[i].steps[0].exits.median);
      assert.strictEqual(row['B − A'], `+${thousands(b - a)}`);
      assert.strictEqual(row['B : A'], (b / a).toFixed(2));
    });
  });

  it('have the first rows of a long table, and all at the press of a button', async () => {
    await with_page(file_of(shapes.many_cells()), {}, async (page) => {
      const count = async () => (await rows_of(page, 'trials', 'All 1,000 trials')).length;
      assert.strictEqual(await count(), 200);
      await show_all(page);
      assert.strictEqual(await count(), 1000);
    });
  });
});

describe('causes', () => {
  const alone = () => ({...shapes.full(), comparisons: []});
  const frame = (name) => `#causes .frame[aria-label*="${name}"]`;
  const width = (page, name) => page.$eval(frame(name), ({style}) => parseFloat(style.width));
  const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  const says = (page) => page.$eval('#causes output.point', ({value}) => value);

  it('are frames as wide as their exits, from the step to the place', async () => {
    await with_page(file_of(alone()), {}, async (page) => {
      const all = 20100 + 8615 + 7004 + 5800 + 3854 + 1800.5 + 1084 + 40 + 25 + 1;
      const close = (x, y) => assert.ok(Math.abs(x - y) < 0.01, `${x} is not ${y}`);
      close(await width(page, 'boot: '), 100);
      close(await width(page, 'boot → NPF: '), 100 * (20100 + 5800 + 1084) / all);
      close(await width(page, 'serial8250_console_putchar: '), 100 * 3854 / all);
      const label = await page.$eval(frame('serial8250_console_putchar: '), (one) => one.getAttribute('aria-label'));
      assert.strictEqual(label, 'boot → IOIO → io 0x3f8 serial: write 1 → serial8250_console_putchar: ' +
        '3,854 exits, 8.0 %, 100.0 % of io 0x3f8 serial: write 1');
      assert.match(await text_of(page, '#causes figcaption'),
        /boot of paging\[nested\].*NPF, first touch of RAM, clear_page_rep leads with 41\.6 %/);
    });
  });

  it('are zoomed by click, and back', async () => {
    await with_page(file_of(alone()), {}, async (page) => {
      assert.strictEqual(await page.$(frame('default_idle')), null);  // too narrow
      await page.click(frame('boot → IOIO: '));
      assert.strictEqual(await width(page, 'boot → IOIO: '), 100);
      assert.ok(await width(page, 'serial8250_console_putchar: ') > 15);
      assert.strictEqual(await page.$(frame('boot → NPF: ')), null);
      await page.click(frame('boot → IOIO: '));
      assert.ok(await width(page, 'boot → IOIO: ') < 50);
    });
  });

  it('are reached, zoomed and left by keyboard', async () => {
    await with_page(file_of(alone()), {}, async (page) => {
      await page.focus('#causes .frame[tabindex="0"]');
      assert.match(await focused(page), /^boot: /);
      await page.keyboard.press('ArrowDown');
      assert.match(await focused(page), /^boot → NPF: /);
      await page.keyboard.press('ArrowRight');
      assert.match(await focused(page), /^boot → IOIO: 21,313\.5 exits/);
      assert.match(await says(page), /^boot → IOIO: 21,313\.5 exits, 44\.1 %/);
      await page.keyboard.press('Enter');
      assert.strictEqual(await width(page, 'boot → IOIO: '), 100);
      assert.match(await focused(page), /^boot → IOIO: /);
      assert.strictEqual((await page.$$('#causes .frame[tabindex="0"]')).length, 1);
      await page.keyboard.press('Escape');
      assert.match(await focused(page), /^boot: /);
      assert.ok(await width(page, 'boot → IOIO: ') < 50);
    });
  });

  it('are searched, also those that are too narrow to be drawn', async () => {
    await with_page(file_of(alone()), {}, async (page) => {
      const found = () => page.$eval('#causes .controls output', ({value}) => value);
      await page.type('#causes input[type="search"]', 'Serial');
      assert.strictEqual(await found(), '2 matches: 5,654.5 exits, 11.7 %');
      assert.ok((await page.$$('#causes .frame.found')).length >= 2);
      await page.$eval('#causes input[type="search"]', (box) => { box.value = ''; });
      await page.type('#causes input[type="search"]', 'default_idle');
      assert.strictEqual(await found(), '1 match: 25 exits, <0.1 %');
      await page.type('#causes input[type="search"]', 'x');
      assert.strictEqual(await found(), 'nothing matches');
    });
  });

  it('are all in a table', async () => {
    const data = alone();
    await with_page(file_of(data), {}, async (page) => {
      const rows = await rows_of(page, 'causes', 'Causes in boot of paging[nested]');
      assert.strictEqual(rows.length, data.cells[0].steps[0].causes.length);
      assert.strictEqual(rows[0]['emulated cycles an exit'], '8,955');
      assert.strictEqual(rows.find(({place}) => place === '(lost)')['emulated cycles an exit'], '–');
    });
  });

  it('of two cells show what moved', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      assert.match(await text_of(page, '#causes figcaption'),  // as the two are compared
        /Most moved at IOIO, io 0x3f8 serial: write 1, serial8250_console_putchar: \+16,871/);
      const grown = await page.$$eval('#causes .frame.grown', (all) => all.map(({textContent}) => textContent));
      assert.deepStrictEqual(grown, ['boot +16,871', 'IOIO +16,871', 'io 0x3f8 serial: write 1 +16,871',
                                     'serial8250_console_putchar +16,871']);
      const [first] = await rows_of(page, 'causes', 'What changed by cause');
      assert.deepStrictEqual([first.A, first.B, first['B − A']], ['3,854', '20,725', '+16,871']);
      await choose(page, 'causes', 'What changes to', 0);
      assert.strictEqual((await page.$$('#causes .frame.grown')).length, 0);
    });
    await with_page(file_of(alone()), {}, async (page) => {
      assert.strictEqual((await page.$$('#causes .frame.grown')).length, 0);
      await choose(page, 'causes', 'What changes to', 1);
      assert.strictEqual((await page.$$('#causes .frame.grown')).length, 4);
    });
  });

  it('are not compared with another vendor\'s, whose reasons are others', async () => {
    const data = shapes.full();
    data.cells[1].vendor = 'vmx';
    await with_page(file_of(data), {}, async (page) => {
      assert.strictEqual((await page.$$('#causes .frame.grown')).length, 0);
      await assert.rejects(choose(page, 'causes', 'What changes to', 1), /no choice/);
    });
  });

  it('are no section where there are none', async () => {
    await with_page(file_of(shapes.many_cells()), {}, async (page) =>
      assert.ok(!(await ids(page)).includes('causes')));
  });
});

describe('numbers', () => {
  it('are those of the data, in tables and charts', async () => {
    const data = shapes.full();
    await with_page(file_of(data), {}, async (page) => {
      for (const [c, cell] of data.cells.entries())
        for (const [s, step] of cell.steps.entries())
          for (const kind of ['exits', 'cycles']) {
            await choose(page, kind, 'Cell', c);
            await choose(page, kind, 'Step', s);
            const rows = await rows_of(page, kind, `of ${cell.name}`);
            const head = kind === 'exits' ? 'exits, median' : 'emulated cycles, median';
            const expected = step.reasons.map((reason) => reason[kind]);
            assert.deepStrictEqual(rows.map((row) => row[head]), expected.map(({median}) => thousands(median)));
            assert.deepStrictEqual(rows.map(({least, most}) => [least, most]),
              expected.map(({least, most}) => [thousands(least), thousands(most)]));
            const [bars] = await series(page, `${kind}-by-reason`);
            assert.deepStrictEqual(bars.data.map(({value}) => value), expected.map(({median}) => median));
          }
    });
  });

  it('are exact beyond 2^53', async () => {
    await with_page(file_of(shapes.huge()), {}, async (page) => {
      assert.match(await text_of(page, '#exits figcaption'),
        /18,446,744,073,709,551,615 exits.*9,007,199,254,740,993–18,446,744,073,709,551,615/);
      const [row] = await rows_of(page, 'exits', 'by reason');
      assert.strictEqual(row['exits, median'], '18,446,744,073,709,551,614');
      const [beside] = await rows_of(page, 'cells', 'side by side');
      assert.strictEqual(beside['B − A'], '−2');
      assert.match(await text_of(page, '#time .legend'), /NPF 18,455,751,272,964,292,609/);
    });
  });

  it('of a comparison say what differs without colour', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      const rows = (await tables(page, 'comparison')).find(({head}) => head.includes('p')).rows;
      const of = (name) => rows.find(([first]) => first === name);
      assert.deepStrictEqual(of('total'), ['total', '22,075', '± 0 %', '22,475', '± 0 %', '▲ +1.81 %', '+400', '<.001']);
      assert.deepStrictEqual(of('NPF'), ['NPF', '2,001', '± 0 %', '1,401', '± 0 %', '▼ −29.99 %', '−600', '<.001']);
      assert.deepStrictEqual(of('EXCP_PF').slice(5, 7), ['▲ new', '+1,000']);
      assert.deepStrictEqual(of('MSR').slice(5), ['~', '', '1.000']);
      const bars = (await series(page, 'comparison-1')).filter(({type}) => type === 'bar');
      assert.deepStrictEqual(bars.map(({data}) => data.map(({value}) => value)), [[2001, 0, 50], [1401, 1000, 50]]);
    });
  });

  it('of the history are those of each run', async () => {
    const {history} = shapes.full();
    await with_page(file_of(shapes.full()), {}, async (page) => {
      const {points} = history.series[0];
      const rows = await rows_of(page, 'trend', 'the newest first');
      assert.deepStrictEqual(rows.map(({median, least, most}) => [median, least, most]).reverse(),
        points.map((point) => [point.median, point.least, point.most].map(thousands)));
      const median = (await series(page, 'trend')).find(({id}) => id === 'median');
      assert.deepStrictEqual(median.data, points.map((point) => [Date.parse(point.time), point.median]));
      assert.match(await text_of(page, '#trend .changes'),
        /total of boot since 2025-01-22 00:00 UTC: 12,452 → 18,267 exits \(\+46\.70 %\).*outer kernel: 6\.1\.0-55 → 6\.1\.0-56/);
      assert.match(await text_of(page, '#trend svg'), /1.*×|×.*1/);
    });
  });

  it('of the history name the site where there are several, and change where that one did', async () => {
    const data = shapes.full();
    const [series] = data.history.series;
    data.history.series = [{...series, site: 'kvm'}, series];
    await with_page(file_of(data), {}, async (page) => {
      assert.match(await text_of(page, '#trend .controls'), /on kvm.*on svm/);
      assert.match(await text_of(page, '#trend figcaption'), /on svm: .*numbered lines are changes/);
      assert.match(await text_of(page, '#trend .changes'), /nightly\[cell=0\] on svm, total of boot since/);
      await choose(page, 'trend', 'Series', 0);
      assert.doesNotMatch(await text_of(page, '#trend figcaption'), /numbered lines/);
    });
  });
});

describe('exits over time', () => {
  const open_chart = async (page) => {
    await in_section(page, 'time');
    await page.waitForFunction(() => window.lab.charts.get('timeline').instance);
    await page.$eval('#time .chart', (chart) => chart.scrollIntoView({block: 'center'}));
    const box = await (await page.$('#time .chart')).boundingBox();
    const at = (seconds) => page.evaluate((seconds) =>
      window.lab.charts.get('timeline').instance.convertToPixel({xAxisIndex: 0}, seconds), seconds);
    return {box, at};
  };
  const sample = (timeline, i) => timeline.reasons
    .map(({name, exits}) => [name, exits[i]]).filter(([, exits]) => exits > 0)
    .sort((x, y) => y[1] - x[1]);
  const window_of = (page) => page.$eval('#time .window', ({value}) => value);

  it('say a sample’s exact numbers where the mouse is', async () => {
    const data = shapes.full();
    const [timeline] = data.timelines;
    await with_page(file_of(data), {}, async (page) => {
      const {box, at} = await open_chart(page);
      for (const i of [0, 299, 431]) {
        const middle = ((timeline.seconds[i - 1] ?? 0) + timeline.seconds[i]) / 2;
        await page.mouse.move(box.x + await at(middle), box.y + box.height / 2);
        await page.waitForFunction((text) => document.querySelector('#time .tip')?.textContent.startsWith(text),
          {timeout: 5000}, `${timeline.seconds[i]} s: `);
        const shown = await page.$$eval('#time .tip tr', (rows) =>
          rows.map((row) => [row.cells[1].textContent, row.cells[2].textContent]));
        assert.deepStrictEqual(shown, sample(timeline, i).map(([name, exits]) => [name, thousands(exits)]));
      }
    });
  });

  it('can be looked through by keyboard', async () => {
    const [timeline] = shapes.full().timelines;
    await with_page(file_of(shapes.full()), {}, async (page) => {
      await open_chart(page);
      assert.strictEqual(await window_of(page), '0 s to 60.78 s');
      const rates = async () => (await series(page, 'timeline'))[0].data.length;
      const before = await rates();
      await page.focus('#time button[aria-label="Zoom in"]');
      for (let i = 0; i < 3; ++i) await page.keyboard.press('Enter');
      assert.strictEqual(await window_of(page), '26.59 s to 34.19 s');
      assert.notStrictEqual(await rates(), before);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      assert.strictEqual(await window_of(page), '22.79 s to 30.39 s');
      const zoom = await page.evaluate(() => window.lab.charts.get('timeline').instance.getOption().dataZoom[0]);
      assert.ok(Math.abs(zoom.startValue - 22.79) < 0.01 && Math.abs(zoom.endValue - 30.39) < 0.01);
      for (let i = 0; i < 3; ++i) await page.keyboard.press('Tab');  // later, all, slider
      assert.strictEqual(await page.evaluate(() => document.activeElement.type), 'range');
      await page.keyboard.press('ArrowRight');
      const said = await page.$eval('#time .point', ({value}) => value);
      const list = sample(timeline, 1).map(([name, exits]) => `${name} ${thousands(exits)}`).join(', ');
      assert.ok(said.startsWith(`${timeline.seconds[1]} s: `) && said.endsWith(`: ${list}`), said);
      assert.strictEqual(await page.$eval('#time input', (slider) => slider.getAttribute('aria-valuetext')), said);
      assert.match(await window_of(page), /^0 s to 7\.6 s$/);  // it followed
    });
  });

  it('zoom by the wheel with Ctrl or after a click, and let it scroll the page otherwise', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      const {box} = await open_chart(page);
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      const scrolled = await page.evaluate(() => scrollY);
      await page.mouse.wheel({deltaY: 40});
      await page.waitForFunction((before) => scrollY > before, {timeout: 5000}, scrolled);
      assert.strictEqual(await window_of(page), '0 s to 60.78 s');
      await page.mouse.click(x, y);
      await page.mouse.wheel({deltaY: -240});
      await page.waitForFunction(() => document.querySelector('#time .window').value !== '0 s to 60.78 s',
        {timeout: 5000});
    });
  });

  it('show the rates of what is in the window, and every sample in a table', async () => {
    const [timeline] = shapes.full().timelines;
    await with_page(file_of(shapes.full()), {}, async (page) => {
      const areas = (await series(page, 'timeline')).filter(({id}) => id.startsWith('area'));
      const exits = areas.flatMap(({data}) => data.slice(1)
        .map(([end, rate], i) => rate * (end - data[i][0]))).reduce((all, n) => all + n, 0);
      const all = timeline.reasons.flatMap((reason) => reason.exits).reduce((sum, n) => sum + n, 0);
      assert.ok(Math.abs(exits - all) < 1e-6 * all, `${exits} | ${all}`);
      await page.$eval('#time .bulk', (box) => { box.open = true; });
      await page.waitForSelector('#time .bulk table');
      await show_all(page);
      const rows = await rows_of(page, 'time', 'since the sample before');
      assert.strictEqual(rows.length, timeline.seconds.length);
      for (const [i, row] of rows.entries()) {
        assert.strictEqual(row.seconds, String(timeline.seconds[i]));
        for (const {name, exits: counts} of timeline.reasons) assert.strictEqual(row[name], thousands(counts[i]));
      }
    });
  });
});

describe('hostile text', () => {
  it('stays text everywhere, and is all there', async () => {
    await with_page(file_of(shapes.hostile()), {}, async (page) => {
      await drawn(page);
      await page.$$eval('details', (all) => all.forEach((box) => { box.open = true; }));
      for (const place of [0, 5]) await page.evaluate((i) => {  // tooltips, too
        for (const {instance} of window.lab.charts.values())
          instance.dispatchAction({type: 'showTip', seriesIndex: 0, dataIndex: i});
      }, place);
      await page.$$eval('input[type=range]', (all) => all.forEach((slider) => {
        slider.value = 3;
        slider.dispatchEvent(new Event('input'));
      }));
      assert.strictEqual(await page.evaluate(() => window.hacked), undefined);
      const alive = await page.$$eval('body img, body [onerror], body [onfocus], body [autofocus], main script',
        (all) => all.map(({outerHTML}) => outerHTML));
      assert.deepStrictEqual(alive, []);
      assert.strictEqual((await page.$$('script')).length, 2);
      const body = await text_of(page, 'body');
      for (const section of ['header', '#answers', '#conditions', '#trials'])
        for (const text of shapes.hostile_texts)
          assert.ok((await text_of(page, section)).includes(text), `${section}: ${text}`);
      assert.ok(body.includes(shapes.hostile_texts.join('\n')), 'console');
      const title = await page.title();
      assert.ok(title.includes('<script>window.hacked = "script"</script>'), title);
      const labels = await page.$$eval('#exits svg text', (all) => all.map(({textContent}) => textContent));
      for (const text of ['<script>window.hacked = "script"</script>', '{a|rich}', '{b} {c} {value}', ']]>'])
        assert.ok(labels.includes(text), `label ${text} in ${labels.join('|')}`);
      const tip = await page.$$eval('.tip', (all) => all.map(({textContent}) => textContent).join());
      assert.ok(tip.includes('<img src=x'), tip);
    });
  });
});

describe('themes', () => {
  it('are light and dark, also when that changes', async () => {
    const look = (page) => page.evaluate(() => {
      const chart = window.lab.charts.get('exits-by-reason');
      chart.flush();
      return [getComputedStyle(document.body).backgroundColor, chart.element.querySelector('svg text').getAttribute('fill')];
    });
    await with_page(file_of(shapes.full()), {scheme: 'dark'}, async (page) => {
      await drawn(page);
      const dark = await look(page);
      await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: 'light'}]);
      // The style has changed at once, but the page hears of it only with its next frame.
      await page.waitForFunction((ink) => {
        const chart = window.lab.charts.get('exits-by-reason');
        chart.flush();
        return chart.element.querySelector('svg text').getAttribute('fill') !== ink;
      }, {}, dark[1]);
      const light = await look(page);
      assert.strictEqual(light[0], 'rgb(255, 255, 255)');
      assert.notStrictEqual(dark[0], light[0]);
    });
  });

  it('give a reason one colour on the whole page', async () => {
    await with_page(file_of(shapes.full()), {}, async (page) => {
      await drawn(page);
      const colours = await page.evaluate(() => {
        const of = (chart, series) => window.lab.charts.get(chart).instance.getOption().series[series];
        return [of('exits-by-reason', 0).data[0].itemStyle.color, of('cycles-by-reason', 0).data[0].itemStyle.color,
                of('cells', 0).data[0].itemStyle.color, of('comparison-1', 0).data[0].itemStyle.color,
                window.lab.charts.get('timeline').instance.getOption().series.find(({name}) => name === 'NPF').color];
      });
      assert.strictEqual(new Set(colours).size, 1, colours.join());
    });
  });
});

describe('a phone', () => {
  for (const shape of ['full', 'hostile', 'many_cells', 'huge', 'empty', 'long_history'])
    it(`is as wide as the page: ${shape}`, async () => {
      await with_page(file_of(shapes[shape]()), {size: 'phone'}, async (page) => {
        await drawn(page);
        assert.deepStrictEqual(await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]), [360, 360]);
      });
    });
});

describe('paper', () => {
  it('is light, has everything open and drawn, and no controls', async () => {
    await with_page(file_of(shapes.full()), {scheme: 'dark'}, async (page) => {
      await page.evaluate(() => {
        addEventListener('beforeprint', () => {  // after the page's own listener
          window.printed = {
            closed: document.querySelectorAll('details:not([open])').length,
            drawn: [...window.lab.charts.values()].map(({instance}) => instance?.getWidth()),
            ink: document.querySelector('#exits svg text').getAttribute('fill'),
          };
        });
      });
      await page.pdf({format: 'A4', timeout: 60_000});
      const printed = await page.evaluate(() => window.printed);
      assert.strictEqual(printed.closed, 0);
      assert.deepStrictEqual(new Set(printed.drawn), new Set([680]));
      assert.strictEqual(printed.drawn.length, 6);
      assert.match(printed.ink, /#1b1f24|rgb\(27, 31, 36\)/i);
      assert.ok(await page.$$eval('details:not([open])', (all) => all.length) > 0, 'closed again');
      const devtools = await page.createCDPSession();
      const medium = (media) => devtools.send('Emulation.setEmulatedMedia',
        {media, features: [{name: 'prefers-color-scheme', value: 'dark'}]});
      await medium('print');
      assert.strictEqual(await page.$eval('body', (body) => getComputedStyle(body).backgroundColor), 'rgb(255, 255, 255)');
      for (const selector of ['nav', '.controls', '.explore'])
        assert.strictEqual(await page.$eval(selector, (box) => getComputedStyle(box).display), 'none', selector);
      await medium('screen');
      await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)');
    });
  });
});

describe('axe', () => {
  for (const scheme of ['light', 'dark'])
    for (const size of ['desktop', 'phone'])
      for (const shape of ['full', 'many_cells', 'long_history'])
        it(`finds nothing serious: ${shape}, ${scheme}, ${size}`, async () => {
          await with_page(file_of(shapes[shape]()), {scheme, size}, async (page) => {
            await drawn(page);
            await page.$$eval('details', (all) => all.forEach((box) => { box.open = true; }));
            await page.evaluate(axe.source);
            const {violations, passes} = await page.evaluate(() => window.axe.run(document));
            assert.ok(passes.length > 15, `${passes.length} rules passed`);
            const serious = violations.filter(({impact}) => ['serious', 'critical'].includes(impact));
            assert.deepStrictEqual(serious.map(({id, nodes}) => [id, nodes.slice(0, 3).map(({html}) => html)]), []);
          });
        });
});
