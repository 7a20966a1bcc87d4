import {
  endsOf,
  macAddress,
  MANAGEMENT,
  pciAddress,
  TOPOLOGIES,
  topologyNamed,
  type MachineSpec,
} from './topology';

describe.each(TOPOLOGIES.map((topology) => [topology.name, topology] as const))(
  'topology %s',
  (_name, topology) => {
    it('has links with one or two ends, and no NIC on a link that is not there', () => {
      for (const link of topology.links) expect([1, 2]).toContain(endsOf(topology, link.name).length);
      const known = [MANAGEMENT, ...topology.links.map((link) => link.name)];
      for (const nic of topology.machines.flatMap((machine) => machine.nics))
        expect(known).toContain(nic.link);
    });

    it('gives every machine one management NIC and every NIC a slot and a MAC address of its own', () => {
      const addresses = topology.machines.flatMap((machine) =>
        machine.nics.map((nic) => macAddress(topology, machine.name, nic)),
      );
      expect(new Set(addresses).size).toBe(addresses.length);
      for (const { nics } of topology.machines) {
        expect(nics.filter((nic) => nic.link === MANAGEMENT)).toHaveLength(1);
        expect(new Set(nics.map((nic) => nic.slot)).size).toBe(nics.length);
        // Slots from 16 are the disks', the watchdog's and the chip set's.
        for (const nic of nics) expect(nic.slot >= 3 && nic.slot < 16).toBe(true);
      }
    });
  },
);

test('a data NIC is where the facts say, with a MAC address that names machine and slot', () => {
  const topology = topologyNamed('two-sites');
  const [, west] = topology.machines;
  const data = west?.nics.find((nic) => nic.link === 'underlay');
  if (west === undefined || data === undefined) throw new Error('two-sites has no west with an underlay');
  expect(pciAddress(west, data)).toBe('0000:00:04.0');
  expect(macAddress(topology, 'west', data)).toBe('52:54:00:00:02:04');
});

test('igb cards are on buses of their own, in the order of their slots', () => {
  const nic = (name: string, slot: number) => ({ name, slot, model: 'igb', link: 'underlay' }) as const;
  const machine: MachineSpec = {
    name: 'east',
    numaNodes: [],
    threadsPerCore: 1,
    nics: [nic('b', 9), nic('a', 8)],
  };
  expect(machine.nics.map((each) => pciAddress(machine, each))).toEqual(['0000:02:00.0', '0000:01:00.0']);
});

test('an unknown topology is refused with the names of those that are known', () => {
  expect(() => topologyNamed('three-sites')).toThrow(
    'there is no topology "three-sites"; there are: two-sites, single',
  );
});
