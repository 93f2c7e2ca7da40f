// SPDX-License-Identifier: MIT
// A real browser for the tests: pages are opened as files, and whatever they should not do is kept.
const {mkdtempSync, readFileSync, rmSync, writeFileSync} = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {pathToFileURL} = require('node:url');
const puppeteer = require('puppeteer-core');

const folder = mkdtempSync(path.join(os.tmpdir(), 'lab-page-'));
let browser;

async function launch() {
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--disable-gpu', '--disable-dev-shm-usage',
           ...process.getuid() === 0 ? ['--no-sandbox'] : []],
  });
}

async function close() {
  await browser?.close();
  rmSync(folder, {recursive: true, force: true});
}

// What `lab report` does with data.
function file_of(data) {
  const json = JSON.stringify(data)
    .replace(/[<>&]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const title = data.title.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const [begin, middle, end] =
    readFileSync(process.env.LAB_PAGE_TEMPLATE, 'utf8').split(/@TITLE@|@DATA@/);
  return write(begin + title + middle + json + end);
}

let written = 0;
function write(html) {
  const file = path.join(folder, `${++written}.html`);
  writeFileSync(file, html);
  return file;
}

const sizes = {
  desktop: {width: 1100, height: 900},
  phone: {width: 360, height: 740, deviceScaleFactor: 2, isMobile: true, hasTouch: true},
};

// `trouble` collects errors, warnings, violations of the policy and requests for anything else.
async function open(file, {scheme = 'light', size = 'desktop', wait = true} = {}) {
  const page = await browser.newPage();
  const url = pathToFileURL(file).href;
  const trouble = [];
  page.on('pageerror', (error) => trouble.push(`error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    if (['error', 'warn', 'assert'].includes(message.type()))
      trouble.push(`${message.type()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:'))
      trouble.push(`request: ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.evaluateOnNewDocument(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation',
      ({violatedDirective, blockedURI}) => window.violations.push(`${violatedDirective} ${blockedURI}`));
  });
  await page.setViewport(sizes[size]);
  await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: scheme}]);
  await page.goto(url);
  if (wait) await page.evaluate(() => window.lab.ready);
  page.trouble = async () => [...trouble, ...await page.evaluate(() => window.violations)];
  return page;
}

// Use: await with_page(file, {scheme, size}, async (page) => …). Any trouble fails the test.
async function with_page(file, options, use) {
  const page = await open(file, options);
  try {
    await use(page);
    const trouble = await page.trouble();
    if (trouble.length) throw new Error(`the page is in trouble:\n${trouble.join('\n')}`);
  } finally {
    await page.close();
  }
}

// Texts of a section's tables: [{caption, head, rows}].
const tables = (page, section) => page.$$eval(`#${section} table`, (all) => all
  .filter((table) => table.caption)
  .map((table) => ({
    caption: table.caption.textContent,
    head: [...table.tHead.rows[0].cells].map((cell) => cell.textContent),
    rows: [...table.tBodies].flatMap((body) =>
      [...body.rows].map((row) => [...row.cells].map((cell) => cell.textContent))),
  })));

// The rows of one of them as objects by column: {reason: 'NPF', '%': '26.1'}.
async function rows_of(page, section, caption) {
  const found = (await tables(page, section)).find((table) => table.caption.includes(caption));
  if (!found) throw new Error(`no table '${caption}' in ${section}`);
  return found.rows.map((row) => Object.fromEntries(row.map((text, i) => [found.head[i], text])));
}

// Presses every "Show all".
const show_all = (page) => page.$$eval('.rest button', (all) => all.forEach((button) => button.click()));

// Chooses in the select with that label, by place.
const choose = (page, section, label, index) => page.evaluate((section, label, index) => {
  const box = [...document.querySelectorAll(`#${section} label.choice`)]
    .find((one) => one.firstChild.textContent === label)?.querySelector('select');
  if (!box) {
    if (index === 0) return;  // nothing to choose from
    throw new Error(`no choice '${label}' in ${section}`);
  }
  box.selectedIndex = index;
  box.dispatchEvent(new Event('change'));
}, section, label, index);

// ECharts' series of a chart, which is drawn for that.
const series = (page, name) => page.evaluate((name) => {
  const chart = window.lab.charts.get(name);
  chart.draw();
  chart.flush();
  return chart.instance.getOption().series.map(({id, name, type, data}) => ({id, name, type, data}));
}, name);

module.exports = {
  launch, close, file_of, write, open, with_page, tables, rows_of, show_all, choose, series,
};
