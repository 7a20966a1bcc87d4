/** Which CPUs CpuPartition.auto gets, on made-up machines of many shapes. */
import fc from 'fast-check';
import { HardwareProfile } from '../../src/hardware/hardware-profile';
import { isKnown } from '../../src/hardware/unknown';
import { chooseParts } from '../../src/plan/choose';
import type { AskedHost, CpuRequestIntent, HostIntents } from '../../src/plan/intents';
import { CpuSet } from '../../src/values/cpu-set';
import {
  INTEL_CPUS,
  INTEL_FIELDS,
  lscpuExtended,
  lscpuJson,
  LSPCI,
  maasMachine,
  NODE_STATE,
} from '../hardware/samples';
import { machine, machineWith, machineWithNics, nic as profiledNic } from '../rules/machines';
import { host, nic } from './intents';

const NIC_0 = '0000:04:00.0';
const NIC_1 = '0000:05:00.0';

function asked(
  hardware: HardwareProfile | null,
  request: Partial<CpuRequestIntent>,
  nics: readonly string[] = [],
): AskedHost {
  const { chosen: _chosen, refusals: _refusals, ...plain } = host('edge', { hardware });
  return {
    ...plain,
    nicBindings: nics.map((address) => nic(address)),
    cpuRequests: [{ path: 'cpus', dataplaneCores: 1, workloadCores: 0, isolateAtBoot: true, ...request }],
    hugepageRequests: [],
  };
}

const choose = (...given: Parameters<typeof asked>): HostIntents => chooseParts(asked(...given));

/** `housekeeping | dataplane | workload`; or the refusal. */
function sets({ cpuPartitions, refusals }: HostIntents): string {
  const [partition] = cpuPartitions;
  if (!partition) return refusals.flatMap(({ what }) => what).join('\n');
  return `${partition.housekeeping} | ${partition.dataplane} | ${partition.workload}`;
}

const reasons = ({ chosen }: HostIntents): string[] =>
  chosen.map(({ name, value, reason }) => `${name} ${value}: ${reason}`);

/** Cores by node, each a CPU list; a kind may follow it: `0,4`, `8 efficiency`. */
function topology(
  nodes: Readonly<Record<number, readonly string[]>>,
  nics: Readonly<Record<string, number | null>> = {},
  more: Readonly<Record<string, unknown>> = {},
): HardwareProfile {
  const cores = Object.entries(nodes).flatMap(([node, lists]) =>
    lists.map((text) => {
      const [list = '', kind] = text.split(' ');
      return { node: Number(node), cpus: CpuSet.of(list), kind };
    }),
  );
  const all = CpuSet.ofCpus(cores.flatMap(({ cpus }) => cpus.cpus));
  return HardwareProfile.fromJson(
    {
      schemaVersion: 1,
      cpu: {
        online: all.toString(),
        cpus: cores
          .flatMap(({ node, cpus, kind }) =>
            cpus.cpus.map((id) => ({ id, online: true, node, siblings: cpus.toString(), kind })),
          )
          .sort((a, b) => a.id - b.id),
      },
      nodes: Object.keys(nodes).map((id) => ({
        id: Number(id),
        cpus: CpuSet.ofCpus(
          cores.filter(({ node }) => node === Number(id)).flatMap(({ cpus }) => cpus.cpus),
        ).toString(),
      })),
      nics: Object.entries(nics).map(([address, node]) => profiledNic({ address, node })),
      nicsComplete: true,
      ...more,
    },
    'hardware/edge.json',
  );
}

