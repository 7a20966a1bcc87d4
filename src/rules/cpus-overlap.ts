import { pmdCpus } from '../plan/pmd-cpus';
import { hostRule } from './rule';

export const cpusOverlap = hostRule({
  id: 'cpus/overlap',
  severity: 'error',
  statement:
    'Housekeeping, dataplane and workload CPUs have no CPU in common, and poll mode drivers are on none of the first and the last.',
  reason: 'A poll mode driver takes its whole CPU: whatever else runs there stops, or stops the packets.',
  check(host) {
    const pmds = pmdCpus(host);
    return host.cpuPartitions.flatMap(({ path, housekeeping, dataplane, workload }) => {
      const sets = { housekeeping, dataplane, workload };
      const pairs = [
        ['housekeeping', 'dataplane'],
        ['housekeeping', 'workload'],
        ['dataplane', 'workload'],
      ] as const;
      const within = pairs.flatMap(([a, b]) => {
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
      if (!pmds || pmds.prop === 'dataplane') return within;
      const ofPmds = (['housekeeping', 'workload'] as const).flatMap((name) => {
        const shared = sets[name].intersection(pmds.cpus);
        if (shared.size === 0) return [];
        return [
          {
            path: pmds.path,
            what: [
              `${pmds.prop} is CPU ${pmds.cpus}, but CPU ${shared} is in ${name} '${sets[name]}' of ${path}`,
            ],
            remedy: `leave ${pmds.prop} out: the dataplane CPUs of the CpuPartition are taken then`,
          },
        ];
      });
      return [...within, ...ofPmds];
    });
  },
});
