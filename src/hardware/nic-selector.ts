import { MacAddress } from '../values/mac-address';
import { PciDeviceId } from '../values/pci-address';
import { ValueError } from '../values/value-error';
import type { HardwareProfile } from './hardware-profile';
import type { Nic } from './nic';
import { isKnown, UNKNOWN, type OrUnknown } from './unknown';

/** What a NIC is like, where its address differs from host to host. */
export interface NicLike {
  /** Vendor and device id, `8086:1572` (`lspci -n`). @default any */
  readonly device?: string;
  /** NUMA node. @default any */
  readonly node?: number;
  /** Which of several, in the order of their PCI addresses, from 0. @default there must be one only */
  readonly position?: number;
}

const SELECTOR = Symbol.for('cdktf-dataplane/NicSelector');

/** What is wrong with a selection, and what to change. */
export interface NotSelected {
  readonly what: string;
  readonly remedy: string;
}

type Selection =
  | { readonly by: 'mac'; readonly address: string }
  | { readonly by: 'interface'; readonly name: string }
  | { readonly by: 'like'; readonly like: NicLike };

/**
 * Says which NIC is meant by something else than its PCI address. The address is then taken from the host's hardware
 * profile, at synth; without a profile, or with none or several such NICs in it, that is an error.
 */
export class NicSelector {
  /** The NIC whose own MAC address this is, `52:54:00:12:34:56`. The host checks it again. */
  static mac(address: string): NicSelector {
    return new NicSelector({ by: 'mac', address });
  }

  /** The NIC with this network interface, `ens1f0`. */
  static interfaceName(name: string): NicSelector {
    return new NicSelector({ by: 'interface', name });
  }

  /** The NIC that is like this. Virtual functions and NICs that carry management aren't looked at. */
  static like(like: NicLike): NicSelector {
    return new NicSelector({ by: 'like', like });
  }

  static isNicSelector(x: unknown): x is NicSelector {
    return typeof x === 'object' && x !== null && SELECTOR in x;
  }

  private constructor(private readonly selection: Selection) {
    Object.defineProperty(this, SELECTOR, { value: true });
    Object.freeze(this);
  }

  /** MAC address that is asked for. */
  get macAddress(): string | undefined {
    const { selection } = this;
    return selection.by === 'mac' ? MacAddress.parse(selection.address).toString() : undefined;
  }

  /** @throws ValueError where what was given can't be read */
  check(): void {
    const { selection } = this;
    if (selection.by === 'mac') MacAddress.parse(selection.address);
    else if (selection.by === 'interface') checkName(selection.name);
    else checkLike(selection.like);
  }

  /** The one NIC of a host that is meant. */
  select(hostName: string, profile: HardwareProfile | undefined): Nic | NotSelected {
    if (!profile) {
      return {
        what: `${hostName} has no hardware profile that says where that is`,
        remedy: `say hardware: HardwareProfile.fromFile('hardware/${hostName}.json') of the host, or the PCI address here`,
      };
    }
    const found = this.candidates(profile);
    const source = profile.source === '' ? 'its hardware profile' : profile.source;
    if (!isKnown(found)) {
      return {
        what: `${source} doesn't say ${this.question()}`,
        remedy: 'make the profile with `npx cdktf-dataplane inspect`, or say the PCI address here',
      };
    }
    const position = this.selection.by === 'like' ? this.selection.like.position : undefined;
    const chosen = position === undefined ? found : found.slice(position, position + 1);
    const [nic, ...others] = chosen;
    if (nic && others.length === 0) return nic;
    if (nic) {
      const more = this.selection.by === 'like' ? 'position: 0 for the first of them, or ' : '';
      return {
        what: `${hostName} has ${found.length} of them: ${found.map(String).join(', ')} (${source})`,
        remedy: `say ${more}the PCI address of one of them`,
      };
    }
    const some = found.length > 0 ? `only ${found.length} of them: ${found.map(String).join(', ')}` : 'none';
    return {
      what: `${hostName} has ${some} (${source})`,
      remedy: `say one of those that it has: ${listed(profile)}`,
    };
  }

