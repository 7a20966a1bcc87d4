import { TUNNEL_TYPES } from '../plan/encapsulation';
import { Platform, type Version } from '../platforms/platform';
import type { Rule } from './rule';

export const tunnelsPlatform: Rule = {
  id: 'tunnels/platform',
  severity: 'error',
  statement: "The Open vSwitch of a tunnel's hosts has its type.",
  reason:
    'SRv6 tunnels came with Open vSwitch 3.2 (NEWS); older ones answer "Address family not supported by protocol". The other types are in all of the platforms.',
  check({ fleet, bridges }) {
    return fleet.tunnels.flatMap((tunnel) => {
      const { title, since } = TUNNEL_TYPES[tunnel.encapsulation.type];
      const paths = tunnel.kind === 'managed' ? tunnel.bridges : [tunnel.bridge];
      return paths.flatMap((path) => {
        const host = bridges.get(path)?.host;
        if (!host || host.platform.hasOpenVSwitch(since)) return [];
        return [
          {
            path: tunnel.path,
            what: [
              `${host.path} is ${host.platform}, whose Open vSwitch ${host.platform.openVSwitchVersion} has no ${title}`,
            ],
            remedy: `use a platform with Open vSwitch ${since.join('.')} or newer: ${platformsWith(since)}`,
          },
        ];
      });
    });
  },
};

export function platformsWith(version: Version): string {
  return Platform.ALL.filter((platform) => platform.hasOpenVSwitch(version))
    .map(({ id }) => `Platform.${id.toUpperCase().replaceAll(/[-.]/g, '_')}`)
    .join(', ');
}
