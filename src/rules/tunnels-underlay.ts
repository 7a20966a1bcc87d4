import type { BridgeIntent } from '../plan/intents';
import { askedIpVersion, underlayAddress, underlayOf } from '../plan/tunnels';
import type { Rule } from './rule';

export const tunnelsUnderlay: Rule = {
  id: 'tunnels/underlay',
  severity: 'error',
  statement:
    "Each bridge of a tunnel has an underlay bridge with an address of the outer header's IP version, on the bridge's own host.",
  reason:
    'Open vSwitch takes the source of the outer header from the address of a bridge (userspace-tunneling.rst), and its IP version is that of the far end; of SRv6 and ip6gre it is IPv6.',
  check({ fleet, bridges }) {
    return fleet.tunnels.flatMap((tunnel) => {
      const places = (tunnel.kind === 'managed' ? tunnel.bridges : [tunnel.bridge]).flatMap((path) => {
        const place = bridges.get(path);
        return place ? [{ path, place, underlay: underlayOf(place.bridge, bridges) }] : [];
      });
      const asked = askedIpVersion(tunnel);
      const violations = places.flatMap(({ path, place, underlay }) => {
        const version = asked ?? (underlay && underlayAddress(underlay, 4) ? 4 : 6);
        const problem = !underlay
          ? `the bridge ${path} has no underlay`
          : bridges.get(underlay.path)?.host !== place.host
            ? `the underlay of ${path} is ${underlay.path}, on another host`
            : underlayAddress(underlay, version) === undefined
              ? `the underlay ${underlay.path} has no ${asked === undefined ? 'IP' : `IPv${asked}`} address (${addressesOf(underlay)})`
              : undefined;
        if (problem === undefined) return [];
        const [kind, example] = asked === 4 ? ['IPv4', '192.0.2.1/24'] : ['IPv6', 'fd00:a::1/64'];
        return [
          {
            path: tunnel.path,
            what: [problem],
            remedy: `give the bridge an underlay with an ${kind} address: addBridge('underlay', { addresses: ['${example}'] })`,
          },
        ];
      });
      const [first, second] = places.flatMap(({ underlay }) => underlay ?? []);
      if (violations.length > 0 || asked !== undefined || !first || !second) return violations;
      if (([4, 6] as const).some((v) => underlayAddress(first, v) && underlayAddress(second, v))) return [];
      return [
        {
          path: tunnel.path,
          what: [
            `the underlays have no IP version in common: ${first.path} has ${addressesOf(first)}, ${second.path} has ${addressesOf(second)}`,
          ],
          remedy: 'give one of the two an address of the IP version that the other one has',
        },
      ];
    });
  },
};

function addressesOf({ addresses }: BridgeIntent): string {
  return addresses.join(', ') || 'none at all';
}
