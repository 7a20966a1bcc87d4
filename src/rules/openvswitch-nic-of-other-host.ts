import { hostRule } from './rule';

export const openVSwitchNicOfOtherHost = hostRule({
  id: 'openvswitch/nic-of-other-host',
  severity: 'error',
  statement: "The NIC of a DpdkPort is the port's own host's.",
  reason:
    'The PCI address would be taken for one of the wrong host: "Error attaching device", or another NIC than was meant.',
  check(host, { fleet }) {
    return host.dpdkPorts.flatMap(({ path, nic }) => {
      const owner = fleet.hosts.find(
        (other) => other !== host && other.nicBindings.some((binding) => binding.path === nic),
      );
      if (!owner) return [];
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
