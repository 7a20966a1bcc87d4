import { hostRule } from './rule';

export const openVSwitchNicOfOtherHost = hostRule({
  id: 'openvswitch/nic-of-other-host',
  severity: 'error',
  statement: "The NIC of a DpdkPort is the port's own host's.",
  reason:
    'The PCI address would be taken for one of the wrong host: "Error attaching device", or another NIC than was meant.',
  check(host, { owners }) {
    return host.dpdkPorts.flatMap(({ path, nic }) => {
      const owner = owners.get(nic);
      if (!owner || owner === host) return [];
      return [
        {
          path,
          what: [`is on ${host.name}, but its NIC ${nic} is of ${owner.name}`],
          remedy: `bind a NIC on ${host.path} and use that`,
        },
      ];
    });
  },
});
