import type { FleetIntents } from './intents';
import type { TunnelEnd } from './tunnels';

/**
 * Hosts in rollout order. The ends of a tunnel are never in the same batch, so that a plan that fails on its hosts
 * never takes both. Hosts are taken by name, each into the first batch that has room and no peer of it.
 */
export function rolloutBatches(fleet: FleetIntents, ends: readonly TunnelEnd[]): string[][] {
  const peers = new Map<string, Set<string>>();
  for (const { host, peer } of ends) {
    if (!peer) continue;
    const known = peers.get(host.name) ?? new Set();
    peers.set(host.name, known.add(peer.name));
  }
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