describe('whole cores next to the NICs', () => {
  test.each<[string, HardwareProfile, Partial<CpuRequestIntent>, string[], string]>([
    ['one core on the node of the NIC', machine(), {}, [NIC_0], '0,2-4,6-7 | 1,5 | '],
    ['the other node', machine(), {}, [NIC_1], '0-2,4-6 | 3,7 | '],
    ['one on each', machine(), { dataplaneCores: 2 }, [NIC_1, NIC_0], '0,2,4,6 | 1,3,5,7 | '],
    ['without NICs the first node', machine(), {}, [], '0,2-4,6-7 | 1,5 | '],
    [
      'workloads from where the most are left',
      machine(),
      { workloadCores: 1 },
      [NIC_0],
      '0,2,4,6 | 1,5 | 3,7',
    ],
    [
      'three NICs to one, four cores: three to one',
      topology(
        { 0: ['0', '1', '2', '3', '4'], 1: ['5', '6', '7', '8', '9'] },
        { '0000:01:00.0': 1, '0000:02:00.0': 1, '0000:03:00.0': 1, '0000:04:00.0': 0 },
      ),
      { dataplaneCores: 4 },
      ['0000:01:00.0', '0000:02:00.0', '0000:03:00.0', '0000:04:00.0'],
      '0,2-5,9 | 1,6-8 | ',
    ],
    [
      'what a full node cannot give, the next one with a NIC does',
      topology({ 0: ['0', '1'], 1: ['2', '3', '4', '5'] }, { [NIC_0]: 0, [NIC_1]: 1 }),
      { dataplaneCores: 4 },
      [NIC_0, NIC_1],
      '0,2 | 1,3-5 | ',
    ],
    [
      'ids above 255, nodes with gaps, four threads a core',
      topology({ 8: ['0,256-258', '1,259-261'], 250: ['2,300-302', '3,303-305'] }, { [NIC_0]: 250 }),
      {},
      [NIC_0],
      '0-2,256-261,300-302 | 3,303-305 | ',
    ],
    [
      'a NIC of a node without CPUs: the first node, where no distance is said',
      topology({ 0: ['0', '1'], 1: ['2', '3'], 2: [] }, { [NIC_0]: 2 }),
      {},
      [NIC_0],
      '0,2-3 | 1 | ',
    ],
    [
      "firmware that doesn't say where the NIC is: node 0, as Open vSwitch takes it",
      topology({ 0: ['0', '1'], 1: ['2', '3'] }, { [NIC_0]: null }),
      {},
      [NIC_0],
      '0,2-3 | 1 | ',
    ],
    [
      'performance cores first, whatever their numbers',
      topology({
        0: ['0-1 performance', '2 efficiency', '3 efficiency', '4-5 performance', '6-7 performance'],
      }),
      { dataplaneCores: 2, workloadCores: 1 },
      [],
      '0-1,3 | 4-7 | 2',
    ],
    [
      "an efficiency core is kept where CPU 0 isn't",
      topology({ 0: ['0'], 1: ['1 performance', '2 efficiency', '3 performance'] }, { [NIC_0]: 1 }),
      { dataplaneCores: 2 },
      [NIC_0],
      '0,2 | 1,3 | ',
    ],
    [
      'an offline sibling is no part of its core',
      machineWith('cpu', {
        online: '0-5,7',
        cpus: Array.from({ length: 8 }, (_, id) =>
          id === 6
            ? { id, online: false }
            : {
                id,
                online: true,
                node: (id % 4) >> 1,
                siblings: id === 2 ? '2' : `${id % 4},${(id % 4) + 4}`,
              },
        ),
      }),
      { workloadCores: 1 },
      [NIC_0],
      '0,2,4 | 1,5 | 3,7',
    ],
  ])('%s', (_name, profile, request, nics, expected) =>
    expect(sets(choose(profile, request, nics))).toBe(expected),
  );

  test('a NIC of a node without CPUs: the nearest one by the firmware', () => {
    const profile = machine({
      nodes: [
        { id: 0, cpus: '0-1,4-5', distances: [10, 20, 30] },
        { id: 1, cpus: '2-3,6-7', distances: [20, 10, 15] },
        { id: 2, cpus: '', distances: [30, 15, 10] },
      ],
      nics: [profiledNic({ address: NIC_0, node: 2 })],
    });
    const chosen = choose(profile, {}, [NIC_0]);
    expect(sets(chosen)).toBe('0-2,4-6 | 3,7 | ');
    expect(reasons(chosen)[0]).toBe(
      'dataplane CPUs 3,7: 1 whole core of node 1, the nearest with CPUs to 0000:04:00.0 on node 2',
    );
  });

  test('from what lscpu and lspci say', () => {
    const texts = [lscpuExtended(INTEL_CPUS), lscpuJson(INTEL_FIELDS), LSPCI];
    const profile = HardwareProfile.fromText(texts);
    expect(sets(choose(profile, { dataplaneCores: 2 }, ['0000:3b:00.0', '0001:86:00.0']))).toBe(
      '0,2,4,6 | 1,3,5,7 | ',
    );
  });
});

describe('every value has its reason', () => {
  test('on each node, with its NICs', () =>
    expect(reasons(choose(machine(), { dataplaneCores: 2 }, [NIC_1, NIC_0]))).toEqual([
      'dataplane CPUs 1,3,5,7: 1 whole core of node 0, where 0000:04:00.0 is; 1 whole core of node 1, where 0000:05:00.0 is',
      "housekeeping CPUs 0,2,4,6: all that is left: CPU 0's core, and at least a whole core of each node (0, 1)",
    ]));

  test('two NICs on one node, and a workload', () => {
    const profile = machineWithNics(profiledNic({ address: '0000:05:00.0' }));
    expect(reasons(choose(profile, { workloadCores: 1 }, [NIC_0, NIC_1])).slice(0, 2)).toEqual([
      'dataplane CPUs 1,5: 1 whole core of node 0, where 0000:04:00.0 and 0000:05:00.0 are',
      'workload CPUs 3,7: 1 whole core of node 1, from where the most were left',
    ]);
  });

  test('kinds of cores, and no NIC', () => {
    const hybrid = topology({ 0: ['0-1 performance', '2-3 performance', '4 efficiency', '5 efficiency'] });
    expect(reasons(choose(hybrid, { dataplaneCores: 1 }))[0]).toBe(
      'dataplane CPUs 2-3: 1 whole performance core of node 0, the first with room: the host binds no NIC whose node counts',
    );
    expect(reasons(choose(hybrid, { dataplaneCores: 2 }))[0]).toMatch(
      /^dataplane CPUs 2-4: 2 whole cores \(1 performance, 1 efficiency\) of node 0/,
    );
  });
});