  toString(): string {
    const { selection } = this;
    if (selection.by === 'mac') return `NicSelector.mac('${selection.address}')`;
    if (selection.by === 'interface') return `NicSelector.interfaceName('${selection.name}')`;
    const members = Object.entries(selection.like)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => `${name}: ${typeof member === 'string' ? `'${member}'` : String(member)}`);
    return `NicSelector.like({ ${members.join(', ')} })`;
  }

  private candidates(profile: HardwareProfile): OrUnknown<readonly Nic[]> {
    const { selection } = this;
    if (selection.by === 'mac') return profile.nicsWithMac(MacAddress.parse(selection.address));
    if (selection.by === 'interface') return profile.nicsNamed(selection.name);
    return nicsLike(profile, selection.like);
  }

  private question(): string {
    const { by } = this.selection;
    if (by === 'mac') return 'which NIC has which MAC address';
    return by === 'interface' ? 'which NIC has which interface' : 'of every NIC what it is and where';
  }
}

/** In the order of their addresses. One NIC that isn't known can be the one that is meant. */
function nicsLike(profile: HardwareProfile, { device, node }: NicLike): OrUnknown<readonly Nic[]> {
  const { nics, nicsComplete } = profile;
  if (!isKnown(nics) || !nicsComplete) return UNKNOWN;
  const free = nics.filter(
    ({ management, physicalFunction }) =>
      management !== true && (!isKnown(physicalFunction) || physicalFunction === null),
  );
  const wanted = device === undefined ? undefined : PciDeviceId.parse(device).toString();
  const isUnknown = (nic: Nic): boolean =>
    !isKnown(nic.address) ||
    (wanted !== undefined && !isKnown(nic.device)) ||
    (node !== undefined && !isKnown(nic.node));
  if (free.some(isUnknown)) return UNKNOWN;
  return free
    .filter((nic) => wanted === undefined || nic.device.toString() === wanted)
    .filter((nic) => node === undefined || nic.node === node)
    .sort((a, b) => (a.toString() < b.toString() ? -1 : 1));
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && /^[^\s/]{1,15}$/.test(name)) return;
  throw new ValueError("the name of a network interface like 'ens1f0'", name);
}

function checkLike(like: unknown): void {
  const expected =
    "NicSelector.like({ device: '8086:1572', node: 0, position: 0 }), with one of these at least";
  if (typeof like !== 'object' || like === null) throw new ValueError(expected, like);
  const members = Object.entries(like).filter(([, member]) => member !== undefined);
  if (members.length === 0) throw new ValueError(expected, like, 'any NIC is like that');
  for (const [name, member] of members) {
    if (name === 'device' && typeof member === 'string') PciDeviceId.parse(member);
    else if (!['node', 'position'].includes(name) || !Number.isInteger(member) || Number(member) < 0) {
      throw new ValueError(expected, member, `this is its ${name}`);
    }
  }
}

/** `0000:04:00.0 (8086:10fb, ens4, 3c:fd:fe:00:00:04)` … */
function listed({ nics }: HardwareProfile): string {
  if (!isKnown(nics) || nics.length === 0) return 'it has none';
  return nics
    .map((nic) => {
      const interfaces = isKnown(nic.interfaces) ? nic.interfaces : [];
      const known = [
        isKnown(nic.device) ? nic.device.toString() : '',
        ...interfaces.flatMap(({ name, macAddress }) => [
          name,
          isKnown(macAddress) && macAddress !== null ? macAddress.toString() : '',
        ]),
        nic.management === true ? 'management' : '',
      ].filter((text) => text !== '');
      return known.length === 0 ? nic.toString() : `${nic.toString()} (${known.join(', ')})`;
    })
    .join('; ');
}
