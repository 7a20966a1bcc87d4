import { HardwareProfile } from '../../constructs';

interface NicParts {
  readonly address: string;
  readonly [property: string]: unknown;
}

/**
 * A machine of two sockets, each a NUMA node with two cores of two threads (0 and 4, 1 and 5 on node 0) and 16 GiB; it
 * boots Debian 13 by GRUB, has VT-d in force, a management NIC and two for the dataplane, one on each node.
 */
const MACHINE = {
  schemaVersion: 1,
  privileged: true,
  hostName: 'edge',
  distribution: { id: 'debian', version: '13', name: 'Debian GNU/Linux 13 (trixie)', like: [] },
  kernel: { release: '6.12.0', machine: 'x86_64', arguments: ['quiet'] },
  boot: { firmware: 'uefi', secureBoot: false, loader: 'grub' },
  cpu: {
    vendor: 'GenuineIntel',
    flags: ['fpu', 'pdpe1gb', 'pse'],
    online: '0-7',
    present: '0-7',
    cpus: Array.from({ length: 8 }, (_, id) => ({
      id,
      online: true,
      node: (id % 4) >> 1,
      socket: (id % 4) >> 1,
      siblings: `${id % 4},${(id % 4) + 4}`,
    })),
  },
  nodes: [
    { id: 0, cpus: '0-1,4-5', memoryKib: 16 * 1024 * 1024 },
    { id: 1, cpus: '2-3,6-7', memoryKib: 16 * 1024 * 1024 },
  ],
  memory: { totalKib: 32 * 1024 * 1024, hugepages: [{ pageSizeKib: 1048576 }, { pageSizeKib: 2048 }] },
  iommu: { acpiTables: ['DMAR'], enabled: true },
  nics: [
    nic({
      address: '0000:01:00.0',
      device: '8086:1521',
      driver: 'igb',
      interfaces: [{ name: 'eno1', macAddress: '3c:fd:fe:00:00:01' }],
      management: true,
      managementChain: ['default route', 'bond0', 'eno1', 'PCI 0000:01:00.0'],
    }),
    nic({
      address: '0000:04:00.0',
      interfaces: [{ name: 'ens4', macAddress: '3c:fd:fe:00:00:04' }],
    }),
    nic({
      address: '0000:05:00.0',
      node: 1,
      interfaces: [{ name: 'ens5', macAddress: '3c:fd:fe:00:00:05' }],
    }),
  ],
  nicsComplete: true,
};

/** A NIC of the machine: an 82599 on node 0, alone in its IOMMU group, with nothing on it. */
export function nic(parts: NicParts): NicParts {
  return {
    device: '8086:10fb',
    driver: 'ixgbe',
    interfaces: [],
    node: 0,
    iommuGroup: { id: Number.parseInt(parts.address.slice(5, 7), 16), members: [parts.address] },
    physicalFunction: null,
    management: false,
    ...parts,
  };
}

/** The machine, with some of its properties replaced. */
export function machine(parts: Readonly<Record<string, unknown>> = {}): HardwareProfile {
  return HardwareProfile.fromJson({ ...MACHINE, ...parts }, 'hardware/edge.json');
}

/** The machine with other parts of one property. */
export function machineWith(property: 'boot' | 'cpu' | 'iommu' | 'kernel', parts: object): HardwareProfile {
  return machine({ [property]: { ...MACHINE[property], ...parts } });
}

/** The machine with some of its NICs replaced (by address), and others beside them. */
export function machineWithNics(...nics: NicParts[]): HardwareProfile {
  const replaced = new Set(nics.map(({ address }) => address));
  return machine({ nics: [...MACHINE.nics.filter(({ address }) => !replaced.has(address)), ...nics] });
}
