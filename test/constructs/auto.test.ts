/** CpuPartition.auto and HugepagePool.auto: chosen when the stack is planned, shown with reasons, and like any other to the host. */
import type { TerraformStack } from 'cdktf';
import {
  CpuIsolation,
  CpuPartition,
  CpuSet,
  type DataplaneHost,
  type HardwareProfile,
  HugepagePool,
  Iommu,
  NicBinding,
  OpenVSwitch,
  PageSize,
} from '../../constructs';
import { formatFinding } from '../../src/rules';
import { synthesize } from '../synth';
import { findingsOf, plainHost } from '../rules/fixtures';
import { machine, machineWithNics, nic } from '../rules/machines';

type Part = (host: DataplaneHost) => void;

const NICS = [
  ['east', '0000:04:00.0'],
  ['west', '0000:05:00.0'],
] as const;

const dataplane =
  (queues = 2, nics: readonly (readonly [string, string])[] = NICS): Part =>
  (host) => {
    new Iommu(host, 'iommu');
    const bridge = new OpenVSwitch(host, 'ovs').addBridge('bridge');
    for (const [name, address] of nics) {
      bridge.addDpdkPort(new NicBinding(host, name, { nic: address }), { name, queues });
    }
  };

const automatic: Part = (host) => {
  CpuPartition.auto(host, 'cpus', { dataplaneCores: 2 });
  HugepagePool.auto(host, 'hugepages');
};

const byHand: Part = (host) => {
  new CpuPartition(host, 'cpus', { housekeeping: '0,2,4,6', dataplane: '1,3,5,7' });
  new HugepagePool(host, 'hugepages', { perNode: { 0: 2, 1: 2 } });
};

const stackOn =
  (hardware: HardwareProfile, ...parts: readonly Part[]) =>
  (stack: TerraformStack): void => {
    const host = plainHost(stack, 'edge', { hardware });
    for (const part of parts) part(host);
  };
const stackOf = (...parts: readonly Part[]) => stackOn(machine(), ...parts);

const FILES = ['hosts/edge/plan.json', 'hosts/edge/user-data', 'ansible/inventory.yaml'];

test('chosen for NICs that are declared later, and nothing is found wrong with it', () => {
  const { plan, findings } = synthesize(stackOf(automatic, dataplane()));
  expect(findings).toEqual([]);
  expect(plan.hosts.map((planned) => planned.plan)).toMatchSnapshot();
});

test('the order of the parts does not matter', () => {
  // Both on one node: they share packet buffers, whose reason names both.
  const hardware = machineWithNics(nic({ address: '0000:05:00.0' }));
  const automaticOnOne: Part = (host) => {
    CpuPartition.auto(host, 'cpus', { dataplaneCores: 1 });
    HugepagePool.auto(host, 'hugepages');
  };
  const [first, last] = [
    synthesize(stackOn(hardware, automaticOnOne, dataplane(2))),
    synthesize(stackOn(hardware, dataplane(2, [...NICS].reverse()), automaticOnOne)),
  ];
  for (const path of [...FILES, 'summary.txt']) expect(last.artifact(path)).toBe(first.artifact(path));
});

test("the host can't tell: every byte that it gets is as if a person had said it", () => {
  const [chosen, said] = [
    synthesize(stackOf(automatic, dataplane())),
    synthesize(stackOf(byHand, dataplane())),
  ];
  for (const path of FILES) expect(chosen.artifact(path)).toBe(said.artifact(path));
  expect(chosen.terraform).toEqual(said.terraform);
});

test('summary.txt and index.json say every derived value and its reason', () => {
  const synthesized = synthesize(stackOf(automatic, dataplane()));
  const summary = synthesized.artifact('summary.txt');
  expect(summary.slice(summary.indexOf('  derived'))).toMatchSnapshot();
  const index = JSON.parse(synthesized.artifact('index.json')) as { derived: Record<string, string>[] };
  expect(index.derived[0]).toEqual({
    host: 'edge',
    name: 'dataplane CPUs',
    path: 'stack/edge/cpus',
    reason: '1 whole core of node 0, where 0000:04:00.0 is; 1 whole core of node 1, where 0000:05:00.0 is',
    value: '1,3,5,7',
  });
  for (const { name, value, reason } of index.derived) {
    expect(summary).toContain(`${name} ${value}: ${reason}\n`);
  }
  // What a person says is not derived; what follows from it is.
  const said = synthesize(stackOf(byHand, dataplane())).artifact('index.json');
  const names = (JSON.parse(said) as { derived: { name: string }[] }).derived.map(({ name }) => name);
  expect(names).toEqual(['pmd-cpu-mask', 'dpdk-socket-mem', 'MTU of bridge']);
});

