import { hostRule } from './rule';

export const openVSwitchNoHugepages = hostRule({
  id: 'openvswitch/no-hugepages',
  severity: 'warning',
  statement: 'A host with Open vSwitch and DPDK has a HugepagePool.',
  reason: 'DPDK takes all its memory from hugepages: "Cannot init EAL" without any.',
  check: (host) =>
    host.hugepagePools.length > 0 || host.refusals.some(({ of }) => of === 'hugepages')
      ? []
      : host.openVSwitches.map(({ path }) => ({
          path,
          what: ['uses DPDK, but the host has no HugepagePool'],
          remedy: 'add a HugepagePool, unless the host has pages of its own',
        })),
});
