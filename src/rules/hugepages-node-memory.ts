import { isKnown, UNKNOWN } from '../hardware/unknown';
import type { HostIntents } from '../plan/intents';
import { hardwareRule } from './hardware-rule';
import { PlannedHugepages, sumMib } from './planned-hugepages';
import type { Violation } from './rule';
import { mebibytes, pages, fileOf } from '../values/text';

export const hugepagesNodeMemory = hardwareRule({
  id: 'hugepages/node-memory',
  severity: 'error',
  statement: 'A NUMA node has the memory that its hugepages take, and so has the host.',
  reason:
    'The kernel gives as many as it finds, without an error ("Only allocated 3 hugepages."), takes the rest from another node, or has nothing left to boot with.',
  facts: ['memory of nodes'],
  concerns: (host) => host.hugepagePools.length > 0,
  check(host, profile) {
    const planned = PlannedHugepages.of(host);
    const onNodes = planned.nodes.flatMap((id): Violation[] => {
      const node = profile.node(id);
      const memory = isKnown(node) ? (node?.memoryKib ?? UNKNOWN) : UNKNOWN;
      const asked = planned.askedOn(id);
      const [pool] = asked;
      if (!pool || !isKnown(memory) || sumMib(asked) * 1024 <= memory) return [];
      const { pageSize } = pool;
      const most = Math.floor(memory / pageSize.kibibytes);
      return [
        {
          path: pool.path,
          what: [
            `asks node ${id} for ${PlannedHugepages.show(asked)}`,
            `node ${id} has ${mebibytes(memory / 1024)} of memory (${fileOf(profile.source)})`,
          ],
          remedy: isSized(host, pool.path)
            ? `lower extraPerNode or the MTU of the ports there: at most ${pages(most, pageSize)} fit, less what the system itself takes of that node`
            : `ask for at most ${pages(most, pageSize)} there, less what the system itself takes of that node`,
        },
      ];
    });
    if (onNodes.length > 0) return onNodes;
    const [pool] = planned.all;
    const { memoryKib } = profile;
    if (!pool || !isKnown(memoryKib) || planned.totalMib * 1024 <= memoryKib) return [];
    return [
      {
        path: pool.path,
        what: [
          `the host is asked for ${PlannedHugepages.show(planned.all)}`,
          `it has ${mebibytes(memoryKib / 1024)} of memory (${fileOf(profile.source)})`,
        ],
        remedy: isSized(host, pool.path)
          ? 'lower extraPerNode or the MTU of the ports'
          : 'ask for fewer pages',
      },
    ];
  },
});

/** Nobody said these pages: they are what the consumers need. */
function isSized({ hugepagePools }: HostIntents, path: string): boolean {
  return hugepagePools.some((pool) => pool.path === path && pool.openVSwitchMib !== undefined);
}
