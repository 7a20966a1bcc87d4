import fc from 'fast-check';
import type { FleetIntents, HostIntents } from '../../src/plan/intents';
import { STAGE_NAMES, type StageName } from '../../src/plan/host-plan';
import { planFleet } from '../../src/plan/planner';
import { canonicalJson, digest } from '../../src/values/canonical-json';
import { IpAddress } from '../../src/values/ip-address';
import { PageSize } from '../../src/values/page-size';
import {
  between,
  dpdkPort,
  edge,
  fleet,
  host,
  nic,
  openVSwitch,
  perNode,
  planOf,
  tunnelTo,
  wholeHost,
} from './intents';

const NAMES = Array.from({ length: 12 }, (_, index) => `h${index}`);

/** Hosts with tunnels between random pairs of them. */
const graph = fc.record({
  count: fc.integer({ min: 1, max: NAMES.length }),
  pairs: fc.uniqueArray(fc.tuple(fc.nat({ max: 11 }), fc.nat({ max: 11 })), {
    maxLength: 25,
    selector: ([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`,
  }),
  batchSize: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
});

function fleetOf({
  count,
  pairs,
  batchSize,
}: {
  count: number;
  pairs: [number, number][];
  batchSize?: number;
}): FleetIntents {
  return fleet(
    NAMES.slice(0, count).map((name, index) => edge(name, index + 1)),
    {
      tunnels: pairs
        .filter(([a, b]) => a !== b && a < count && b < count)
        .map(([a, b]) => between(`t-${a}-${b}`, `h${a}`, `h${b}`)),
      batchSize,
    },
  );
}

describe('rollout', () => {
  test('each host once, never both ends of a tunnel in a batch, batches of the size asked for', () => {
    fc.assert(
      fc.property(graph, (drawn) => {
        const intents = fleetOf(drawn);
        const { batches } = planFleet(intents);
        expect(batches.flat().sort()).toEqual(intents.hosts.map(({ name }) => name).sort());
        const batchOf = new Map(
          batches.flatMap((batch, index) => batch.map((name) => [name, index] as const)),
        );
        for (const tunnel of intents.tunnels) {
          if (tunnel.kind !== 'managed') continue;
          const [a, b] = tunnel.bridges.map((path) => batchOf.get(path.split('/')[0] ?? ''));
          expect(a).not.toBe(b);
        }
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(drawn.batchSize ?? Infinity);
        }
      }),
    );
  });

  test('two tunnels that face each other, each told the other by its address, are a pair as well', () => {
    const hosts = ['a', 'b', 'c', 'd'].map((name, index) => edge(name, index + 1));
    const facing = [tunnelTo('t1', 'a', ['fd00:a::2']), tunnelTo('t2', 'b', ['fd00:a::1'])];
    const oneWay = [tunnelTo('t3', 'c', ['fd00:f::1', 'fd00:a::4'])];
    for (const tunnels of [facing, facing.slice(0, 1), facing.slice(1)]) {
      const { batches } = planFleet(fleet(hosts, { tunnels: [...tunnels, ...oneWay], batchSize: 4 }));
      expect(batches).toEqual([
        ['a', 'c'],
        ['b', 'd'],
      ]);
    }
    const receiving = tunnelTo('t4', 'a', ['fd00:f::1'], { receiveFrom: IpAddress.parse('fd00:a::2') });
    expect(planFleet(fleet(hosts, { tunnels: [receiving] })).batches).toEqual([['a', 'c', 'd'], ['b']]);
  });

  test('without tunnels and a size all hosts are one batch', () =>
    expect(planFleet(fleetOf({ count: 4, pairs: [] })).batches).toEqual([['h0', 'h1', 'h2', 'h3']]));

  test('a hub goes alone, its spokes together', () =>
    expect(
      planFleet(
        fleetOf({
          count: 4,
          pairs: [
            [0, 1],
            [0, 2],
            [3, 0],
          ],
        }),
      ).batches,
    ).toEqual([['h0'], ['h1', 'h2', 'h3']]));
});

describe('digests', () => {
  const changed = (before: FleetIntents, after: FleetIntents): string[] =>
    before.hosts.flatMap(({ name }) => {
      const [old, now] = [planOf(name, before).digests, planOf(name, after).digests];
      return STAGE_NAMES.filter((stage) => old[stage] !== now[stage]).map((stage) => `${name} ${stage}`);
    });
  const base = fleetOf({
    count: 4,
    pairs: [
      [0, 1],
      [2, 3],
    ],
  });

  test('are of plans whose keys stand in canonical order, so that they are written without being sorted', () => {
    for (const { plan } of planFleet(base).hosts) expect(JSON.stringify(plan)).toBe(canonicalJson(plan));
  });

  test('are those of the stages', () => {
    const { digests, stages } = planOf('h0', base);
    expect(Object.keys(digests).sort()).toEqual([...STAGE_NAMES].sort());
    for (const stage of STAGE_NAMES) expect(digests[stage]).toBe(digest(stages[stage]));
  });

  test('a tunnel more touches dataplane and network of its two ends', () =>
    expect(
      changed(base, { ...base, tunnels: [...base.tunnels, between('more', 'h1', 'h2')] }).sort(),
    ).toEqual(['h1 dataplane', 'h1 network', 'h2 dataplane', 'h2 network']));

  test('another inner address of one end touches its network, and that of the other', () => {
    const [first, ...others] = base.hosts;
    const moved = edge('h0', 99);
    expect(first?.name).toBe('h0');
    const after = {
      ...base,
      hosts: [
        { ...moved, bridges: [...(first?.bridges.slice(0, 1) ?? []), ...moved.bridges.slice(1)] },
        ...others,
      ],
    };
    expect(changed(base, after)).toEqual(['h0 network', 'h1 network']);
  });

  test.each<[string, Partial<HostIntents>, StageName[]]>([
    ['a kernel argument', { bootParameters: [{ path: 'b', arguments: ['quiet'] }] }, ['boot']],
    // Open vSwitch's memory follows from the pool.
    [
      'a pool per node',
      { hugepagePools: [perNode(PageSize.GIB_1, { 0: 2 })] },
      ['boot', 'devices', 'dataplane'],
    ],
    ['a pool of the whole host', { hugepagePools: [wholeHost(PageSize.GIB_1, 2)] }, ['boot', 'devices']],
    ['pmd-sleep-max', { openVSwitches: [openVSwitch('h0/ovs', { pmdSleepMax: 9 })] }, ['dataplane']],
    [
      'a device id of which the driver is known',
      { nicBindings: [nic('0000:04:00.0', { device: '8086:1593' })] },
      ['packages', 'devices'],
    ],
    ['retired', { retired: true }, []],
    ['the connection', { reboot: 'whenNeeded' }, []],
  ])('%s touches %j', (_name, intents, stages) => {
    const after = { ...base, hosts: base.hosts.map((h) => (h.name === 'h0' ? { ...h, ...intents } : h)) };
    expect(changed(base, after)).toEqual(stages.map((stage) => `h0 ${stage}`));
  });
});

describe('determinism', () => {
  test('equal intents, equal bytes; the order of the hosts does not matter', () => {
    fc.assert(
      fc.property(graph, fc.boolean(), (drawn, reverse) => {
        const intents = fleetOf(drawn);
        const hosts = reverse ? [...intents.hosts].reverse() : intents.hosts;
        expect(canonicalJson(planFleet({ ...intents, hosts }))).toBe(canonicalJson(planFleet(intents)));
      }),
      { numRuns: 30 },
    );
  });

  test('the order of tunnels, bridges, ports and NICs does not matter either', () => {
    const east = edge('east', 1);
    const tunnels = [tunnelTo('a', 'east', ['fd00:a::8']), tunnelTo('b', 'east', ['fd00:a::9'])];
    const twin = {
      ...east,
      bridges: [...east.bridges].reverse(),
      dpdkPorts: [...east.dpdkPorts].reverse(),
      nicBindings: [...east.nicBindings].reverse(),
    };
    const one = planFleet(fleet([east], { tunnels }));
    const two = planFleet(fleet([twin], { tunnels: [...tunnels].reverse() }));
    expect(canonicalJson(one)).toBe(canonicalJson(two));
    const ports =
      one.hosts[0]?.plan.stages.dataplane.openVSwitch?.bridges.flatMap(({ ports: list }) => list) ?? [];
    expect(ports.map(({ name }) => name)).toEqual(expect.arrayContaining(['a', 'b']));
  });
});

describe("the agent's modules", () => {
  test.each<[string, HostIntents, string[]]>([
    ['an empty host', host('h'), []],
    ['a pool', host('h', { hugepagePools: [wholeHost(PageSize.GIB_1, 1)] }), ['boot', 'hugepages']],
    ['a NIC for DPDK', host('h', { nicBindings: [nic('0000:04:00.0')] }), ['boot', 'nics', 'guard']],
    [
      'a NIC on its kernel driver',
      host('h', { nicBindings: [nic('0000:04:00.0', { driver: null })] }),
      ['nics', 'guard'],
    ],
    ['Open vSwitch', host('h', { openVSwitches: [openVSwitch('o')] }), ['packages', 'openvswitch']],
    ['an edge', edge('h', 1), ['packages', 'boot', 'nics', 'guard', 'openvswitch', 'network']],
  ])('%s', (_name, intents, modules) =>
    expect(planOf(intents.name, fleet([intents])).agentModules).toEqual(modules),
  );
});

test('the planner is total: ports and tunnels whose other side is missing are left out or planned as far as can be', () => {
  const lost = host('h', {
    openVSwitches: [openVSwitch('o')],
    dpdkPorts: [dpdkPort('nowhere', '0000:09:00.0')],
  });
  const intents = fleet([lost], { tunnels: [between('t', 'h', 'nobody'), tunnelTo('u', 'h', ['fd00::9'])] });
  expect(planOf('h', intents).stages.dataplane.openVSwitch?.bridges).toEqual([]);
  expect(planOf('h', intents).stages.network.flows).toEqual([]);
});
