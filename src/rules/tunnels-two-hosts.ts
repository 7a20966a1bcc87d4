import type { Rule } from './rule';

export const tunnelsTwoHosts: Rule = {
  id: 'tunnels/two-hosts',
  severity: 'error',
  statement: 'The two bridges of a tunnel are on two hosts.',
  reason: 'A host keeps packets to its own addresses: none would enter the tunnel.',
  check({ fleet, bridges }) {
    return fleet.tunnels.flatMap((tunnel) => {
      if (tunnel.kind === 'unmanaged') return [];
      const [first, second] = tunnel.bridges.map((path) => bridges.get(path));
      if (!first || first.host !== second?.host) return [];
      const both =
        first.bridge === second.bridge
          ? `${first.bridge.path} is both of its ends`
          : `${first.bridge.path} and ${second.bridge.path} are both on ${first.host.name}`;
      return [{ path: tunnel.path, what: [both], remedy: 'name a bridge of another host as one of the two' }];
    });
  },
};
