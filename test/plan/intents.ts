import type {
  BridgeIntent,
  DpdkPortIntent,
  FleetIntents,
  HostIntents,
  HugepagePoolIntent,
  ManagedTunnelIntent,
  NicBindingIntent,
  OpenVSwitchIntent,
  UnmanagedTunnelIntent,
} from '../../src/plan/intents';
import type { HostPlan } from '../../src/plan/host-plan';
import { planFleet } from '../../src/plan/planner';
import { Platform } from '../../src/platforms/platform';
import { InterfaceAddress, IpAddress } from '../../src/values/ip-address';
import { PageSize } from '../../src/values/page-size';
import { SegmentList } from '../../src/values/segment-list';

/** Intents as the constructs make them, with what a test leaves out. */
export function host(name: string, intents: Partial<HostIntents> = {}): HostIntents {
  return {
    path: name,
    name,
    hardware: null,
    platform: Platform.DEBIAN_13,
    connection: null,
    management: null,
    userDataPlatform: null,
    reboot: 'never',
    retired: false,
    bootParameters: [],
    iommus: [],
    hugepagePools: [],
    cpuPartitions: [],
    nicBindings: [],
    openVSwitches: [],
    bridges: [],
    dpdkPorts: [],
    chosen: [],
    refusals: [],
    ...intents,
  };
}

export function fleet(hosts: readonly HostIntents[], intents: Partial<FleetIntents> = {}): FleetIntents {
  return { hosts, tunnels: [], batchSize: undefined, ...intents };
}

export function perNode(pageSize: PageSize, pages: Readonly<Record<number, number>>): HugepagePoolIntent {
  const entries = Object.entries(pages).map(([node, count]) => [Number(node), count] as const);
  return { path: `pool-${pageSize.kernelName}`, pageSize, pages: { perNode: new Map(entries) } };
}

export function wholeHost(pageSize: PageSize, pages: number): HugepagePoolIntent {
  return { path: `pool-${pageSize.kernelName}`, pageSize, pages: { wholeHost: pages } };
}

export function nic(address: string, intents: Partial<NicBindingIntent> = {}): NicBindingIntent {
  return {
    path: `nic-${address}`,
    name: `nic-${address}`,
    address,
    driver: 'vfio-pci',
    macAddress: null,
    device: null,
    ...intents,
  };
}

export function openVSwitch(path: string, intents: Partial<OpenVSwitchIntent> = {}): OpenVSwitchIntent {
  return {
    path,
    socketMemoryMib: undefined,
    pmdCpus: undefined,
    pmdSleepMax: undefined,
    otherConfig: {},
    ...intents,
  };
}

export function bridge(
  path: string,
  addresses: readonly string[] = [],
  intents: Partial<BridgeIntent> = {},
): BridgeIntent {
  return {
    path,
    name: path.split('/').at(-1) ?? path,
    openVSwitch: 'ovs',
    addresses: addresses.map((address) => InterfaceAddress.parse(address)),
    gateway: null,
    underlay: null,
    mtu: undefined,
    ...intents,
  };
}

export function dpdkPort(bridgePath: string, address: string, mtu = 1500): DpdkPortIntent {
  const path = `${bridgePath}/port-${address}`;
  return { path, name: 'uplink', bridge: bridgePath, nic: `nic-${address}`, mtu, queues: 1 };
}

/** An edge host: an underlay with a NIC, and a bridge for tenants above it. */
export function edge(name: string, site: number, intents: Partial<HostIntents> = {}): HostIntents {
  const underlay = `${name}/underlay`;
  return host(name, {
    openVSwitches: [openVSwitch(`${name}/ovs`)],
    nicBindings: [nic('0000:04:00.0', { device: '8086:10d3' })],
    bridges: [
      bridge(underlay, [`fd00:a::${site.toString(16)}/64`]),
      bridge(`${name}/tenants`, [`10.0.0.${site}/24`, `fd00:10::${site.toString(16)}/64`], { underlay }),
    ],
    dpdkPorts: [dpdkPort(underlay, '0000:04:00.0')],
    ...intents,
  });
}

export function between(
  name: string,
  first: string,
  second: string,
  intents: Partial<ManagedTunnelIntent> = {},
): ManagedTunnelIntent {
  return {
    kind: 'managed',
    path: name,
    name,
    encapsulation: { type: 'srv6', segments: null, receiveFrom: null },
    outer: { ttl: undefined, dscp: undefined },
    bridges: [`${first}/tenants`, `${second}/tenants`],
    ipVersion: undefined,
    ...intents,
  };
}

export function tunnelTo(
  name: string,
  from: string,
  segments: readonly string[],
  {
    receiveFrom = null,
    ...intents
  }: Partial<UnmanagedTunnelIntent> & { receiveFrom?: IpAddress | null } = {},
): UnmanagedTunnelIntent {
  const list = SegmentList.of(segments);
  return {
    kind: 'unmanaged',
    path: name,
    name,
    bridge: `${from}/tenants`,
    remoteIp: list.first,
    localIp: null,
    encapsulation: { type: 'srv6', segments: list, receiveFrom },
    outer: { ttl: undefined, dscp: undefined },
    destinations: [IpAddress.parse('10.9.9.9')],
    ...intents,
  };
}

export function planOf(name: string, intents: FleetIntents): HostPlan {
  const found = planFleet(intents).hosts.find(({ plan }) => plan.host.name === name);
  if (!found) throw new Error(`no host ${name} in the plan`);
  return found.plan;
}
