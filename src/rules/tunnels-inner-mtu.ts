import { overheadOf, overheadText } from '../plan/encapsulation';
import { bridgeMtu, innerMtu } from '../plan/planner';
import { groupsBy } from '../plan/groups';
import { type Rule } from './rule';

/** RFC 8200 5: every IPv6 link carries packets of 1280 bytes. */
const IPV6_MINIMUM_MTU = 1280;

export const tunnelsInnerMtu: Rule = {
  id: 'tunnels/inner-mtu',
  severity: 'error',
  statement:
    "A tunnel's inner packets fit into the underlay's MTU behind the outer headers, and leave IPv6 its 1280 bytes.",
  reason: 'Open vSwitch neither fragments nor answers "packet too big": larger packets are lost in silence.',
  check({ ends }) {
    return [...groupsBy(ends, ({ bridge }) => bridge.path).values()].flatMap((own) => {
      const [tightest] = [...own].sort((a, b) => overheadOf(b.encapsulation) - overheadOf(a.encapsulation));
      if (!tightest) return [];
      const { host, bridge, underlay, encapsulation, tunnel } = tightest;
      const fits = innerMtu(host, bridge, own);
      const asked = bridge.mtu;
      if (fits === null) return [];
      const underlayMtu = bridgeMtu(host, underlay, []) ?? 1500;
      const arithmetic =
        `${underlay.path} has MTU ${underlayMtu}; outer headers take ${overheadOf(encapsulation)} bytes ` +
        `(${overheadText(encapsulation)}); ${fits} are left`;
      if (asked !== undefined && asked > fits) {
        return [
          {
            path: bridge.path,
            what: [`asks for MTU ${asked}, but ${tunnel.path} can't carry it`, arithmetic],
            remedy: `say mtu: ${fits} or leave it out (it is derived then), or raise the MTU of the underlay's ports`,
          },
        ];
      }
      if (fits >= IPV6_MINIMUM_MTU || !bridge.addresses.some(({ address }) => address.version === 6))
        return [];
      return [
        {
          path: tunnel.path,
          what: [`inner IPv6 needs an MTU of ${IPV6_MINIMUM_MTU}`, arithmetic],
          remedy: "raise the MTU of the underlay's ports",
        },
      ];
    });
  },
};
