// SPDX-License-Identifier: MIT
// bundle.js OUT_FILE: the page's template, one file with all scripts and styles in it. NODE_PATH
// says where esbuild and ECharts are. What `lab report` puts in later: @TITLE@ and @DATA@.
const {createHash} = require('node:crypto');
const {readFileSync, writeFileSync} = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');

const source = (name) => path.join(__dirname, name);
const ofPackage = (name) => readFileSync(path.join(process.env.NODE_PATH, name), 'utf8').trim();

function bundle(name) {
  const result = esbuild.buildSync({
    entryPoints: [source(name)],
    bundle: true,
    minify: true,
    write: false,
    format: name.endsWith('.js') ? 'iife' : undefined,
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'none',  // LICENCES has them, once
    define: {'process.env.NODE_ENV': '"production"'},
    nodePaths: [process.env.NODE_PATH],
  });
  const text = result.outputFiles[0].text.trim();
  if (/<\/(script|style)|<!--|@[A-Z]+@/i.test(text)) throw new Error(`${name} would end its element`);
  return text;
}

// Apache-2.0 asks for the licence and the NOTICE, BSD for the copyright line and the conditions.
const licences = () =>
  ['echarts/NOTICE', 'echarts/LICENSE', 'echarts/licenses/LICENSE-d3', 'zrender/LICENSE',
   'tslib/LICENSE.txt']
    .map((name) => `Inlined above: ${name}\n\n${ofPackage(name)}`)
    .join(`\n\n${'='.repeat(72)}\n\n`);

const script = bundle('src/main.js');
const parts = {
  SCRIPT: script,
  SCRIPT_HASH: `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  STYLE: bundle('style.css'),
  LICENCES: `lab's report. SPDX-License-Identifier: MIT\n\n${licences()}`,
};
const page = readFileSync(source('page.html'), 'utf8')
  .replace(/@([A-Z_]+)@/g, (mark, name) => parts[name] ?? mark);
for (const mark of ['@TITLE@', '@DATA@'])
  if (page.split(mark).length !== 2) throw new Error(`${mark} must be in the page once`);
writeFileSync(process.argv[2], page);
