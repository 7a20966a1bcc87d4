import type { HardwareProfile } from '../hardware/hardware-profile';
import type { CpuSet } from '../values/cpu-set';
import type { InterfaceAddress, IpAddress } from '../values/ip-address';
import type { PageSize } from '../values/page-size';
import type { SegmentList } from '../values/segment-list';
import type { Platform } from '../platforms/platform';
import type { UserDataPlatform } from '../platforms/user-data-platform';
import type { ConnectionPlan, ManagementPlan, PlannedHost } from './fleet-plan';

/**
 * What the constructs ask for, with the construct that asks. Nothing is derived here: the planner, which sees all
 * intents at once, derives and merges.
 */
interface Asked {
  /** Path of the construct. */
  readonly path: string;
}

export interface HostIntents extends Asked {
  readonly name: string;
  readonly platform: Platform;
  /** What the host has; null: nobody said. Rules look at it; the plan depends on it only where a part is left to the choosing. */
  readonly hardware: HardwareProfile | null;
  readonly connection: ConnectionPlan | null;
  readonly management: ManagementPlan | null;
  /** Where its user-data goes; null: nobody said. The plan doesn't depend on it. */
  readonly userDataPlatform: UserDataPlatform | null;
  readonly reboot: PlannedHost['reboot'];
  readonly retired: boolean;
  readonly bootParameters: readonly BootParametersIntent[];
  readonly iommus: readonly IommuIntent[];
  readonly hugepagePools: readonly HugepagePoolIntent[];
  readonly cpuPartitions: readonly CpuPartitionIntent[];
  readonly nicBindings: readonly NicBindingIntent[];
  readonly openVSwitches: readonly OpenVSwitchIntent[];
  readonly bridges: readonly BridgeIntent[];
  readonly dpdkPorts: readonly DpdkPortIntent[];
  /** What was chosen for the parts that left it open, with the reasons. */
  readonly chosen: readonly DerivedValue[];
  /** What couldn't be chosen: such a part asks for nothing. */
  readonly refusals: readonly Refusal[];
}

/**
 * A host as its constructs give it: some parts leave to the choosing (choose.ts) what they ask for, because it depends on
 * parts that may be declared later. The planner and the rules see the host with all that chosen.
 */
export interface AskedHost extends Omit<HostIntents, 'chosen' | 'refusals'> {
  readonly cpuRequests: readonly CpuRequestIntent[];
  readonly hugepageRequests: readonly HugepageRequestIntent[];
}

/** A CpuPartition whose CPUs are chosen from the host's profile. */
export interface CpuRequestIntent extends Asked {
  /** Whole cores. */
  readonly dataplaneCores: number;
  /** Whole cores. */
  readonly workloadCores: number;
  readonly isolateAtBoot: boolean;
}

/** A HugepagePool that is as large as its consumers need. */
export interface HugepageRequestIntent extends Asked {
  /** undefined: by what CPU and memory allow. */
  readonly pageSize: PageSize | undefined;
  /** MiB by NUMA node id, for consumers that no construct stands for. */
  readonly extraPerNode: ReadonlyMap<number, number>;
}

/** A value that nobody said, and why it is what it is. */
export interface DerivedValue extends Asked {
  /** `dataplane CPUs`. */
  readonly name: string;
  /** As a person would write it. */
  readonly value: string;
  readonly reason: string;
}

/** What stands in the way of a choice: a finding. */
export interface Refusal extends Asked {
  readonly of: 'cpus' | 'hugepages';
  /** A line each. */
  readonly what: readonly string[];
  readonly remedy: string;
}

export interface BootParametersIntent extends Asked {
  readonly arguments: readonly string[];
}

export interface IommuIntent extends Asked {
  /** undefined: by what the firmware says on the host (DMAR or IVRS table). */
  readonly vendor: 'intel' | 'amd' | 'arm' | undefined;
}

export interface HugepagePoolIntent extends Asked {
  readonly pageSize: PageSize;
  /** Pages by NUMA node id; or of the whole host. */
  readonly pages: { readonly perNode: ReadonlyMap<number, number> } | { readonly wholeHost: number };
  /** Of a pool that was sized by its consumers: MiB by NUMA node id that are Open vSwitch's. */
  readonly openVSwitchMib?: ReadonlyMap<number, number>;
}

export interface CpuPartitionIntent extends Asked {
  readonly housekeeping: CpuSet;
  readonly dataplane: CpuSet;
  readonly workload: CpuSet;
  /** Isolate dataplane and workload CPUs by boot arguments. */
  readonly isolateAtBoot: boolean;
  /** Nobody named these CPUs: a person can change only how many there are. */
  readonly isChosen?: true;
}

export interface NicBindingIntent extends Asked {
  readonly name: string;
  readonly address: string;
  /** null: stays on its kernel driver. */
  readonly driver: 'vfio-pci' | 'uio_pci_generic' | null;
  readonly macAddress: string | null;
  readonly device: string | null;
}

