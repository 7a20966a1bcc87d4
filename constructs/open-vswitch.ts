import type { Construct } from 'constructs';
import { CpuSet } from '../src/values/cpu-set';
import { HostPart } from './host-part';
import { markAs } from './kind';
import { OvsBridge, type OvsBridgeOptions } from './ovs-bridge';
import { integer, list, object, readProps, record, text, value } from './props';

export interface OpenVSwitchProps {
  /**
   * MiB of hugepages that DPDK takes at start, by NUMA node: `[1024, 1024]`.
   * @default derived: what the ports' buffers need at their MTU, on each node that has a pool, in whole pages
   */
  readonly socketMemory?: readonly number[];
  /** CPUs of the poll mode drivers, as a Linux CPU list. @default the dataplane CPUs of the host's CpuPartition */
  readonly pmdCpus?: string;
  /** Microseconds that an idle poll mode driver may sleep, 0 to 10000; 0 never. Needs Open vSwitch 3.2. @default Open vSwitch's (0) */
  readonly pmdSleepMax?: number;
  /** Further keys of `other_config`, as Open vSwitch documents them (vswitch.xml). They go before what is derived. @default none */
  readonly otherConfig?: Readonly<Record<string, string>>;
}

const schema = object({
  socketMemory: list('MiB by NUMA node like [1024, 1024]', integer('MiB', 0, 16777216), 1).optional(),
  pmdCpus: value(CpuSet.of, "a CPU list like '2-5,34-37'").optional(),
  pmdSleepMax: integer('microseconds', 0, 10000).optional(),
  otherConfig: record(
    "keys of lower-case letters, digits and hyphens, for example { 'n-handler-threads': '2' }",
    (key) => /^[a-z0-9-]+$/.test(key),
    text('text without line breaks', /^\P{Cc}*$/u),
  ).optional(),
});

/**
 * Open vSwitch with its userspace datapath and DPDK: packages, the drivers that the NICs need, memory, CPUs.
 * Source: Open vSwitch, vswitchd/vswitch.xml and Documentation/intro/install/dpdk.rst.
 */
export class OpenVSwitch extends HostPart {
  constructor(scope: Construct, id: string, props: OpenVSwitchProps = {}) {
    super(scope, id);
    markAs('OpenVSwitch', this);
    const read = readProps(this, schema, props);
    if (!read) return;
    this.host._add('openVSwitches', {
      path: this.node.path,
      socketMemoryMib: read.socketMemory,
      pmdCpus: read.pmdCpus,
      pmdSleepMax: read.pmdSleepMax,
      otherConfig: read.otherConfig ?? {},
    });
  }

  /** A bridge on this Open vSwitch. */
  addBridge(id: string, options: OvsBridgeOptions = {}): OvsBridge {
    return new OvsBridge(this, id, { ...options, openVSwitch: this });
  }
}
