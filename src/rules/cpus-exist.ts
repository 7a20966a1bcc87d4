import { isKnown } from '../hardware/unknown';
import type { HostIntents } from '../plan/intents';
import { CpuSet } from '../values/cpu-set';
import { hardwareRule } from './hardware-rule';
import { pmdCpus } from '../plan/pmd-cpus';
import { fileOf } from '../values/text';

export const cpusExist = hardwareRule({
  id: 'cpus/exist',
  severity: 'error',
  statement: 'The CPUs of a CpuPartition and of the poll mode drivers are there, and online.',
  reason:
    'Open vSwitch starts no poll mode driver on a CPU that isn\'t online, and a port without one looks healthy while nobody polls it ("This rx queue will not be polled", lib/dpif-netdev.c); the kernel ignores such CPUs in isolcpus= and irqaffinity=.',
  facts: ['CPUs'],
  concerns: (host) => asked(host).length > 0,
  check(host, { cpus: online, offlineCpus, source }) {
    if (!isKnown(online)) return [];
    return asked(host).flatMap(({ path, prop, cpus }) => {
      const usable = new Set(online.cpus);
      const missing = CpuSet.ofCpus(cpus.cpus.filter((cpu) => !usable.has(cpu)));
      if (missing.size === 0) return [];
      const offline = isKnown(offlineCpus) ? missing.intersection(offlineCpus) : CpuSet.EMPTY;
      const isOffline = offline.size > 0 ? ` (${offline} is there, but offline)` : '';
      return [
        {
          path,
          what: [
            `${prop} is '${cpus}', but ${host.name} has no CPU ${missing} that is online${isOffline}`,
            `its CPUs are ${online} (${fileOf(source)})`,
          ],
          remedy: `take ${missing} out of ${prop}${offline.size > 0 ? ', or turn SMT on or set the CPU online' : ''}`,
        },
      ];
    });
  },
});

function asked(host: HostIntents): { path: string; prop: string; cpus: CpuSet }[] {
  const sets = host.cpuPartitions.flatMap(({ path, housekeeping, dataplane, workload }) =>
    Object.entries({ housekeeping, dataplane, workload }).map(([prop, cpus]) => ({ path, prop, cpus })),
  );
  const pmds = pmdCpus(host);
  return pmds && pmds.prop !== 'dataplane' ? [...sets, pmds] : sets;
}
