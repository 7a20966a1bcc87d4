import { repeated, type Rule } from './rule';

export const tunnelsDestinationTwice: Rule = {
  id: 'tunnels/destination-twice',
  severity: 'error',
  statement: 'An inner address is at the far end of one tunnel of a bridge.',
  reason:
    'Open vSwitch keeps one flow of equal match and priority: all packets would take one of the tunnels. Of Ethernet frames, two bridges of one network would have the same address.',
  check({ ends }) {
    const destinations = ends.flatMap(({ tunnel, bridge, host, destinations: addresses }) =>
      [...new Set(addresses.map(String))].map((address) => ({ tunnel, bridge, host, address })),
    );
    return repeated(
      destinations,
      ({ bridge, address }) => `${bridge.path} ${address}`,
      (again, first) => ({
        path: again.tunnel.path,
        what: [`${again.host.name} reaches ${again.address} by ${first.tunnel.path} already`],
        remedy: 'give the far ends different inner addresses, or take one of the tunnels out',
      }),
    );
  },
};
