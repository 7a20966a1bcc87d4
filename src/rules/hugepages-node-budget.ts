import { groupsBy } from '../plan/groups';
import type { HostIntents } from '../plan/intents';
import { totalMib, type Mempool } from '../plan/mempool';
import { dpdkNics, type DpdkNic } from '../plan/dpdk-nics';
import { mempools, showNeed } from '../plan/packet-buffers';
import { DPDK_RESERVE_MIB } from '../plan/open-vswitch-memory';
import { PlannedHugepages } from './planned-hugepages';
import { hostRule, type Violation } from './rule';
import { mebibytes, pages, fileOf } from '../values/text';

export const hugepagesNodeBudget = hostRule({
  id: 'hugepages/node-budget',
  severity: 'error',
  statement:
    'The hugepages of each NUMA node hold the packet buffers of the DPDK ports whose NICs are there.',
  reason:
    'Buffers are on the node of the NIC. Where they don\'t fit, Open vSwitch halves their number from 262,144 down to 16,384 without a word in the log; below that it refuses the port: "Failed to create memory pool … on socket 1: Cannot allocate memory" (lib/netdev-dpdk.c; sizes: topics/dpdk/memory.rst). Without a hardware profile it isn\'t known where the NICs are, and only what fits nowhere is refused.',
  hardware: {
    facts: ['NICs', 'nodes of NICs'],
    concerns: (host) => host.dpdkPorts.length > 0 && host.hugepagePools.length > 0,
  },
  check(host) {
    const planned = PlannedHugepages.of(host);
    const nics = dpdkNics(host);
    // No pool: the host may have pages of its own (openvswitch/no-hugepages).
    if (planned.isEmpty || nics.length === 0) return [];
    const known = nics.filter(({ node }) => node !== undefined);
    return known.length === nics.length
      ? [...groupsBy(known, ({ node }) => node ?? 0)].flatMap(([node, there]) =>
          onNode(host, planned, node, there),
        )
      : anywhere(host, planned, nics);
  },
});

function onNode(
  host: HostIntents,
  planned: PlannedHugepages,
  node: number,
  nics: readonly DpdkNic[],
): Violation[] {
  const pools = mempools(host, nics, node);
  const have = planned.on(node);
  if (totalMib(pools) <= planned.mibOn(node)) return [];
  return [
    {
      path: pathOf(planned, node),
      what: [
        `node ${node} needs ${showNeed(pools)}`,
        withReserve(pools),
        `node ${node} has ${PlannedHugepages.show(have)}`,
        ...(host.hardware ? [`the NICs are on node ${node} by ${fileOf(host.hardware.source)}`] : []),
      ],
      remedy: `${askFor(planned, node, pools)}, or lower the MTU`,
    },
  ];
}

/** What can't be right wherever the NICs are: one pool that no node holds, or all of them on all nodes together. */
function anywhere(host: HostIntents, planned: PlannedHugepages, nics: readonly DpdkNic[]): Violation[] {
  const pools = mempools(host, nics, undefined);
  const places = planned.nodes.length > 0 ? planned.nodes : [0];
  const roomiest = places.reduce((best, node) => (planned.mibOn(node) > planned.mibOn(best) ? node : best));
  const [largest] = [...pools].sort((a, b) => b.mib - a.mib);
  const isTooLarge = largest !== undefined && largest.mib > planned.mibOn(roomiest);
  if (!isTooLarge && totalMib(pools) <= planned.totalMib) return [];
  const needed = isTooLarge ? [largest] : pools;
  const isOneNode = planned.nodes.length === 1 && planned.wholeHost.length === 0;
  const have = isTooLarge || isOneNode ? planned.on(roomiest) : planned.all;
  const where =
    planned.nodes.length === 0
      ? 'the host'
      : isTooLarge || isOneNode
        ? `node ${roomiest}`
        : 'all nodes together';
  const most = isTooLarge && planned.nodes.length > 1 ? ', the most of any node' : '';
  return [
    {
      path: pathOf(planned, roomiest),
      what: [
        `Open vSwitch needs ${showNeed(needed)}`,
        withReserve(needed),
        `${where} ${where === 'all nodes together' ? 'have' : 'has'} ${PlannedHugepages.show(have)}${most}`,
        ...(isOneNode || planned.nodes.length === 0
          ? []
          : [
              "which node a NIC is on isn't known (hardware profile): it was taken that each fits as well as can be",
            ]),
      ],
      remedy: `${askFor(planned, roomiest, needed)}, or lower the MTU`,
    },
  ];
}

function withReserve(pools: readonly Mempool[]): string {
  const all = totalMib(pools) + DPDK_RESERVE_MIB;
  return `with ${DPDK_RESERVE_MIB} MiB for DPDK itself (rings, queues, heap) that is ${mebibytes(all)}`;
}

function pathOf(planned: PlannedHugepages, node: number): string {
  return (planned.on(node)[0] ?? planned.all[0])?.path ?? '';
}

/** How many pages would do, in the words of the pool's own prop. */
function askFor(planned: PlannedHugepages, node: number, pools: readonly Mempool[]): string {
  const [pool] = planned.on(node).length > 0 ? planned.on(node) : planned.all;
  if (!pool) return 'add a HugepagePool';
  const missing = Math.max(0, totalMib(pools) + DPDK_RESERVE_MIB - planned.mibOn(node));
  const own = planned.on(node).includes(pool) ? pool.count : 0;
  const enough = own + Math.ceil(missing / pool.pageSize.mebibytes);
  return planned.nodes.length > 0
    ? `ask for ${pages(enough, pool.pageSize)} on node ${node} (perNode: { ${node}: ${enough}${planned.nodes.some((other) => other !== node) ? ', …' : ''} })`
    : `ask for ${pages(enough, pool.pageSize)} on each node that has a NIC (perNode: { 0: ${enough} })`;
}
