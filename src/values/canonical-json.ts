import { createHash } from 'node:crypto';
import { remembered } from './remembered';

/**
 * Plain JSON with keys in code-unit order, so that equal values are equal bytes; otherwise as JSON.stringify writes it,
 * which also does the work where the keys stand in this order already.
 */
export function canonicalJson(value: unknown, indent = 0): string {
  if (isInOrder(value)) return JSON.stringify(value ?? null, null, indent);
  return text(value, indent === 0 ? '' : `\n`, ' '.repeat(indent), indent === 0 ? ':' : ': ');
}

/** SHA-256 (hex) of the canonical JSON of a value. */
export function digest(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** canonicalJson, in one line, of an object that isn't changed any more: made once for all who want it. */
export const rememberedJson = remembered((value: object) => canonicalJson(value));

/** The canonical JSON of an object whose members' JSON is there already. */
export function canonicalObject(members: Readonly<Record<string, string>>): string {
  const parts = Object.keys(members)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${members[key]}`);
  return `{${parts.join(',')}}`;
}

/** SHA-256 (hex). */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Would JSON.stringify write all keys in canonical order? It has keys like `10` first, and by number. */
function isInOrder(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  const record = value as Readonly<Record<string, unknown>>;
  let previous = '';
  // Not Object.keys, which makes a list for each object. Plain JSON inherits nothing.
  for (const key in record) {
    if (key < previous || !isInOrder(record[key])) return false;
    previous = key;
  }
  return true;
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
