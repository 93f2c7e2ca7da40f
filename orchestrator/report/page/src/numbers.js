// SPDX-License-Identifier: MIT
// Numbers as people read them. Counts are exact whatever their size: beyond 2^53 they come as
// strings of digits, and what is absent is not known, never 0.

const unknown = '–';
const whole = /^-?\d+$/;
const known = (value) => value !== undefined && value !== null;

function grouped(digits) {
  const [, sign, integer, rest] = /^(-?)(\d+)(.*)$/.exec(digits) ?? [];
  if (integer === undefined) return digits;
  return (sign && '−') + integer.replace(/\B(?=(\d{3})+$)/g, ',') + rest;
}

// "1,234,567", "12.5".
export function count(value) {
  if (!known(value)) return unknown;
  if (typeof value === 'string') return grouped(value);
  return grouped(Number.isInteger(value) ? BigInt(value).toString() : String(round(value, 1)));
}

export const round = (value, digits) => Number(value.toFixed(digits));

// For what is drawn; undefined stays so.
export const number = (value) => known(value) ? Number(value) : undefined;

const exact = (value) => whole.test(String(value));

export function difference(a, b) {
  if (!known(a) || !known(b)) return undefined;
  if (exact(a) && exact(b)) return (BigInt(b) - BigInt(a)).toString();
  return Number(b) - Number(a);
}

export function sum(values) {
  const plain = values.reduce((all, value) => all + Number(value), 0);
  if (Number.isSafeInteger(plain) || !values.every(exact)) return plain;
  return values.reduce((all, value) => all + BigInt(value), 0n).toString();
}

// Most first.
export const descending = (of) => (x, y) => Number(of(y) ?? -1) - Number(of(x) ?? -1);

// "+1,234", "−12".
export function signed(value) {
  if (!known(value)) return unknown;
  return Number(value) > 0 ? `+${count(value)}` : count(value);
}

// "26.1", "<0.1": percent.
export function share(part, all) {
  if (!known(part) || !known(all) || !(Number(all) > 0)) return unknown;
  const percent = 100 * Number(part) / Number(all);
  return percent > 0 && percent < 0.1 ? '<0.1' : percent.toFixed(1);
}

export const percent = (fraction) =>
  `${fraction > 0 ? '+' : fraction < 0 ? '−' : ''}${Math.abs(100 * fraction).toFixed(2)} %`;

// "2.37", "1,234"; nothing where there is nothing to divide by.
export function ratio(a, b) {
  if (!known(a) || !known(b) || !(Number(a) > 0)) return unknown;
  const value = Number(b) / Number(a);
  return value < 0.01 && value > 0 ? '<0.01' : grouped(value.toFixed(value < 100 ? 2 : 0));
}

// "12.345 s", without zeros at the end.
export const seconds = (value, digits = 3) =>
  known(value) ? `${grouped(String(round(value, digits)))} s` : unknown;

// "2026-11-22 09:00 UTC"; what is no time stays as it is.
export function when(time) {
  const [, day, minute] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(time ?? '') ?? [];
  return day ? `${day} ${minute} UTC` : time ?? unknown;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${Number(n) === 1 ? one : many}`;

// 1024 → "0x400".
export const hex = (value) => known(value) ? `0x${Number(value).toString(16)}` : unknown;

// Of a {median, least, most, count}.
export const median = (measure) => measure?.median;
export const range = (measure) =>
  measure && measure.count > 1 ? `${count(measure.least)}–${count(measure.most)}` : '';

// 1500000 → "1.5 M": for axes only.
export function short(value) {
  for (const [unit, size] of [['T', 1e12], ['G', 1e9], ['M', 1e6], ['k', 1e3]])
    if (Math.abs(value) >= size) return `${grouped(String(round(value / size, 2)))} ${unit}`;
  return count(value);
}
