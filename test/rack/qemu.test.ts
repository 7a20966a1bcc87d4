import { captureFile, qemuArguments, type MachineLaunch } from './qemu';
import { topologyNamed, type MachineSpec, type Topology } from './topology';

const topology = topologyNamed('two-sites');

function launch(name: string, changes: Partial<MachineLaunch> = {}): MachineLaunch {
  const machines = (changes.topology ?? topology).machines;
  const machine = machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`no machine ${name}`);
  return {
    runId: 'two-sites-abc123',
    topology,
    machine,
    files: {
      disk: `/run/${name}/disk.qcow2`,
      seed: `/run/${name}/seed.iso`,
      serialLog: `/run/${name}/serial.log`,
      captureFolder: `/run/${name}`,
      socketFolder: '/tmp/rack-1',
    },
    sshPort: 20022,
    linkPorts: { underlay: [20100, 20101], spare: [20102, 20103] },
    start: 1,
    accelerator: 'tcg',
    memory: null,
    ...changes,
  };
}

/** The values given to an option, in order. */
function values(words: readonly string[], option: string): readonly string[] {
  return words.flatMap((word, index) => (word === option ? [words[index + 1] ?? ''] : []));
}

test('two machines on a link send to each other', () => {
  const data = (name: string) =>
    values(qemuArguments(launch(name)), '-netdev').find((value) => value.includes('id=data'));
  expect(data('east')).toBe(
    'dgram,id=data,local.type=inet,local.host=127.0.0.1,local.port=20100,remote.type=inet,remote.host=127.0.0.1,remote.port=20101',
  );
  expect(data('west')).toBe(
    'dgram,id=data,local.type=inet,local.host=127.0.0.1,local.port=20101,remote.type=inet,remote.host=127.0.0.1,remote.port=20100',
  );
});

test('a link is captured once, at its first end, in a new file at each start', () => {
  expect(values(qemuArguments(launch('east', { start: 2 })), '-object')).toContain(
    `filter-dump,id=capture-data,netdev=data,file=${captureFile('/run/east', 'underlay', 2)}`,
  );
  expect(qemuArguments(launch('west')).join(' ')).not.toContain('filter-dump');
});

test('a NIC whose link has no other end still has carrier', () => {
  const single = topologyNamed('single');
  expect(values(qemuArguments(launch('east', { topology: single })), '-netdev')).toContain(
    'hubport,id=data,hubid=4',
  );
});

test('hardware: IOMMU, a NUMA node for each cpu, NICs in their slots, watchdog', () => {
  const words = qemuArguments(launch('east'));
  expect(values(words, '-smp')).toEqual(['2,sockets=2,threads=1']);
  expect(values(words, '-m')).toEqual(['6144M']);
  expect(values(words, '-numa')).toEqual([
    'node,nodeid=0,cpus=0-0,memdev=memory0',
    'node,nodeid=1,cpus=1-1,memdev=memory1',
  ]);
  expect(values(words, '-device')).toEqual([
    'intel-iommu,intremap=on,caching-mode=on',
    'virtio-blk-pci,drive=system,bootindex=1,addr=0x10',
    'virtio-blk-pci,drive=seed,addr=0x11',
    'virtio-net-pci,id=management,netdev=management,mac=52:54:00:00:01:03,romfile=,addr=0x3',
    'e1000e,id=data,netdev=data,mac=52:54:00:00:01:04,romfile=,addr=0x4',
    'e1000e,id=spare,netdev=spare,mac=52:54:00:00:01:05,romfile=,addr=0x5',
    'i6300esb,addr=0x12',
  ]);
});

test('SSH is forwarded on loopback only', () => {
  expect(values(qemuArguments(launch('east')), '-netdev')).toContain(
    'user,id=management,hostfwd=tcp:127.0.0.1:20022-:22',
  );
});

test('a saved machine gets the very command line that it had, but for what may differ', () => {
  const first = qemuArguments(launch('east'));
  const again = qemuArguments(
    launch('east', { runId: 'two-sites-ffffff', sshPort: 20023, memory: '/saved/east.memory' }),
  );
  expect(again.slice(-2)).toEqual(['-incoming', 'file:/saved/east.memory']);
  const changed = again.slice(0, -2).filter((word, index) => word !== first[index]);
  expect(changed).toEqual([
    'guest=dataplane-rack-two-sites-ffffff-east',
    'user,id=management,hostfwd=tcp:127.0.0.1:20023-:22',
  ]);
});

test('an igb sits behind a root port, below 4 GiB, where QEMU maps its virtual functions rightly', () => {
  const machine: MachineSpec = {
    name: 'east',
    numaNodes: [{ cores: 2, memoryMebibytes: 6144 }],
    threadsPerCore: 2,
    nics: [{ name: 'data', model: 'igb', slot: 8, link: 'underlay' }],
  };
  const igb: Topology = { ...topology, machines: [machine] };
  const words = qemuArguments(launch('east', { topology: igb }));
  expect(values(words, '-cpu')).toEqual(['max,la57=off,smap=off,smep=off,pku=off,umip=off,phys-bits=39']);
  expect(values(words, '-smp')).toEqual(['4,sockets=1,threads=2']);
  expect(values(words, '-device')).toEqual(
    expect.arrayContaining([
      'pcie-root-port,id=port-data,chassis=8,slot=8,addr=0x8',
      'igb,id=data,netdev=data,mac=52:54:00:00:01:08,romfile=,bus=port-data',
    ]),
  );
});

test('a comma in a path is not the end of it', () => {
  const base = launch('east');
  const words = qemuArguments({ ...base, files: { ...base.files, disk: '/home/a,b/disk.qcow2' } });
  expect(values(words, '-drive')[0]).toContain('file=/home/a,,b/disk.qcow2,');
});
