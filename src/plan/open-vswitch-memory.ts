import { groupsBy } from './groups';
import { dpdkNics, type DpdkNic } from './dpdk-nics';
import type { HostIntents, HugepagePoolIntent } from './intents';
import { pageDemands } from './kernel-arguments';
import { totalMib } from './mempool';
import { mempools, showNeed } from './packet-buffers';
import { mebibytes } from '../values/text';

/** MiB on each node with a NIC beside the buffers: rings, queues of the drivers, heap. Source: Red Hat, OSP NFV guide, "Memory parameters". */
export const DPDK_RESERVE_MIB = 512;

/** Memory that is needed from hugepages, and for what. */
export interface MemoryNeed {
  readonly mib: number;
  /** `752 MiB for packet buffers (…), and 512 MiB for DPDK itself`. */
  readonly text: string;
}

/** What Open vSwitch needs for these NICs in one place: their packet buffers, and what DPDK takes beside. */
export function openVSwitchNeed(
  host: HostIntents,
  nics: readonly DpdkNic[],
  node: number | undefined,
): MemoryNeed {
  const pools = mempools(host, nics, node);
  const own = `${mebibytes(DPDK_RESERVE_MIB)} for DPDK itself`;
  return {
    mib: totalMib(pools) + DPDK_RESERVE_MIB,
    text: pools.length > 0 ? `${showNeed(pools)}, and ${own}` : own,
  };
}

/** MiB by position of the node, where a person says it, and in which prop; undefined: it is derived, or not to be read. */
export function askedSocketMemory({
  openVSwitches: [intent],
}: HostIntents): { path: string; prop: string; mib: readonly number[] } | undefined {
  if (!intent) return undefined;
  const { path, otherConfig, socketMemoryMib } = intent;
  const text = otherConfig['dpdk-socket-mem'];
  if (text === undefined) return socketMemoryMib && { path, prop: 'socketMemory', mib: socketMemoryMib };
  if (!/^\d{1,9}(,\d{1,9})*$/.test(text)) return undefined;
  return { path, prop: "otherConfig['dpdk-socket-mem']", mib: text.split(',').map(Number) };
}

/** What Open vSwitch needs of each node, where it is known of all its NICs on which node they are. */
export function needByNode(
  host: HostIntents,
  placed: readonly { readonly nic: DpdkNic; readonly node: number }[],
  /** Where DPDK takes its own memory if there is no NIC at all. */
  home: number,
): Map<number, MemoryNeed> {
  if (host.openVSwitches.length === 0) return new Map();
  const needs = new Map<number, MemoryNeed>();
  for (const [node, there] of groupsBy(placed, (nic) => nic.node)) {
    needs.set(
      node,
      openVSwitchNeed(
        host,
        there.map(({ nic }) => nic),
        node,
      ),
    );
  }
  if (needs.size === 0) needs.set(home, openVSwitchNeed(host, [], home));
  const asked = askedSocketMemory(host);
  for (const [node, mib] of asked?.mib.entries() ?? []) {
    const derived = needs.get(node)?.mib ?? 0;
    if (asked && mib > derived)
      needs.set(node, { mib, text: `${mebibytes(mib)} by ${asked.prop} of ${asked.path}` });
  }
  return needs;
}

/**
 * `dpdk-socket-mem`, MiB by position of the node: what the ports' buffers and DPDK need, in whole pages, and never more than
 * the node's pool. Where the pools were sized by their consumers, each node gives what was counted for Open vSwitch there.
 * Otherwise every node that has a pool gives all of it, because the node of a NIC isn't known before the host is. Without
 * per-node pools nothing is said: DPDK then takes memory as it needs it.
 */
export function derivedSocketMemory(host: HostIntents): number[] | undefined {
  const byNode = new Map<number, { poolMib: number; pageMib: number }>();
  for (const { pageSize, perNode } of pageDemands(host)) {
    for (const [node, count] of perNode) {
      const present = byNode.get(node) ?? { poolMib: 0, pageMib: pageSize.mebibytes };
      byNode.set(node, { ...present, poolMib: present.poolMib + count * pageSize.mebibytes });
    }
  }
  if (byNode.size === 0) return undefined;
  const counted = sizedPool(host)?.openVSwitchMib;
  const nics = dpdkNics(host);
  return Array.from({ length: Math.max(...byNode.keys()) + 1 }, (_, node) => {
    const pool = byNode.get(node);
    if (!pool) return 0;
    const need = counted ? (counted.get(node) ?? 0) : totalMib(mempools(host, nics, node)) + DPDK_RESERVE_MIB;
    return Math.min(pool.poolMib, Math.ceil(need / pool.pageMib) * pool.pageMib);
  });
}

/** Why it is what it is. */
export function socketMemoryReason(host: HostIntents): string {
  const sized = sizedPool(host);
  return sized
    ? `what ${sized.path} counts for Open vSwitch on each node, in whole pages`
    : `${openVSwitchNeed(host, dpdkNics(host), undefined).text}, on each node that has a pool, in whole pages and at most the pool`;
}

/** The pool that was sized by its consumers; a host has at most one. */
function sizedPool({ hugepagePools }: HostIntents): HugepagePoolIntent | undefined {
  return hugepagePools.find(({ openVSwitchMib }) => openVSwitchMib !== undefined);
}
