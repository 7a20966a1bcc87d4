import type { Rule } from './rule';

export const tunnelsLocalIp: Rule = {
  id: 'tunnels/local-ip',
  severity: 'error',
  statement: "A tunnel's localIp is an address of the bridge that carries it.",
  reason:
    "It is what the far end sends to (of SRv6 its segment, the SID). Nobody answers for it on the underlay's link otherwise, and Open vSwitch takes tunnel packets at the addresses of the bridge's own interface only (lib/tnl-ports.c).",
  check: ({ ends }) =>
    ends.flatMap(({ tunnel, underlay, localIp, host }) => {
      if (tunnel.kind === 'managed' || underlay.addresses.some(({ address }) => address.equals(localIp)))
        return [];
      const addresses = underlay.addresses.filter(({ address }) => address.version === localIp.version);
      const own = addresses.map(({ address }) => `'${address}'`).join(' or ');
      return [
        {
          path: tunnel.path,
          what: [
            `localIp is '${localIp}', but ${underlay.path} on ${host.name} has ${underlay.addresses.join(', ') || 'no address'}`,
          ],
          remedy: `${own === '' ? '' : `say localIp: ${own}, or `}give that bridge the address: addresses: ['${localIp.toHostPrefix()}', …]`,
        },
      ];
    }),
};
