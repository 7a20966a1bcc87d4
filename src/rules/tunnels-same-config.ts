import { configOf } from '../plan/encapsulation';
import { repeated, type Rule } from './rule';

export const tunnelsSameConfig: Rule = {
  id: 'tunnels/same-config',
  severity: 'error',
  statement: 'No host has two tunnels that Open vSwitch takes for the same.',
  reason:
    'Open vSwitch knows a tunnel by its type, UDP port, remote_ip, local_ip, key of what comes in, and by Ethernet or IP inside, on whichever bridge, and refuses the second: "attempting to add tunnel port with same config", "File exists" (ofproto/tunnel.c: struct tnl_match). No key is the same as key 0.',
  check: ({ ends }) => {
    const ports = ends.flatMap((end) => end.ports.map((port) => ({ end, port })));
    const violations = repeated(
      ports,
      ({ end, port }) => `${end.host.name} ${configOf(port)}`,
      (again, first) => {
        const { end, port } = again;
        const { title } = end.encapsulation;
        const key = port.options.in_key ?? port.options.key;
        const direction = port === end.ports[0] ? '' : ', to receive by,';
        return {
          path: end.tunnel.path,
          what: [
            `${end.host.name} has a tunnel (${title}${key === undefined ? '' : `, key ${key}`}) ` +
              `from ${port.options.local_ip} to ${port.options.remote_ip}${direction} already: ${first.end.tunnel.path}`,
          ],
          remedy: REMEDIES[end.tunnel.encapsulation.type],
        };
      },
    );
    // Both ends of a doubled tunnel say the same; one is enough.
    return [...new Map(violations.map((violation) => [violation.path, violation])).values()];
  },
};

const ONE_IS_ENOUGH = 'take one of the two out; one tunnel carries any number of inner addresses';
const anotherOf = (field: string): string => `give one of the two another ${field}, or take it out`;

const REMEDIES = {
  srv6: ONE_IS_ENOUGH,
  vxlan: anotherOf('vni'),
  geneve: anotherOf('vni'),
  gre: anotherOf('key'),
  ip6gre: anotherOf('key'),
  erspan: anotherOf('sessionId'),
  gtpu: anotherOf('teid'),
} as const;
