/**
 * Nobody said. It is a value of its own, so that a rule can tell "the host has none" (`null`, an empty set) from "not
 * known", and so that the compiler asks for both. Registered, so that two copies of this package have the same one.
 */
export const UNKNOWN: unique symbol = Symbol.for('cdktf-dataplane.unknown');

export type OrUnknown<T> = T | typeof UNKNOWN;

export function isKnown<T>(value: OrUnknown<T>): value is Exclude<T, typeof UNKNOWN> {
  return value !== UNKNOWN;
}

/** A property of a document: missing is not known. */
export function orUnknown<T>(value: T | undefined): OrUnknown<T> {
  return value === undefined ? UNKNOWN : value;
}

/** The same question to what is known; unknown stays unknown. */
export function mapKnown<T, R>(
  value: OrUnknown<T>,
  map: (value: Exclude<T, typeof UNKNOWN>) => R,
): R | typeof UNKNOWN {
  return isKnown(value) ? map(value) : UNKNOWN;
}
