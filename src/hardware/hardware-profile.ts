import { CpuSet } from '../values/cpu-set';
import type { MacAddress } from '../values/mac-address';
import type { PageSize } from '../values/page-size';
import { PciAddress } from '../values/pci-address';
import { cpuVendor, type Cpu, type CpuCore, type CpuVendor } from './cpus';
import { Nic } from './nic';
import { hugepageCounts, NumaNode, sameSize, type HugepageCount } from './numa-node';
import { canonicalJson } from '../values/canonical-json';
import type { CpuDocument, ProfileDocument } from './profile-document';
import { readFiles, readJson, readTexts, type NamedText, type ReadOptions } from './read-profile';
import { isKnown, mapKnown, orUnknown, UNKNOWN, type OrUnknown } from './unknown';

/** What a distribution says of itself in os-release; null: it doesn't. */
export interface Distribution {
  readonly id: OrUnknown<string | null>;
  readonly version: OrUnknown<string | null>;
  readonly name: OrUnknown<string | null>;
  /** Those that it is like: `debian` for Ubuntu. */
  readonly like: OrUnknown<readonly string[]>;
}

export type BootLoader = 'grub' | 'grub-bls' | 'systemd-boot' | 'unified-kernel-image' | 'ostree' | 'zipl';
export type Firmware = 'uefi' | 'bios' | 'device-tree';
/** Whose tables the firmware has: Intel VT-d (DMAR), AMD-Vi (IVRS), Arm SMMU (IORT). */
export type IommuKind = 'intel' | 'amd' | 'arm';

/**
 * What one host has: an immutable value, made from what `dataplane-host inspect` prints, or from what people have
 * already. Each answer may be `UNKNOWN`: no reader knows everything (docs/hardware-profiles.md says who knows what).
 *
 *     const hardware = HardwareProfile.fromFile('hardware/edge-1.json');
 *     const cpus = hardware.cpusOf(0);
 *     if (isKnown(cpus)) console.log(`node 0 has the CPUs ${cpus}`);
 */
export class HardwareProfile {
  /** What it was made from, for messages: `hardware/edge-1.json (dataplane-host inspect)`. */
  readonly source: string;
  readonly hostName: OrUnknown<string>;
  /** Made by root; otherwise not all of the management could be seen. */
  readonly privileged: OrUnknown<boolean>;
  /** As `uname -m` says it: `x86_64`, `aarch64`. */
  readonly architecture: OrUnknown<string>;
  readonly kernelRelease: OrUnknown<string>;
  readonly kernelArguments: OrUnknown<readonly string[]>;
  readonly distribution: Distribution;
  readonly firmware: OrUnknown<Firmware>;
  readonly secureBoot: OrUnknown<boolean>;
  readonly bootLoader: OrUnknown<BootLoader>;

  readonly cpuModel: OrUnknown<string>;
  readonly cpuVendor: OrUnknown<CpuVendor>;
  readonly cpuFlags: OrUnknown<ReadonlySet<string>>;
  readonly sockets: OrUnknown<number>;
  /** The CPUs that can be used: those that are online. */
  readonly cpus: OrUnknown<CpuSet>;
  /** Those that are there and not online. */
  readonly offlineCpus: OrUnknown<CpuSet>;
  /** What `isolcpus=` did on the running kernel. */
  readonly isolatedCpus: OrUnknown<CpuSet | null>;
  /** Whole cores of the CPUs that are online, by their lowest CPU; unknown where one CPU's siblings are. */
  readonly cores: OrUnknown<readonly CpuCore[]>;

  /** false: the kernel knows no NUMA; `nodes` is then the one node 0 that programs like DPDK take instead. */
  readonly hasNuma: OrUnknown<boolean>;
  /** By id; ids may have gaps, and a node may have no CPU or no memory. */
  readonly nodes: OrUnknown<readonly NumaNode[]>;
  /** KiB of the whole host, less what the kernel took at boot. */
  readonly memoryKib: OrUnknown<number>;
  /** Sizes that CPU and kernel support, the largest first. */
  readonly pageSizes: OrUnknown<readonly PageSize[]>;
  /** Of the whole host, when the profile was made. */
  readonly hugepages: OrUnknown<readonly HugepageCount[]>;

  /** An IOMMU is in force: devices are in groups. */
  readonly iommuEnabled: OrUnknown<boolean>;
  /** What the firmware offers, in force or not; null: nothing by ACPI. */
  readonly iommuKind: OrUnknown<IommuKind | null>;
  /** Those that are known. */
  readonly nics: OrUnknown<readonly Nic[]>;
  /** `nics` has every NIC of the host: one that isn't among them isn't there. */
  readonly nicsComplete: boolean;

  private readonly byCpu: ReadonlyMap<number, Cpu>;

