/** Kinds of constructs that others refer to. */
type Kind = 'NicBinding' | 'OpenVSwitch' | 'OvsBridge';

const SYMBOLS: Readonly<Record<Kind, symbol>> = {
  NicBinding: Symbol.for('cdktf-dataplane/NicBinding'),
  OpenVSwitch: Symbol.for('cdktf-dataplane/OpenVSwitch'),
  OvsBridge: Symbol.for('cdktf-dataplane/OvsBridge'),
};

/** Says what a construct is, in a way that also holds where two copies of this package meet (`instanceof` doesn't). */
export function markAs(kind: Kind, construct: object): void {
  Object.defineProperty(construct, SYMBOLS[kind], { value: true });
}

export function isMarkedAs(kind: Kind, x: unknown): boolean {
  return typeof x === 'object' && x !== null && SYMBOLS[kind] in x;
}
