import { HardwareProfile } from '../../src/hardware/hardware-profile';
import { ProfileError, type ProfileFinding } from '../../src/hardware/profile-error';
import { isKnown, UNKNOWN, type OrUnknown } from '../../src/hardware/unknown';
import { MacAddress } from '../../src/values/mac-address';
import { PageSize } from '../../src/values/page-size';
import {
  INTEL_CPUS,
  INTEL_FIELDS,
  lscpuExtended,
  lscpuJson,
  LSPCI,
  maasMachine,
  NODE_STATE,
  NUMACTL,
  type FakeCpu,
} from './samples';

const read = (...texts: string[]) => HardwareProfile.fromText(texts);

/** As a person reads it. */
function shown<T>(value: OrUnknown<T>): string {
  return isKnown(value) ? String(value) : 'unknown';
}

function coresOf(profile: HardwareProfile): string[] | 'unknown' {
  return isKnown(profile.cores) ? profile.cores.map(({ cpus }) => cpus.toString()) : 'unknown';
}

function findings(act: () => unknown): readonly ProfileFinding[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ProfileError) return error.findings;
    throw error;
  }
  return [];
}

describe('lscpu', () => {
  const json = lscpuJson(INTEL_FIELDS);
  const extended = lscpuExtended(INTEL_CPUS);

  test('-J with -e: sockets, nodes, cores with their siblings, flags and the page sizes that they mean', () => {
    const profile = read(json, extended);
    expect(shown(profile.cpus)).toBe('0-7');
    expect(shown(profile.offlineCpus)).toBe('');
    expect(profile.cpuVendor).toBe('intel');
    expect(profile.architecture).toBe('x86_64');
    expect(profile.sockets).toBe(2);
    expect(coresOf(profile)).toEqual(['0,4', '1,5', '2,6', '3,7']);
    expect(shown(profile.cpusOf(1))).toBe('2-3,6-7');
    expect(shown(profile.siblingsOf(6))).toBe('2,6');
    expect(profile.nodeOf(7)).toBe(1);
    expect(profile.supports(PageSize.GIB_1)).toBe(true);
    expect(profile.supports(PageSize.of('512M'))).toBe(false);
    expect([profile.nics, profile.memoryKib, profile.iommuEnabled]).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
  });

  test('-J alone never says which CPUs are siblings', () => {
    const profile = read(json);
    expect(shown(profile.cpusOf(0))).toBe('0-1,4-5');
    expect(coresOf(profile)).toBe('unknown');
    expect(profile.siblingsOf(0)).toBe(UNKNOWN);
  });

  test('nested -J, -p and plain lscpu say the same', () => {
    const entries = INTEL_FIELDS.map(([field, data]) => ({ field: `${field}:`, data }));
    const [vendor, ...model] = entries.slice(4, 10);
    const lscpu = [...entries.slice(0, 4), { ...vendor, children: model }, ...entries.slice(10)];
    const nested = JSON.stringify({ lscpu });
    const plain = INTEL_FIELDS.map(([field, data]) => `${field}:`.padEnd(33) + data).join('\n');
    const parsable = [
      '# The following is the parsable format, which can be fed to other',
      '# CPU,Core,Socket,Node,,L1d,L1i,L2,L3',
      ...INTEL_CPUS.map(
        ({ cpu, core, socket, node, caches = '' }) =>
          `${cpu},${core},${socket},${node},,${caches.replaceAll(':', ',')}`,
      ),
    ].join('\n');
    const expected = read(json, extended).toText();
    for (const profile of [read(nested, extended), read(plain, extended), read(json, parsable)]) {
      expect(profile.toText()).toBe(expected);
    }
  });

  test('offline CPUs, also as the bare - of lscpu -e -J', () => {
    const cpus: FakeCpu[] = INTEL_CPUS.map((cpu) => (cpu.cpu === 0 ? { cpu: 0, online: false } : cpu));
    const rows = cpus.map(
      ({ cpu, node = '-', socket = '-', core = '-', caches, online = true }) =>
        `{ "cpu": ${cpu}, "node": ${node}, "socket": ${socket}, "core": ${core}, "l1d:l1i:l2:l3": "${caches ?? '-'}", "online": ${online} }`,
    );
    for (const text of [lscpuExtended(cpus), `{\n   "cpus": [\n      ${rows.join(',')}\n   ]\n}\n`]) {
      const profile = read(text);
      expect(shown(profile.cpus)).toBe('1-7');
      expect(shown(profile.offlineCpus)).toBe('0');
      expect(profile.cpu(0)).toMatchObject({ online: false, siblings: UNKNOWN });
      expect(profile.cpu(8)).toBeNull();
      expect(coresOf(profile)).toEqual(['1,5', '2,6', '3,7', '4']);
    }
  });

  test('a hybrid package: SMT on some cores only; CPU ids above 255', () => {
    const cpus: FakeCpu[] = [
      { cpu: 0, node: 0, socket: 0, core: 0, caches: '0:0:0:0', maxMhz: '5100' },
      { cpu: 1, node: 0, socket: 0, core: 0, caches: '0:0:0:0', maxMhz: '5100' },
      { cpu: 300, node: 0, socket: 0, core: 8, caches: '8:8:2:0', maxMhz: '3900' },
    ];
    expect(coresOf(read(lscpuExtended(cpus)))).toEqual(['0-1', '300']);
  });

  test('big.LITTLE repeats the numbers of cores: where nothing tells them apart, siblings are not known', () => {
    const cpus: FakeCpu[] = [0, 1, 2, 3].map((cpu) => ({ cpu, socket: 0, core: cpu % 2 }));
    const table = lscpuExtended(cpus, { node: false, caches: false, maxMhz: false });
    const fields = (threads: string): (readonly [string, string])[] => [
      ['Architecture', 'aarch64'],
      ['On-line CPU(s) list', '0-3'],
      ['Vendor ID', 'ARM'],
      ['Model name', 'Cortex-A55'],
      ...(threads === '' ? [] : [['Thread(s) per core', threads] as const]),
      ['Model name', 'Cortex-A76'],
    ];
    expect(coresOf(read(lscpuJson(fields('')), table))).toBe('unknown');
    expect(coresOf(read(lscpuJson(fields('1')), table))).toEqual(['0', '1', '2', '3']);
    expect(
      coresOf(
        read(
          table
            .replace('ONLINE', 'ONLINE MAXMHZ')
            .replace(/yes/g, (_, at: number) => `yes ${at > 80 ? 2400 : 1800}`),
        ),
      ),
    ).toBe('unknown');
    expect(read(lscpuJson(fields('1'))).cpuVendor).toBe('arm');
  });

  test('what a person can mend is said with line and remedy, all at once', () => {
    const french = extended.replaceAll('yes', 'oui');
    const found = findings(() =>
      HardwareProfile.fromText([
        { name: 'lscpu-e.txt', text: french },
        {
          name: 'lscpu.json',
          text: lscpuJson([
            ['CPU(s)', '8'],
            ['On-line CPU(s) list', '0-x'],
          ]),
        },
      ]),
    );
    expect(found.map(({ file, place, what }) => `${file}: ${place}: ${what}`)).toEqual([
      ...INTEL_CPUS.map((_, index) => `lscpu-e.txt: line ${index + 2}: ONLINE is neither yes nor no: 'oui'`),
      "lscpu.json: field 'Architecture': there is no such field",
      "lscpu.json: field 'On-line CPU(s) list': expected a CPU list like '2-5,34-37', got '0-x'",
    ]);
    for (const { remedy } of found) expect(remedy).toContain('LC_ALL=C lscpu');
  });

  test('files of two hosts are told', () => {
    const other = lscpuExtended(INTEL_CPUS.slice(0, 4));
    expect(findings(() => read(json, other)).map(({ what }) => what)).toEqual([
      'here the CPUs 0-3 are online, in the other file of lscpu 0-7',
    ]);
    expect(findings(() => read(json, NUMACTL)).map(({ place }) => place)).toEqual(
      expect.arrayContaining(['cpu.online', 'nodes']),
    );
  });
});

