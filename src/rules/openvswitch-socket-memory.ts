import { isKnown } from '../hardware/unknown';
import { askedSocketMemory } from '../plan/open-vswitch-memory';
import { PlannedHugepages } from './planned-hugepages';
import { hostRule } from './rule';
import { mebibytes } from '../values/text';

export const openVSwitchSocketMemory = hostRule({
  id: 'openvswitch/socket-memory',
  severity: 'error',
  statement: "socketMemory asks no NUMA node for more than its hugepages, and no node that isn't there.",
  reason:
    'DPDK takes it when Open vSwitch starts, and doesn\'t start with less: "Not enough memory available on socket 1! Requested: 1024MB, available: 0MB".',
  hardware: {
    facts: ['NUMA nodes'],
    concerns: (host) => askedSocketMemory(host) !== undefined,
  },
  check(host) {
    const planned = PlannedHugepages.of(host);
    const given = askedSocketMemory(host);
    if (!given) return [];
    const nodes = host.hardware?.nodes;
    const ids = nodes !== undefined && isKnown(nodes) ? nodes.map(({ id }) => id) : undefined;
    return given.mib.flatMap((mib, node) => {
      if (mib === 0) return [];
      const { path, prop } = given;
      if (ids && !ids.includes(node)) {
        return [
          {
            path,
            what: [
              `${prop} is [${given.mib.join(', ')}]: ${mebibytes(mib)} of node ${node}, but ${host.name} has node ${ids.join(', ')}`,
            ],
            remedy: `say 0 for node ${node}, or end the list before it`,
          },
        ];
      }
      if (planned.isEmpty || mib <= planned.mibOn(node)) return [];
      return [
        {
          path,
          what: [
            `${prop} is [${given.mib.join(', ')}]: ${mebibytes(mib)} of node ${node}`,
            `node ${node} has ${PlannedHugepages.show(planned.on(node))}`,
          ],
          remedy: `ask for more pages on node ${node}, or leave ${prop} out: it is derived from the ports`,
        },
      ];
    });
  },
});
