import type { Construct } from 'constructs';
import { CpuSet } from '../src/values/cpu-set';
import { ValueError } from '../src/values/value-error';
import { HostPart } from './host-part';
import { choice, integer, object, readProps, value } from './props';

/** Are the dataplane's and the workloads' CPUs kept free of everything else? */
export enum CpuIsolation {
  /** By boot arguments: isolcpus, nohz_full, rcu_nocbs, irqaffinity, systemd.cpu_affinity. */
  AT_BOOT = 'at-boot',
  /** Not at all: the sets only say where the poll mode drivers run. */
  NONE = 'none',
}

export interface CpuPartitionProps {
  /** CPUs of the system, its services and its interrupts, as a Linux CPU list: `0-1,32-33`. At least one. */
  readonly housekeeping: string;
  /** CPUs of the poll mode drivers. They become Open vSwitch's `pmd-cpu-mask`. @default none */
  readonly dataplane?: string;
  /** CPUs of virtual machines and other consumers, isolated as well. @default none */
  readonly workload?: string;
  /** @default CpuIsolation.AT_BOOT */
  readonly isolation?: CpuIsolation;
}

export interface CpuPartitionAutoProps {
  /** Whole cores, with all their SMT siblings, for the poll mode drivers. 1 to 8192. They become Open vSwitch's `pmd-cpu-mask`. */
  readonly dataplaneCores: number;
  /** Whole cores for virtual machines and other consumers, isolated as well. 0 to 8192. @default 0 */
  readonly workloadCores?: number;
  /** @default CpuIsolation.AT_BOOT */
  readonly isolation?: CpuIsolation;
}

const EXPECTED = "a CPU list like '2-5,34-37'";
const cpus = value(CpuSet.of, EXPECTED);
const schema = object({
  housekeeping: value((list) => {
    const set = CpuSet.of(list);
    if (set.size === 0) throw new ValueError("at least one CPU, as a CPU list like '0-1'", list);
    return set;
  }, EXPECTED),
  dataplane: cpus.optional(),
  workload: cpus.optional(),
  isolation: choice('CpuIsolation', CpuIsolation).optional(),
});

const MOST_CORES = 8192;
const autoSchema = object({
  dataplaneCores: integer('whole cores', 1, MOST_CORES),
  workloadCores: integer('whole cores', 0, MOST_CORES).optional(),
  isolation: choice('CpuIsolation', CpuIsolation).optional(),
});

/** What `auto` gives to the constructor; nobody else can make one. */
class Automatic {
  constructor(readonly props: CpuPartitionAutoProps) {}
}

/**
 * Divides the CPUs of a host. A poll mode driver takes its whole CPU, so nothing else may run there.
 * Source: kernel, Documentation/admin-guide/cpu-isolation.rst; DPDK, linux_gsg/enable_func.rst.
 */
export class CpuPartition extends HostPart {
  /**
   * A partition whose CPUs are chosen from the host's `hardware` when the stack is planned, so that NICs may be declared
   * after it. Poll mode drivers get whole cores of the NUMA nodes of the NICs that the host binds, on each as many as it has
   * NICs in proportion; performance cores before efficiency cores. Workloads get whole cores from where the most are left.
   * All other CPUs are housekeeping: CPU 0's core, and on each node with CPUs at least one whole core.
   * The same stack and profile always give the same CPUs; summary.txt and index.json say which, and why.
   *
   * Without a profile that says the cores, or where there are too few, it is an error (`cpus/auto-choice`).
   */
  static auto(scope: Construct, id: string, props: CpuPartitionAutoProps): CpuPartition {
    return new CpuPartition(scope, id, new Automatic(props));
  }

  private readonly given: CpuSets | undefined;

  constructor(scope: Construct, id: string, props: CpuPartitionProps | Automatic) {
    super(scope, id);
    const isAutomatic = props instanceof Automatic;
    this.given = isAutomatic ? undefined : this.fromProps(props);
    if (isAutomatic) this.request(props.props);
  }

  /** CPUs of the system. Of an automatic partition: as chosen for what the stack has so far, none where it can't be. */
  get housekeeping(): CpuSet {
    return this.sets.housekeeping;
  }

  /** CPUs of the poll mode drivers. Of an automatic partition: as chosen for what the stack has so far, none where it can't be. */
  get dataplane(): CpuSet {
    return this.sets.dataplane;
  }

  /** CPUs of other consumers. Of an automatic partition: as chosen for what the stack has so far, none where it can't be. */
  get workload(): CpuSet {
    return this.sets.workload;
  }

  private get sets(): CpuSets {
    return this.given ?? this.host._chosen?.cpuPartitions.find(({ path }) => path === this.node.path) ?? NONE;
  }

  private fromProps(props: CpuPartitionProps): CpuSets {
    const read = readProps(this, schema, props);
    if (!read) return NONE;
    const { housekeeping, dataplane = CpuSet.EMPTY, workload = CpuSet.EMPTY } = read;
    const sets = { housekeeping, dataplane, workload };
    const isolateAtBoot = read.isolation !== CpuIsolation.NONE;
    this.host._add('cpuPartitions', { path: this.node.path, ...sets, isolateAtBoot });
    return sets;
  }

  private request(props: CpuPartitionAutoProps): void {
    const read = readProps(this, autoSchema, props);
    if (!read) return;
    this.host._add('cpuRequests', {
      path: this.node.path,
      dataplaneCores: read.dataplaneCores,
      workloadCores: read.workloadCores ?? 0,
      isolateAtBoot: read.isolation !== CpuIsolation.NONE,
    });
  }
}

interface CpuSets {
  readonly housekeeping: CpuSet;
  readonly dataplane: CpuSet;
  readonly workload: CpuSet;
}

const NONE: CpuSets = { housekeeping: CpuSet.EMPTY, dataplane: CpuSet.EMPTY, workload: CpuSet.EMPTY };
