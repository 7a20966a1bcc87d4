import type { Rule } from './rule';

export const srv6NoRoute: Rule = {
  id: 'srv6/no-route',
  severity: 'error',
  statement: 'The underlay reaches the first segment: on its link, or by its gateway.',
  reason: 'Open vSwitch routes the outer packet itself: "native tunnel routing failed" without a route.',
  check: ({ ends }) =>
    ends
      .filter(
        ({ underlay, segments }) =>
          !underlay.gateway && !underlay.addresses.some((address) => address.covers(segments.first)),
      )
      .map(({ tunnel, underlay, segments, host }) => ({
        path: tunnel.path,
        what: [
          `${host.name} can't reach ${segments.first}: ${underlay.path} has ${underlay.addresses.join(', ')} and no gateway`,
        ],
        remedy:
          "give that bridge a gateway: addBridge('underlay', { addresses: […], gateway: 'fd00:a::fe' })",
      })),
};
