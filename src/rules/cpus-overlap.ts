import { hostRule } from './rule';

export const cpusOverlap = hostRule({
  id: 'cpus/overlap',
  severity: 'error',
  statement: 'Housekeeping, dataplane and workload CPUs have no CPU in common.',
  reason: 'A poll mode driver takes its whole CPU: whatever else runs there stops, or stops the packets.',
  check: (host) =>
    host.cpuPartitions.flatMap(({ path, housekeeping, dataplane, workload }) => {
      const sets = { housekeeping, dataplane, workload };
      const pairs = [
        ['housekeeping', 'dataplane'],
        ['housekeeping', 'workload'],
        ['dataplane', 'workload'],
      ] as const;
      return pairs.flatMap(([a, b]) => {
        const shared = sets[a].intersection(sets[b]);
        if (shared.size === 0) return [];
        return [
          {
            path,
            what: [`${a} '${sets[a]}' and ${b} '${sets[b]}' share CPU ${shared}`],
            remedy: `take ${shared} out of one of them`,
          },
        ];
      });
    }),
});
