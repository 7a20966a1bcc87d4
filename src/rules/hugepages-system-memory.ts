import { isKnown } from '../hardware/unknown';
import { hardwareRule } from './hardware-rule';
import { PlannedHugepages } from './planned-hugepages';
import { mebibytes, fileOf } from './text';

/** MiB of the whole host. Source: Intel's container-experience-kits refuse hugepages that leave less. */
const SYSTEM_MIB = 1024;

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
