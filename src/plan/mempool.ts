/**
 * Memory that Open vSwitch takes from hugepages for the packets of a DPDK port.
 * Source: Open vSwitch, lib/netdev-dpdk.c (dpdk_buf_size, dpdk_calculate_mbufs, MIN_NB_MBUF, MAX_NB_MBUF); the size of
 * an mbuf with its headers was read from a running 3.5 with DPDK 24.11 (`netdev-dpdk/get-mempool-info`).
 */
const ETHERNET_OVERHEAD = 26;
const BUFFER_ALIGNMENT = 1024;
const HEADROOM = 128;
const OBJECT_OVERHEAD = 832;
const LARGE_POOL = 262144;
const SMALL_POOL = 16384;
/** From this MTU on a pool has 262,144 buffers; below, 16,384. */
const LARGE_POOL_MTU = 999;

const MIB = 1024 * 1024;

/** Bytes of one packet buffer: two MTUs with the same size share a pool. */
export function bufferSize(mtu: number): number {
  return Math.ceil((mtu + ETHERNET_OVERHEAD) / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT + HEADROOM;
}

/** MiB of the shared pool of this MTU on one NUMA node. */
export function mempoolMib(mtu: number): number {
  const buffers = mtu >= LARGE_POOL_MTU ? LARGE_POOL : SMALL_POOL;
  return Math.ceil((buffers * (bufferSize(mtu) + OBJECT_OVERHEAD)) / MIB);
}

/** MiB of all pools that these MTUs need on one NUMA node in Open vSwitch's default (shared) mode. */
export function mempoolsMib(mtus: readonly number[]): number {
  const byBuffer = new Map<number, number>();
  for (const mtu of mtus) {
    const size = bufferSize(mtu);
    byBuffer.set(size, Math.max(byBuffer.get(size) ?? 0, mempoolMib(mtu)));
  }
  return [...byBuffer.values()].reduce((sum, mib) => sum + mib, 0);
}
