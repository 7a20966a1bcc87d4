import fc from 'fast-check';
import { PREFIX_BY_KERNEL_DRIVER } from '../../src/hardware/dpdk-drivers';
import type { HostIntents, OpenVSwitchIntent } from '../../src/plan/intents';
import { bufferSize, mempoolMib, mempoolsMib } from '../../src/plan/mempool';
import { CpuSet } from '../../src/values/cpu-set';
import { PageSize } from '../../src/values/page-size';
import { bridge, dpdkPort, fleet, host, nic, openVSwitch, perNode, planOf, wholeHost } from './intents';

const { GIB_1, MIB_2 } = PageSize;
const FIRST = '0000:04:00.0';
const SECOND = '0000:05:00.0';

/** The table of facts/ovs.md 3.5; 999, 1400, 1500 and 998 were read from a running Open vSwitch 3.5. */
describe('memory of packet buffers', () => {
  test.each([
    [576, 1152, 31],
    [998, 1152, 31],
    [999, 2176, 752],
    [1400, 2176, 752],
    [1500, 2176, 752],
    [2022, 2176, 752],
    [2023, 3200, 1008],
    [3046, 3200, 1008],
    [6000, 6272, 1776],
    [9000, 9344, 2544],
  ])('MTU %i: buffers of %i bytes, %i MiB', (mtu, buffer, mib) => {
    expect(bufferSize(mtu)).toBe(buffer);
    expect(mempoolMib(mtu)).toBe(mib);
  });

  test('ports whose buffers are equal share a pool', () => {
    expect(mempoolsMib([])).toBe(0);
    expect(mempoolsMib([1500, 1500, 1600])).toBe(752);
    expect(mempoolsMib([1500, 9000])).toBe(752 + 2544);
    // The same buffer, but from 999 bytes on sixteen times as many.
    expect(mempoolsMib([998, 576])).toBe(31);
  });

  test('more ports never need less, and their order does not matter', () => {
    const mtus = fc.array(fc.integer({ min: 576, max: 9702 }), { maxLength: 6 });
    fc.assert(
      fc.property(mtus, fc.integer({ min: 576, max: 9702 }), (list, more) => {
        expect(mempoolsMib([...list, more])).toBeGreaterThanOrEqual(mempoolsMib(list));
        expect(mempoolsMib([...list].reverse())).toBe(mempoolsMib(list));
        expect(mempoolsMib([...list, ...list])).toBe(mempoolsMib(list));
      }),
    );
  });
});

function otherConfig(
  intents: Partial<HostIntents>,
  ovs: Partial<OpenVSwitchIntent> = {},
): Readonly<Record<string, string>> {
  const plan = planOf('h', fleet([host('h', { openVSwitches: [openVSwitch('ovs', ovs)], ...intents })]));
  return plan.stages.dataplane.openVSwitch?.otherConfig ?? {};
}

const withPorts = (...mtus: number[]): Partial<HostIntents> => ({
  bridges: [bridge('br')],
  nicBindings: mtus.map((_, index) => nic(`0000:0${index + 1}:00.0`)),
  dpdkPorts: mtus.map((mtu, index) => dpdkPort('br', `0000:0${index + 1}:00.0`, mtu)),
});

describe('socket memory', () => {
  test.each([
    // Buffers of MTU 1500 are 752 MiB, DPDK's own 512: 1,264 MiB in whole pages.
    ['two pages of 1 GiB on each of two nodes', [1500], [perNode(GIB_1, { 0: 4, 1: 4 })], '2048,2048'],
    ['never more than the pool', [1500], [perNode(GIB_1, { 0: 1, 1: 4 })], '1024,2048'],
    ['nothing on a node without a pool', [1500], [perNode(GIB_1, { 1: 2 })], '0,2048'],
    ['pages of 2 MiB', [1500], [perNode(MIB_2, { 0: 2048 })], '1264'],
    ['jumbo frames: 2,544 + 512 MiB', [9000], [perNode(GIB_1, { 0: 8 })], '3072'],
    ['two pools of buffers: 752 + 2,544 + 512 MiB', [1500, 9000], [perNode(GIB_1, { 0: 8 })], '4096'],
    [
      'both page sizes on a node are one heap',
      [9000],
      [perNode(GIB_1, { 0: 2 }), perNode(MIB_2, { 0: 256 })],
      '2560',
    ],
    ['no ports: DPDK itself', [], [perNode(GIB_1, { 0: 2 })], '1024'],
    ['pages of the whole host: on which node is not known', [1500], [wholeHost(GIB_1, 4)], undefined],
    ['no pages', [1500], [], undefined],
  ])('%s', (_name, mtus, hugepagePools, expected) =>
    expect(otherConfig({ ...withPorts(...mtus), hugepagePools })['dpdk-socket-mem']).toBe(expected),
  );

  test('what the user says goes before', () =>
    expect(
      otherConfig(
        { ...withPorts(1500), hugepagePools: [perNode(GIB_1, { 0: 4 })] },
        { socketMemoryMib: [512, 0] },
      )['dpdk-socket-mem'],
    ).toBe('512,0'));
});

