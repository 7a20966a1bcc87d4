import { createHash } from 'node:crypto';

/**
 * Plain JSON with keys in code-unit order, so that equal values are equal bytes; otherwise as JSON.stringify writes it,
 * which also does the work where the keys stand in this order already.
 */
export function canonicalJson(value: unknown, indent = 0): string {
  if (isInOrder(value)) return JSON.stringify(value ?? null, null, indent);
  return text(value, indent === 0 ? '' : `\n`, ' '.repeat(indent), indent === 0 ? ':' : ': ');
}

/**
 * The same value with its keys in canonical order, for what is written several times. Objects have keys like `10` first,
 * and by number, whatever is done: such a value stays out of order, and is written key by key.
 */
export function inCanonicalOrder<T>(value: T): T {
  return ordered(value) as T;
}

function ordered(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(ordered);
  const record = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, ordered(record[key])]),
  );
}

/** Would JSON.stringify write all keys in canonical order? */
function isInOrder(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  const record = value as Readonly<Record<string, unknown>>;
  let previous = '';
  for (const key of Object.keys(record)) {
    if (key < previous || !isInOrder(record[key])) return false;
    previous = key;
  }
  return true;
}

/** SHA-256 (hex) of the canonical JSON of a value. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/**
 * Written in one go: an object with its keys in another order would put keys like `10` first again.
 * `line`: the line break and indentation that this value stands behind; empty where all is one line.
 */
function text(value: unknown, line: string, step: string, colon: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  const inner = line + step;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${value.map((item) => inner + text(item, inner, step, colon)).join(',')}${line}]`;
  }
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record).filter((key) => record[key] !== undefined);
  if (keys.length === 0) return '{}';
  const members = keys
    .sort()
    .map((key) => `${inner}${JSON.stringify(key)}${colon}${text(record[key], inner, step, colon)}`);
  return `{${members.join(',')}${line}}`;
}
