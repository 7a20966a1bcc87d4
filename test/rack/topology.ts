import { RackError } from './process';

/** A network card of a machine; its place on the PCI bus is what a plan names it by. */
export interface NicSpec {
  readonly name: string;
  /** Drivers: virtio_net, e1000e, igb (with 7 virtual functions). */
  readonly model: 'virtio-net-pci' | 'e1000e' | 'igb';
  /** Slot on PCI bus 0, 3 to 15. An igb sits behind a root port in this slot, on a bus of its own. */
  readonly slot: number;
  /** `management`: user-mode network with SSH forwarded to loopback; another name: that link of the topology. */
  readonly link: string;
}

export interface NumaNodeSpec {
  readonly cores: number;
  readonly memoryMebibytes: number;
}

export interface MachineSpec {
  readonly name: string;
  readonly numaNodes: readonly NumaNodeSpec[];
  readonly threadsPerCore: 1 | 2;
  readonly nics: readonly NicSpec[];
}

/** A cable between two NICs. */
export interface LinkSpec {
  readonly name: string;
  /** Every frame is written to a pcap file. */
  readonly capture: boolean;
}

export interface Topology {
  readonly name: string;
  readonly description: string;
  readonly machines: readonly MachineSpec[];
  readonly links: readonly LinkSpec[];
}

export const MANAGEMENT = 'management';

/**
 * Node 0 has 4 GiB since 1 GiB of 3 lies below the 4 GiB border in pieces and no whole page is left; 2 GiB on node
 * 1 is enough as long as the kernel stays out of it (`nokaslr`, recipe.ts).
 */
const edgeHost = (name: string): MachineSpec => ({
  name,
  numaNodes: [
    { cores: 1, memoryMebibytes: 4096 },
    { cores: 1, memoryMebibytes: 2048 },
  ],
  threadsPerCore: 1,
  nics: [
    { name: 'management', model: 'virtio-net-pci', slot: 3, link: MANAGEMENT },
    { name: 'data', model: 'e1000e', slot: 4, link: 'underlay' },
    { name: 'spare', model: 'e1000e', slot: 5, link: 'spare' },
  ],
});

const LINKS: readonly LinkSpec[] = [
  { name: 'underlay', capture: true },
  { name: 'spare', capture: false },
];

export const TOPOLOGIES: readonly Topology[] = [
  {
    name: 'two-sites',
    description: 'east and west, a data link (underlay) and a spare link between them',
    machines: [edgeHost('east'), edgeHost('west')],
    links: LINKS,
  },
  {
    name: 'single',
    description: 'one machine, its data NICs have carrier but nobody at the other end',
    machines: [edgeHost('east')],
    links: LINKS,
  },
];

export function topologyNamed(name: string): Topology {
  const topology = TOPOLOGIES.find((candidate) => candidate.name === name);
  if (topology === undefined) {
    const names = TOPOLOGIES.map((candidate) => candidate.name).join(', ');
    throw new RackError(`there is no topology "${name}"; there are: ${names}`);
  }
  return topology;
}

/** MAC address by machine (counted from 1) and slot: `52:54:00:00:02:04` is the second machine's NIC in slot 4. */
export function macAddress(topology: Topology, machine: string, nic: NicSpec): string {
  const index = topology.machines.findIndex((candidate) => candidate.name === machine) + 1;
  return ['52', '54', '00', '00', hex(index), hex(nic.slot)].join(':');
}

/** The PCI address as the guest's Linux names it. */
export function pciAddress(machine: MachineSpec, nic: NicSpec): string {
  if (nic.model !== 'igb') return `0000:00:${hex(nic.slot)}.0`;
  const ports = machine.nics.filter((other) => other.model === 'igb').map((other) => other.slot);
  return `0000:${hex(ports.filter((slot) => slot <= nic.slot).length)}:00.0`;
}

export interface LinkEnd {
  readonly machine: string;
  readonly nic: string;
}

/** The NICs on a link, in the order of the topology's machines. */
export function endsOf(topology: Topology, link: string): readonly LinkEnd[] {
  return topology.machines.flatMap((machine) =>
    machine.nics.filter((nic) => nic.link === link).map((nic) => ({ machine: machine.name, nic: nic.name })),
  );
}

const hex = (value: number): string => value.toString(16).padStart(2, '0');
