import type { Rule } from './rule';

export const srv6Platform: Rule = {
  id: 'srv6/platform',
  severity: 'error',
  statement: "The Open vSwitch of a tunnel's hosts has SRv6.",
  reason:
    'SRv6 tunnels came with Open vSwitch 3.2 (NEWS); older ones answer "Address family not supported by protocol".',
  check({ fleet, bridges }) {
    return fleet.tunnels.flatMap((tunnel) => {
      const paths = tunnel.kind === 'managed' ? tunnel.bridges : [tunnel.bridge];
      return paths.flatMap((path) => {
        const host = bridges.get(path)?.host;
        if (!host || host.platform.hasSrv6) return [];
        return [
          {
            path: tunnel.path,
            what: [
              `${host.path} is ${host.platform}, whose Open vSwitch ${host.platform.openVSwitchVersion} has no SRv6`,
            ],
            remedy:
              'use a platform with Open vSwitch 3.2 or newer: Platform.DEBIAN_13, Platform.UBUNTU_24_04',
          },
        ];
      });
    });
  },
};
