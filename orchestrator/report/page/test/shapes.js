// SPDX-License-Identifier: MIT
// Data of every shape that a page may get, hard to get from real trials.

const measure = (...values) => {
  const sorted = [...values].sort((x, y) => x - y);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return {median: (low + high) / 2, least: sorted[0], most: sorted.at(-1), count: values.length};
};

const names = ['NPF', 'IOIO', 'INTR', 'MSR', 'CPUID', 'CR0_SEL_WRITE', 'RSM', 'VINTR', 'HLT', 'WRITE_CR4'];
const numbers = [1024, 123, 96, 124, 114, 101, 115, 100, 120, 20];

const reasons = (scale) => names.map((name, i) => {
  const exits = Math.round(scale * 1000 / (i + 1));
  return {
    number: numbers[i], name, category: 'page_fault',
    exits: measure(exits, exits + 10, exits + 40),
    cycles: measure(exits * 9000, exits * 9100, exits * 9500),
  };
});

const total = (list, of) => {
  const add = (which) => list.reduce((all, reason) => all + reason[of][which], 0);
  return {median: add('median'), least: add('least'), most: add('most'), count: 3};
};

function cell(name, scale = 1) {
  const step = (step_name, by) => {
    const list = reasons(scale * by);
    return {name: step_name, guest: 1, view: 'guest', seconds: measure(12.1, 12.5, 14),
            exits: total(list, 'exits'), cycles: total(list, 'cycles'), reasons: list};
  };
  return {
    scenario: 'paging', name: `paging[${name}]`, label: name, vendor: 'svm', emulated: true, trials: 3,
    conditions: {site: 'svm', paging: name, cpu_model: 'AMD EPYC', image_digest: `sha256:${'0f'.repeat(32)}`},
    steps: [step('boot', 1), step('idle', 0.1)],
  };
}

