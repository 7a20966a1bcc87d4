import type { Rule } from './rule';

export const tunnelsLoop: Rule = {
  id: 'tunnels/loop',
  severity: 'error',
  statement: 'Tunnels of Ethernet frames join bridges without a loop.',
  reason:
    'A bridge sends broadcasts, and frames to addresses that it does not know, out of all of its ports: in a loop they go round for ever.',
  check({ ends }) {
    const tunnels = new Set(
      ends.filter(({ encapsulation }) => encapsulation.payload === 'ethernet').map(({ tunnel }) => tunnel),
    );
    const joined = new Map<string, string>();
    const root = (bridge: string): string => {
      const next = joined.get(bridge);
      return next === undefined ? bridge : root(next);
    };
    return [...tunnels].flatMap((tunnel) => {
      // A tunnel of a bridge to itself, or within a host, is tunnels/two-hosts' business.
      if (tunnel.kind === 'unmanaged' || tunnel.bridges[0] === tunnel.bridges[1]) return [];
      const [first, second] = tunnel.bridges.map(root);
      if (first === undefined || second === undefined) return [];
      if (first !== second) {
        joined.set(first, second);
        return [];
      }
      return [
        {
          path: tunnel.path,
          what: [`${tunnel.bridges.join(' and ')} are joined by other tunnels already`],
          remedy:
            'take it out: frames cross the bridges between the two; or use tunnels of IP packets, which join any hosts (payload: TunnelPayload.IP, Srv6Tunnel)',
        },
      ];
    });
  },
};
