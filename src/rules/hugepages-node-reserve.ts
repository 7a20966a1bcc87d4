import { totalMib } from '../plan/mempool';
import { groupsBy } from '../plan/groups';
import { dpdkNics } from '../plan/dpdk-nics';
import { DPDK_RESERVE_MIB } from '../plan/open-vswitch-memory';
import { mempools, showNeed } from '../plan/packet-buffers';
import { PlannedHugepages } from './planned-hugepages';
import { hostRule } from './rule';
import { mebibytes } from '../values/text';

export const hugepagesNodeReserve = hostRule({
  id: 'hugepages/node-reserve',
  severity: 'note',
  statement: `A NUMA node's hugepages hold ${DPDK_RESERVE_MIB} MiB beside the packet buffers.`,
  reason:
    "DPDK takes its rings, the queues of its drivers and its heap from the same pages. Red Hat's planning rule (OSP NFV guide) adds 512 MiB on each node for them; less is enough for a few queues, and nobody says how much less.",
  check(host) {
    const planned = PlannedHugepages.of(host);
    if (planned.isEmpty) return [];
    return [...groupsBy(dpdkNics(host), ({ node }) => node)].flatMap(([node, nics]) => {
      const place = node ?? roomiest(planned);
      const pools = mempools(host, nics, node);
      const left = planned.mibOn(place) - totalMib(pools);
      const [pool] = planned.on(place);
      if (!pool || left < 0 || left >= DPDK_RESERVE_MIB) return [];
      return [
        {
          path: pool.path,
          what: [
            `node ${place} has ${PlannedHugepages.show(planned.on(place))}`,
            `it needs ${showNeed(pools)}; ${mebibytes(left)} are left for DPDK itself`,
          ],
          remedy: 'ask for another page there, should Open vSwitch log that memory is missing',
        },
      ];
    });
  },
});

function roomiest(planned: PlannedHugepages): number {
  return planned.nodes.reduce(
    (best, node) => (planned.mibOn(node) > planned.mibOn(best) ? node : best),
    planned.nodes[0] ?? 0,
  );
}
