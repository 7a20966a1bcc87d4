import type { HostIntents } from './intents';
import { CpuSet } from '../values/cpu-set';

/** The CPUs of the poll mode drivers, and who says so. */
export interface PmdCpus {
  readonly cpus: CpuSet;
  /** Path of the construct, and its prop. */
  readonly path: string;
  readonly prop: string;
  /** How to change them: a prop's CPUs, or how many cores are chosen. */
  readonly isChosen: boolean;
}

/** As the plan takes them: otherConfig before pmdCpus before the CpuPartition's; undefined: Open vSwitch chooses. */
export function pmdCpus(host: HostIntents): PmdCpus | undefined {
  const [openVSwitch] = host.openVSwitches;
  if (!openVSwitch) return undefined;
  const { path, otherConfig } = openVSwitch;
  const mask = otherConfig['pmd-cpu-mask'];
  if (mask !== undefined) {
    const cpus = cpusOfMask(mask);
    return cpus && { cpus, path, prop: "otherConfig['pmd-cpu-mask']", isChosen: false };
  }
  if (openVSwitch.pmdCpus) return { cpus: openVSwitch.pmdCpus, path, prop: 'pmdCpus', isChosen: false };
  const [partition] = host.cpuPartitions;
  if (!partition || partition.dataplane.size === 0) return undefined;
  const { path: of, isChosen = false } = partition;
  return { cpus: partition.dataplane, path: of, prop: 'dataplane', isChosen };
}

/** As Open vSwitch reads it: hexadecimal digits, with or without `0x`; undefined: it is none. */
export function cpusOfMask(mask: string): CpuSet | undefined {
  const digits = /^\s*(?:0x)?([0-9a-f]{1,2048})\s*$/i.exec(mask)?.[1];
  return digits === undefined ? undefined : CpuSet.ofMask(`0x${digits}`);
}
