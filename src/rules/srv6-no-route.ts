import type { BridgeIntent } from '../plan/intents';
import { InterfaceAddress } from '../values/ip-address';
import type { Rule } from './rule';

const LINK_LOCAL = InterfaceAddress.parse('fe80::/10');

export const srv6NoRoute: Rule = {
  id: 'srv6/no-route',
  severity: 'error',
  statement:
    'The underlay reaches the first segment: on its link, or by an IPv6 gateway that is on its link.',
  reason:
    'Open vSwitch routes the outer packet itself: "native tunnel routing failed" without a route; and the kernel refuses one by a gateway that is of IPv4 or not on the link ("Nexthop has invalid gateway").',
  check: ({ ends }) =>
    ends.flatMap(({ tunnel, underlay, segments, host }) => {
      if (underlay.addresses.some((address) => address.covers(segments.first))) return [];
      const problem = gatewayProblem(underlay);
      if (problem === undefined) return [];
      return [
        {
          path: tunnel.path,
          what: [
            `${host.name} can't reach ${segments.first}: ${underlay.path} has ${underlay.addresses.join(', ')} and ${problem}`,
          ],
          remedy:
            "give that bridge a gateway on its link: addBridge('underlay', { addresses: ['fd00:a::1/64'], gateway: 'fd00:a::fe' })",
        },
      ];
    }),
};

function gatewayProblem({ gateway, addresses }: BridgeIntent): string | undefined {
  if (!gateway) return 'no gateway';
  if (gateway.version !== 6) return `the gateway ${gateway}, which is IPv4`;
  if (addresses.some(({ address }) => address.equals(gateway)))
    return `the gateway ${gateway}, which is its own address`;
  const isOnLink = LINK_LOCAL.covers(gateway) || addresses.some((address) => address.covers(gateway));
  return isOnLink ? undefined : `the gateway ${gateway}, which is on none of its links`;
}