describe('lspci -nnvmmk', () => {
  const profile = read(LSPCI);

  test('address, device, driver, node, IOMMU group with all of its members', () => {
    expect(profile.nic('3b:00.0')).toMatchObject({
      driver: 'i40e',
      node: 0,
      iommuGroup: { id: 31, members: ['0000:3b:00.0', '0000:3b:00.1'] },
    });
    const second = profile.nic('0000:3b:00.1');
    expect(second).toMatchObject({ driver: null, node: null });
    const mellanox = profile.nic('0001:86:00.0');
    expect(isKnown(mellanox) && mellanox && shown(mellanox.device)).toBe('15b3:101b');
    expect(profile.iommuEnabled).toBe(true);
  });

  test('another address is not there, what lspci does not tell is not known', () => {
    expect(profile.nic('0000:04:00.0')).toBeNull();
    expect(profile.nicsNamed('ens1f0')).toBe(UNKNOWN);
    expect(profile.nicsWithMac(MacAddress.parse('3c:fd:fe:00:00:01'))).toBe(UNKNOWN);
    expect(profile.nic('3b:00.0')).toMatchObject({
      sriov: UNKNOWN,
      management: UNKNOWN,
      physicalFunction: UNKNOWN,
    });
  });

  test('without -k, an IOMMU or NUMA nothing is said of them; a narrowed list is not all', () => {
    const few = LSPCI.slice(LSPCI.indexOf('Slot:\t3b:00.0')).replace(
      /^(Driver|Module|NUMANode|IOMMUGroup):.*\n/gm,
      '',
    );
    const narrowed = read(few);
    expect(narrowed.nic('3b:00.0')).toMatchObject({ driver: UNKNOWN, node: UNKNOWN, iommuGroup: UNKNOWN });
    expect(narrowed.nic('0000:04:00.0')).toBe(UNKNOWN);
    expect(narrowed.iommuEnabled).toBe(UNKNOWN);
  });

  test('lspci -vmmk has no numbers', () => {
    const found = findings(() => read(LSPCI.replace(/ \[[0-9a-f]{4}\]$/gm, '')));
    expect(found).toHaveLength(4);
    expect(found[1]).toMatchObject({
      place: 'line 9',
      what: 'the device at 3b:00.0 has no numbers for class, vendor and device',
    });
  });
});