describe('other_config', () => {
  const partition = {
    path: 'cpus',
    housekeeping: CpuSet.of('0'),
    dataplane: CpuSet.of('2-3,34'),
    workload: CpuSet.of('4'),
    isolateAtBoot: true,
  };

  test('the poll mode drivers run on the dataplane CPUs, and on those alone', () =>
    expect(otherConfig({ cpuPartitions: [partition] })['pmd-cpu-mask']).toBe('0x40000000c'));
  test('pmdCpus goes before', () =>
    expect(otherConfig({ cpuPartitions: [partition] }, { pmdCpus: CpuSet.of('7') })['pmd-cpu-mask']).toBe(
      '0x80',
    ));
  test('without CPUs there is no mask: Open vSwitch takes one core a node', () =>
    expect(otherConfig({})).toEqual({ 'dpdk-init': 'try' }));
  test('EAL may touch the NICs of the ports only: in order, and not the other bound ones', () =>
    expect(
      otherConfig({
        bridges: [bridge('br')],
        nicBindings: [nic(SECOND), nic('0000:06:00.0'), nic(FIRST)],
        dpdkPorts: [dpdkPort('br', SECOND), dpdkPort('br', FIRST)],
      })['dpdk-extra'],
    ).toBe(`-a ${FIRST} -a ${SECOND}`));
  test('what the user says goes before what is derived', () =>
    expect(otherConfig({}, { pmdSleepMax: 500, otherConfig: { 'dpdk-init': 'true', 'n-rxq': '2' } })).toEqual(
      {
        'dpdk-init': 'true',
        'n-rxq': '2',
        'pmd-sleep-max': '500',
      },
    ));
  test('the keys that need a restart are named, and no others', () => {
    const plan = planOf(
      'h',
      fleet([
        host('h', {
          ...withPorts(1500),
          cpuPartitions: [partition],
          hugepagePools: [perNode(GIB_1, { 0: 2 })],
          openVSwitches: [openVSwitch('ovs', { pmdSleepMax: 1, otherConfig: { 'max-idle': '30000' } })],
        }),
      ]),
    );
    expect(plan.stages.dataplane.openVSwitch?.restartKeys).toEqual([
      'dpdk-extra',
      'dpdk-init',
      'dpdk-socket-mem',
    ]);
  });
});

describe('packages', () => {
  const packages = (nicBindings: HostIntents['nicBindings']): readonly unknown[] =>
    planOf(
      'h',
      fleet([
        host('h', {
          openVSwitches: [openVSwitch('ovs')],
          bridges: [bridge('br')],
          nicBindings,
          dpdkPorts: nicBindings.map(({ address }) => dpdkPort('br', address)),
        }),
      ]),
    ).stages.packages.packages;
  const basic = [
    { name: 'openvswitch-switch-dpdk' },
    { prefix: 'librte-bus-pci' },
    { prefix: 'librte-mempool-ring' },
  ];

  test('a host without Open vSwitch needs none', () =>
    expect(planOf('h', fleet([host('h', { nicBindings: [nic(FIRST)] })])).stages.packages.packages).toEqual(
      [],
    ));
  test('Open vSwitch without NICs', () => expect(packages([])).toEqual(basic));
  test("a known device: its driver's package, once for two NICs", () =>
    expect(packages([nic(FIRST, { device: '8086:1593' }), nic(SECOND, { device: '8086:159b' })])).toEqual([
      ...basic,
      { prefix: 'librte-net-ice' },
    ]));
  test.each([null, 'abcd:0001'])('device %s: the host says which driver it has', (device) =>
    expect(packages([nic(FIRST, { device })])).toEqual([
      ...basic,
      { driverOf: FIRST, prefixByKernelDriver: PREFIX_BY_KERNEL_DRIVER },
    ]),
  );
  test('a NIC that no port uses needs no driver of DPDK', () =>
    expect(
      planOf(
        'h',
        fleet([
          host('h', {
            openVSwitches: [openVSwitch('ovs')],
            nicBindings: [nic(FIRST, { device: '8086:1593' })],
          }),
        ]),
      ).stages.packages.packages,
    ).toEqual(basic));
});
