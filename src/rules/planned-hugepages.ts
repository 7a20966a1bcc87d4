import { isKnown } from '../hardware/unknown';
import type { HostIntents } from '../plan/intents';
import { pageDemands } from '../plan/kernel-arguments';
import type { PageSize } from '../values/page-size';
import { remembered } from '../values/remembered';
import { mebibytes, pages } from '../values/text';

/** Hugepages of one size, as a HugepagePool asks for them. */
export interface PlannedPages {
  readonly pageSize: PageSize;
  readonly count: number;
  /** Path of the HugepagePool. */
  readonly path: string;
}

/** The hugepages that a host is to have. */
export class PlannedHugepages {
  /** Of a host; several rules ask for it. */
  static readonly of = remembered((host: HostIntents) => PlannedHugepages.read(host));

  /** Nodes that pages are asked for by their number. */
  readonly nodes: readonly number[];
  readonly all: readonly PlannedPages[];

  private constructor(
    private readonly perNode: ReadonlyMap<number, readonly PlannedPages[]>,
    /** Of the whole host: the kernel spreads them. */
    readonly wholeHost: readonly PlannedPages[],
    /** Over so many nodes; undefined: not known. */
    private readonly spread: number | undefined,
  ) {
    this.nodes = [...perNode.keys()].sort((a, b) => a - b);
    this.all = [...this.nodes.flatMap((node) => this.askedOn(node)), ...wholeHost];
  }

  private static read(host: HostIntents): PlannedHugepages {
    const perNode = new Map<number, PlannedPages[]>();
    const wholeHost: PlannedPages[] = [];
    for (const { pageSize, path, perNode: counts, wholeHost: count } of pageDemands(host)) {
      if (count > 0) wholeHost.push({ pageSize, count, path });
      for (const [node, onNode] of counts) {
        perNode.set(node, [...(perNode.get(node) ?? []), { pageSize, count: onNode, path }]);
      }
    }
    const nodes = host.hardware?.nodes;
    const withMemory =
      nodes !== undefined && isKnown(nodes)
        ? nodes.filter(({ memoryKib }) => !isKnown(memoryKib) || memoryKib > 0).length
        : 0;
    return new PlannedHugepages(perNode, wholeHost, withMemory > 0 ? withMemory : undefined);
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  get totalMib(): number {
    return sumMib(this.all);
  }

  /** Where pages are asked for by the node's number. */
  askedOn(node: number): readonly PlannedPages[] {
    return this.perNode.get(node) ?? [];
  }

  /** All that a node may get: its own pages, and its share of those of the whole host (all, where nobody knows how many nodes there are). */
  on(node: number): readonly PlannedPages[] {
    const shares = this.wholeHost.map((asked) => ({
      ...asked,
      count: this.spread === undefined ? asked.count : Math.ceil(asked.count / this.spread),
    }));
    return [...this.askedOn(node), ...shares];
  }

  mibOn(node: number): number {
    return sumMib(this.on(node));
  }

  /** `2,048 MiB: 2 pages of 1 GiB`. */
  static show(planned: readonly PlannedPages[]): string {
    if (planned.length === 0) return 'no hugepages';
    const parts = planned.map(({ count, pageSize }) => pages(count, pageSize));
    return `${mebibytes(sumMib(planned))}: ${parts.join(' + ')}`;
  }
}

export function sumMib(planned: readonly PlannedPages[]): number {
  return planned.reduce((sum, { count, pageSize }) => sum + count * pageSize.mebibytes, 0);
}