  private constructor(
    private readonly document: ProfileDocument,
    file: string,
  ) {
    const { cpu, kernel, boot, memory, iommu, distribution } = document;
    this.source = [file, document.source === undefined ? '' : `(${document.source})`]
      .filter((part) => part !== '')
      .join(' ');
    this.hostName = orUnknown(document.hostName);
    this.privileged = orUnknown(document.privileged);
    this.architecture = orUnknown(kernel?.machine);
    this.kernelRelease = orUnknown(kernel?.release);
    this.kernelArguments = orUnknown(kernel?.arguments);
    this.distribution = Object.freeze({
      id: orUnknown(distribution?.id),
      version: orUnknown(distribution?.version),
      name: orUnknown(distribution?.name),
      like: orUnknown(distribution?.like),
    });
    this.firmware = orUnknown(boot?.firmware);
    this.secureBoot = orUnknown(boot?.secureBoot);
    this.bootLoader = orUnknown(boot?.loader);

    this.cpuModel = orUnknown(cpu?.model);
    this.cpuVendor = mapKnown(orUnknown(cpu?.vendor), cpuVendor);
    this.cpuFlags = mapKnown(orUnknown(cpu?.flags), (flags) => new Set(flags));
    this.sockets = orUnknown(cpu?.sockets);
    this.cpus = cpuSet(cpu?.online);
    this.offlineCpus = mapKnown(cpuSet(cpu?.present), (present) =>
      mapKnown(this.cpus, (online) => without(present, online)),
    );
    this.isolatedCpus = cpu?.isolated === null ? null : cpuSet(cpu?.isolated);
    this.byCpu = new Map((cpu?.cpus ?? []).map((one) => [one.id, toCpu(one)]));

    this.hasNuma = mapKnown(orUnknown(document.nodes), (nodes) => nodes.length > 0);
    this.nodes = mapKnown(orUnknown(document.nodes), (nodes) => {
      if (nodes.length === 0) {
        return [
          new NumaNode(
            {
              id: 0,
              cpus: cpu?.online,
              memoryKib: memory?.totalKib,
              distances: [10],
              hugepages: memory?.hugepages,
            },
            [0],
          ),
        ];
      }
      const sorted = [...nodes].sort((a, b) => a.id - b.id);
      const ids = sorted.map(({ id }) => id);
      return Object.freeze(sorted.map((node) => new NumaNode(node, ids)));
    });
    this.cores = this.wholeCores();
    this.memoryKib = orUnknown(memory?.totalKib);
    this.hugepages = mapKnown(orUnknown(memory?.hugepages), hugepageCounts);
    this.pageSizes = mapKnown(this.hugepages, (counts) => counts.map(({ pageSize }) => pageSize));
    this.iommuEnabled = orUnknown(iommu?.enabled);
    this.iommuKind = mapKnown(orUnknown(iommu?.acpiTables), (tables) =>
      tables.includes('DMAR')
        ? 'intel'
        : tables.includes('IVRS')
          ? 'amd'
          : tables.includes('IORT')
            ? 'arm'
            : null,
    );
    this.nics = mapKnown(orUnknown(document.nics), (nics) => Object.freeze(nics.map((nic) => new Nic(nic))));
    this.nicsComplete = document.nicsComplete ?? false;
    Object.freeze(this);
  }

  /**
   * From one file, or from several that each know a part of the same host: what `dataplane-host inspect` printed;
   * `lscpu`, `lscpu -J`, `lscpu -e` (also with -J), `lscpu -p`; `lspci -nnvmmk`; `numactl -H`; a machine as MAAS
   * gives it in JSON; an SriovNetworkNodeState in YAML or JSON. Which one a file is, its text says.
   *
   * @throws ProfileError with all that is wrong with the files
   */
  static fromFile(path: string | readonly string[], options: ReadOptions = {}): HardwareProfile {
    return HardwareProfile.made(readFiles([path].flat(), options));
  }

  /**
   * From texts instead of files.
   *
   * @throws ProfileError with all that is wrong with the texts
   */
  static fromText(
    text: string | NamedText | readonly (string | NamedText)[],
    options: ReadOptions = {},
  ): HardwareProfile {
    return HardwareProfile.made(readTexts([text].flat(), options));
  }

  /**
   * From a value as `dataplane-host inspect` prints it (docs/hardware-profile.schema.json).
   *
   * @throws ProfileError with all that is wrong with the value
   */
  static fromJson(value: unknown, name = ''): HardwareProfile {
    return HardwareProfile.made(readJson(value, name));
  }

  private static made({ document, file }: { document: ProfileDocument; file: string }): HardwareProfile {
    return new HardwareProfile(document, file);
  }

  /** The CPU; null: the host has none of this number. */
  cpu(id: number): OrUnknown<Cpu | null> {
    const found = this.byCpu.get(id);
    if (found) return found;
    const { cpus, offlineCpus } = this;
    if (!isKnown(cpus)) return UNKNOWN;
    if (cpus.cpus.includes(id)) return toCpu({ id, online: true });
    if (isKnown(offlineCpus)) return offlineCpus.cpus.includes(id) ? toCpu({ id, online: false }) : null;
    return UNKNOWN;
  }

  /** The SMT threads of its core that are online, itself included. */
  siblingsOf(cpu: number): OrUnknown<CpuSet> {
    return this.byCpu.get(cpu)?.siblings ?? UNKNOWN;
  }