function timeline(trial, samples = 600) {
  return {
    trial, cell: trial.replace(/#.*/, ''),
    seconds: Array.from({length: samples}, (_, i) => Math.round((i + 1) * 101.3) / 1000),
    reasons: names.map((name, r) => ({
      number: numbers[r], name,
      exits: Array.from({length: samples}, (_, i) => (i * 7 + r * 13) % 11 > 4 ? (i * 31 + r) % 97 : 0),
    })),
    milestones: [{name: 'start', seconds: 0}, {name: 'kernel', seconds: 3.094},
                 {name: 'init', seconds: 3.2}, {name: 'reader', seconds: samples * 0.08}],
    steps: [{name: 'boot', begin: 0, seconds: samples * 0.08},
            {name: 'idle', begin: samples * 0.08, seconds: samples * 0.02}],
  };
}

const trial = (name, more = {}) => ({
  id: `20261122T0${name.length % 10}0000.000Z-${name}`, name, cell: name.replace(/#.*/, ''), site: 'svm',
  outcome: 'passed', start: '2026-11-22T08:00:00.000Z', seconds: 96.1, exits: 102556,
  checks_failed: [], checks_passed: 8, ...more,
});

const side = (median, confidence = 0.97) =>
  ({median, interval: {low: median - 3, high: median + 5, confidence}});

function comparison() {
  const row = (kind, name, a, b, more = {}) => ({
    step: 'boot', guest: 1, kind, name, a: side(a), b: side(b), change: b - a,
    ...a > 0 ? {share: (b - a) / a} : {},
    difference: {low: b - a - 4, high: b - a + 4, confidence: 0.95},
    p: 0.0001, p_corrected: 0.0004, differs: true, ...more,
  });
  const same = {p: 0.5, p_corrected: 1, differs: false};
  return {
    scenario: 'paging', a: 'paging[nested]', b: 'paging[shadow]', a_trials: 8, b_trials: 8, exact: false,
    note: 'a note of the comparison',
    conditions: {outer_kernel: {a: '6.1.0-56', b: '6.12.1'}},
    rows: [row('total', 'total', 22075, 22475), row('category', 'page_fault', 2001, 1401),
           row('reason', 'NPF', 2001, 1401, {number: 1024}), row('reason', 'EXCP_PF', 0, 1000, {number: 78}),
           row('reason', 'MSR', 50, 50, {number: 124, ...same})],
  };
}

function history(runs, cells = 1) {
  const time = (i) => new Date(Date.UTC(2025, 0, 1) + i * 86_400_000).toISOString();
  const run = (i) => `${time(i).replace(/[-:]/g, '')}-run${i}`;
  const place = {site: 'svm', vendor: 'svm'};
  const series = (c) => ({
    scenario: 'nightly', cell: `nightly[cell=${c}]`, label: `cell=${c}`, ...place, step: 'boot', guest: 1,
    points: Array.from({length: runs}, (_, i) => {
      const median = (i < runs * 0.7 ? 12_452 : 18_267) + (i * 7919 + c) % 89;
      return {run: run(i), time: time(i), trials: 5, median, least: median - 60, most: median + 75};
    }),
  });
  const at = Math.ceil(runs * 0.7);
  return {
    series: Array.from({length: cells}, (_, c) => series(c)),
    failed: runs > 3 ? [{run: run(3), time: time(3), scenario: 'nightly', trials: 5, passed: 3}] : [],
    changes: runs > 9 ? [{cell: 'nightly[cell=0]', ...place, subject: 'total of boot', step: 'boot', guest: 1,
      run: run(at), time: time(at), before: 12_452, after: 18_267, conditions: {outer_kernel: {a: '6.1.0-55', b: '6.1.0-56'}}}] : [],
  };
}

const frame = (title, more) => ({
  schema: 1, title, lab: '0.1.0', made: '2026-11-22T09:00:00.000Z', command: 'lab report latest',
  notes: [], ...more,
});

// As a boot's: port I/O by port and function, first touches, a sum of others, lost ones.
function boot_causes(serial = 3854) {
  const cause = (number, reason, detail, place, exits, cycles) =>
    ({number, reason, detail, place, exits, ...cycles ? {cycles} : {}});
  return [
    cause(1024, 'NPF', 'first touch of RAM', 'clear_page_rep', 20100, 180000000),
    cause(123, 'IOIO', 'io 0xcf8 PCI configuration address: write 4', 'pci_conf1_read', 8615, 5000000),
    cause(123, 'IOIO', 'io 0xcfc PCI configuration data: read 4', 'pci_conf1_read', 7004, 5100000),
    cause(1024, 'NPF', 'mmio 0xfee000b0 APIC EOI: write', 'native_apic_mem_eoi', 5800, 30000000),
    cause(123, 'IOIO', 'io 0x3f8 serial: write 1', 'serial8250_console_putchar', serial, 2500000),
    cause(123, 'IOIO', 'io 0x3fd serial: read 1', 'wait_for_xmitr', 1800.5, 900000),
    cause(1024, 'NPF', '(others)', '(others)', 1084, 4079654),
    cause(123, 'IOIO', '(lost)', '(lost)', 40),
    cause(120, 'HLT', '', 'default_idle', 25, 9000),
    cause(137, 'WBINVD', '', '', 1, 500),
  ];
}

function with_causes(one, causes) {
  one.steps[0].causes = causes;
  return one;
}

const full = () => frame('paging', {
  notes: ['1 trial did not pass: it is in no median.'],
  answers: [{question: '1. How many exits does a full boot take?',
             lines: ['nested: 2,929 (median of 3) exits [1–2].', '  shadow: more [2, 3].']}],
  evidence: ['[1] 20261122T080000.000Z-1  paging#1', '[2] two', '[3] three'],
  outcomes: {passed: 3, guest_failed: 1},
  cells: [with_causes(cell('nested'), boot_causes()), with_causes(cell('shadow', 4), boot_causes(20725))],
  timelines: [timeline('paging[nested]#1'), timeline('paging[shadow]#1', 1500)],
  comparisons: [comparison()],
  history: history(30),
  trials: [trial('paging[nested]#1'), trial('paging[shadow]#1'), trial('paging[nested]#2', {
    outcome: 'guest_failed', message: 'the guest panicked', checks_failed: ['boot: guest = host: 1 | 2'],
    console_tail: Array.from({length: 80}, (_, i) => `[   ${i}.000000] line ${i}`).join('\n'), exits: undefined,
  })],
});

const empty = () => frame('nothing', {notes: ['no trial to report on'], outcomes: {}, cells: [], trials: []});

const one_trial = () => {
  const only = cell('nested');
  const once = ({median}) => ({median, least: median, most: median, count: 1});
  for (const step of only.steps) {
    for (const key of ['seconds', 'exits', 'cycles']) step[key] = once(step[key]);
    for (const reason of step.reasons) {
      reason.exits = once(reason.exits);
      delete reason.cycles;
    }
  }
  delete only.steps[1].exits;
  only.steps[1].reasons = [];
  return frame('one', {outcomes: {passed: 1}, cells: [{...only, trials: 1}], trials: [trial('paging[nested]#1')]});
};

const many_cells = () => frame('many', {
  outcomes: {passed: 120},
  cells: Array.from({length: 40}, (_, i) =>
    cell(`vcpus=${i % 4} memory=${i} console=verbose`, 1 + i / 7)),
  trials: Array.from({length: 1000}, (_, i) => trial(`paging[vcpus=${i % 40}]#${i}`)),
});

// Text that would be something else wherever it is not taken as text. What control characters and
// right-to-left marks there were, C++ has written out; raw ones must do no harm either.
const hostile_texts = [
  '<script>window.hacked = "script"</script>',
  '<img src=x onerror="window.hacked = \'img\'">',
  '</script><script>window.hacked = "end"</script>',
  '<!--<script>', ']]>', '"onfocus="window.hacked=1" autofocus x="', '\'";window.hacked=2;//',
  '${window.hacked = 3}', '{a|rich}', '{b} {c} {value}', '&lt;b&gt;&amp;',
  '\\x1b[31mred\\x1b[0m', '\\u{202E}drow', '\u202Edrow\u202C', '\u001b]0;title\u0007', '@DATA@ @TITLE@ $& $1',
  'javascript:window.hacked=4', '__proto__', 'constructor',
];
const hostile = () => {
  const data = full();
  const all = hostile_texts.join(' ');
  const text = (i) => hostile_texts[i % hostile_texts.length];
  data.title = all;
  data.command = `lab report '${all}'`;
  data.notes = [...hostile_texts];
  data.answers = [{question: all, lines: hostile_texts}];
  data.evidence = hostile_texts.map((one, i) => `[${i + 1}] ${one}`);
  data.cells.forEach((cell, c) => {
    Object.assign(cell, {scenario: text(c), name: text(c + 1), label: text(c + 2)});
    cell.conditions = Object.fromEntries(hostile_texts.map((one, i) => [`key ${i} ${one}`, `${c} ${one}`]));
    cell.steps.forEach((step, s) => {
      step.name = `${s} ${text(0)}`;
      step.causes?.forEach((cause, i) =>
        Object.assign(cause, {reason: text(i), detail: text(i + 1), place: text(i + 2)}));
      step.reasons.forEach((reason, r) => Object.assign(reason, {name: text(r), category: text(r + 1)}));
    });
  });
  data.timelines.forEach((one) => {
    one.trial = all;
    one.reasons.forEach((reason, r) => { reason.name = text(r); });
    one.milestones.forEach((milestone, m) => { milestone.name = text(m); });
    one.steps.forEach((step, s) => { step.name = text(s); });
  });
  data.comparisons.forEach((one) => {
    Object.assign(one, {scenario: all, a: text(0), b: text(1), note: all,
                        conditions: {[text(0)]: {a: text(1), b: text(2)}}});
    one.rows.forEach((row, r) => Object.assign(row, {name: text(r), step: text(0)}));
  });
  data.history.series.forEach((one) => Object.assign(one, {cell: text(0), label: text(1), scenario: text(2), step: 'boot'}));
  data.history.changes.forEach((one) => Object.assign(one, {cell: text(0), run: all, conditions: {[text(3)]: {a: text(4), b: text(5)}}}));
  data.history.failed.forEach((one) => Object.assign(one, {run: all, scenario: text(2)}));
  data.trials.forEach((one, t) => Object.assign(one, {
    name: `${t} ${all}`, id: text(t), site: text(t + 1), message: all, console_tail: hostile_texts.join('\n'),
    checks_failed: hostile_texts}));
  return data;
};

const beyond = '18446744073709551615';  // 2^64 − 1
const huge = () => {
  const data = one_trial();
  const [step] = data.cells[0].steps;
  step.exits = {median: beyond, least: '9007199254740993', most: beyond, count: 3};
  step.reasons[0].exits = {median: '18446744073709551614', least: '1', most: beyond, count: 3};
  data.cells.push(structuredClone(data.cells[0]));
  Object.assign(data.cells[1], {name: 'paging[other]', label: 'other'});
  data.cells[1].steps[0].exits.median = '18446744073709551613';
  data.trials[0].exits = beyond;
  data.timelines = [{...timeline('paging[nested]#1', 5), milestones: [], steps: []}];
  data.timelines[0].reasons[0].exits = [beyond, 0, 0, 1, '9007199254740993'];
  return data;
};

// 100,000 trials: what is left of them for a page.
const long_history = () => frame('history', {history: history(50, 400)});
const one_long_series = () => frame('history', {history: history(20_000)});

module.exports = {
  full, empty, one_trial, many_cells, hostile, hostile_texts, huge, beyond, long_history,
  one_long_series,
};
