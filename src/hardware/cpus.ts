import type { CpuSet } from '../values/cpu-set';
import type { OrUnknown } from './unknown';

/** A logical CPU. */
export interface Cpu {
  readonly id: number;
  readonly online: OrUnknown<boolean>;
  readonly node: OrUnknown<number>;
  readonly socket: OrUnknown<number>;
  /** Its SMT threads that are online, itself included. */
  readonly siblings: OrUnknown<CpuSet>;
  /** Relative speed where CPUs differ, 1024 the fastest. */
  readonly capacity: OrUnknown<number>;
  /** On hybrid packages. */
  readonly kind: OrUnknown<'performance' | 'efficiency'>;
}

/** A whole core: what is given to a poll mode driver, or to nobody. */
export interface CpuCore {
  /** All of its SMT threads that are online. */
  readonly cpus: CpuSet;
  readonly node: OrUnknown<number>;
  readonly socket: OrUnknown<number>;
  readonly capacity: OrUnknown<number>;
  readonly kind: OrUnknown<'performance' | 'efficiency'>;
}

/** Makers by which rules differ; Hygon's IOMMU is AMD's. */
export type CpuVendor = 'intel' | 'amd' | 'hygon' | 'arm' | 'other';

export function cpuVendor(id: string): CpuVendor {
  switch (id) {
    case 'GenuineIntel':
      return 'intel';
    case 'AuthenticAMD':
      return 'amd';
    case 'HygonGenuine':
      return 'hygon';
    default:
      // On Arm /proc/cpuinfo has the implementer's number (Documentation/arch/arm64/cpu-feature-registers), lscpu its name.
      return /^(0x[0-9a-f]{2}|arm.*|ampere.*|apm|cavium|broadcom|fujitsu|hisilicon|marvell|nvidia|phytium|qualcomm|samsung)$/i.test(
        id,
      )
        ? 'arm'
        : 'other';
  }
}
