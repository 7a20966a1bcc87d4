import { hostRule } from './rule';

export const hugepagesAutoSize = hostRule({
  id: 'hugepages/auto-size',
  severity: 'error',
  statement:
    'The consumers that HugepagePool.auto counts are there, and a hardware profile says on which NUMA nodes.',
  reason:
    'Packet buffers are on the node of the NIC (lib/netdev-dpdk.c): without its node nobody can say where the pages must be (docs/hardware-profiles.md).',
  check: ({ refusals }) =>
    refusals.flatMap(({ of, ...violation }) => (of === 'hugepages' ? [violation] : [])),
});
