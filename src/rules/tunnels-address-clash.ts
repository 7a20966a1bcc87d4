import type { Rule } from './rule';

export const tunnelsAddressClash: Rule = {
  id: 'tunnels/address-clash',
  severity: 'error',
  statement: 'The two ends of a tunnel have different addresses, inside and outside.',
  reason: 'A host never sends to an address of its own over a tunnel.',
  check: ({ ends }) =>
    ends.flatMap(({ tunnel, host, peer, bridge, localIp, remoteIp, destinations }) => {
      // A tunnel within one host is srv6/two-hosts' business.
      if (peer === host) return [];
      const inner = destinations.filter((far) => bridge.addresses.some(({ address }) => address.equals(far)));
      const clashes = [...inner, ...(remoteIp.equals(localIp) ? [localIp] : [])];
      // A managed tunnel has the clash at both of its ends; the first one says it.
      if (tunnel.kind === 'managed' && tunnel.bridges[0] !== bridge.path) return [];
      return clashes.map((address) => ({
        path: tunnel.path,
        what: [`both ends have the address ${address}`],
        remedy: 'give one of them another address',
      }));
    }),
};
