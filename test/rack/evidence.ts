import type { HostPlan } from '../../src/plan/host-plan';
import type { Machine } from './machine';
import { check } from './process';
import type { Rack } from './rack';

/** What a host says of itself after a deploy, read with the plainest commands there are. */
export interface HostEvidence {
  readonly name: string;
  readonly commandLine: string;
  /** By NUMA node and page size. */
  readonly hugepages: readonly { readonly place: string; readonly asked: number; readonly got: number }[];
  readonly nics: readonly {
    readonly address: string;
    readonly driver: string;
    readonly iommuGroup: string;
  }[];
  readonly openVSwitch: string;
  readonly dpdk: string;
  readonly dpdkInitialized: boolean;
  /** `ovs-appctl dpif-netdev/pmd-rxq-show`. */
  readonly pollModeDrivers: string;
  readonly boots: number;
}

export async function hostEvidence(machine: Machine, plan: HostPlan): Promise<HostEvidence> {
  const vsctl = async (column: string): Promise<string> =>
    (await machine.run(['sudo', 'ovs-vsctl', '--timeout=10', 'get', 'Open_vSwitch', '.', column]))
      .trim()
      .replaceAll('"', '');
  return {
    name: machine.name,
    commandLine: (await machine.run(['cat', '/proc/cmdline'])).trim(),
    hugepages: await Promise.all(
      plan.stages.devices.hugepages.map(async ({ node, pageSizeKib, count }) => {
        const base = node === null ? '/sys/kernel/mm' : `/sys/devices/system/node/node${node}`;
        const got = await machine.run(['cat', `${base}/hugepages/hugepages-${pageSizeKib}kB/nr_hugepages`]);
        return {
          place: `${node === null ? 'host' : `node ${node}`}, ${pageSizeKib / 1024} MiB`,
          asked: count,
          got: Number(got),
        };
      }),
    ),
    nics: await Promise.all(
      plan.stages.devices.nics.map(async ({ address }) => ({
        address,
        driver: await linkName(machine, `/sys/bus/pci/devices/${address}/driver`),
        iommuGroup: await linkName(machine, `/sys/bus/pci/devices/${address}/iommu_group`),
      })),
    ),
    openVSwitch: await vsctl('ovs_version'),
    dpdk: await vsctl('dpdk_version'),
    dpdkInitialized: (await vsctl('dpdk_initialized')) === 'true',
    pollModeDrivers: (
      await machine.run(['sudo', 'ovs-appctl', '--timeout=10', 'dpif-netdev/pmd-rxq-show'])
    ).trim(),
    boots: await machine.bootCount(),
  };
}

async function linkName(machine: Machine, link: string): Promise<string> {
  return (await machine.run(['readlink', '-f', link])).trim().split('/').at(-1) ?? '';
}

/** The inner addresses of a tunnel's end: what the neighbours of its bridge are. */
export function farAddresses(plan: HostPlan): string[] {
  return plan.stages.network.neighbours.map(({ address }) => address);
}

export interface Ping {
  readonly address: string;
  readonly sent: number;
  readonly received: number;
  /** The line with the round trip times. */
  readonly times: string;
}

/** Pings with the largest packet that fits, and fragmentation forbidden where a size is given. */
export async function ping(machine: Machine, address: string, count = 5, mtu?: number): Promise<Ping> {
  const headers = address.includes(':') ? 48 : 28;
  const size = mtu === undefined ? [] : ['-M', 'do', '-s', `${mtu - headers}`];
  const { stdout } = await machine.ssh([
    'ping',
    '-n',
    '-c',
    `${count}`,
    '-i',
    '0.3',
    '-W',
    '5',
    ...size,
    address,
  ]);
  return {
    address,
    sent: Number(/(\d+) packets transmitted/.exec(stdout)?.[1] ?? 0),
    received: Number(/(\d+) received/.exec(stdout)?.[1] ?? 0),
    times: /^rtt .*/m.exec(stdout)?.[0] ?? '',
  };
}

/** Packets with a routing header on a link, as tcpdump prints them. */
export async function routingHeaders(rack: Rack, link: string): Promise<string[]> {
  const { stdout } = await check('tcpdump', ['-r', rack.capture(link), '-nn', '-v', 'ip6[6] == 43']);
  // tcpdump puts the inner packet on a line of its own.
  return stdout
    .replaceAll(/\n\s+/g, ' ')
    .split('\n')
    .filter((line) => line.includes('RT6'));
}