describe('numactl -H', () => {
  test('ids with gaps, a node without CPUs, one without memory, ids above 255', () => {
    const profile = read(NUMACTL);
    expect(shown(profile.cpus)).toBe('0-5,256-257');
    expect(shown(profile.cpusOf(0))).toBe('0-3,256-257');
    expect(shown(profile.cpusOf(2))).toBe('');
    expect(profile.node(8)).toMatchObject({ memoryKib: 0 });
    expect(profile.node(2)).toMatchObject({ memoryKib: 67108864 });
    expect(profile.node(1)).toBeNull();
    const node = profile.node(2);
    expect(isKnown(node) && node?.distanceTo(8)).toBe(28);
    // A CPU that isn't listed may be offline.
    expect(profile.cpu(6)).toBe(UNKNOWN);
  });

  test('a kernel without NUMA is one node 0', () => {
    const profile = read('No NUMA available on this system\n', lscpuJson(INTEL_FIELDS.slice(0, 10)));
    expect(profile.hasNuma).toBe(false);
    expect(shown(profile.cpusOf(0))).toBe('0-7');
  });

  test('an output that was cut is told', () => {
    expect(findings(() => read(NUMACTL.split('node 8')[0] ?? '')).map(({ what }) => what)).toEqual([
      '3 nodes are announced, 2 are described',
    ]);
    expect(
      findings(() => read(NUMACTL.replace('31904 MB', 'much'))).map(({ place, what }) => [place, what]),
    ).toEqual([['line 3', "no size in MB: 'much'"]]);
  });
});

