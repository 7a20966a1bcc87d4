import fc from 'fast-check';
import type { HostIntents } from '../../src/plan/intents';
import { Platform } from '../../src/platforms/platform';
import { CpuSet } from '../../src/values/cpu-set';
import { PageSize } from '../../src/values/page-size';
import { fleet, host, perNode, planOf, wholeHost } from './intents';

const { GIB_1, MIB_2 } = PageSize;

function commandLine(intents: Partial<HostIntents>): string[] {
  return planOf('h', fleet([host('h', intents)])).stages.boot.arguments.map(({ text }) => text);
}

describe('hugepages', () => {
  test("Juniper's four pages of 1 GiB and 1,024 of 2 MiB: each count right behind its size", () =>
    expect(commandLine({ hugepagePools: [wholeHost(MIB_2, 1024), wholeHost(GIB_1, 4)] })).toEqual([
      'default_hugepagesz=1G',
      'hugepagesz=1G',
      'hugepages=4',
      'hugepagesz=2M',
      'hugepages=1024',
    ]));

  test('per NUMA node, in the order of the nodes', () =>
    expect(commandLine({ hugepagePools: [perNode(GIB_1, { 1: 3, 0: 1 })] })).toEqual([
      'default_hugepagesz=1G',
      'hugepagesz=1G',
      'hugepages=0:1,1:3',
    ]));

  test('two pools of one size are one pair: the kernel ignores a second one', () =>
    expect(
      commandLine({ hugepagePools: [perNode(GIB_1, { 0: 1 }), perNode(GIB_1, { 0: 2, 1: 4 })] }),
    ).toEqual(['default_hugepagesz=1G', 'hugepagesz=1G', 'hugepages=0:3,1:4']));

  test('2 MiB alone is the default size', () =>
    expect(commandLine({ hugepagePools: [wholeHost(MIB_2, 512)] })).toEqual([
      'default_hugepagesz=2M',
      'hugepagesz=2M',
      'hugepages=512',
    ]));

  test('Linux 5.15 has no syntax for nodes: the sum at boot, the nodes after it', () => {
    const plan = planOf(
      'h',
      fleet([
        host('h', { platform: Platform.UBUNTU_22_04, hugepagePools: [perNode(GIB_1, { 0: 1, 1: 2 })] }),
      ]),
    );
    expect(plan.stages.boot.arguments.map(({ text }) => text)).toEqual([
      'default_hugepagesz=1G',
      'hugepagesz=1G',
      'hugepages=3',
    ]);
    expect(plan.stages.devices.hugepages).toEqual([
      { pageSizeKib: 1048576, node: 0, count: 1 },
      { pageSizeKib: 1048576, node: 1, count: 2 },
    ]);
  });

  test('what is checked after the boot is what was asked for, the largest size first', () =>
    expect(
      planOf('h', fleet([host('h', { hugepagePools: [wholeHost(MIB_2, 1024), perNode(GIB_1, { 1: 2 })] })]))
        .stages.devices.hugepages,
    ).toEqual([
      { pageSizeKib: 1048576, node: 1, count: 2 },
      { pageSizeKib: 2048, node: null, count: 1024 },
    ]));

  test('for any pools: one default size, and each size once with all of its pages', () => {
    const pool = fc.oneof(
      fc.record({ size: fc.constantFrom(GIB_1, MIB_2), pages: fc.integer({ min: 1, max: 99 }) }),
      fc.record({
        size: fc.constantFrom(GIB_1, MIB_2),
        nodes: fc.dictionary(fc.constantFrom('0', '1', '7'), fc.integer({ min: 1, max: 99 }), { minKeys: 1 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(pool, { minLength: 1, maxLength: 6 }), (pools) => {
        const text = commandLine({
          hugepagePools: pools.map((asked) =>
            'pages' in asked ? wholeHost(asked.size, asked.pages) : perNode(asked.size, asked.nodes),
          ),
        });
        const sizes = [GIB_1, MIB_2].filter((size) => pools.some((asked) => asked.size === size));
        expect(text.filter((argument) => !argument.startsWith('hugepages='))).toEqual([
          `default_hugepagesz=${sizes[0]?.kernelName}`,
          ...sizes.map(({ kernelName }) => `hugepagesz=${kernelName}`),
        ]);
        for (const size of sizes) {
          const asked = pools
            .filter((candidate) => candidate.size === size)
            .flatMap((candidate) =>
              'pages' in candidate ? [candidate.pages] : Object.values(candidate.nodes),
            );
          const given = text[text.indexOf(`hugepagesz=${size.kernelName}`) + 1] ?? '';
          const counts = given
            .replace('hugepages=', '')
            .split(',')
            .map((part) => Number(part.split(':').at(-1)));
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(
            asked.reduce((sum, count) => sum + count, 0),
          );
        }
      }),
    );
  });
});

describe('IOMMU', () => {
  const arguments_ = (vendor: 'intel' | 'amd' | 'arm' | undefined): readonly unknown[] =>
    planOf('h', fleet([host('h', { iommus: [{ path: 'iommu', vendor }] })])).stages.boot.arguments;

  test('Intel has it off by default', () =>
    expect(arguments_('intel')).toEqual([{ text: 'intel_iommu=on' }, { text: 'iommu=pt' }]));
  test('amd_iommu=on is no documented value', () =>
    expect(arguments_('amd')).toEqual([{ text: 'iommu=pt' }]));
  test('iommu=pt is of x86 only', () => expect(arguments_('arm')).toEqual([]));
  test("without a vendor the host's firmware says it", () =>
    expect(arguments_(undefined)).toEqual([
      { text: 'intel_iommu=on', whenAcpiTable: 'DMAR' },
      { text: 'iommu=pt', whenMachine: 'x86_64' },
    ]));
});

describe('CPU isolation', () => {
  const partition = (
    housekeeping: string,
    dataplane: string,
    workload: string,
    isolateAtBoot = true,
  ): string[] =>
    commandLine({
      cpuPartitions: [
        {
          path: 'cpus',
          housekeeping: CpuSet.of(housekeeping),
          dataplane: CpuSet.of(dataplane),
          workload: CpuSet.of(workload),
          isolateAtBoot,
        },
      ],
    });

  test('dataplane and workload CPUs are isolated, in lists without spaces', () =>
    expect(partition('0-1', '2,3', '4-7')).toEqual([
      'isolcpus=managed_irq,domain,2-7',
      'nohz_full=2-7',
      'rcu_nocbs=2-7',
      'irqaffinity=0-1',
      'systemd.cpu_affinity=0-1',
    ]));
  test('nothing to isolate, no arguments', () => expect(partition('0-3', '', '')).toEqual([]));
  test('CpuIsolation.NONE', () => expect(partition('0', '1', '', false)).toEqual([]));
});

describe('the whole command line', () => {
  test('IOMMU, hugepages, isolation, then what the user adds, in the order that the user gave', () =>
    expect(
      commandLine({
        bootParameters: [
          { path: 'a', arguments: ['quiet', 'console=tty0', 'console=ttyS0'] },
          { path: 'b', arguments: ['mitigations=off'] },
        ],
        cpuPartitions: [
          {
            path: 'cpus',
            housekeeping: CpuSet.of('0'),
            dataplane: CpuSet.of('1'),
            workload: CpuSet.EMPTY,
            isolateAtBoot: true,
          },
        ],
        hugepagePools: [wholeHost(GIB_1, 1)],
        iommus: [{ path: 'iommu', vendor: 'intel' }],
      }),
    ).toEqual([
      'intel_iommu=on',
      'iommu=pt',
      'default_hugepagesz=1G',
      'hugepagesz=1G',
      'hugepages=1',
      'isolcpus=managed_irq,domain,1',
      'nohz_full=1',
      'rcu_nocbs=1',
      'irqaffinity=0',
      'systemd.cpu_affinity=0',
      'quiet',
      'console=tty0',
      'console=ttyS0',
      'mitigations=off',
    ]));

  test('what two constructs ask alike stands once, where it stood first', () =>
    expect(
      commandLine({
        iommus: [{ path: 'iommu', vendor: 'amd' }],
        bootParameters: [
          { path: 'a', arguments: ['quiet', 'iommu=pt'] },
          { path: 'b', arguments: ['nosmt', 'quiet'] },
        ],
      }),
    ).toEqual(['iommu=pt', 'quiet', 'nosmt']));
});