  /** The CPUs with all their siblings; unknown where one CPU's are. */
  withSiblings(cpus: CpuSet): OrUnknown<CpuSet> {
    const sets = cpus.cpus.map((cpu) => this.siblingsOf(cpu));
    return sets.every(isKnown) ? sets.reduce((all, set) => all.union(set), cpus) : UNKNOWN;
  }

  /** The node's number. */
  nodeOf(cpu: number): OrUnknown<number> {
    const own = this.byCpu.get(cpu)?.node ?? UNKNOWN;
    if (isKnown(own) || !isKnown(this.nodes)) return own;
    // Firmware may put a CPU into several nodes: then nobody knows where it is.
    const holders = this.nodes.filter(({ cpus }) => isKnown(cpus) && cpus.cpus.includes(cpu));
    const [only, ...others] = holders;
    return only && others.length === 0 ? only.id : UNKNOWN;
  }

  /** null: the host has no node of this number. */
  node(id: number): OrUnknown<NumaNode | null> {
    return mapKnown(this.nodes, (nodes) => nodes.find((node) => node.id === id) ?? null);
  }

  /** The node's CPUs that are online; none where there is no such node. */
  cpusOf(node: number): OrUnknown<CpuSet> {
    return mapKnown(this.node(node), (found) => (found === null ? CpuSet.EMPTY : found.cpus));
  }

  /** Whole cores of a node, by their lowest CPU. */
  coresOf(node: number): OrUnknown<readonly CpuCore[]> {
    return mapKnown(this.cores, (cores) =>
      cores.every((core) => isKnown(core.node)) ? cores.filter((core) => core.node === node) : UNKNOWN,
    );
  }

  supports(size: PageSize): OrUnknown<boolean> {
    return mapKnown(this.pageSizes, (sizes) => sizes.some((one) => sameSize(one, size)));
  }

  /** The NIC at a PCI address; null: the host has none there. */
  nic(address: PciAddress | string): OrUnknown<Nic | null> {
    const wanted = (typeof address === 'string' ? PciAddress.parse(address) : address).toString();
    return mapKnown(this.nics, (nics) => {
      const found = nics.find((nic) => isKnown(nic.address) && nic.address.toString() === wanted);
      if (found) return found;
      return this.nicsComplete && nics.every((nic) => isKnown(nic.address)) ? null : UNKNOWN;
    });
  }

  /** The NICs that have this MAC address (two ports may share one); empty: the host has none. */
  nicsWithMac(address: MacAddress): OrUnknown<readonly Nic[]> {
    return this.nicsWhere((nic) =>
      mapKnown(nic.macAddresses, (all) => all.some((one) => one.toString() === address.toString())),
    );
  }

  /** The NICs with an interface of this name; empty: the host has none. */
  nicsNamed(name: string): OrUnknown<readonly Nic[]> {
    return this.nicsWhere((nic) => nic.isNamed(name));
  }

  private nicsWhere(holds: (nic: Nic) => OrUnknown<boolean>): OrUnknown<readonly Nic[]> {
    return mapKnown(this.nics, (nics) => {
      const answers = nics.map((nic) => [nic, holds(nic)] as const);
      const found = answers.flatMap(([nic, answer]) => (answer === true ? [nic] : []));
      if (found.length > 0) return found;
      return this.nicsComplete && answers.every(([, answer]) => isKnown(answer)) ? [] : UNKNOWN;
    });
  }

  /** The document behind it, in canonical text: what `fromFile` reads again. */
  toText(): string {
    return `${canonicalJson(this.document, 1)}\n`;
  }

  private wholeCores(): OrUnknown<readonly CpuCore[]> {
    if (!isKnown(this.cpus)) return UNKNOWN;
    const online = new Set(this.cpus.cpus);
    const cores: CpuCore[] = [];
    const taken = new Set<number>();
    for (const id of this.cpus.cpus) {
      const cpu = this.byCpu.get(id);
      if (!cpu || !isKnown(cpu.siblings)) return UNKNOWN;
      if (taken.has(id)) continue;
      const cpus = CpuSet.ofCpus(cpu.siblings.cpus.filter((sibling) => online.has(sibling)));
      for (const sibling of cpus.cpus) taken.add(sibling);
      cores.push(
        Object.freeze({
          cpus,
          node: this.nodeOf(id),
          socket: cpu.socket,
          capacity: cpu.capacity,
          kind: cpu.kind,
        }),
      );
    }
    return Object.freeze(cores);
  }
}

function cpuSet(list: string | null | undefined): OrUnknown<CpuSet> {
  return list == null ? UNKNOWN : CpuSet.of(list);
}

function without(set: CpuSet, others: CpuSet): CpuSet {
  const gone = new Set(others.cpus);
  return CpuSet.ofCpus(set.cpus.filter((cpu) => !gone.has(cpu)));
}

function toCpu(document: CpuDocument): Cpu {
  return Object.freeze({
    id: document.id,
    online: orUnknown(document.online),
    node: orUnknown(document.node),
    socket: orUnknown(document.socket),
    siblings: cpuSet(document.siblings),
    capacity: orUnknown(document.capacity),
    kind: orUnknown(document.kind),
  });
}
