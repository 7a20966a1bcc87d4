/**
 * Memory that Open vSwitch takes from hugepages for the packets of DPDK ports.
 * Source: Open vSwitch, lib/netdev-dpdk.c (dpdk_buf_size, dpdk_calculate_mbufs, MIN_NB_MBUF, MAX_NB_MBUF) and
 * Documentation/topics/dpdk/memory.rst; the size of an mbuf with its headers was read from a running 3.5 with DPDK 24.11
 * (`netdev-dpdk/get-mempool-info`).
 */
const ETHERNET_OVERHEAD = 26;
const BUFFER_ALIGNMENT = 1024;
const HEADROOM = 128;
const OBJECT_OVERHEAD = 832;
const LARGE_POOL = 262144;
const SMALL_POOL = 16384;
/** From this MTU on a shared pool has 262,144 buffers; below, 16,384. */
const LARGE_POOL_MTU = 999;
/** Descriptors of a queue (`n_rxq_desc`, `n_txq_desc`), where nobody says otherwise. */
const DESCRIPTORS = 2048;
/** Buffers in the hands of one batch (NETDEV_MAX_BURST), for at most so many queues (RTE_MAX_LCORE). */
const BATCH = 32;
const MOST_BATCHES = 128;

const MIB = 1024 * 1024;

/** A port that packets are received from. */
export interface BufferedPort {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** Receive queues. */
  readonly queues: number;
}

/** One pool of packet buffers on a NUMA node, and the ports that take from it. */
export interface Mempool {
  readonly ports: readonly BufferedPort[];
  /** Bytes that its buffers are made for. */
  readonly mtu: number;
  readonly buffers: number;
  /** Bytes of one buffer with its headers. */
  readonly objectSize: number;
  /** Rounded up. */
  readonly mib: number;
}

/** Bytes of one packet buffer: two MTUs with the same size share a pool. */
export function bufferSize(mtu: number): number {
  return Math.ceil((mtu + ETHERNET_OVERHEAD) / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT + HEADROOM;
}

/** MiB of the shared pool of this MTU on one NUMA node. */
export function mempoolMib(mtu: number): number {
  return mempool([], mtu, sharedBuffers(mtu)).mib;
}

/** MiB of all pools that these MTUs need on one NUMA node in Open vSwitch's default (shared) mode. */
export function mempoolsMib(mtus: readonly number[]): number {
  return totalMib(sharedMempools(mtus.map((mtu) => ({ name: '', mtu, queues: 1 }))));
}

/**
 * The pools of one NUMA node in the default mode: ports whose buffers have one size share one.
 *
 * @param madeFor the MTU that a port's buffers are made for, where it isn't the port's own (`shared-mempool-config`)
 */
export function sharedMempools(
  ports: readonly BufferedPort[],
  madeFor: (port: BufferedPort) => number = ({ mtu }) => mtu,
): Mempool[] {
  const bySize = new Map<number, BufferedPort[]>();
  for (const port of ports) {
    const size = bufferSize(madeFor(port));
    bySize.set(size, [...(bySize.get(size) ?? []), port]);
  }
  return [...bySize.values()].map((sharing) => {
    const mtu = Math.max(...sharing.map(madeFor));
    return mempool(sharing, mtu, sharedBuffers(mtu));
  });
}

/**
 * The pools where `per-port-memory` is on: one a port, as large as its queues can hold.
 *
 * @param pmds poll mode drivers of the host: each has a transmit queue of its own, and one more is Open vSwitch's
 */
export function perPortMempools(ports: readonly BufferedPort[], pmds: number): Mempool[] {
  return ports.map((port) => {
    const received = port.queues * DESCRIPTORS;
    const sent = (pmds + 1) * DESCRIPTORS;
    const inBatches = Math.min(MOST_BATCHES, port.queues) * BATCH;
    return mempool([port], port.mtu, received + sent + inBatches + SMALL_POOL);
  });
}

export function totalMib(pools: readonly Mempool[]): number {
  return pools.reduce((sum, { mib }) => sum + mib, 0);
}

function sharedBuffers(mtu: number): number {
  return mtu >= LARGE_POOL_MTU ? LARGE_POOL : SMALL_POOL;
}

function mempool(ports: readonly BufferedPort[], mtu: number, buffers: number): Mempool {
  const objectSize = bufferSize(mtu) + OBJECT_OVERHEAD;
  return { ports, mtu, buffers, objectSize, mib: Math.ceil((buffers * objectSize) / MIB) };
}
