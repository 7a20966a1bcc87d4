import type { FleetIntents } from './intents';
import { outerDestinations, type TunnelEnd } from './tunnels';

/**
 * Hosts in rollout order. The ends of a tunnel are never in the same batch, so that a plan that fails on its hosts
 * never takes both. Hosts are taken by name, each into the first batch that has room and no peer of it.
 */
export function rolloutBatches(fleet: FleetIntents, ends: readonly TunnelEnd[]): string[][] {
  const peers = peersByHost(fleet, ends);
  const batches: { hosts: string[]; blocked: Set<string> }[] = [];
  for (const name of fleet.hosts.map((host) => host.name).sort()) {
    let batch = batches.find(
      ({ hosts, blocked }) => !blocked.has(name) && hosts.length < (fleet.batchSize ?? Infinity),
    );
    if (!batch) batches.push((batch = { hosts: [], blocked: new Set() }));
    batch.hosts.push(name);
    for (const peer of peers.get(name) ?? []) batch.blocked.add(peer);
  }
  return batches.map(({ hosts }) => hosts);
}

/** Each way, by the hosts' names. */
function peersByHost(fleet: FleetIntents, ends: readonly TunnelEnd[]): Map<string, Set<string>> {
  const peers = new Map<string, Set<string>>();
  const join = (one: string, other: string): void => {
    if (one === other) return;
    for (const [name, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      peers.set(name, (peers.get(name) ?? new Set()).add(peer));
    }
  };
  const unmanaged = ends.filter(({ tunnel }) => tunnel.kind === 'unmanaged');
  for (const { host, peer } of ends) if (peer) join(host.name, peer.name);
  // Two tunnels may face each other, each told the other's address: they are a pair, though nobody says so.
  const holders = unmanaged.length === 0 ? new Map<string, string[]>() : hostsByAddress(fleet);
  for (const end of unmanaged) {
    const { encapsulation } = end.tunnel;
    const source = encapsulation.type === 'srv6' ? encapsulation.receiveFrom : null;
    for (const address of [...outerDestinations(end), ...(source ? [source] : [])]) {
      for (const holder of holders.get(address.toString()) ?? []) join(end.host.name, holder);
    }
  }
  return peers;
}

function hostsByAddress({ hosts }: FleetIntents): Map<string, string[]> {
  const holders = new Map<string, string[]>();
  for (const { name, bridges } of hosts) {
    for (const { address } of bridges.flatMap(({ addresses }) => addresses)) {
      const key = address.toString();
      holders.set(key, [...(holders.get(key) ?? []), name]);
    }
  }
  return holders;
}
