import type { Rule } from './rule';

export const srv6SegmentListShortened: Rule = {
  id: 'srv6/segment-list-shortened',
  severity: 'warning',
  statement: 'A tunnel has one segment.',
  reason:
    'Open vSwitch 3.2 to 3.7 shortens a list of several segments to its first at the next reconfiguration (parse_srv6_segs in lib/netdev-vport.c writes into its own input).',
  check: ({ ends }) =>
    ends.flatMap(({ tunnel: { path, encapsulation }, host }) => {
      const count = encapsulation.type === 'srv6' ? (encapsulation.segments?.segments.length ?? 1) : 1;
      if (count === 1) return [];
      return [
        {
          path,
          what: [`has ${count} segments on ${host.name} (Open vSwitch ${host.platform.openVSwitchVersion})`],
          remedy:
            'each apply puts the whole list back, but changes by others between two applies shorten it again; use one segment if you can',
        },
      ];
    }),
};
