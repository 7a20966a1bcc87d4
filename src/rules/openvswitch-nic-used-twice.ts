import { hostRule, repeated } from './rule';

export const openVSwitchNicUsedTwice = hostRule({
  id: 'openvswitch/nic-used-twice',
  severity: 'error',
  statement: 'A NIC is the NIC of one DpdkPort.',
  reason: 'Open vSwitch refuses the second: "already in use".',
  check: (host) =>
    repeated(
      host.dpdkPorts,
      ({ nic }) => nic,
      (again, first, nic) => ({
        path: again.path,
        what: [`uses ${nic}, which ${first.path} uses already`],
        remedy: 'take one of the two ports out',
      }),
    ),
});
