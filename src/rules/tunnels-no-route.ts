import type { BridgeIntent } from '../plan/intents';
import { InterfaceAddress, type IpAddress } from '../values/ip-address';
import type { Rule } from './rule';

const LINK_LOCAL = InterfaceAddress.parse('fe80::/10');

export const tunnelsNoRoute: Rule = {
  id: 'tunnels/no-route',
  severity: 'error',
  statement:
    'The underlay reaches the outer address of the far end (of SRv6 the first segment): on its link, or by a gateway of its IP version that is on its link.',
  reason:
    'Open vSwitch routes the outer packet itself: "native tunnel routing failed" without a route; and the kernel refuses one by a gateway of the other IP version or not on the link ("Nexthop has invalid gateway").',
  check: ({ ends }) =>
    ends.flatMap(({ tunnel, underlay, remoteIp, host }) => {
      if (underlay.addresses.some((address) => address.covers(remoteIp))) return [];
      const problem = gatewayProblem(underlay, remoteIp);
      if (problem === undefined) return [];
      return [
        {
          path: tunnel.path,
          what: [
            `${host.name} can't reach ${remoteIp}: ${underlay.path} has ${underlay.addresses.join(', ')} and ${problem}`,
          ],
          remedy: `give that bridge a gateway on its link: addBridge('underlay', { ${remoteIp.version === 6 ? "addresses: ['fd00:a::1/64'], gateway: 'fd00:a::fe'" : "addresses: ['192.0.2.1/24'], gateway: '192.0.2.254'"} })`,
        },
      ];
    }),
};

function gatewayProblem({ gateway, addresses }: BridgeIntent, remoteIp: IpAddress): string | undefined {
  if (!gateway) return 'no gateway';
  if (gateway.version !== remoteIp.version) return `the gateway ${gateway}, which is IPv${gateway.version}`;
  if (addresses.some(({ address }) => address.equals(gateway)))
    return `the gateway ${gateway}, which is its own address`;
  const isOnLink = LINK_LOCAL.covers(gateway) || addresses.some((address) => address.covers(gateway));
  return isOnLink ? undefined : `the gateway ${gateway}, which is on none of its links`;
}
