/** How large HugepagePool.auto makes its pool, from its consumers. */
import fc from 'fast-check';
import { HardwareProfile } from '../../src/hardware/hardware-profile';
import { chooseParts } from '../../src/plan/choose';
import type { AskedHost, HostIntents, HugepageRequestIntent } from '../../src/plan/intents';
import { planFleet } from '../../src/plan/planner';
import { checkFleet } from '../../src/rules';
import { PageSize } from '../../src/values/page-size';
import { INTEL_FIELDS, lscpuJson } from '../hardware/samples';
import { machine, machineWith, machineWithNics, nic as profiledNic } from '../rules/machines';
import { bridge, dpdkPort, fleet, host, nic, openVSwitch, perNode } from './intents';

const { GIB_1, MIB_2 } = PageSize;
const NIC_0 = '0000:04:00.0';
const NIC_1 = '0000:05:00.0';
const GIB = 1024 * 1024;

interface Given {
  readonly request?: Partial<Omit<HugepageRequestIntent, 'extraPerNode'>>;
  readonly extra?: Readonly<Record<number, number>>;
  /** MTU by PCI address. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly more?: Partial<HostIntents>;
}

function choose(hardware: HardwareProfile | null, { request, extra, ports = {}, more }: Given): HostIntents {
  const {
    chosen: _chosen,
    refusals: _refusals,
    ...plain
  } = host('edge', {
    hardware,
    openVSwitches: [openVSwitch('ovs')],
    bridges: [bridge('bridge')],
    nicBindings: Object.keys(ports).map((address) => nic(address)),
    dpdkPorts: Object.entries(ports).map(([address, mtu]) => dpdkPort('bridge', address, mtu)),
    ...more,
  });
  const asked: AskedHost = {
    ...plain,
    cpuRequests: [],
    hugepageRequests: [
      {
        path: 'pool',
        pageSize: undefined,
        extraPerNode: new Map(Object.entries(extra ?? {}).map(([node, mib]) => [Number(node), mib])),
        ...request,
      },
    ],
  };
  return chooseParts(asked);
}

/** `0: 2 x 1 GiB, 1: 3 x 1 GiB`; or the refusal. */
function pagesText({ hugepagePools, refusals }: HostIntents): string {
  const pool = hugepagePools.find(({ path }) => path === 'pool');
  if (!pool) return refusals.flatMap(({ what }) => what).join('\n');
  if (!('perNode' in pool.pages)) throw new Error('a pool by node');
  return [...pool.pages.perNode].map(([node, count]) => `${node}: ${count} x ${pool.pageSize}`).join(', ');
}

const planned = (hosts: readonly HostIntents[]) => planFleet(fleet(hosts)).hosts[0];
const socketMemory = (chosen: HostIntents): string | undefined =>
  planned([chosen])?.plan.stages.dataplane.openVSwitch?.otherConfig['dpdk-socket-mem'];

const small = (node0Kib: number, node1Kib: number): HardwareProfile =>
  machine({
    nodes: [
      { id: 0, cpus: '0-1,4-5', memoryKib: node0Kib },
      { id: 1, cpus: '2-3,6-7', memoryKib: node1Kib },
    ],
    memory: {
      totalKib: node0Kib + node1Kib,
      hugepages: [{ pageSizeKib: 1048576 }, { pageSizeKib: 2048 }],
    },
  });

describe('as large as the consumers need, on each node', () => {
  test.each<[string, HardwareProfile, Given, string, string | undefined]>([
    // Buffers of MTU 1500 are 752 MiB, of 9000 2,544; DPDK's own 512.
    ['a NIC on one node', machine(), { ports: { [NIC_0]: 1500 } }, '0: 2 x 1 GiB', '2048'],
    ['on the other', machine(), { ports: { [NIC_1]: 1500 } }, '1: 2 x 1 GiB', '0,2048'],
    [
      'different MTUs on the nodes',
      machine(),
      { ports: { [NIC_1]: 9000, [NIC_0]: 1500 } },
      '0: 2 x 1 GiB, 1: 3 x 1 GiB',
      '2048,3072',
    ],
    [
      'two MTUs on one node: 752 + 2,544 + 512 MiB',
      machineWithNics(profiledNic({ address: NIC_1 })),
      { ports: { [NIC_0]: 1500, [NIC_1]: 9000 } },
      '0: 4 x 1 GiB',
      '4096',
    ],
    [
      "virtual machines have their own: DPDK doesn't take it",
      machine(),
      { ports: { [NIC_0]: 1500 }, extra: { 0: 4096, 1: 1000 } },
      '0: 6 x 1 GiB, 1: 1 x 1 GiB',
      '2048,0',
    ],
    [
      'pages of 2 MiB: 1,264 MiB',
      machine(),
      { ports: { [NIC_0]: 1500 }, request: { pageSize: MIB_2 } },
      '0: 632 x 2 MiB',
      '1264',
    ],
    [
      'Open vSwitch without ports: DPDK itself, on the first node with memory',
      small(0, 8 * GIB),
      {},
      '1: 1 x 1 GiB',
      '0,1024',
    ],
    [
      'no Open vSwitch, only virtual machines',
      machine(),
      { more: { openVSwitches: [], bridges: [] }, extra: { 1: 3000 } },
      '1: 3 x 1 GiB',
      undefined,
    ],
    [
      'a pool for each port: (2,048 + 2 x 2,048 + 32 + 16,384) x 3,008 bytes = 65 MiB, twice, + 512',
      machineWithNics(profiledNic({ address: NIC_1 })),
      {
        ports: { [NIC_0]: 1500, [NIC_1]: 1500 },
        request: { pageSize: MIB_2 },
        more: { openVSwitches: [openVSwitch('ovs', { otherConfig: { 'per-port-memory': 'true' } })] },
      },
      '0: 321 x 2 MiB',
      '642',
    ],
    [
      'socketMemory that asks for more',
      machine(),
      {
        ports: { [NIC_0]: 1500 },
        more: { openVSwitches: [openVSwitch('ovs', { socketMemoryMib: [1024, 2048] })] },
      },
      '0: 2 x 1 GiB, 1: 2 x 1 GiB',
      '1024,2048',
    ],
    [
      "a NIC that isn't there is not counted: nics/exist refuses it",
      machine(),
      { ports: { [NIC_0]: 1500, '0000:77:00.0': 9000 } },
      '0: 2 x 1 GiB',
      '2048',
    ],
  ])('%s', (_name, profile, given, expected, socket) => {
    const chosen = choose(profile, given);
    expect(pagesText(chosen)).toBe(expected);
    expect(socketMemory(chosen)).toBe(socket);
  });

  test('a pool that a person says stands beside it', () => {
    const chosen = choose(machine(), {
      ports: { [NIC_0]: 1500 },
      more: { hugepagePools: [perNode(MIB_2, { 0: 512, 1: 512 })] },
    });
    expect(planned([chosen])?.plan.stages.devices.hugepages).toEqual([
      { pageSizeKib: 1048576, node: 0, count: 2 },
      { pageSizeKib: 2048, node: 0, count: 512 },
      { pageSizeKib: 2048, node: 1, count: 512 },
    ]);
  });
});

describe('the size of the pages', () => {
  const ports = { [NIC_0]: 1500 };
  const withoutSizes = (flags: readonly string[]): HardwareProfile =>
    machine({ cpu: { online: '0-7', flags }, memory: { totalKib: 32 * GIB } });
  test.each<[string, HardwareProfile, Given, string, string]>([
    [
      '1 GiB',
      machine(),
      { ports },
      '0: 2 x 1 GiB',
      'the CPU has it, and the memory suffices (hardware/edge.json)',
    ],
    [
      'a CPU without the flag',
      withoutSizes(['fpu', 'pse']),
      { ports },
      '0: 632 x 2 MiB',
      'the CPU lacks the flag pdpe1gb (hardware/edge.json)',
    ],
    ['a CPU with it', withoutSizes(['fpu', 'pdpe1gb']), { ports }, '0: 2 x 1 GiB', 'the CPU has it'],
    [
      'a kernel without',
      machine({ memory: { totalKib: 32 * GIB, hugepages: [{ pageSizeKib: 2048 }] } }),
      { ports },
      '0: 632 x 2 MiB',
      'CPU and kernel have no pages of 1 GiB',
    ],
    [
      'nobody says',
      machine({ cpu: { online: '0-7' }, memory: { totalKib: 32 * GIB } }),
      { ports },
      '0: 632 x 2 MiB',
      "the profile doesn't say whether the CPU has pages of 1 GiB",
    ],
    [
      'a node that is too small for whole ones',
      small(2 * GIB - 4096, 8 * GIB),
      { ports },
      '0: 632 x 2 MiB',
      'node 0 has 2,044 MiB of memory, pages of 1 GiB would take 2,048 MiB',
    ],
    [
      'a host that keeps too little for itself',
      small(2 * GIB, GIB - 4096),
      { ports },
      '0: 632 x 2 MiB',
      'edge has 3,068 MiB of memory, pages of 1 GiB and 1,024 MiB for the system would take 3,072 MiB',
    ],
    [
      'what other pools have is gone',
      small(4 * GIB, 8 * GIB),
      { ports, more: { hugepagePools: [perNode(GIB_1, { 0: 3 })] } },
      '0: 632 x 2 MiB',
      'node 0 has 4,096 MiB of memory, pages of 1 GiB would take 5,120 MiB',
    ],
  ])('%s', (_name, profile, given, expected, reason) => {
    const chosen = choose(profile, given);
    expect(pagesText(chosen)).toBe(expected);
    expect(chosen.chosen.find(({ name }) => name === 'page size')?.reason).toContain(reason);
  });
});

test('every number has its reason', () => {
  const { chosen } = choose(machine(), {
    ports: { [NIC_0]: 1500, [NIC_1]: 9000 },
    extra: { 1: 4096 },
  });
  expect(chosen.map(({ name, value, reason }) => `${name} ${value}: ${reason}`)).toEqual([
    'page size 1 GiB: the CPU has it, and the memory suffices (hardware/edge.json)',
    'hugepages 2 pages of 1 GiB on node 0: Open vSwitch 1,264 MiB (752 MiB for packet buffers (uplink, MTU 1500, 1 queue), and 512 MiB for DPDK itself)',
    'hugepages 7 pages of 1 GiB on node 1: Open vSwitch 3,056 MiB (2,544 MiB for packet buffers (uplink, MTU 9000, 1 queue), and 512 MiB for DPDK itself) + extraPerNode 4,096 MiB = 7,152 MiB',
  ]);
});

describe('what cannot be sized', () => {
  test.each<[string, HardwareProfile | null, Given, string]>([
    ['no profile', null, {}, 'but edge has no hardware profile that says on which node its NICs are'],
    [
      'no consumer',
      machine(),
      { more: { openVSwitches: [] } },
      'nothing on edge takes hugepages: it has no Open vSwitch, and extraPerNode asks for none',
    ],
    [
      "a node that isn't there",
      machine(),
      { extra: { 0: 1024, 7: 1024 } },
      'extraPerNode names node 7, but edge has node 0 and 1 (hardware/edge.json)',
    ],
    [
      'no nodes',
      HardwareProfile.fromJson({ schemaVersion: 1 }),
      {},
      "doesn't say which NUMA nodes there are (hardware profile)",
    ],
    [
      'NICs of which nobody says where they are',
      HardwareProfile.fromText(lscpuJson(INTEL_FIELDS)),
      { ports: { [NIC_1]: 1500, [NIC_0]: 1500 } },
      "doesn't say on which NUMA node 0000:04:00.0, 0000:05:00.0 are",
    ],
  ])('%s', (_name, profile, given, says) => {
    const { hugepagePools, chosen, refusals } = choose(profile, given);
    expect([hugepagePools, chosen]).toEqual([[], []]);
    expect(refusals).toMatchObject([{ path: 'pool', of: 'hugepages' }]);
    expect(refusals.flatMap(({ what }) => what).join('\n')).toContain(says);
    expect(refusals[0]?.remedy).toMatch(/inspect|extraPerNode/);
  });
});

test('whatever the ports are: the rule that checks pools finds nothing to say, and a page less is too few', () => {
  const about = ['hugepages/node-budget', 'hugepages/node-reserve', 'openvswitch/socket-memory'];
  const found = (chosen: HostIntents): string[] => {
    const intents = fleet([chosen]);
    return checkFleet(intents, planFleet(intents))
      .map(({ rule }) => rule)
      .filter((rule) => about.includes(rule));
  };
  const lab = machineWith('cpu', {});
  fc.assert(
    fc.property(
      fc.record({
        mtus: fc.tuple(fc.integer({ min: 576, max: 9702 }), fc.integer({ min: 576, max: 9702 })),
        pageSize: fc.constantFrom(undefined, GIB_1, MIB_2),
        extra: fc.constantFrom<Readonly<Record<number, number>>>({}, { 0: 100 }, { 1: 5000 }),
        config: fc.constantFrom<Readonly<Record<string, string>>>(
          {},
          { 'per-port-memory': 'true' },
          { 'shared-mempool-config': '9000,2000:1' },
        ),
      }),
      ({ mtus: [first, second], pageSize, extra, config }) => {
        const chosen = choose(lab, {
          ports: { [NIC_0]: first, [NIC_1]: second },
          extra,
          request: { pageSize },
          more: { openVSwitches: [openVSwitch('ovs', { otherConfig: config })] },
        });
        expect(found(chosen)).toEqual([]);
        // Without the last pages of 2 MiB of node 0, DPDK's reserve isn't whole any more.
        const [pool] = chosen.hugepagePools;
        if (!pool || !('perNode' in pool.pages) || pool.pageSize !== MIB_2 || '0' in extra) return;
        const less = new Map(
          [...pool.pages.perNode].map(([node, count]) => [node, node === 0 ? count - 1 : count]),
        );
        const { openVSwitchMib: _sized, ...said } = pool;
        expect(found({ ...chosen, hugepagePools: [{ ...said, pages: { perNode: less } }] })).toContain(
          'hugepages/node-reserve',
        );
      },
    ),
    { numRuns: 100, endOnFailure: true },
  );
});
