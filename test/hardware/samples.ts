/** Outputs of foreign programs in their own formats; the machines are made up. */

export interface FakeCpu {
  readonly cpu: number;
  readonly node?: number;
  readonly socket?: number;
  readonly core?: number;
  /** L1d:L1i:L2:L3; missing as where the kernel tells none. */
  readonly caches?: string;
  readonly online?: boolean;
  readonly maxMhz?: string;
}

/** `lscpu -e` of util-linux 2.38. */
export function lscpuExtended(
  cpus: readonly FakeCpu[],
  columns = { node: true, caches: true, maxMhz: true },
): string {
  const header = [
    'CPU',
    ...(columns.node ? ['NODE'] : []),
    'SOCKET',
    'CORE',
    ...(columns.caches ? ['L1d:L1i:L2:L3'] : []),
    'ONLINE',
    ...(columns.maxMhz ? ['MAXMHZ', 'MINMHZ'] : []),
  ];
  const rows = cpus.map(({ cpu, node, socket, core, caches, online = true, maxMhz }) => [
    String(cpu),
    ...(columns.node ? [String(node ?? '-')] : []),
    String(socket ?? '-'),
    String(core ?? '-'),
    ...(columns.caches ? [caches ?? '-'] : []),
    online ? 'yes' : 'no',
    ...(columns.maxMhz ? [maxMhz ?? '-', '800.0000'] : []),
  ]);
  return [header, ...rows].map((cells) => cells.map((cell) => cell.padStart(4)).join(' ')).join('\n') + '\n';
}

/** `lscpu -J`, flat as util-linux 2.38 prints it. */
export function lscpuJson(fields: readonly (readonly [string, string])[]): string {
  return JSON.stringify({ lscpu: fields.map(([field, data]) => ({ field: `${field}:`, data })) }, null, 3);
}

export const INTEL_FIELDS: readonly (readonly [string, string])[] = [
  ['Architecture', 'x86_64'],
  ['CPU op-mode(s)', '32-bit, 64-bit'],
  ['CPU(s)', '8'],
  ['On-line CPU(s) list', '0-7'],
  ['Vendor ID', 'GenuineIntel'],
  ['Model name', 'Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz'],
  ['Thread(s) per core', '2'],
  ['Core(s) per socket', '2'],
  ['Socket(s)', '2'],
  ['Flags', 'fpu pse pdpe1gb sse2'],
  ['NUMA node(s)', '2'],
  ['NUMA node0 CPU(s)', '0,1,4,5'],
  ['NUMA node1 CPU(s)', '2,3,6,7'],
];

/** Two sockets of two cores of two threads: 0 and 4, 1 and 5 on the first. */
export const INTEL_CPUS: readonly FakeCpu[] = Array.from({ length: 8 }, (_, cpu) => {
  const core = cpu % 4;
  return {
    cpu,
    node: core >> 1,
    socket: core >> 1,
    core,
    caches: `${core}:${core}:${core}:${core >> 1}`,
    maxMhz: '3100.0000',
  };
});

export const LSPCI = `Slot:	00:00.0
Class:	Host bridge [0600]
Vendor:	Intel Corporation [8086]
Device:	Ice Lake Memory Map/VT-d [09a2]
Rev:	04
NUMANode:	0
IOMMUGroup:	0

Slot:	3b:00.0
Class:	Ethernet controller [0200]
Vendor:	Intel Corporation [8086]
Device:	Ethernet Controller X710 for 10GbE SFP+ [1572]
SVendor:	Intel Corporation [8086]
SDevice:	Ethernet Converged Network Adapter X710-2 [0008]
Rev:	02
Driver:	i40e
Module:	i40e
NUMANode:	0
IOMMUGroup:	31

Slot:	3b:00.1
Class:	Ethernet controller [0200]
Vendor:	Intel Corporation [8086]
Device:	Ethernet Controller X710 for 10GbE SFP+ [1572]
Module:	i40e
IOMMUGroup:	31

Slot:	0001:86:00.0
Class:	Infiniband controller [0207]
Vendor:	Mellanox Technologies [15b3]
Device:	MT28908 Family [ConnectX-6] [101b]
Driver:	mlx5_core
Module:	mlx5_core
NUMANode:	1
IOMMUGroup:	77
`;

