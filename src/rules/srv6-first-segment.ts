import type { Rule } from './rule';

export const srv6FirstSegment: Rule = {
  id: 'srv6/first-segment',
  severity: 'error',
  statement: "A segment list begins with the tunnel's remote end.",
  reason:
    'Open vSwitch drops every packet where srv6_segs begins with another address than remote_ip, without a word (lib/netdev-native-tnl.c).',
  check: ({ fleet }) =>
    fleet.tunnels.flatMap((tunnel) => {
      const { encapsulation } = tunnel;
      if (tunnel.kind === 'managed' || encapsulation.type !== 'srv6' || !encapsulation.segments) return [];
      const { segments } = encapsulation;
      if (segments.first.equals(tunnel.remoteIp)) return [];
      return [
        {
          path: tunnel.path,
          what: [`the first of the segments '${segments}' is not remoteIp '${tunnel.remoteIp}'`],
          remedy: `begin the segments with '${tunnel.remoteIp}', or say remoteIp: '${segments.first}'`,
        },
      ];
    }),
};
