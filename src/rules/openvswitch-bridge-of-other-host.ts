import { hostRule } from './rule';

export const openVSwitchBridgeOfOtherHost = hostRule({
  id: 'openvswitch/bridge-of-other-host',
  severity: 'error',
  statement: 'A bridge is on the host of its OpenVSwitch, and a DpdkPort on the host of its bridge.',
  reason:
    'A construct belongs to the host above it in the tree; it would be missing on the host that was meant.',
  check(host, { owners }) {
    const bridges = host.bridges.map(({ path, openVSwitch }) => ({
      path,
      of: openVSwitch,
      remedy: 'make it by addBridge() of the OpenVSwitch that is meant',
    }));
    const ports = host.dpdkPorts.map(({ path, bridge }) => ({
      path,
      of: bridge,
      remedy: 'make it by addDpdkPort() of the bridge that is meant',
    }));
    return [...bridges, ...ports].flatMap(({ path, of, remedy }) => {
      const owner = owners.get(of);
      if (!owner || owner === host) return [];
      return [{ path, what: [`is on ${host.name}, but ${of} is on ${owner.name}`], remedy }];
    });
  },
});
