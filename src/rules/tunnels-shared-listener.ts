import { listenerOf } from '../plan/encapsulation';
import { groupsBy } from '../plan/groups';
import { hostRule } from './rule';

export const tunnelsSharedListener = hostRule({
  id: 'tunnels/shared-listener',
  severity: 'error',
  statement: "A host's tunnels that receive GRE packets, or packets to one UDP port, are of one type.",
  reason:
    'Open vSwitch gives all packets of an IP protocol or UDP port to one of the types, as a rule the one that was there first, without an error; the other receives nothing: "receive tunnel port not found" (lib/tnl-ports.c: map_insert). gre, ip6gre, erspan and ip6erspan are all IP protocol 47.',
  check(host, { endsByHost }) {
    const ports = (endsByHost.get(host) ?? []).flatMap((end) =>
      end.ports.map((port) => ({ path: end.tunnel.path, type: port.type, listener: listenerOf(port) })),
    );
    return [...groupsBy(ports, ({ listener }) => listener)].flatMap(([listener, [first, ...others]]) => {
      const other = others.find(({ type }) => type !== first?.type);
      if (!first || !other) return [];
      return [
        {
          path: other.path,
          what: [
            `${host.name} receives ${listener} by ${first.path} (type ${first.type}) and by ${other.path} (type ${other.type})`,
          ],
          remedy: listener.startsWith('UDP')
            ? 'give one of the two another udpPort'
            : 'make them of one type and IP version, or use VxlanTunnel or GeneveTunnel for one of them',
        },
      ];
    });
  },
});
