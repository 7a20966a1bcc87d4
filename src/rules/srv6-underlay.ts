import { segmentAddress, underlayOf } from '../plan/srv6';
import type { Rule } from './rule';

export const srv6Underlay: Rule = {
  id: 'srv6/underlay',
  severity: 'error',
  statement: "Each bridge of a tunnel has an underlay bridge with an IPv6 address, on the bridge's own host.",
  reason:
    'The outer header of SRv6 is IPv6, and Open vSwitch takes its source from the address of a bridge (userspace-tunneling.rst).',
  check({ fleet, bridges }) {
    return fleet.tunnels.flatMap((tunnel) => {
      const paths = tunnel.kind === 'managed' ? tunnel.bridges : [tunnel.bridge];
      return paths.flatMap((path) => {
        const place = bridges.get(path);
        if (!place) return [];
        const underlay = underlayOf(place.bridge, bridges);
        const problem = !underlay
          ? `the bridge ${path} has no underlay`
          : bridges.get(underlay.path)?.host !== place.host
            ? `the underlay of ${path} is ${underlay.path}, on another host`
            : segmentAddress(underlay) === undefined
              ? `the underlay ${underlay.path} has no IPv6 address (${underlay.addresses.join(', ') || 'none at all'})`
              : undefined;
        if (problem === undefined) return [];
        return [
          {
            path: tunnel.path,
            what: [problem],
            remedy:
              "give the bridge an underlay with an IPv6 address: addBridge('underlay', { addresses: ['fd00:a::1/64'] })",
          },
        ];
      });
    });
  },
};
