/**
 * What one host is to be: plain JSON, the only thing that artifacts and the on-host agent read.
 *
 * Canonical: keys are written in code-point order, lists are in the order in which the agent works through
 * them. Equal plans are equal bytes. The agent refuses a `version` that it doesn't know.
 */
export interface HostPlan {
  readonly version: 1;
  readonly host: HostIdentity;
  /** The host is to be given back: the agent undoes everything, whatever the stages below say. */
  readonly retired: boolean;
  /** The agent's modules that this plan needs; what a host doesn't use isn't run on it. */
  readonly agentModules: readonly AgentModule[];
  readonly stages: Stages;
  /** SHA-256 (hex) of each stage's canonical JSON: a change names the stage that it touches. */
  readonly digests: Readonly<Record<StageName, string>>;
}

export interface HostIdentity {
  /** The host's name in every artifact: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Path of the DataplaneHost construct, for messages. */
  readonly path: string;
  /** Id of the platform that the plan was made for, for example `debian-13`. */
  readonly platform: string;
}

/** Modules of the agent (src/agent/dataplane_host/<name>.py) that a plan may need; all others are always used. */
export const AGENT_MODULES = [
  'packages',
  'boot',
  'hugepages',
  'nics',
  'guard',
  'openvswitch',
  'network',
  'inspect',
] as const;
export type AgentModule = (typeof AGENT_MODULES)[number];

/** In the order in which they are applied. A reboot, where one is needed, comes after `boot`. */
export const STAGE_NAMES = ['packages', 'boot', 'devices', 'dataplane', 'network'] as const;
export type StageName = (typeof STAGE_NAMES)[number];

export interface Stages {
  readonly packages: PackagesStage;
  readonly boot: BootStage;
  readonly devices: DevicesStage;
  readonly dataplane: DataplaneStage;
  readonly network: NetworkStage;
}

export interface PackagesStage {
  readonly packages: readonly PackageRequest[];
}

/**
 * `name`: exactly this package.
 * `prefix`: the package whose name is the prefix plus the ABI number that the distribution has
 * (`librte-net-e1000` is `librte-net-e1000-25` on Debian 13, `librte-net-ice` is `librte-net-ice25`).
 * `driverOf`: the prefix is found on the host: by the kernel driver that has (or, by the agent's own record,
 * had) the device at this PCI address.
 */
export type PackageRequest =
  | { readonly name: string }
  | { readonly prefix: string }
  | { readonly driverOf: string; readonly prefixByKernelDriver: Readonly<Record<string, string>> };

export interface BootStage {
  /** In this order on the kernel command line; repeated keys (`hugepagesz=`) are meant. */
  readonly arguments: readonly BootArgument[];
  /** Kernel modules loaded at each boot and now. */
  readonly modules: readonly string[];
}

export interface BootArgument {
  readonly text: string;
  /** Only where /sys/firmware/acpi/tables has this table: DMAR (Intel VT-d) or IVRS (AMD-Vi). */
  readonly whenAcpiTable?: 'DMAR' | 'IVRS';
  /** Only where the machine (`uname -m`) is this one. */
  readonly whenMachine?: 'x86_64' | 'aarch64';
}

export interface DevicesStage {
  readonly hugepages: readonly HugepageRequest[];
  readonly nics: readonly NicRequest[];
}

export interface HugepageRequest {
  readonly pageSizeKib: number;
  /** NUMA node id; null: the whole host, on whichever nodes the kernel takes them. */
  readonly node: number | null;
  /** Pages, at least. The host having more of its own is no fault. */
  readonly count: number;
}

export interface NicRequest {
  /** Name of the binding in the stack, for messages. */
  readonly name: string;
  /** PCI address, canonical: `0000:03:00.0`. */
  readonly address: string;
  /** Driver to bind; null: keep the kernel driver that the device has. */
  readonly driver: 'vfio-pci' | 'uio_pci_generic' | null;
  /** Refuse a device with another MAC, `aa:bb:cc:dd:ee:ff`; null: not checked. */
  readonly macAddress: string | null;
  /** Refuse a device with another vendor:device, `8086:10d3`; null: not checked. */
  readonly device: string | null;
}

export interface DataplaneStage {
  readonly openVSwitch: OpenVSwitchPlan | null;
}

export interface OpenVSwitchPlan {
  /** Open vSwitch is to have DPDK initialised. */
  readonly dpdk: boolean;
  /** update-alternatives --set, where the distribution ships more than one daemon. */
  readonly alternative: { readonly name: string; readonly path: string } | null;
  /** The unit to restart, and the unit whose activity shows that the daemon runs. */
  readonly service: string;
  readonly daemonService: string;
  /** Open_vSwitch other_config, every value as text. */
  readonly otherConfig: Readonly<Record<string, string>>;
  /** The keys of otherConfig that are read only when the daemon starts. */
  readonly restartKeys: readonly string[];
  readonly bridges: readonly BridgePlan[];
}

export interface BridgePlan {
  readonly name: string;
  /** other_config:hwaddr; null: Open vSwitch takes the lowest MAC of its ports (the NIC's). */
  readonly hardwareAddress: string | null;
  readonly failMode: 'standalone' | 'secure';
  readonly ports: readonly PortPlan[];
}

export interface PortPlan {
  readonly name: string;
  /** Interface type: `dpdk`, `srv6` … */
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  readonly otherConfig: Readonly<Record<string, string>>;
  /** mtu_request in bytes; null: not set. */
  readonly mtuRequest: number | null;
  /** ofport_request; null: any. */
  readonly openFlowPort: number | null;
}

export interface NetworkStage {
  readonly sysctls: Readonly<Record<string, string>>;
  readonly links: readonly LinkPlan[];
  readonly routes: readonly RoutePlan[];
  readonly neighbours: readonly NeighbourPlan[];
  readonly flows: readonly FlowPlan[];
}

export interface LinkPlan {
  readonly name: string;
  /** Bytes; null: left as it is. */
  readonly mtu: number | null;
  /** With prefix length, `fc00::1/64`, in canonical text form. Added; others on the link are left alone. */
  readonly addresses: readonly string[];
}

export interface RoutePlan {
  readonly destination: string;
  /** Gateway; null: on the link. */
  readonly via: string | null;
  readonly device: string;
}

/** A permanent neighbour: a layer-3 tunnel carries no ARP and no neighbour discovery. */
export interface NeighbourPlan {
  readonly address: string;
  readonly hardwareAddress: string;
  readonly device: string;
}

/** One OpenFlow flow. All of ours carry `cookie`; flows with another cookie are never touched. */
export interface FlowPlan {
  readonly bridge: string;
  /** 64-bit, `0x…`. */
  readonly cookie: string;
  readonly table: number;
  readonly priority: number;
  /** As ovs-ofctl writes it, without spaces; port names are allowed. Empty: matches everything. */
  readonly match: string;
  readonly actions: string;
}
