import type { Rule } from './rule';

export const tunnelsGtpuTtl: Rule = {
  id: 'tunnels/gtpu-ttl',
  severity: 'warning',
  statement: 'What comes by GTP-U from an end that the stack does not manage has a TTL of 64 to 79.',
  reason:
    'Open vSwitch takes the TTL of an inner IPv4 packet for its IP version (lib/netdev-native-tnl.c: netdev_gtpu_pop_header, 2.14 to 3.7) and loses packets with another: "GTP-U: Receive non-IP packet". Ends of a stack set the TTL to 64 when they send.',
  check: ({ ends }) =>
    ends
      .filter(({ tunnel }) => tunnel.kind === 'unmanaged' && tunnel.encapsulation.type === 'gtpu')
      .map(({ tunnel, host, remoteIp }) => ({
        path: tunnel.path,
        what: [`${host.name} loses inner packets of ${remoteIp} whose TTL is below 64 or above 79`],
        remedy: 'let the far end set the TTL of what it sends into the tunnel to 64, and acknowledge this',
      })),
};