export interface OpenVSwitchIntent extends Asked {
  /** MiB by NUMA node position; undefined: derived from pools and ports. */
  readonly socketMemoryMib: readonly number[] | undefined;
  /** undefined: the dataplane CPUs of the host's CpuPartition. */
  readonly pmdCpus: CpuSet | undefined;
  /** Microseconds; undefined: Open vSwitch's default (0, never sleeps). */
  readonly pmdSleepMax: number | undefined;
  /** Further other_config, as given. */
  readonly otherConfig: Readonly<Record<string, string>>;
}

export interface BridgeIntent extends Asked {
  readonly name: string;
  /** Path of the OpenVSwitch that has the bridge. */
  readonly openVSwitch: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly gateway: IpAddress | null;
  /** Path of the bridge that carries this one's tunnels; null: it has none. */
  readonly underlay: string | null;
  /** Bytes; undefined: derived from its ports, or from its tunnels. */
  readonly mtu: number | undefined;
}

export interface DpdkPortIntent extends Asked {
  readonly name: string;
  /** Path of the bridge, and of the NIC's binding. */
  readonly bridge: string;
  readonly nic: string;
  /** Bytes. */
  readonly mtu: number;
  readonly queues: number;
}

/** A tunnel between two bridges of the stack, or from one to an end that the stack doesn't manage. */
export type TunnelIntent = ManagedTunnelIntent | UnmanagedTunnelIntent;

interface AskedTunnel extends Asked {
  readonly name: string;
  readonly encapsulation: EncapsulationIntent;
  readonly outer: OuterHeaderIntent;
}

export interface ManagedTunnelIntent extends AskedTunnel {
  readonly kind: 'managed';
  /** Paths of the two bridges. */
  readonly bridges: readonly [string, string];
  /** Of the outer header; undefined: IPv4 where both underlays have it, otherwise IPv6. */
  readonly ipVersion: 4 | 6 | undefined;
}

export interface UnmanagedTunnelIntent extends AskedTunnel {
  readonly kind: 'unmanaged';
  /** Path of the bridge. */
  readonly bridge: string;
  /** Outer address of the far end; of SRv6 the first segment. */
  readonly remoteIp: IpAddress;
  readonly localIp: IpAddress | null;
  /** Inner addresses behind the other end. */
  readonly destinations: readonly IpAddress[];
}

export interface OuterHeaderIntent {
  /** undefined: Open vSwitch's default, 64. */
  readonly ttl: number | 'inherit' | undefined;
  /** undefined: Open vSwitch's default, 0. */
  readonly dscp: number | 'inherit' | undefined;
}

/** What a tunnel puts around its packets; what is undefined is left to Open vSwitch's default. */
export type EncapsulationIntent =
  Srv6Intent | VxlanIntent | GeneveIntent | GreIntent | Ip6GreIntent | ErspanIntent | GtpuIntent;

export interface Srv6Intent {
  readonly type: 'srv6';
  /** null: the far end alone. */
  readonly segments: SegmentList | null;
  /** Outer source of the peer's packets, where it isn't remoteIp. */
  readonly receiveFrom: IpAddress | null;
}

/** Ethernet frames, or IP packets without an Ethernet header. */
export type PayloadIntent = 'ethernet' | 'ip';

export interface VxlanIntent {
  readonly type: 'vxlan';
  readonly vni: number;
  readonly udpPort: number | undefined;
  readonly checksum: boolean | undefined;
  readonly payload: PayloadIntent;
}

export interface GeneveIntent {
  readonly type: 'geneve';
  readonly vni: number;
  readonly udpPort: number | undefined;
  readonly checksum: boolean | undefined;
}

interface GreFields {
  /** undefined: there is no key field in the header. */
  readonly key: number | undefined;
  readonly checksum: boolean;
  readonly sequenceNumbers: boolean;
}

export interface GreIntent extends GreFields {
  readonly type: 'gre';
  readonly payload: PayloadIntent;
}

export interface Ip6GreIntent extends GreFields {
  readonly type: 'ip6gre';
}

export interface ErspanIntent {
  readonly type: 'erspan';
  readonly sessionId: number;
  readonly version:
    | { readonly number: 1; readonly index: number }
    | { readonly number: 2; readonly direction: 'ingress' | 'egress'; readonly hardwareId: number };
}

export interface GtpuIntent {
  readonly type: 'gtpu';
  /** Of packets that come in; of those that go out as well, where the far end has no other. */
  readonly teid: number;
  readonly remoteTeid: number | undefined;
  readonly udpPort: number | undefined;
}

export interface FleetIntents {
  readonly hosts: readonly HostIntents[];
  readonly tunnels: readonly TunnelIntent[];
  /** Most hosts in one batch; undefined: no bound but that the ends of a tunnel are never in the same. */
  readonly batchSize: number | undefined;
}
