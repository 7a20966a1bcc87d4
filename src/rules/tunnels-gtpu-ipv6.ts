import type { Rule } from './rule';

export const tunnelsGtpuIpv6: Rule = {
  id: 'tunnels/gtpu-ipv6',
  severity: 'error',
  statement: 'A GTP-U tunnel carries IPv4.',
  reason:
    'Open vSwitch looks for the IP version of what comes in 8 bytes too far: of IPv6 it reads the first byte of the source address, and loses the packet: "GTP-U: Receive non-IP packet" (lib/netdev-native-tnl.c: netdev_gtpu_pop_header; seen with 3.5, the same code in 2.14 to 3.7).',
  check: ({ ends }) =>
    ends
      .filter(({ tunnel }) => tunnel.encapsulation.type === 'gtpu')
      .flatMap(({ tunnel, bridge, destinations }) => {
        const far = destinations.find(({ version }) => version === 6);
        if (!far) return [];
        return [
          {
            path: tunnel.path,
            what: [`${bridge.path} would reach ${far} by it`],
            remedy: 'take the IPv6 address out, or use another tunnel: GreTunnel, VxlanTunnel, Srv6Tunnel',
          },
        ];
      }),
};
