import { repeated, type Rule } from './rule';

export const srv6SameTunnelTwice: Rule = {
  id: 'srv6/same-tunnel-twice',
  severity: 'error',
  statement: 'No host has two tunnels with the same ends.',
  reason:
    'Open vSwitch knows a tunnel by its type, remote_ip and local_ip and refuses the second: "File exists" (lib/netdev-vport.c).',
  check: ({ ends }) => {
    const violations = repeated(
      ends,
      ({ host, localIp, segments }) => `${host.name} ${localIp} ${segments.first}`,
      (again, first) => ({
        path: again.tunnel.path,
        what: [
          `${again.host.name} has a tunnel from ${again.localIp} to ${again.segments.first} already: ${first.tunnel.path}`,
        ],
        remedy: 'take one of the two out; one tunnel carries any number of inner addresses',
      }),
    );
    // Both ends of a doubled tunnel say the same; one is enough.
    return [...new Map(violations.map((violation) => [violation.path, violation])).values()];
  },
};