describe('what cannot be chosen', () => {
  test.each<[string, HardwareProfile | null, Partial<CpuRequestIntent>, string[], string[]]>([
    [
      'no profile',
      null,
      {},
      [],
      ['asks for 1 whole core for the dataplane, but edge has no hardware profile'],
    ],
    [
      'more than the node of the NIC has',
      machine(),
      { dataplaneCores: 2 },
      [NIC_0],
      [
        'dataplaneCores is 2, but edge has 1 whole core to give next to the NICs that it binds (hardware/edge.json)',
        'node 0 has 2 whole cores (0,4; 1,5), 1 stays for housekeeping: 1 can be given; for 0000:04:00.0',
      ],
    ],
    [
      'workloads beyond what is left',
      machine(),
      { workloadCores: 2 },
      [NIC_0],
      [
        'workloadCores is 2, but edge has 1 whole core to give (hardware/edge.json)',
        'node 0 has 2 whole cores (0,4; 1,5), 1 stays for housekeeping, the dataplane has 1: 0 can be given',
        'node 1 has 2 whole cores (2,6; 3,7), 1 stays for housekeeping: 1 can be given',
      ],
    ],
    ['one core alone', topology({ 0: ['0'] }), {}, [], ['edge has 0 whole cores to give']],
    [
      'siblings that nobody says',
      HardwareProfile.fromText(lscpuJson(INTEL_FIELDS)),
      {},
      [],
      ["doesn't say which CPUs are SMT siblings"],
    ],
    [
      'a profile of nothing',
      HardwareProfile.fromJson({ schemaVersion: 1 }),
      {},
      [],
      [
        'which CPUs are online, which CPUs are SMT siblings and on which NUMA node each CPU is (hardware profile)',
      ],
    ],
    [
      'NICs of which nobody says where they are',
      HardwareProfile.fromText([lscpuExtended(INTEL_CPUS), lscpuJson(INTEL_FIELDS), NODE_STATE]),
      {},
      ['0000:86:00.0', '0000:19:00.0'],
      ["doesn't say on which NUMA node 0000:19:00.0, 0000:86:00.0 are"],
    ],
  ])('%s', (_name, profile, request, nics, lines) => {
    const { cpuPartitions, chosen, refusals } = choose(profile, request, nics);
    expect([cpuPartitions, chosen]).toEqual([[], []]);
    expect(refusals).toMatchObject([{ path: 'cpus', of: 'cpus' }]);
    expect(refusals[0]?.remedy).toMatch(/CpuPartition|inspect/);
    for (const line of lines) expect(refusals.flatMap(({ what }) => what).join('\n')).toContain(line);
  });

  test("a NIC that isn't there is no reason: nics/exist refuses it", () =>
    expect(sets(choose(machine(), {}, ['0000:77:00.0', NIC_1]))).toBe('0-2,4-6 | 3,7 | '));

  test('MAAS says no siblings', () => {
    const profile = HardwareProfile.fromText(JSON.stringify(maasMachine('edge-1')));
    expect(sets(choose(profile, {}))).toContain("doesn't say which CPUs are SMT siblings");
  });
});

