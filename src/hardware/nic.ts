import { MacAddress } from '../values/mac-address';
import { PciAddress, PciDeviceId } from '../values/pci-address';
import type { InterfaceDocument, NicDocument } from './profile-document';
import { isKnown, mapKnown, orUnknown, UNKNOWN, type OrUnknown } from './unknown';

/** A network interface of a NIC. */
export interface NicInterface {
  readonly name: string;
  /** What the card itself has; null: no (unicast) Ethernet address. This is what a NicBinding's macAddress is checked against. */
  readonly macAddress: OrUnknown<MacAddress | null>;
  readonly mtu: OrUnknown<number>;
  /** operstate: up, down, unknown … */
  readonly state: OrUnknown<string>;
  /** null: the interface is down. */
  readonly carrier: OrUnknown<boolean | null>;
  /** null: none is told, as of links that are down. */
  readonly speedMbps: OrUnknown<number | null>;
}

export interface IommuGroup {
  readonly id: number;
  /** All devices of the group, this one included, as PCI addresses (other devices by their names). */
  readonly members: OrUnknown<readonly string[]>;
}

export interface Sriov {
  readonly total: OrUnknown<number>;
  readonly configured: OrUnknown<number>;
}

/** A network device on PCI, physical or virtual function. */
export class Nic {
  readonly address: OrUnknown<PciAddress>;
  readonly device: OrUnknown<PciDeviceId>;
  /** null: no driver is bound. */
  readonly driver: OrUnknown<string | null>;
  /** Empty: bound to a userspace driver, or to none. */
  readonly interfaces: OrUnknown<readonly NicInterface[]>;
  /** null: the firmware doesn't say. */
  readonly node: OrUnknown<number | null>;
  /** null: in none, as without an IOMMU. */
  readonly iommuGroup: OrUnknown<IommuGroup | null>;
  /** null: it can't have virtual functions. */
  readonly sriov: OrUnknown<Sriov | null>;
  /** Of a virtual function; null: this is none. */
  readonly physicalFunction: OrUnknown<PciAddress | null>;
  /** Carries management: the agent will refuse to take it. */
  readonly management: OrUnknown<boolean>;
  /** From what needs it down to the device; or why it can't be told. */
  readonly managementChain: readonly string[];

  /** @internal */
  constructor(document: NicDocument) {
    const { address, device, iommuGroup, sriov, physicalFunction } = document;
    this.address = address === undefined ? UNKNOWN : pciAddress(address);
    this.device = mapKnown(orUnknown(device), (id) => PciDeviceId.parse(id));
    this.driver = orUnknown(document.driver);
    this.interfaces = mapKnown(orUnknown(document.interfaces), (all) => Object.freeze(all.map(nicInterface)));
    this.node = orUnknown(document.node);
    this.iommuGroup = mapKnown(orUnknown(iommuGroup), (group) =>
      group === null ? null : { id: group.id, members: orUnknown(group.members) },
    );
    this.sriov = mapKnown(orUnknown(sriov), (functions) =>
      functions === null
        ? null
        : { total: orUnknown(functions.total), configured: orUnknown(functions.configured) },
    );
    this.physicalFunction = mapKnown(orUnknown(physicalFunction), (function_) =>
      function_ === null ? null : pciAddress(function_),
    );
    this.management = orUnknown(document.management);
    this.managementChain = Object.freeze([...(document.managementChain ?? [])]);
    Object.freeze(this);
  }

  /** MAC addresses of its interfaces. */
  get macAddresses(): OrUnknown<readonly MacAddress[]> {
    return mapKnown(this.interfaces, (interfaces) => {
      const addresses = interfaces.map(({ macAddress }) => macAddress);
      return addresses.every(isKnown) ? addresses.filter((address) => address !== null) : UNKNOWN;
    });
  }

  /** Has an interface of this name. */
  isNamed(name: string): OrUnknown<boolean> {
    return mapKnown(this.interfaces, (interfaces) => interfaces.some((one) => one.name === name));
  }

  /** For messages: its address, else the names of its interfaces. */
  toString(): string {
    if (isKnown(this.address)) return this.address.toString();
    const names = isKnown(this.interfaces) ? this.interfaces.map(({ name }) => name) : [];
    return names.length > 0 ? names.join(', ') : 'a NIC without an address';
  }
}

/** Domains of more than four digits (Intel VMD makes them) hold no NIC that this library can name. */
function pciAddress(text: string): OrUnknown<PciAddress> {
  return /^[0-9a-f]{4}:/.test(text) ? PciAddress.parse(text) : UNKNOWN;
}

function nicInterface(document: InterfaceDocument): NicInterface {
  return Object.freeze({
    name: document.name,
    macAddress: mapKnown(orUnknown(document.permanentMacAddress ?? document.macAddress), macAddress),
    mtu: orUnknown(document.mtu),
    state: orUnknown(document.state),
    carrier: orUnknown(document.carrier),
    speedMbps: orUnknown(document.speedMbps),
  });
}

function macAddress(text: string | null): MacAddress | null {
  if (text === null) return null;
  try {
    return MacAddress.parse(text);
  } catch {
    return null; // a group address, which no card has of its own
  }
}
