import { groupsBy } from '../plan/groups';
import type { Rule } from './rule';

export const srv6Tso: Rule = {
  id: 'srv6/tso',
  severity: 'error',
  statement: 'A host with an SRv6 tunnel has no userspace TSO.',
  reason:
    'Open vSwitch drops each packet of more than one segment that is to enter the tunnel: "Tunneling packets with TSO is not supported for srv6 tunnels: packet dropped" (lib/netdev.c): ping works, TCP does not.',
  check: ({ ends }) =>
    [...groupsBy(ends, ({ host }) => host)].flatMap(([host, [end]]) =>
      host.openVSwitches
        .filter(({ otherConfig }) => otherConfig['userspace-tso-enable'] === 'true')
        .map(({ path }) => ({
          path,
          what: [
            `otherConfig['userspace-tso-enable'] is 'true', and ${host.name} is an end of ${end?.tunnel.path ?? 'a tunnel'}`,
          ],
          remedy: "take 'userspace-tso-enable' out",
        })),
    ),
};
