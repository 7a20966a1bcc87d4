import { groupsBy } from '../plan/groups';
import { hostRule } from './rule';

export const hugepagesMixedPlacement = hostRule({
  id: 'hugepages/mixed-placement',
  severity: 'error',
  statement: 'Pools of one page size on a host are either all per NUMA node or all for the whole host.',
  reason: 'The kernel takes one count for each size: either spread over the nodes, or given for each node.',
  check: (host) =>
    [...groupsBy(host.hugepagePools, ({ pageSize }) => pageSize.kernelName).values()].flatMap((pools) => {
      const whole = pools.find(({ pages }) => 'wholeHost' in pages);
      const perNode = pools.find(({ pages }) => 'perNode' in pages);
      if (!whole || !perNode) return [];
      return [
        {
          path: whole.path,
          what: [
            `asks for ${whole.pageSize} pages of the whole host, but ${perNode.path} asks for them per NUMA node`,
          ],
          remedy: 'say perNode in both, for example perNode: { 0: 2, 1: 2 }',
        },
      ];
    }),
});