/** Ids with gaps, a node of memory only, and one of CPUs only. */
export const NUMACTL = `available: 3 nodes (0,2,8)
node 0 cpus: 0 1 2 3 256 257
node 0 size: 31904 MB
node 0 free: 12034 MB
node 2 cpus:
node 2 size: 65536 MB
node 2 free: 65012 MB
node 8 cpus: 4 5
node 8 size: 0 MB
node 8 free: 0 MB
node distances:
node   0   2   8 
  0:  10  17  28 
  2:  17  10  28 
  8:  28  28  10 
`;

export function maasMachine(
  hostname: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const nic = {
    type: 'physical',
    effective_mtu: 1500,
    enabled: true,
    interface_speed: 10000,
    link_connected: true,
    link_speed: 10000,
    product: 'Ethernet Controller X710',
    vendor: 'Intel Corporation',
    vlan: null,
  };
  return {
    hostname,
    fqdn: `${hostname}.maas`,
    system_id: `id-${hostname}`,
    architecture: 'amd64/generic',
    bios_boot_method: 'uefi',
    cpu_count: 8,
    memory: 98304,
    osystem: 'ubuntu',
    distro_series: 'jammy',
    hardware_info: { cpu_model: 'AMD EPYC 7313 16-Core Processor', system_vendor: 'Unknown' },
    numanode_set: [
      {
        index: 0,
        memory: 49152,
        cores: [0, 1, 4, 5],
        hugepages_set: [{ page_size: 1073741824, total: 8589934592 }],
      },
      { index: 1, memory: 49152, cores: [2, 3, 6, 7], hugepages_set: [] },
    ],
    interface_set: [
      { ...nic, name: 'eno1', mac_address: '3C:FD:FE:00:00:01', numa_node: 0, sriov_max_vf: 64 },
      {
        ...nic,
        name: 'eno2',
        mac_address: '3c:fd:fe:00:00:02',
        numa_node: 1,
        sriov_max_vf: 0,
        link_speed: 0,
        link_connected: false,
      },
      { ...nic, type: 'bond', name: 'bond0', mac_address: '3c:fd:fe:00:00:01', numa_node: null },
    ],
    ...more,
  };
}

/** \`oc get … -o yaml\`; ids stand with and without quotes, as they do there. */
export const NODE_STATE = `apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodeState
metadata:
  name: worker-0
  namespace: openshift-sriov-network-operator
spec:
  interfaces:
  - name: ens5f0
    numVfs: 2
    pciAddress: 0000:86:00.0
status:
  interfaces:
  - deviceID: 158b
    driver: i40e
    linkSpeed: 25000 Mb/s
    linkType: ETH
    mac: 40:A6:B7:00:00:01
    mtu: 9000
    name: ens5f0
    numVfs: 2
    pciAddress: 0000:86:00.0
    totalvfs: 64
    vendor: "8086"
    Vfs:
    - deviceID: 154c
      driver: vfio-pci
      pciAddress: 0000:86:02.0
      vendor: "8086"
      vfID: 0
    - deviceID: 154c
      driver: iavf
      mac: 22:33:44:55:66:77
      mtu: 1500
      name: ens5f0v1
      pciAddress: 0000:86:02.1
      vendor: "8086"
      vfID: 1
  - deviceID: 1017
    driver: mlx5_core
    linkSpeed: -1 Mb/s
    mac: 0c:42:a1:00:00:02
    mtu: 1500
    name: eno1
    pciAddress: "0000:19:00.0"
    vendor: 15b3
  syncStatus: Succeeded
`;
