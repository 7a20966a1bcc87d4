import { gatewayTo } from '../plan/tunnels';
import type { Rule } from './rule';

export const tunnelsNoRoute: Rule = {
  id: 'tunnels/no-route',
  severity: 'error',
  statement:
    'The underlay reaches the outer address of the far end (of SRv6 the first segment): on its link, or by a gateway of its IP version.',
  reason: 'Open vSwitch routes the outer packet itself: "native tunnel routing failed" without a route.',
  check: ({ ends }) =>
    ends
      .filter(
        ({ underlay, remoteIp }) =>
          !gatewayTo(underlay, remoteIp) && !underlay.addresses.some((address) => address.covers(remoteIp)),
      )
      .map(({ tunnel, underlay, remoteIp, host }) => ({
        path: tunnel.path,
        what: [
          `${host.name} can't reach ${remoteIp}: ${underlay.path} has ${underlay.addresses.join(', ')} and ${underlay.gateway ? `the gateway ${underlay.gateway}` : 'no gateway'}`,
        ],
        remedy: `give that bridge a gateway: addBridge('underlay', { addresses: […], gateway: '${remoteIp.version === 6 ? 'fd00:a::fe' : '192.0.2.254'}' })`,
      })),
};
