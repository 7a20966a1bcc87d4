import { createHash } from 'node:crypto';

/**
 * JSON with keys in code-unit order, so that equal values are equal bytes; otherwise as JSON.stringify writes it.
 * Written in one go: an object with its keys in another order would put keys like `10` first again.
 */
export function canonicalJson(value: unknown, indent = 0): string {
  return text(value, indent === 0 ? '' : `\n`, ' '.repeat(indent), indent === 0 ? ':' : ': ');
}

/** SHA-256 (hex) of the canonical JSON of a value. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** `line`: the line break and indentation that this value stands behind; empty where all is one line. */
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
