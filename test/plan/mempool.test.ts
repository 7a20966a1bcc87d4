/** The arithmetic of packet buffers against what was read from Open vSwitch, and what its documentation says. */
import fc from 'fast-check';
import { perPortMempools, sharedMempools, totalMib, type BufferedPort } from '../../src/plan/mempool';

const port = (mtu: number, queues = 1, name = `mtu${mtu}`): BufferedPort => ({ name, mtu, queues });

test.each([
  // netdev-dpdk/get-mempool-info of Open vSwitch 3.5 with DPDK 24.11; 6000 and 9000: topics/dpdk/memory.rst
  [998, 16384, 1984, 31],
  [999, 262144, 3008, 752],
  [1500, 262144, 3008, 752],
  [2022, 262144, 3008, 752],
  [2023, 262144, 4032, 1008],
  [6000, 262144, 7104, 1776],
  [9000, 262144, 10176, 2544],
])('shared, MTU %i: %i buffers of %i bytes, %i MiB', (mtu, buffers, objectSize, mib) =>
  expect(sharedMempools([port(mtu)])).toMatchObject([{ mtu, buffers, objectSize, mib }]),
);

test('ports whose buffers have one size share a pool, made for the larger', () =>
  expect(sharedMempools([port(1500), port(9000), port(1600)])).toMatchObject([
    { mtu: 1600, ports: [{ mtu: 1500 }, { mtu: 1600 }], mib: 752 },
    { mtu: 9000, ports: [{ mtu: 9000 }], mib: 2544 },
  ]));

test('a port of its own: the example of topics/dpdk/memory.rst, 22,560 buffers of 3,008 bytes', () =>
  expect(perPortMempools([port(1500)], 1)).toMatchObject([{ buffers: 22560, objectSize: 3008, mib: 65 }]));

test('a port of its own: with more queues and poll mode drivers', () =>
  // 4 x 2048 received, 3 x 2048 sent, 4 x 32 in batches, 16,384 beside
  expect(perPortMempools([port(9000, 4)], 2)).toMatchObject([{ buffers: 30848, objectSize: 10176 }]));

test('per port nothing is shared; shared, the order of the ports makes no difference', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 576, max: 9702 }), fc.integer({ min: 1, max: 8 })), {
        minLength: 1,
        maxLength: 6,
      }),
      (given) => {
        const ports = given.map(([mtu, queues], index) => port(mtu, queues, `dpdk${index}`));
        expect(perPortMempools(ports, 2)).toHaveLength(ports.length);
        const pools = sharedMempools(ports);
        expect(pools.flatMap((pool) => pool.ports.map(({ name }) => name)).sort()).toEqual(
          ports.map(({ name }) => name).sort(),
        );
        expect(totalMib(sharedMempools([...ports].reverse()))).toBe(totalMib(pools));
      },
    ),
  ));