test('a partition says what was chosen, as far as the stack stands', () => {
  const found: string[] = [];
  synthesize((stack) => {
    const host = plainHost(stack, 'edge', { hardware: machine() });
    const cpus = CpuPartition.auto(host, 'cpus', { dataplaneCores: 1, workloadCores: 1 });
    const tell = (): void => void found.push(`${cpus.housekeeping} | ${cpus.dataplane} | ${cpus.workload}`);
    tell();
    new NicBinding(host, 'west', { nic: '0000:05:00.0' });
    tell();
    expect(cpus.dataplane).toEqual(CpuSet.of('3,7'));
    const unknown = CpuPartition.auto(plainHost(stack, 'unknown'), 'cpus', { dataplaneCores: 1 });
    expect([unknown.housekeeping.size, unknown.dataplane.size, unknown.workload.size]).toEqual([0, 0, 0]);
  });
  expect(found).toEqual(['0,2,4,6 | 1,5 | 3,7', '0,2,4,6 | 3,7 | 1,5']);
});

test('without isolation no boot argument is asked for, and the mask is the same', () => {
  const { plan } = synthesize(
    stackOf(
      (host) => CpuPartition.auto(host, 'cpus', { dataplaneCores: 2, isolation: CpuIsolation.NONE }),
      dataplane(),
    ),
  );
  const stages = plan.hosts[0]?.plan.stages;
  expect(stages?.boot.arguments.filter(({ text }) => text.startsWith('isolcpus'))).toEqual([]);
  expect(stages?.dataplane.openVSwitch?.otherConfig['pmd-cpu-mask']).toBe(CpuSet.of('1,3,5,7').toMask());
});

test('page size and memory for virtual machines can be said', () => {
  const { plan } = synthesize(
    stackOf(
      (host) => HugepagePool.auto(host, 'hugepages', { pageSize: PageSize.MIB_2, extraPerNode: { 1: 2048 } }),
      dataplane(),
    ),
  );
  const stages = plan.hosts[0]?.plan.stages;
  expect(stages?.devices.hugepages).toEqual([
    { pageSizeKib: 2048, node: 0, count: 632 },
    { pageSizeKib: 2048, node: 1, count: 632 + 1024 },
  ]);
  // Not what is for the virtual machines.
  expect(stages?.dataplane.openVSwitch?.otherConfig['dpdk-socket-mem']).toBe('1264,1264');
});

describe('what rules say of a chosen part, a person can do', () => {
  const textOf = (hardware: HardwareProfile, ...parts: Part[]): string =>
    findingsOf(stackOn(hardware, ...parts))
      .map(formatFinding)
      .join('\n');

  test('too few cores for the nodes of the NICs', () => {
    const text = textOf(machine(), dataplane(), (host) => {
      CpuPartition.auto(host, 'cpus', { dataplaneCores: 1 });
      HugepagePool.auto(host, 'hugepages');
    });
    expect(text).toContain(
      "warning cpus/pmd-on-nic-node  lab/edge/cpus\n  dataplane is '1,5', none of them on node 1, where west (0000:05:00.0) is",
    );
    expect(text).toContain('raise dataplaneCores: each node with a NIC gets one before any gets a second');
  });

  test('too many for the queues', () =>
    expect(textOf(machine(), automatic, dataplane(1))).toContain('or lower dataplaneCores'));

  test('too few for the queues', () =>
    expect(textOf(machine(), automatic, dataplane(3))).toContain('say queues: 2, or raise dataplaneCores'));

  test('more memory than a node has', () => {
    const text = textOf(machine(), dataplane(), (host) => {
      HugepagePool.auto(host, 'hugepages', { extraPerNode: { 0: 20000 } });
    });
    expect(text).toContain(
      'error hugepages/node-memory  lab/edge/hugepages\n  asks node 0 for 21,264 MiB: 10,632 pages of 2 MiB\n  node 0 has 16,384 MiB of memory (hardware/edge.json)',
    );
    expect(text).toContain(
      'lower extraPerNode or the MTU of the ports there: at most 8,192 pages of 2 MiB fit',
    );
  });

  test('beside a partition that a person says', () =>
    expect(
      textOf(machine(), automatic, (host) => new CpuPartition(host, 'own', { housekeeping: '0' })),
    ).toContain('error cpus/one-partition'));

  test('a pool that could not be sized is no missing pool', () => {
    const text = textOf(machineWithNics(nic({ address: '0000:04:00.0' })), (host) => {
      new OpenVSwitch(host, 'ovs');
      HugepagePool.auto(host, 'hugepages', { extraPerNode: { 4: 1 } });
    });
    expect(text).toContain('error hugepages/auto-size  lab/edge/hugepages');
    expect(text).not.toContain('openvswitch/no-hugepages');
  });
});
