import { groupsBy } from '../plan/groups';
import type { BridgeIntent, HostIntents } from '../plan/intents';
import { outerDestinations, type TunnelEnd } from '../plan/tunnels';
import type { Rule, RuleContext, Violation } from './rule';

/** Who answers for an address on the underlay. */
interface Owner {
  readonly host: HostIntents;
  readonly bridge: BridgeIntent;
}

export const srv6SidUnique: Rule = {
  id: 'srv6/sid-unique',
  severity: 'error',
  statement: 'A segment (SID) of a tunnel is an address of one bridge of one host.',
  reason:
    'A SID is routed like any IPv6 address (RFC 8986 3.1): with two owners the underlay brings packets to one of them, which may be the one without the tunnel, and on one link duplicate address detection takes it from the second.',
  check(context) {
    const owners = ownersBySid(context.fleet.hosts);
    const ends = context.ends.filter(({ tunnel }) => tunnel.encapsulation.type === 'srv6');
    const toldElsewhere = pairsWithOneAddress(ends);
    return [...usersBySid(ends)].flatMap(([sid, tunnel]) => {
      const [first, ...others] = owners.get(sid) ?? [];
      if (!first) return [];
      return others
        .filter(({ bridge }) => !toldElsewhere.has(`${first.bridge.path} ${bridge.path}`))
        .map((again) => violation(sid, tunnel, first, again));
    });
  },
};

function violation(sid: string, tunnel: string, first: Owner, again: Owner): Violation {
  return {
    path: again.bridge.path,
    what: [
      `has ${sid} on ${again.host.name}, as has ${first.bridge.path} on ${first.host.name}; it is a segment (SID) of ${tunnel}`,
    ],
    remedy: 'give one of the two bridges another address',
  };
}

/** The bridges that carry tunnels, by each of their IPv6 addresses. Tenants' addresses are another address space. */
function ownersBySid(hosts: RuleContext['fleet']['hosts']): Map<string, Owner[]> {
  const underlays = new Set(
    hosts.flatMap(({ bridges }) => bridges.flatMap(({ underlay }) => underlay ?? [])),
  );
  const owners = new Map<string, Owner[]>();
  for (const host of hosts) {
    for (const bridge of host.bridges.filter(({ path }) => underlays.has(path))) {
      for (const { address } of bridge.addresses) {
        if (address.version !== 6) continue;
        const known = owners.get(address.toString());
        if (known) known.push({ host, bridge });
        else owners.set(address.toString(), [{ host, bridge }]);
      }
    }
  }
  return owners;
}

/** The first tunnel that receives or sends by a SID. */
function usersBySid(ends: readonly TunnelEnd[]): Map<string, string> {
  const users = new Map<string, string>();
  for (const end of ends) {
    for (const sid of [end.localIp, ...outerDestinations(end)].map(String)) {
      if (!users.has(sid)) users.set(sid, end.tunnel.path);
    }
  }
  return users;
}

/** Of a tunnel whose two ends have the same address, tunnels/address-clash says so. */
function pairsWithOneAddress(ends: readonly TunnelEnd[]): Set<string> {
  const pairs = [...groupsBy(ends, ({ tunnel }) => tunnel.path).values()].flatMap(([one, other]) =>
    one && other ? [[one.underlay.path, other.underlay.path]] : [],
  );
  return new Set(pairs.flatMap(([one, other]) => [`${one} ${other}`, `${other} ${one}`]));
}
