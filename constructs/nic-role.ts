import type { NicSelector } from '../src/hardware/nic-selector';
import type { NicBindingProps } from './nic-binding';

/** A NIC of one host: its PCI address, or what the host's hardware profile finds it by. */
export type NicChoice = string | NicSelector;

/** What all hosts of a class have alike of a NIC. */
export type NicRoleProps = Pick<NicBindingProps, 'driver' | 'device'>;

/** Who says which NIC has the role: each host of its own, or the class for all of them. */
export type NicChosenBy = 'host' | 'class';

const ROLE = Symbol.for('cdktf-dataplane/NicRole');

/** What a NIC is for, in every host of a class: `nics: { uplink: NicRole.perHost({ device: '8086:1572' }) }`. */
export class NicRole<By extends NicChosenBy = NicChosenBy> {
  /** Each host says which NIC it is; the compiler asks for it. */
  static perHost(props: NicRoleProps = {}): NicRole<'host'> {
    return new NicRole('host', undefined, props);
  }

  /**
   * The same in every host, where a host says nothing else: in one slot (`'0000:3b:00.0'`), or found in each host's
   * hardware profile (`NicSelector.like({ device: '8086:1572', node: 0 })`).
   */
  static at(nic: NicChoice, props: NicRoleProps = {}): NicRole<'class'> {
    return new NicRole('class', nic, props);
  }

  static isNicRole(x: unknown): x is NicRole {
    return typeof x === 'object' && x !== null && ROLE in x;
  }

  private constructor(
    readonly chosenBy: By,
    /** @internal */
    readonly _nic: NicChoice | undefined,
    /** @internal */
    readonly _props: NicRoleProps,
  ) {
    Object.defineProperty(this, ROLE, { value: true });
    Object.freeze(this);
  }
}

/** The roles of a class, by their names. */
export type NicRoles = Readonly<Record<string, NicRole>>;

/** The names of the roles that each host says the NIC of. */
export type RolesPerHost<N extends NicRoles | undefined> = {
  [R in keyof N]: N[R] extends NicRole<'host'> ? R : never;
}[keyof N];

/** The NICs of one host, by role. */
export type NicsOfHost<N extends NicRoles | undefined> = { readonly [R in RolesPerHost<N>]: NicChoice } & {
  readonly [R in Exclude<keyof N, RolesPerHost<N>>]?: NicChoice;
};
