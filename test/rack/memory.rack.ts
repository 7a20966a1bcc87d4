/**
 * What Open vSwitch takes from hugepages for packet buffers, beside what the rules compute (src/plan/mempool.ts): three MTUs
 * in both pool modes, on real DPDK with a real NIC's driver. Pages of 2 MiB, since of 1 GiB any pool takes a whole one.
 */
import { perPortMempools, sharedMempools, type Mempool } from '../../src/plan/mempool';
import type { Machine } from './machine';
import { Progress } from './progress';
import { provisionedPair } from './provisioned';
import type { Rack } from './rack';

const progress = new Progress({ label: 'memory' });

const MTUS = [1500, 3000, 9000];
const MIB = 1024 * 1024;
const NODE_0 = '/sys/devices/system/node/node0/hugepages/hugepages-2048kB';
/** Enough for the largest of them, 2.5 GiB, on the 4 GiB of node 0. */
const PAGES = 1330;

interface Taken {
  readonly mtu: number;
  readonly buffers: number;
  readonly bytes: number;
  readonly pages: number;
}

describe('packet buffers', () => {
  let rack: Rack | undefined;
  let east: Machine;

  beforeAll(async () => {
    rack = (await provisionedPair(progress)).rack;
    east = rack.machine('east');
    await progress.step('pages of 2 MiB instead of 1 GiB', async () => {
      await east.run(['sudo', 'systemctl', 'stop', 'openvswitch-switch.service']);
      await root(`rm -f /dev/hugepages/rtemap_*
        for node in 0 1; do echo 0 >/sys/devices/system/node/node$node/hugepages/hugepages-1048576kB/nr_hugepages; done
        sync; echo 3 >/proc/sys/vm/drop_caches; echo 1 >/proc/sys/vm/compact_memory
        echo ${PAGES} >${NODE_0}/nr_hugepages
        mkdir -p /dev/hugepages2M
        mount -t hugetlbfs -o pagesize=2M hugetlbfs /dev/hugepages2M`);
      expect(Number(await east.run(['cat', `${NODE_0}/nr_hugepages`]))).toBe(PAGES);
    });
  });

  afterAll(async () => rack?.down());

  const root = (script: string): Promise<string> => east.run(['sudo', 'sh', '-ec', script]);

  async function startOpenVSwitch(perPort: boolean): Promise<void> {
    await root(`systemctl stop openvswitch-switch.service
      rm -f /dev/hugepages2M/rtemap_*
      systemctl start ovsdb-server.service
      ovs-vsctl --no-wait --if-exists del-port uplink
      ovs-vsctl --no-wait set Open_vSwitch . other_config:dpdk-socket-mem=2 other_config:per-port-memory=${perPort}
      systemctl start openvswitch-switch.service`);
    expect(await root('ovs-vsctl get Open_vSwitch . dpdk_initialized')).toBe('true\n');
  }

  /** The port is made with this MTU, looked at, and taken away again, and with it its pool. */
  async function taken(mtu: number): Promise<Taken> {
    const free = async (): Promise<number> => Number(await east.run(['cat', `${NODE_0}/free_hugepages`]));
    const before = await free();
    await root(`ovs-vsctl --timeout=60 add-port underlay uplink -- set Interface uplink type=dpdk \
      options:dpdk-devargs=0000:00:04.0 mtu_request=${mtu}`);
    expect(await root('ovs-vsctl get Interface uplink error mtu')).toBe(`[]\n${mtu}\n`);
    const said = await root('ovs-appctl netdev-dpdk/get-mempool-info uplink');
    const [, buffers, size] = /size=(\d+)[^]*total_obj_size=(\d+)/.exec(said) ?? [];
    const pages = before - (await free());
    await root('ovs-vsctl --timeout=60 del-port uplink');
    // The pool is given back when the last packet is, at the latest with the next reconfiguration.
    for (let attempt = 0; attempt < 20 && (await free()) < before; attempt++) {
      await root('ovs-vsctl set Bridge underlay other_config:x=$(date +%N); sleep 0.5');
    }
    expect(await free()).toBe(before);
    return { mtu, buffers: Number(buffers), bytes: Number(buffers) * Number(size), pages };
  }

  it.each([
    ['shared', false, (mtu: number): Mempool[] => sharedMempools([{ name: 'uplink', mtu, queues: 1 }])],
    ['per port', true, (mtu: number): Mempool[] => perPortMempools([{ name: 'uplink', mtu, queues: 1 }], 1)],
  ] as const)('take what the rule says, within 2 %: %s', async (mode, perPort, computed) => {
    await progress.step(`Open vSwitch with pools: ${mode}`, () => startOpenVSwitch(perPort));
    for (const mtu of MTUS) {
      const [pool] = computed(mtu);
      const found = await progress.step(`${mode}, MTU ${mtu}`, () => taken(mtu));
      const mib = found.bytes / MIB;
      progress.say(
        `  note  memory: ${mode}, MTU ${mtu}: rule ${pool?.buffers} buffers, ${pool?.mib} MiB; ` +
          `Open vSwitch ${found.buffers} buffers, ${mib.toFixed(1)} MiB; ${found.pages} pages of 2 MiB fewer free`,
      );
      expect(found.buffers).toBe(pool?.buffers);
      expect(Math.abs(mib - (pool?.mib ?? 0)) / mib).toBeLessThan(0.02);
      // The NIC's rings are in it too; a page at either end is nobody's whole one.
      expect(found.pages * 2).toBeGreaterThan(mib * 0.98);
      expect(found.pages * 2).toBeLessThan(mib * 1.02 + 4);
    }
  });
});
