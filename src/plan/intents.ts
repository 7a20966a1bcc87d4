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
  /** What the host has; null: nobody said. Rules look at it, the plan doesn't depend on it. */
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
}

export interface CpuPartitionIntent extends Asked {
  readonly housekeeping: CpuSet;
  readonly dataplane: CpuSet;
  readonly workload: CpuSet;
  /** Isolate dataplane and workload CPUs by boot arguments. */
  readonly isolateAtBoot: boolean;
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
export type Srv6TunnelIntent = ManagedTunnelIntent | UnmanagedTunnelIntent;

export interface ManagedTunnelIntent extends Asked {
  readonly name: string;
  readonly kind: 'managed';
  /** Paths of the two bridges. */
  readonly bridges: readonly [string, string];
}

export interface UnmanagedTunnelIntent extends Asked {
  readonly name: string;
  readonly kind: 'unmanaged';
  /** Path of the bridge. */
  readonly bridge: string;
  /** First segment. */
  readonly remoteIp: IpAddress;
  readonly localIp: IpAddress | null;
  readonly segments: SegmentList;
  /** Outer source of the peer's packets, where it isn't remoteIp. */
  readonly receiveFrom: IpAddress | null;
  /** Inner addresses behind the other end. */
  readonly destinations: readonly IpAddress[];
}

export interface FleetIntents {
  readonly hosts: readonly HostIntents[];
  readonly tunnels: readonly Srv6TunnelIntent[];
  /** Most hosts in one batch; undefined: no bound but that the ends of a tunnel are never in the same. */
  readonly batchSize: number | undefined;
}
