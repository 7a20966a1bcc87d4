import type { HardwareProfile } from '../hardware/hardware-profile';
import { isKnown } from '../hardware/unknown';
import { CpuSet } from '../values/cpu-set';
import { hardwareRule } from './hardware-rule';
import { pmdCpus } from '../plan/pmd-cpus';

export const cpusSiblingsSplit = hardwareRule({
  id: 'cpus/siblings-split',
  severity: 'warning',
  statement: 'The SMT siblings of a dataplane CPU are dataplane CPUs as well.',
  reason:
    'Siblings share one core: whatever runs on the other thread takes up to half of the speed of a poll mode driver (Open vSwitch, intro/install/dpdk.rst; TripleO and StarlingX hand out whole cores for that).',
  facts: ['SMT siblings'],
  concerns: (host) =>
    pmdCpus(host) !== undefined || host.cpuPartitions.some(({ dataplane }) => dataplane.size > 0),
  check(host, profile) {
    const pmds = pmdCpus(host);
    const sets = [
      ...host.cpuPartitions.map(({ path, dataplane }) => ({ path, prop: 'dataplane', cpus: dataplane })),
      ...(pmds && pmds.prop !== 'dataplane' ? [pmds] : []),
    ];
    return sets.flatMap(({ path, prop, cpus }) => {
      const left = leftOut(profile, cpus);
      if (left.size === 0) return [];
      const halves = cpus.cpus.filter((cpu) => {
        const siblings = profile.siblingsOf(cpu);
        return isKnown(siblings) && siblings.intersection(left).size > 0;
      });
      return [
        {
          path,
          what: [
            `${prop} is '${cpus}': CPU ${CpuSet.ofCpus(halves)} shares its core with CPU ${left}, which ${nameOf(host.cpuPartitions, left)}`,
          ],
          remedy: `say ${prop}: '${cpus.union(left)}' to take whole cores${takenFrom(host.cpuPartitions, left)}, or leave ${CpuSet.ofCpus(halves)} out`,
        },
      ];
    });
  },
});

function leftOut(profile: HardwareProfile, cpus: CpuSet): CpuSet {
  const own = new Set(cpus.cpus);
  const siblings = cpus.cpus.flatMap((cpu) => {
    const found = profile.siblingsOf(cpu);
    return isKnown(found) ? found.cpus : [];
  });
  return CpuSet.ofCpus(siblings.filter((cpu) => !own.has(cpu)));
}

function nameOf(partitions: readonly { housekeeping: CpuSet; workload: CpuSet }[], cpus: CpuSet): string {
  const isIn = (set: CpuSet) => set.intersection(cpus).size > 0;
  const names = [
    ...(partitions.some(({ housekeeping }) => isIn(housekeeping)) ? ['housekeeping'] : []),
    ...(partitions.some(({ workload }) => isIn(workload)) ? ['workload'] : []),
  ];
  return names.length === 0 ? 'anything may use' : `is for ${names.join(' and ')}`;
}

/** Where the other halves stand now: no CPU is in two sets. */
function takenFrom(partitions: readonly { housekeeping: CpuSet; workload: CpuSet }[], cpus: CpuSet): string {
  const parts = partitions.flatMap(({ housekeeping, workload }) =>
    Object.entries({ housekeeping, workload }).flatMap(([name, set]) => {
      const shared = set.intersection(cpus);
      return shared.size === 0 ? [] : [` and take ${shared} out of ${name}`];
    }),
  );
  return parts.join('');
}
