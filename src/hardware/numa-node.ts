import { CpuSet } from '../values/cpu-set';
import { PageSize } from '../values/page-size';
import type { HugepagesDocument, NodeDocument } from './profile-document';
import { mapKnown, orUnknown, UNKNOWN, type OrUnknown } from './unknown';

/** Hugepages of one size, on a node or on the whole host, when the profile was made. */
export interface HugepageCount {
  readonly pageSize: PageSize;
  readonly total: OrUnknown<number>;
  readonly free: OrUnknown<number>;
}

/** A NUMA node; it may have no CPU, or no memory. */
export class NumaNode {
  readonly id: number;
  /** Online; empty: a node of memory only. */
  readonly cpus: OrUnknown<CpuSet>;
  /** KiB, less what the kernel took at boot; 0: a node of CPUs only. */
  readonly memoryKib: OrUnknown<number>;
  readonly freeKib: OrUnknown<number>;
  readonly hugepages: OrUnknown<readonly HugepageCount[]>;
  private readonly distances: ReadonlyMap<number, number>;

  /** @internal */
  constructor(document: NodeDocument, ids: readonly number[]) {
    this.id = document.id;
    this.cpus = mapKnown(orUnknown(document.cpus), (list) => CpuSet.of(list));
    this.memoryKib = orUnknown(document.memoryKib);
    this.freeKib = orUnknown(document.freeKib);
    this.hugepages = mapKnown(orUnknown(document.hugepages), hugepageCounts);
    this.distances = new Map(
      document.distances?.flatMap((distance, index) => {
        const id = ids[index];
        return id === undefined ? [] : [[id, distance] as const];
      }),
    );
    Object.freeze(this);
  }

  /** Pages of a size that were there; 0 where the node has none of it. */
  pages(size: PageSize): OrUnknown<number> {
    return mapKnown(
      this.hugepages,
      (counts) => counts.find((count) => sameSize(count.pageSize, size))?.total ?? 0,
    );
  }

  /** 10: itself; twice as much is twice as far. */
  distanceTo(id: number): OrUnknown<number> {
    return this.distances.get(id) ?? UNKNOWN;
  }
}

/** Sizes that this library knows, the largest first. */
export function hugepageCounts(documents: readonly HugepagesDocument[]): readonly HugepageCount[] {
  return documents
    .flatMap(({ pageSizeKib, total, free }): HugepageCount[] => {
      const pageSize = pageSizeOf(pageSizeKib);
      return pageSize === undefined ? [] : [{ pageSize, total: orUnknown(total), free: orUnknown(free) }];
    })
    .sort((a, b) => b.pageSize.kibibytes - a.pageSize.kibibytes);
}

export function sameSize(a: PageSize, b: PageSize): boolean {
  return a.kibibytes === b.kibibytes;
}

function pageSizeOf(kibibytes: number): PageSize | undefined {
  const name = [`${kibibytes}K`, `${kibibytes / 1024}M`, `${kibibytes / 1048576}G`];
  for (const kernelName of name) {
    try {
      return PageSize.of(kernelName);
    } catch {
      // Written with another unit, or a size of an architecture that nobody plans for here.
    }
  }
  return undefined;
}