describe('MAAS', () => {
  test('nodes, memory, hugepages, physical interfaces; neither PCI address, driver nor siblings', () => {
    const profile = read(JSON.stringify(maasMachine('edge-1')));
    expect(profile).toMatchObject({
      hostName: 'edge-1',
      architecture: 'x86_64',
      firmware: 'uefi',
      memoryKib: 100663296,
    });
    expect(profile.distribution).toMatchObject({ id: 'ubuntu', version: '22.04' });
    expect(shown(profile.cpusOf(1))).toBe('2-3,6-7');
    const node = profile.node(0);
    expect(isKnown(node) && node?.pages(PageSize.GIB_1)).toBe(8);
    expect(coresOf(profile)).toBe('unknown');
    expect(profile.nics).toMatchObject([
      { node: 0, sriov: { total: 64 }, driver: UNKNOWN, address: UNKNOWN, management: UNKNOWN },
      { node: 1, sriov: null },
    ]);
    expect(profile.nicsWithMac(MacAddress.parse('3c:fd:fe:00:00:01'))).toHaveLength(1);
    expect(profile.nic('0000:3b:00.0')).toBe(UNKNOWN);
    expect(shown(isKnown(profile.nics) && profile.nics[1] ? profile.nics[1].toString() : UNKNOWN)).toBe(
      'eno2',
    );
  });

  test('of several machines the one that is named, by host name, domain name or system id', () => {
    const text = JSON.stringify([maasMachine('edge-1'), maasMachine('edge-2')]);
    for (const host of ['edge-2', 'edge-2.maas', 'id-edge-2']) {
      expect(HardwareProfile.fromText(text, { host }).hostName).toBe('edge-2');
    }
    expect(findings(() => read(text))[0]).toMatchObject({
      what: 'it has 2 machines: edge-1, edge-2',
      remedy: expect.stringContaining("{ host: '…' }") as string,
    });
    expect(findings(() => HardwareProfile.fromText(text, { host: 'edge-3' }))[0]?.what).toBe(
      "it has no machine of 'edge-3', but of edge-1, edge-2",
    );
  });

  test('before it was commissioned nothing is known of nodes', () => {
    const profile = read(
      JSON.stringify(
        maasMachine('new', {
          numanode_set: [{ index: 0, memory: 0, cores: [] }],
          memory: 0,
          interface_set: [],
        }),
      ),
    );
    expect(profile.nodes).toBe(UNKNOWN);
    expect(profile.cpus).toBe(UNKNOWN);
  });

  test('wrong values are all told, with their places', () => {
    const machine = maasMachine('edge-1', {
      numanode_set: [{ index: 0, memory: '48 GiB', cores: [0, 9000] }, 7],
      interface_set: [{ type: 'physical', name: 'eno1', mac_address: 'zz', numa_node: -1 }],
    });
    expect(findings(() => read(JSON.stringify(machine))).map(({ place }) => place)).toEqual([
      'numanode_set[1]',
      'numanode_set[0].memory',
      'numanode_set[0].cores',
      'interface_set[0].numa_node',
      'interface_set[0].mac_address',
    ]);
  });
});

