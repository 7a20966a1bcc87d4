import type { PageSize } from '../values/page-size';
import { remembered } from '../values/remembered';
import type { BootArgument } from './host-plan';
import type { HostIntents } from './intents';

/** A boot argument and the construct that asks for it. */
export interface OwnedArgument extends BootArgument {
  readonly path: string;
}

/**
 * All boot arguments that a host's constructs ask for, in the order of the command line. The kernel reads it from
 * left to right and pairs each `hugepages=` with the `hugepagesz=` before it, so the order is the planner's.
 */
export const ownedArguments = remembered((host: HostIntents): readonly OwnedArgument[] => [
  ...host.iommus.flatMap(iommuArguments),
  ...hugepageArguments(host),
  ...host.cpuPartitions.flatMap(isolationArguments),
  ...host.bootParameters.flatMap(({ path, arguments: texts }) => texts.map((text) => ({ path, text }))),
]);

/** The command line: what two constructs ask alike stands once, except where repetition has a meaning. */
export function mergeArguments(owned: readonly OwnedArgument[]): BootArgument[] {
  const seen = new Set<string>();
  return owned
    .filter(({ text }) => {
      if (isHugepageKey(argumentKey(text))) return true;
      return seen.has(text) ? false : seen.add(text);
    })
    .map(({ path: _path, ...argument }) => argument);
}

export function argumentKey(text: string): string {
  return text.split('=', 1)[0] ?? text;
}

/** Keys whose pairs have an order and may stand several times. */
export function isHugepageKey(key: string): boolean {
  return key === 'hugepagesz' || key === 'hugepages' || key === 'default_hugepagesz';
}

/**
 * Intel has its IOMMU off by default in many kernels, AMD and Arm have it on; `iommu=pt` is x86 only
 * (kernel-parameters.txt). Without a vendor the host's firmware says which one it is.
 */
function iommuArguments({ path, vendor }: HostIntents['iommus'][number]): OwnedArgument[] {
  switch (vendor) {
    case 'intel':
      return [
        { path, text: 'intel_iommu=on' },
        { path, text: 'iommu=pt' },
      ];
    case 'amd':
      return [{ path, text: 'iommu=pt' }];
    case 'arm':
      return [];
    case undefined:
      return [
        { path, text: 'intel_iommu=on', whenAcpiTable: 'DMAR' },
        { path, text: 'iommu=pt', whenMachine: 'x86_64' },
      ];
  }
}

/** Pages that the pools ask for of one size, each pool's added up. */
export interface PageDemand {
  readonly pageSize: PageSize;
  readonly path: string;
  /** By NUMA node, ascending. */
  readonly perNode: ReadonlyMap<number, number>;
  readonly wholeHost: number;
}

/** Largest page size first: the kernel takes pages in the order of the command line, and large ones are hard to find later. */
export const pageDemands = remembered((host: HostIntents): readonly PageDemand[] => {
  const sizes = [
    ...new Map(host.hugepagePools.map((pool) => [pool.pageSize.kibibytes, pool.pageSize])).values(),
  ];
  sizes.sort((a, b) => b.kibibytes - a.kibibytes);
  return sizes.map((pageSize) => {
    const pools = host.hugepagePools.filter((pool) => pool.pageSize.kibibytes === pageSize.kibibytes);
    const perNode = new Map<number, number>();
    let wholeHost = 0;
    for (const { pages } of pools) {
      if ('wholeHost' in pages) wholeHost += pages.wholeHost;
      else for (const [node, count] of pages.perNode) perNode.set(node, (perNode.get(node) ?? 0) + count);
    }
    return {
      pageSize,
      path: pools[0]?.path ?? host.path,
      perNode: new Map([...perNode].sort(([a], [b]) => a - b)),
      wholeHost,
    };
  });
});

function hugepageArguments(host: HostIntents): OwnedArgument[] {
  const demands = pageDemands(host);
  const [largest] = demands;
  if (!largest) return [];
  return [
    { path: largest.path, text: `default_hugepagesz=${largest.pageSize.kernelName}` },
    ...demands.flatMap(({ path, pageSize, perNode, wholeHost }) => {
      const total = [...perNode.values()].reduce((sum, count) => sum + count, wholeHost);
      const byNode = wholeHost === 0 && host.platform.hasHugepagesPerNodeAtBoot;
      const pages = byNode ? [...perNode].map(([node, count]) => `${node}:${count}`).join(',') : `${total}`;
      return [
        { path, text: `hugepagesz=${pageSize.kernelName}` },
        { path, text: `hugepages=${pages}` },
      ];
    }),
  ];
}

/**
 * Source: kernel, Documentation/admin-guide/cpu-isolation.rst. `systemd.cpu_affinity` keeps services off the isolated
 * CPUs from the initrd on; poll mode threads set their own affinity.
 */
function isolationArguments(partition: HostIntents['cpuPartitions'][number]): OwnedArgument[] {
  const { path, housekeeping, dataplane, workload, isolateAtBoot } = partition;
  const isolated = dataplane.union(workload);
  if (!isolateAtBoot || isolated.size === 0) return [];
  return [
    `isolcpus=managed_irq,domain,${isolated}`,
    `nohz_full=${isolated}`,
    `rcu_nocbs=${isolated}`,
    `irqaffinity=${housekeeping}`,
    `systemd.cpu_affinity=${housekeeping}`,
  ].map((text) => ({ path, text }));
}
