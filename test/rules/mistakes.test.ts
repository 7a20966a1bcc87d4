/**
 * The mistakes that people make most with Open vSwitch and DPDK (each seen in the field, with the symptom that they had),
 * as stacks: the synth refuses each, and says what to do without the words of the symptom.
 */
import type { TerraformStack } from 'cdktf';
import {
  CpuPartition,
  HugepagePool,
  Iommu,
  NicBinding,
  NicDriver,
  OpenVSwitch,
  Srv6Tunnel,
  type HardwareProfile,
} from '../../constructs';
import { formatFinding } from '../../src/rules';
import { findingsOf, plainHost, site } from './fixtures';
import { machine, machineWithNics, nic } from './machines';

interface Mistake {
  readonly build: (stack: TerraformStack) => void;
  /** The one error that refuses it. */
  readonly rule: string;
  readonly path: string;
  /** What the message says of where, which value, why, and what to do. */
  readonly says: readonly string[];
}

const far = { remoteIp: 'fd00:a::9', destinations: ['10.9.9.9'] };

/** A host that is right but for what is given. */
function edge(
  stack: TerraformStack,
  options: {
    readonly hardware?: HardwareProfile;
    readonly pages?: Readonly<Record<number, number>>;
    readonly cpus?: {
      readonly housekeeping: string;
      readonly dataplane?: string;
      readonly workload?: string;
    };
    readonly pmdCpus?: string;
    readonly otherConfig?: Readonly<Record<string, string>>;
    readonly nic?: string;
    readonly driver?: NicDriver;
    readonly mtu?: number;
  },
): void {
  const { hardware = machine(), pages = { 0: 2 }, cpus, pmdCpus, otherConfig, driver, mtu } = options;
  const host = plainHost(stack, 'edge', { hardware });
  new Iommu(host, 'iommu');
  new HugepagePool(host, 'hugepages', { perNode: pages });
  if (cpus) new CpuPartition(host, 'cpus', cpus);
  const uplink = new NicBinding(host, 'uplink', { nic: options.nic ?? '0000:04:00.0', driver });
  const ovs = new OpenVSwitch(host, 'ovs', { pmdCpus, otherConfig });
  ovs.addBridge('underlay', { addresses: ['fd00:a::1/64'] }).addDpdkPort(uplink, { mtu });
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  '2, hugepages on the wrong node: "Failed to create memory pool … on socket 1"': {
    build: (stack) => edge(stack, { nic: '0000:05:00.0', pages: { 0: 4 } }),
    rule: 'hugepages/node-budget',
    path: 'lab/edge/hugepages',
    says: [
      'node 1 needs 752 MiB for packet buffers (uplink, MTU 1500, 1 queue)',
      'node 1 has no hugepages',
      'the NICs are on node 1 by hardware/edge.json',
      'ask for 2 pages of 1 GiB on node 1 (perNode: { 1: 2, … })',
    ],
  },
  '2, too few hugepages: a small pool, and not a word about it': {
    build: (stack) => edge(stack, { mtu: 9000 }),
    rule: 'hugepages/node-budget',
    path: 'lab/edge/hugepages',
    says: [
      'node 0 needs 2,544 MiB for packet buffers (uplink, MTU 9000, 1 queue)',
      'node 0 has 2,048 MiB: 2 pages of 1 GiB',
      'ask for 3 pages of 1 GiB on node 0 (perNode: { 0: 3 }), or lower the MTU',
    ],
  },
  '3, no IOMMU: "Cannot bind to driver vfio-pci", probe failed with error -22': {
    build: (stack) => edge(stack, { hardware: machine({ iommu: { acpiTables: [], enabled: false } }) }),
    rule: 'nics/driver-unsuited',
    path: 'lab/edge/uplink',
    says: [
      'binds 0000:04:00.0 to vfio-pci, but the host has no IOMMU',
      'turn VT-d or AMD-Vi on in the firmware and make the profile again',
    ],
  },
  '3, the NIC stays on its kernel driver: "Error attaching device to DPDK"': {
    build: (stack) => edge(stack, { driver: NicDriver.KERNEL }),
    rule: 'openvswitch/nic-not-bound',
    path: 'lab/edge/ovs/underlay/uplink',
    says: [
      'uses 0000:04:00.0, which lab/edge/uplink keeps on its kernel driver',
      'use driver: NicDriver.VFIO_PCI there',
    ],
  },
  '3, a group half bound: "VFIO group is not viable"': {
    build(stack) {
      const iommuGroup = { id: 9, members: ['0000:04:00.0', '0000:04:00.1'] };
      const hardware = machineWithNics(
        nic({ address: '0000:04:00.0', iommuGroup }),
        nic({ address: '0000:04:00.1', iommuGroup }),
      );
      edge(stack, { hardware });
    },
    rule: 'nics/iommu-group-shared',
    path: 'lab/edge/uplink',
    says: ['its IOMMU group 9 has 0000:04:00.1 (ixgbe) as well', 'bind 0000:04:00.1 to vfio-pci as well'],
  },
  '4, mlx5 bound to vfio-pci: "No Verbs device matches PCI device"': {
    build: (stack) =>
      edge(stack, {
        hardware: machineWithNics(nic({ address: '0000:04:00.0', device: '15b3:1017', driver: 'mlx5_core' })),
      }),
    rule: 'nics/driver-unsuited',
    path: 'lab/edge/uplink',
    says: ['15b3:1017 (mlx5_core) works through its kernel driver only', 'use driver: NicDriver.KERNEL'],
  },
  '7, pmd-cpu-mask out of range: "This rx queue will not be polled"': {
    build: (stack) => edge(stack, { pmdCpus: '30-31' }),
    rule: 'cpus/exist',
    path: 'lab/edge/ovs',
    says: [
      "pmdCpus is '30-31', but edge has no CPU 30-31 that is online",
      'its CPUs are 0-7 (hardware/edge.json)',
      'take 30-31 out of pmdCpus',
    ],
  },
  '7, poll mode drivers on the CPUs of virtual machines: low throughput': {
    build: (stack) => edge(stack, { cpus: { housekeeping: '0,4', workload: '1-3,5-7' }, pmdCpus: '1,5' }),
    rule: 'cpus/overlap',
    path: 'lab/edge/ovs',
    says: ["pmdCpus is CPU 1,5, but CPU 1,5 is in workload '1-3,5-7' of lab/edge/cpus", 'leave pmdCpus out'],
  },
  '8, dpdk-lcore-mask like the PMD mask: slow revalidation': {
    build: (stack) =>
      edge(stack, {
        cpus: { housekeeping: '0,2-4,6-7', dataplane: '1,5' },
        otherConfig: { 'dpdk-lcore-mask': '0x22' },
      }),
    rule: 'openvswitch/lcore-mask',
    path: 'lab/edge/ovs',
    says: [
      "'dpdk-lcore-mask'] is '0x22', CPU 1,5; CPU 1,5 is for poll mode drivers (dataplane of lab/edge/cpus)",
      "take 'dpdk-lcore-mask' out",
    ],
  },
  '9, the underlay has no address: "native tunnel routing failed"': {
    build: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'edge', 1, { underlay: { addresses: [] } }).tenants,
        ...far,
      }),
    rule: 'tunnels/underlay',
    path: 'lab/tunnel',
    says: ['lab/edge/ovs/underlay has no IPv6 address', 'give the bridge an underlay with an IPv6 address'],
  },
  '10, MTU without room for the encapsulation: "Too big size 1564"': {
    build: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'edge', 1, { tenants: { addresses: ['10.0.0.1/24'], mtu: 1500 } }).tenants,
        ...far,
      }),
    rule: 'tunnels/inner-mtu',
    path: 'lab/edge/ovs/tenants',
    says: ['asks for MTU 1500', 'outer headers take 64 bytes (IPv6 40 + SRH 8 + 16 x 1)', 'say mtu: 1436'],
  },
  '11, TSO into a tunnel: ping works, TCP is dead': {
    build: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'edge', 1, { ovs: { otherConfig: { 'userspace-tso-enable': 'true' } } }).tenants,
        ...far,
      }),
    rule: 'tunnels/tso',
    path: 'lab/edge/ovs',
    says: ["'userspace-tso-enable'] is 'true'", 'lab/tunnel', "take 'userspace-tso-enable' out"],
  },
  '14, the first segment is another than where packets are sent: all of them are dropped': {
    build: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'edge', 1).tenants,
        ...far,
        segments: ['fd00:a::8', 'fd00:a::9'],
      }),
    rule: 'srv6/first-segment',
    path: 'lab/tunnel',
    says: ["'fd00:a::8,fd00:a::9'", "begin the segments with 'fd00:a::9'"],
  },
  '15, a key that Open vSwitch stores and never reads': {
    build: (stack) => edge(stack, { otherConfig: { pmd_cpu_mask: '0x2' } }),
    rule: 'props/invalid',
    path: 'lab/edge/ovs',
    says: ["otherConfig has the key 'pmd_cpu_mask'", 'keys of lower-case letters, digits and hyphens'],
  },
  'also seen: the management NIC is bound, and the host is gone': {
    build: (stack) => edge(stack, { nic: '0000:01:00.0' }),
    rule: 'nics/management',
    path: 'lab/edge/uplink',
    says: [
      'binds 0000:01:00.0, which carries management of edge',
      'default route → bond0 → eno1',
      'take another NIC',
    ],
  },
};

test('without a mistake nothing is wrong', () => {
  const findings = findingsOf((stack) => edge(stack, {}));
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test.each(Object.entries(MISTAKES))('%s', (_symptom, { build, rule, path, says }) => {
  const errors = findingsOf(build).filter(({ severity }) => severity === 'error');
  expect(errors.map((finding) => [finding.rule, finding.path])).toEqual([[rule, path]]);
  const text = errors.map(formatFinding).join('\n');
  for (const part of says) expect(text).toContain(part);
});

test('at least ten of the fifteen', () =>
  expect(
    new Set(Object.keys(MISTAKES).flatMap((name) => /^\d+/.exec(name) ?? [])).size,
  ).toBeGreaterThanOrEqual(10));
