import { TUNNEL_TYPES } from '../plan/encapsulation';
import { hostRule } from './rule';
import { platformsWith } from './tunnels-platform';

export const tunnelsTso = hostRule({
  id: 'tunnels/tso',
  severity: 'error',
  statement: 'A host with userspace TSO has only tunnels that take such packets.',
  reason:
    'Into other tunnels Open vSwitch drops each packet of more than one segment: "Tunneling packets with TSO is not supported for srv6 tunnels: packet dropped" (lib/netdev.c: netdev_push_header): ping works, TCP does not. VXLAN and Geneve take them from 3.3, GRE from 3.5, and without sequence numbers.',
  check(host, { endsByHost }) {
    const ends = endsByHost.get(host) ?? [];
    const refused = ends.flatMap(({ tunnel, encapsulation: { title } }) => {
      const { type } = tunnel.encapsulation;
      const { tsoSince } = TUNNEL_TYPES[type];
      if (tsoSince === null) return [{ tunnel, why: '' }];
      if (!host.platform.hasOpenVSwitch(tsoSince)) {
        const why = `: ${title} takes TSO packets from Open vSwitch ${tsoSince.join('.')} on (${platformsWith(tsoSince)})`;
        return [{ tunnel, why }];
      }
      const numbered = 'sequenceNumbers' in tunnel.encapsulation && tunnel.encapsulation.sequenceNumbers;
      return numbered ? [{ tunnel, why: ', whose sequence numbers TSO packets would not have' }] : [];
    });
    const [first] = refused;
    if (!first) return [];
    return host.openVSwitches
      .filter(({ otherConfig }) => otherConfig['userspace-tso-enable'] === 'true')
      .map(({ path }) => ({
        path,
        what: [
          `otherConfig['userspace-tso-enable'] is 'true', and ${host.name} is an end of ${first.tunnel.path}${first.why}`,
        ],
        remedy: "take 'userspace-tso-enable' out",
      }));
  },
});