describe('SriovNetworkNodeState', () => {
  test('physical and virtual functions; no NUMA node, no CPU, and not every NIC', () => {
    const profile = read(NODE_STATE);
    expect(profile.hostName).toBe('worker-0');
    expect(profile.nic('0000:86:00.0')).toMatchObject({
      driver: 'i40e',
      sriov: { total: 64, configured: 2 },
      physicalFunction: null,
      node: UNKNOWN,
      interfaces: [{ name: 'ens5f0', mtu: 9000, speedMbps: 25000 }],
    });
    const functions = [profile.nic('0000:86:02.0'), profile.nic('0000:86:02.1')];
    for (const one of functions) {
      expect(isKnown(one) && one && shown(one.physicalFunction)).toBe('0000:86:00.0');
    }
    const mellanox = profile.nic('0000:19:00.0');
    expect(isKnown(mellanox) && mellanox && shown(mellanox.device)).toBe('15b3:1017');
    expect(mellanox).toMatchObject({ sriov: null, interfaces: [{ speedMbps: UNKNOWN }] });
    expect(profile.nic('0000:19:00.1')).toBe(UNKNOWN);
    expect([profile.cpus, profile.nodes]).toEqual([UNKNOWN, UNKNOWN]);
  });

  test('as JSON, in a list, with the NUMA nodes of lscpu beside it', () => {
    const item = (name: string) => ({
      kind: 'SriovNetworkNodeState',
      metadata: { name },
      status: { interfaces: [{ pciAddress: '0000:86:00.0', vendor: '8086', deviceID: '158b' }] },
    });
    const list = JSON.stringify({ kind: 'List', items: [item('worker-0'), item('worker-1')] });
    const profile = HardwareProfile.fromText([list, lscpuJson(INTEL_FIELDS)], { host: 'worker-1' });
    expect(profile.hostName).toBe('worker-1');
    expect(shown(profile.cpusOf(0))).toBe('0-1,4-5');
    expect(profile.nics).toHaveLength(1);
  });

  test('broken YAML is told with its line, a state without status with what to wait for', () => {
    expect(findings(() => read(NODE_STATE.replace('status:', 'status: [')))[0]?.place).toMatch(/^line \d+$/);
    expect(findings(() => read(NODE_STATE.split('status:')[0] ?? ''))[0]).toMatchObject({
      place: 'status.interfaces',
      remedy: expect.stringContaining('syncStatus is Succeeded') as string,
    });
    expect(
      findings(() =>
        read(NODE_STATE.replace('0000:86:02.0', 'x').replace('vendor: 15b3', 'vendor: mlx')),
      ).map(({ place }) => place),
    ).toEqual(['status.interfaces[0].Vfs[0].pciAddress', 'status.interfaces[1].vendor']);
  });
});

describe('several together', () => {
  test('each adds what the others do not know', () => {
    const narrowed = LSPCI.slice(LSPCI.indexOf('Slot:\t3b:00.0'));
    const profile = read(lscpuJson(INTEL_FIELDS), lscpuExtended(INTEL_CPUS), narrowed, NODE_STATE);
    expect(coresOf(profile)).toEqual(['0,4', '1,5', '2,6', '3,7']);
    expect(isKnown(profile.nics) && profile.nics.map((nic) => nic.toString())).toEqual([
      '0000:19:00.0',
      '0000:3b:00.0',
      '0000:3b:00.1',
      '0000:86:00.0',
      '0000:86:02.0',
      '0000:86:02.1',
      '0001:86:00.0',
    ]);
    expect(profile.source).toBe('text 1, text 2, text 3, text 4 (lscpu, lspci, SriovNetworkNodeState)');
  });

  test('a NIC that is not in the list of all NICs is on another host', () => {
    expect(findings(() => read(LSPCI, NODE_STATE)).map(({ what }) => what)).toEqual([
      '0000:86:00.0, 0000:86:02.0, 0000:86:02.1, 0000:19:00.0 here, not among all NICs in text 1',
    ]);
  });

  test('a driver that two files tell differently is told, with both', () => {
    const state = NODE_STATE.replace(/ {4}Vfs:[^]*?(?= {2}- deviceID: 1017)/, '')
      .replaceAll('0000:86:00.0', '0000:3b:00.0')
      .replace('0000:19:00.0', '0000:3b:00.1')
      .replace(/deviceID: 1017[^]*?name/, 'name')
      .replace('vendor: 15b3', 'mtu: 1500')
      .replace('driver: i40e', 'driver: ice')
      .replace('158b', '1572');
    expect(findings(() => read(LSPCI, state)).map(({ place, what }) => `${place}: ${what}`)).toEqual([
      "nics[0000:3b:00.0].driver: 'ice' here, 'i40e' in text 1",
    ]);
  });

  test("MAAS' NICs can't be joined to those of lspci: nobody says which is which", () => {
    expect(
      findings(() => read(LSPCI, JSON.stringify(maasMachine('edge-1')))).map(({ what }) => what),
    ).toEqual(['nobody says which PCI devices these NICs are: eno1, eno2']);
  });
});
