import { isKnown } from '../hardware/unknown';
import { hardwareRule } from './hardware-rule';
import { fileOf } from '../values/text';

export const hugepagesNodeExists = hardwareRule({
  id: 'hugepages/node-exists',
  severity: 'error',
  statement: 'The NUMA nodes that a HugepagePool names are there.',
  reason:
    "A node that isn't there voids the whole hugepages= argument: no page on the other nodes either (kernel, mm/hugetlb.c).",
  facts: ['NUMA nodes'],
  concerns: (host) => host.hugepagePools.some(({ pages }) => 'perNode' in pages),
  check(host, { nodes, source }) {
    if (!isKnown(nodes)) return [];
    const ids = nodes.map(({ id }) => id);
    return host.hugepagePools.flatMap(({ path, pages }) => {
      const missing =
        'perNode' in pages ? [...pages.perNode.keys()].filter((node) => !ids.includes(node)) : [];
      if (missing.length === 0) return [];
      return [
        {
          path,
          what: [
            `perNode names node ${missing.join(', ')}, but ${host.name} has node ${ids.join(', ')} (${fileOf(source)})`,
          ],
          remedy: `take ${missing.join(', ')} out of perNode, or name one of ${ids.join(', ')}`,
        },
      ];
    });
  },
});
