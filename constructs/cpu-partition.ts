import type { Construct } from 'constructs';
import { CpuSet } from '../src/values/cpu-set';
import { ValueError } from '../src/values/value-error';
import { HostPart } from './host-part';
import { choice, object, readProps, value } from './props';

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

/**
 * Divides the CPUs of a host. A poll mode driver takes its whole CPU, so nothing else may run there.
 * Source: kernel, Documentation/admin-guide/cpu-isolation.rst; DPDK, linux_gsg/enable_func.rst.
 */
export class CpuPartition extends HostPart {
  readonly housekeeping: CpuSet;
  readonly dataplane: CpuSet;
  readonly workload: CpuSet;

  constructor(scope: Construct, id: string, props: CpuPartitionProps) {
    super(scope, id);
    const read = readProps(this, schema, props);
    this.housekeeping = read?.housekeeping ?? CpuSet.EMPTY;
    this.dataplane = read?.dataplane ?? CpuSet.EMPTY;
    this.workload = read?.workload ?? CpuSet.EMPTY;
    if (!read) return;
    this.host._add('cpuPartitions', {
      path: this.node.path,
      housekeeping: this.housekeeping,
      dataplane: this.dataplane,
      workload: this.workload,
      isolateAtBoot: read.isolation !== CpuIsolation.NONE,
    });
  }
}
