/** Kinds of constructs that others refer to. */
type Kind = 'NicBinding' | 'OpenVSwitch' | 'OvsBridge';

const symbolOf = (kind: Kind): symbol => Symbol.for(`cdktf-dataplane/${kind}`);

/** Says what a construct is, in a way that also holds where two copies of this package meet (`instanceof` doesn't). */
export function markAs(kind: Kind, construct: object): void {
  Object.defineProperty(construct, symbolOf(kind), { value: true });
}

export function isMarkedAs(kind: Kind, x: unknown): boolean {
  return typeof x === 'object' && x !== null && symbolOf(kind) in x;
}
