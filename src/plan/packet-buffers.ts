import type { HostIntents } from './intents';
import { perPortMempools, sharedMempools, totalMib, type BufferedPort, type Mempool } from './mempool';
import type { DpdkNic } from './dpdk-nics';
import { pmdCpus } from './pmd-cpus';
import { counted, mebibytes } from '../values/text';

/** Pools of packet buffers that the host's Open vSwitch makes for ports on one node, by what its otherConfig says. */
export function mempools(host: HostIntents, nics: readonly DpdkNic[], node: number | undefined): Mempool[] {
  const config = host.openVSwitches[0]?.otherConfig ?? {};
  const ports = nics.map(({ port: { name, mtu, queues } }): BufferedPort => ({ name, mtu, queues }));
  if (config['per-port-memory'] === 'true') return perPortMempools(ports, pmdCpus(host)?.cpus.size ?? 1);
  const configured = configuredMtus(config['shared-mempool-config'] ?? '', node);
  return sharedMempools(ports, ({ mtu }) => bufferMtu(mtu, configured));
}

/** `752 MiB (dpdk0, MTU 1500, 1 queue) + 2,544 MiB (dpdk1, MTU 9000, 1 queue)`. */
function showMempools(pools: readonly Mempool[]): string {
  return pools.map((pool) => `${mebibytes(pool.mib)} (${showPorts(pool)})`).join(' + ');
}

function showPorts({ ports, mtu: madeFor }: Mempool): string {
  const each = ports.map(({ name, mtu, queues }) => `${name}, MTU ${mtu}, ${counted(queues, 'queue')}`);
  const isLarger = ports.every(({ mtu }) => mtu < madeFor);
  return [...each, ...(isLarger ? [`made for MTU ${madeFor}`] : [])].join('; ');
}

/** `3,296 MiB for packet buffers: 752 MiB (…) + 2,544 MiB (…)`. */
export function showNeed(pools: readonly Mempool[]): string {
  const [only, ...others] = pools;
  if (only && others.length === 0) return `${mebibytes(only.mib)} for packet buffers (${showPorts(only)})`;
  return `${mebibytes(totalMib(pools))} for packet buffers: ${showMempools(pools)}`;
}

/** `9000,1500:1`: MTUs that pools are made for, on all nodes or on one (vswitch.xml, shared-mempool-config). */
function configuredMtus(text: string, node: number | undefined): number[] {
  return text.split(',').flatMap((entry) => {
    const match = /^\s*(\d{1,5})(?::(\d{1,4}))?\s*$/.exec(entry);
    if (!match) return [];
    const isHere = match[2] === undefined || Number(match[2]) === node;
    return isHere ? [Number(match[1])] : [];
  });
}

/** The smallest configured MTU that is large enough; the port's own where there is none. */
function bufferMtu(mtu: number, configured: readonly number[]): number {
  const enough = configured.filter((one) => one >= mtu);
  return enough.length > 0 ? Math.min(...enough) : mtu;
}
