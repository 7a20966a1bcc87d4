import { profiledNic } from '../plan/dpdk-nics';
import { hardwareRule } from './hardware-rule';
import { fileOf } from '../values/text';

export const nicsManagement = hardwareRule({
  id: 'nics/management',
  severity: 'error',
  statement: 'No NIC that carries management is taken from the kernel.',
  reason:
    'The host would be cut off from whoever deploys it, and from its storage where that is on the network; the agent refuses such a NIC, however hidden the way (VLAN, bond, bridge, VRF).',
  facts: ['which NICs carry management'],
  concerns: (host) => host.nicBindings.length > 0,
  check(host, profile) {
    const polled = new Set(host.dpdkPorts.map(({ nic }) => nic));
    return host.nicBindings.flatMap((binding) => {
      const { path, address, driver } = binding;
      const nic = profiledNic(host, binding);
      // On its kernel driver a NIC stays what it was, unless DPDK takes the packets there.
      if (nic?.management !== true || (driver === null && !polled.has(path))) return [];
      const chain = nic.managementChain.length > 0 ? nic.managementChain.join(' → ') : 'as the profile says';
      return [
        {
          path,
          what: [
            `${driver === null ? 'lets DPDK poll' : 'binds'} ${address}, which carries management of ${host.name} (${fileOf(profile.source)})`,
            chain,
          ],
          remedy:
            'take another NIC, or move management (the route, the address) to another one and make the profile again',
        },
      ];
    });
  },
});
