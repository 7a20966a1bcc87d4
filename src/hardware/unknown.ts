/**
 * Nobody said. It is a value of its own, so that a rule can tell "the host has none" (`null`, an empty set) from "not
 * known", and so that the compiler asks for both. (A class, because the type of a symbol is lost in lists and callbacks.)
 */
export class Unknown {
  /** The only one. */
  static readonly VALUE = new Unknown();

  /** Makes the type one that no other value has. */
  protected readonly brand = 'unknown';

  private constructor() {
    Object.freeze(this);
  }

  toString(): string {
    return 'not known';
  }
}

export const UNKNOWN = Unknown.VALUE;

export type OrUnknown<T> = T | Unknown;

export function isKnown<T>(value: OrUnknown<T>): value is Exclude<T, Unknown> {
  return !(value instanceof Unknown);
}

/** A property of a document: missing is not known. */
export function orUnknown<T>(value: T | undefined): OrUnknown<T> {
  return value === undefined ? UNKNOWN : value;
}

/** The same question to what is known; unknown stays unknown. */
export function mapKnown<T, R>(value: OrUnknown<T>, map: (value: Exclude<T, Unknown>) => R): R | Unknown {
  return isKnown(value) ? map(value) : UNKNOWN;
}
