import { isKnown } from '../hardware/unknown';
import { SYSTEM_MIB } from '../plan/choose-hugepages';
import { hardwareRule } from './hardware-rule';
import { PlannedHugepages } from './planned-hugepages';
import { mebibytes, fileOf } from '../values/text';

export const hugepagesSystemMemory = hardwareRule({
  id: 'hugepages/system-memory',
  severity: 'warning',
  statement: 'Hugepages leave 1,024 MiB of memory to the system.',
  reason:
    "What is a hugepage, nothing else can use: with too little left the host swaps, kills processes, or doesn't come up. 1,024 MiB is what Intel's container-experience-kits keep (roles/bootstrap); StarlingX and TripleO keep more.",
  facts: ['memory of nodes'],
  concerns: (host) => host.hugepagePools.length > 0,
  check(host, { memoryKib, source }) {
    const planned = PlannedHugepages.of(host);
    const [pool] = planned.all;
    if (!pool || !isKnown(memoryKib)) return [];
    const left = Math.floor(memoryKib / 1024) - planned.totalMib;
    if (left < 0 || left >= SYSTEM_MIB) return [];
    return [
      {
        path: pool.path,
        what: [
          `hugepages take ${PlannedHugepages.show(planned.all)}`,
          `the host has ${mebibytes(memoryKib / 1024)} of memory (${fileOf(source)}); ${mebibytes(left)} are left for the system`,
        ],
        remedy: `ask for ${mebibytes(SYSTEM_MIB - left)} less of hugepages`,
      },
    ];
  },
});
