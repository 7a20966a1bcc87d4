/** Version as the distribution ships it, compared by its numbers. */
export type Version = readonly [major: number, minor: number];

export interface PlatformFacts {
  readonly id: string;
  readonly name: string;
  readonly kernel: Version;
  readonly openVSwitch: Version;
  readonly dpdk: Version;
}

/**
 * A distribution, and what it offers to a dataplane host.
 * Source of the versions: the distributions' package archives (facts of 2026-11).
 */
export class Platform {
  static readonly DEBIAN_12 = new Platform({
    id: 'debian-12',
    name: 'Debian 12',
    kernel: [6, 1],
    openVSwitch: [3, 1],
    dpdk: [22, 11],
  });
  static readonly DEBIAN_13 = new Platform({
    id: 'debian-13',
    name: 'Debian 13',
    kernel: [6, 12],
    openVSwitch: [3, 5],
    dpdk: [24, 11],
  });
  static readonly UBUNTU_22_04 = new Platform({
    id: 'ubuntu-22.04',
    name: 'Ubuntu 22.04',
    kernel: [5, 15],
    openVSwitch: [2, 17],
    dpdk: [21, 11],
  });
  static readonly UBUNTU_24_04 = new Platform({
    id: 'ubuntu-24.04',
    name: 'Ubuntu 24.04',
    kernel: [6, 8],
    openVSwitch: [3, 3],
    dpdk: [23, 11],
  });

  static readonly ALL: readonly Platform[] = [
    Platform.DEBIAN_12,
    Platform.DEBIAN_13,
    Platform.UBUNTU_22_04,
    Platform.UBUNTU_24_04,
  ];

  private constructor(private readonly facts: PlatformFacts) {}

  get id(): string {
    return this.facts.id;
  }

  get name(): string {
    return this.facts.name;
  }

  get openVSwitchVersion(): string {
    return this.facts.openVSwitch.join('.');
  }

  get kernelVersion(): string {
    return this.facts.kernel.join('.');
  }

  /** Is its Open vSwitch this version, or newer? */
  hasOpenVSwitch(version: Version): boolean {
    return atLeast(this.facts.openVSwitch, version);
  }

  /** `pmd-sleep-max` came with Open vSwitch 3.2 (NEWS 3.2). */
  get hasPmdSleep(): boolean {
    return atLeast(this.facts.openVSwitch, [3, 2]);
  }

  /** `hugepages=<node>:<count>,…` came with Linux 5.16 (commit b5389086ad7b). */
  get hasHugepagesPerNodeAtBoot(): boolean {
    return atLeast(this.facts.kernel, [5, 16]);
  }

  /** Hugepage sizes of the x86-64 kernel. */
  get hugepageSizesKib(): readonly number[] {
    return [1048576, 2048];
  }

  /** What Open vSwitch with DPDK is called here. */
  get openVSwitchDpdk(): OpenVSwitchPackaging {
    return {
      packages: ['openvswitch-switch-dpdk'],
      alternative: { name: 'ovs-vswitchd', path: '/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk' },
      service: 'openvswitch-switch.service',
      daemonService: 'ovs-vswitchd.service',
      // DPDK's drivers are packages of their own that openvswitch-switch-dpdk only recommends, or doesn't name at all.
      dpdkLibraries: ['librte-bus-pci', 'librte-mempool-ring'],
    };
  }

  toString(): string {
    return this.name;
  }
}

export interface OpenVSwitchPackaging {
  readonly packages: readonly string[];
  readonly alternative: { readonly name: string; readonly path: string };
  readonly service: string;
  readonly daemonService: string;
  /** Package names without the ABI number that the distribution appends. */
  readonly dpdkLibraries: readonly string[];
}

function atLeast(version: Version, floor: Version): boolean {
  return version[0] > floor[0] || (version[0] === floor[0] && version[1] >= floor[1]);
}