/** Any topology: nodes with gaps and without CPUs, cores of one to four threads whose numbers are anywhere, some offline, kinds. */
const machines = fc
  .record({
    ids: fc.uniqueArray(fc.nat(1023), { minLength: 1, maxLength: 5 }),
    cores: fc.array(
      fc.record({
        node: fc.nat(4),
        threads: fc.integer({ min: 1, max: 4 }),
        kind: fc.constantFrom(undefined, 'performance', 'efficiency'),
        capacity: fc.constantFrom(undefined, 512, 1024),
      }),
      { minLength: 1, maxLength: 24 },
    ),
    others: fc.uniqueArray(fc.integer({ min: 1, max: 8191 }), { minLength: 96, maxLength: 96 }),
    zero: fc.nat(95),
    offline: fc.array(fc.nat(95), { maxLength: 6 }),
    nics: fc.array(fc.option(fc.nat(4)), { maxLength: 4 }),
    distances: fc.boolean(),
  })
  .map(({ ids, cores, others, zero, offline, nics, distances }) => {
    const numbers = others.with(zero, 0);
    const sorted = [...ids].sort((a, b) => a - b);
    const nodeId = (index: number) => sorted[index % sorted.length] ?? 0;
    const isOff = new Set(offline.map((index) => numbers[index]));
    let next = 0;
    const placed = cores.map(({ node, threads, ...kind }) => {
      const all = numbers.slice(next, (next += threads));
      return { ...kind, node: nodeId(node), all, on: all.filter((cpu) => !isOff.has(cpu)) };
    });
    const list = (cpus: readonly number[]) => CpuSet.ofCpus(cpus).toString();
    const addresses = nics.map((_, index) => `0000:0${index + 1}:00.0`);
    const profile = HardwareProfile.fromJson({
      schemaVersion: 1,
      cpu: {
        online: list(placed.flatMap(({ on }) => on)),
        present: list(placed.flatMap(({ all }) => all)),
        cpus: placed.flatMap(({ all, on, node, kind, capacity }) =>
          all.map((id) =>
            on.includes(id)
              ? { id, online: true, node, siblings: list(on), kind, capacity }
              : { id, online: false },
          ),
        ),
      },
      nodes: sorted.map((id, from) => ({
        id,
        cpus: list(placed.filter(({ node }) => node === id).flatMap(({ on }) => on)),
        ...(distances && { distances: sorted.map((_, to) => 10 + 7 * Math.abs(from - to)) }),
      })),
      nics: nics.map((node, index) =>
        profiledNic({ address: addresses[index] ?? '', node: node === null ? null : nodeId(node) }),
      ),
      nicsComplete: true,
    });
    return { profile, addresses };
  });

test('on any machine: whole cores, each CPU in one set, a core left on each node, the same again', () => {
  let given = 0;
  let refusals = 0;
  fc.assert(
    fc.property(
      machines,
      fc.integer({ min: 1, max: 8 }),
      fc.nat(8),
      ({ profile, addresses }, dataplaneCores, workloadCores) => {
        const request = { dataplaneCores, workloadCores };
        const result = choose(profile, request, addresses);
        const { cores, nodes, cpus } = profile;
        if (!isKnown(cores) || !isKnown(nodes) || !isKnown(cpus)) throw new Error('the generator says all');
        // The same again, also where the NICs are declared in another order.
        expect(
          choose(HardwareProfile.fromText(profile.toText()), request, [...addresses].reverse()).chosen,
        ).toEqual(result.chosen);
        const [partition] = result.cpuPartitions;
        if (!partition) {
          refusals++;
          expect(result.refusals).toHaveLength(1);
          // It doesn't refuse what could be given.
          const most = nodes.reduce(
            (sum, { id }) => sum + Math.max(0, cores.filter(({ node }) => node === id).length - 1),
            0,
          );
          if (addresses.length === 0) expect(dataplaneCores + workloadCores).toBeGreaterThan(most);
          return;
        }
        given++;
        const { housekeeping, dataplane, workload } = partition;
        // Each CPU that is online is in exactly one set, and no other.
        expect([...housekeeping.cpus, ...dataplane.cpus, ...workload.cpus].sort((a, b) => a - b)).toEqual(
          cpus.cpus,
        );
        // Whole cores, as many as asked for.
        const within = (set: CpuSet) =>
          cores.filter((core) => {
            const shared = core.cpus.intersection(set).size;
            expect([0, core.cpus.size]).toContain(shared);
            return shared > 0;
          });
        expect(within(dataplane)).toHaveLength(dataplaneCores);
        expect(within(workload)).toHaveLength(workloadCores);
        // Each node with CPUs keeps a whole core, and CPU 0 is never given.
        const kept = within(housekeeping);
        for (const node of new Set(cores.map((core) => core.node))) {
          expect(kept.some((core) => core.node === node)).toBe(true);
        }
        expect([...dataplane.cpus, ...workload.cpus]).not.toContain(0);
        // Where enough nodes of NICs have room, each has a poll mode driver.
        const nicNodes = new Set(addresses.map((address) => nodeOf(profile, address)));
        const withRoom = [...nicNodes].filter((id) => cores.filter(({ node }) => node === id).length > 1);
        if (withRoom.length === nicNodes.size && dataplaneCores >= nicNodes.size) {
          for (const id of withRoom) expect(within(dataplane).some(({ node }) => node === id)).toBe(true);
        }
      },
    ),
    // A counterexample is small as it is; making it smaller takes minutes.
    { numRuns: 250, endOnFailure: true },
  );
  expect(Math.min(given, refusals)).toBeGreaterThan(25);
});

function nodeOf(profile: HardwareProfile, address: string): number | undefined {
  const found = profile.nic(address);
  if (!isKnown(found) || found === null || !isKnown(found.node)) throw new Error(`no NIC ${address}`);
  return found.node ?? 0;
}
