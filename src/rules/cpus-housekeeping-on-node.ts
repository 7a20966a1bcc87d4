import { isKnown } from '../hardware/unknown';
import { hardwareRule } from './hardware-rule';
import { fileOf } from '../values/text';

export const cpusHousekeepingOnNode = hardwareRule({
  id: 'cpus/housekeeping-on-node',
  severity: 'warning',
  statement: "Each NUMA node keeps a CPU that isn't isolated.",
  reason:
    "The kernel's own threads and the interrupts of a node's devices otherwise run on another node's CPUs, or disturb the isolated ones (kernel, admin-guide/cpu-isolation.rst: leave at least one housekeeping CPU on each node).",
  facts: ['NUMA nodes'],
  concerns: (host) => host.cpuPartitions.some(({ isolateAtBoot }) => isolateAtBoot),
  check(host, { nodes, source }) {
    if (!isKnown(nodes)) return [];
    return host.cpuPartitions
      .filter(({ isolateAtBoot }) => isolateAtBoot)
      .flatMap(({ path, housekeeping, dataplane, workload }) => {
        const isolated = new Set(dataplane.union(workload).cpus);
        return nodes.flatMap(({ id, cpus }) => {
          const [lowest] = isKnown(cpus) ? cpus.cpus : [];
          if (!isKnown(cpus) || lowest === undefined || !cpus.cpus.every((cpu) => isolated.has(cpu)))
            return [];
          return [
            {
              path,
              what: [
                `all CPUs of node ${id} are isolated: ${cpus} (${fileOf(source)}); housekeeping is '${housekeeping}'`,
              ],
              remedy: `put one of them into housekeeping, with its SMT siblings: ${lowest} for example`,
            },
          ];
        });
      });
  },
});
