import type { Rule } from './rule';

export const tunnelsGreChecksum: Rule = {
  id: 'tunnels/gre-checksum',
  severity: 'error',
  statement: 'A GRE tunnel has a checksum or sequence numbers, not both.',
  reason:
    'Open vSwitch computes the checksum first and writes the sequence number then, so that each packet but the first has a wrong checksum, and the far end drops it (lib/netdev-native-tnl.c: netdev_gre_push_header; seen with 3.5.0; the same code in 3.7.1).',
  check: ({ fleet }) =>
    fleet.tunnels.flatMap(({ path, encapsulation }) => {
      const isGre = encapsulation.type === 'gre' || encapsulation.type === 'ip6gre';
      if (!isGre || !encapsulation.checksum || !encapsulation.sequenceNumbers) return [];
      return [{ path, what: ['has checksum and sequenceNumbers'], remedy: 'take one of the two out' }];
    }),
};
