import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCHEMA_PATH, schemaText } from '../../scripts/hardware-profile-schema';
import { HardwareProfile } from '../../src/hardware/hardware-profile';
import { ProfileError } from '../../src/hardware/profile-error';
import { isKnown, UNKNOWN } from '../../src/hardware/unknown';
import { CpuSet } from '../../src/values/cpu-set';
import { PageSize } from '../../src/values/page-size';
import { ask, python, testWith, type Tool } from '../tools';
import {
  INTEL_CPUS,
  INTEL_FIELDS,
  lscpuExtended,
  lscpuJson,
  LSPCI,
  maasMachine,
  NODE_STATE,
  NUMACTL,
} from './samples';

const REPOSITORY = join(__dirname, '..', '..');

function inspectHere(): string {
  const { code, stdout, stderr } = ask('python3', ['-B', '-m', 'dataplane_host', 'inspect'], {
    env: { PYTHONPATH: join(REPOSITORY, 'src', 'agent') },
  });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

function message(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProfileError) return error.message;
    throw error;
  }
  throw new Error('it was read');
}

describe('the published JSON Schema', () => {
  test('is what reads the document', () => {
    expect(readFileSync(SCHEMA_PATH, 'utf8')).toBe(schemaText());
  });

  testWith(python())(
    'holds for what inspect and each reader make, and for nothing else, by another validator',
    ({ command }) => {
      const read = (...texts: string[]) => HardwareProfile.fromText(texts).toText();
      const documents = [
        inspectHere(),
        read(lscpuJson(INTEL_FIELDS), lscpuExtended(INTEL_CPUS), LSPCI),
        read(NUMACTL),
        read(JSON.stringify(maasMachine('edge-1'))),
        read(NODE_STATE),
        // These are none.
        '{}',
        '{"schemaVersion":1,"nodes":[{"id":0,"memoryKiB":5}]}',
        '{"schemaVersion":1,"nics":[{"address":"03:00.0"}]}',
      ];
      const program = `import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
print(json.dumps([[e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(d))] for d in json.loads(sys.argv[2])]))`;
      const answer = ask(command, ['-c', program, SCHEMA_PATH, JSON.stringify(documents)]);
      expect(answer.stderr).toBe('');
      const errors = JSON.parse(answer.stdout) as string[][];
      expect(errors.slice(0, 5)).toEqual([[], [], [], [], []]);
      expect(errors.slice(5).map(({ length }) => length)).toEqual([1, 1, 1]);
    },
  );
});

describe('what is asked', () => {
  const profile = HardwareProfile.fromJson({
    schemaVersion: 1,
    cpu: {
      online: '0-2,300',
      present: '0-3,300',
      nohzFull: null,
      cpus: [
        { id: 0, siblings: '0,2', node: 0, kind: 'performance' },
        { id: 1, siblings: '1', node: 0, kind: 'efficiency' },
        { id: 2, siblings: '0,2', node: 0 },
        { id: 3, online: false },
        { id: 300, siblings: '300', node: 4 },
      ],
    },
    nodes: [
      { id: 4, cpus: '300', memoryKib: 0, distances: [21, 10] },
      {
        id: 0,
        cpus: '0-2',
        memoryKib: 8388608,
        distances: [10, 21],
        hugepages: [{ pageSizeKib: 2048, total: 7 }],
      },
    ],
    memory: { hugepages: [{ pageSizeKib: 2048 }, { pageSizeKib: 1048576 }, { pageSizeKib: 12345 }] },
    iommu: { acpiTables: ['IVRS'], enabled: false },
    nics: [
      { address: '0000:03:00.0', driver: null, management: true, managementChain: ['default route', 'eth0'] },
    ],
    nicsComplete: true,
  });

  test('CPUs, whole cores, nodes', () => {
    expect(String(profile.cpus)).toBe('0-2,300');
    expect(String(profile.offlineCpus)).toBe('3');
    expect(profile.cpu(3)).toMatchObject({ online: false, siblings: UNKNOWN });
    expect(profile.cpu(4)).toBeNull();
    expect(
      isKnown(profile.cores) &&
        profile.cores.map(({ cpus, node, kind }) => `${cpus} ${String(node)} ${String(kind)}`),
    ).toEqual(['0,2 0 performance', '1 0 efficiency', '300 4 not known']);
    const cores = profile.coresOf(4);
    expect(isKnown(cores) && cores.map(({ cpus }) => cpus.toString())).toEqual(['300']);
    expect(String(profile.withSiblings(CpuSet.of('0-1')))).toBe('0-2');
    expect(profile.withSiblings(CpuSet.of('3'))).toBe(UNKNOWN);
    expect(isKnown(profile.nodes) && profile.nodes.map(({ id }) => id)).toEqual([0, 4]);
    const node = profile.node(0);
    expect(
      isKnown(node) && [
        node?.pages(PageSize.MIB_2),
        node?.pages(PageSize.GIB_1),
        node?.distanceTo(4),
        node?.distanceTo(7),
      ],
    ).toEqual([7, 0, 21, UNKNOWN]);
    expect(String(profile.cpusOf(1))).toBe('');
  });

  test('page sizes, IOMMU, NICs', () => {
    expect(isKnown(profile.pageSizes) && profile.pageSizes.map(String)).toEqual(['1 GiB', '2 MiB']);
    expect([profile.iommuKind, profile.iommuEnabled]).toEqual(['amd', false]);
    expect(profile.nic('03:00.0')).toMatchObject({ driver: null, management: true, node: UNKNOWN });
    expect(profile.nic('0000:04:00.0')).toBeNull();
  });

  test('it can not be changed', () => {
    expect(Object.isFrozen(profile)).toBe(true);
    for (const list of [profile.nics, profile.nodes, profile.cores]) expect(Object.isFrozen(list)).toBe(true);
  });

  test('a CPU that firmware puts into every node is in none that is known', () => {
    const odd = HardwareProfile.fromJson({
      schemaVersion: 1,
      nodes: [
        { id: 0, cpus: '0-1' },
        { id: 1, cpus: '0-1' },
      ],
    });
    expect(odd.nodeOf(0)).toBe(UNKNOWN);
  });
});

describe('a file', () => {
  let directory: string;
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-profile-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('has all its findings at once: file, place, value, what to do', () => {
    const path = file(
      'edge-1.json',
      JSON.stringify({
        schemaVersion: 1,
        cpu: { online: '0-3,2', cpus: [{ id: 0 }, { id: 0 }] },
        nodes: [{ id: 0, memoryKiB: 5 }, { memoryKib: '8 GiB' }],
        nics: [{ address: '03:00.0' }],
      }),
    );
    const remedy = 'make the file again with `npx cdktf-dataplane inspect user@host`, or correct it';
    expect(message(() => HardwareProfile.fromFile(path)).split('\n')).toEqual([
      `${path}: nodes[0].memoryKiB: there is no such property; correct its name, or remove it; where a newer cdktf-dataplane made the file, update this one`,
      `${path}: nodes[1].id: expected a whole number, 0 or more, it is missing; ${remedy}`,
      `${path}: nodes[1].memoryKib: expected a whole number, 0 or more, got '8 GiB'; ${remedy}`,
      `${path}: nics[0].address: expected a PCI address like '0000:03:00.0', in lower case, got '03:00.0'; ${remedy}`,
    ]);
    const contradicting = file(
      'edge-2.json',
      JSON.stringify({
        schemaVersion: 1,
        cpu: { online: '0-3,2', cpus: [{ id: 0, siblings: '1' }, { id: 0 }] },
      }),
    );
    expect(message(() => HardwareProfile.fromFile(contradicting)).split('\n')).toEqual([
      expect.stringContaining(
        "cpu.online: expected a CPU list like '2-5,34-37', got '0-3,2': CPU 2 is named twice",
      ),
      expect.stringContaining('cpu.cpus[1].id: CPU 0 stands there twice'),
      expect.stringContaining("cpu.cpus[0].siblings: CPU 0 is not among its own siblings '1'"),
    ]);
  });

  test('that is absent, empty, cut off or something else', () => {
    expect(message(() => HardwareProfile.fromFile(join(directory, 'none.json')))).toContain(
      "none.json: it can't be read: ENOENT",
    );
    expect(message(() => HardwareProfile.fromFile(file('empty.json', '')))).toContain(
      'it is empty; the program that should have written it failed',
    );
    expect(
      message(() => HardwareProfile.fromFile(file('cut.json', '{\n "schemaVersion": 1,\n "nodes": ]\n'))),
    ).toMatch(/cut\.json: line 3, column 11: this is no JSON: Unexpected token '?]/);
    expect(message(() => HardwareProfile.fromFile(file('text', 'Hello')))).toContain(
      'it is nothing that is known here; give what one of these prints: ',
    );
    expect(message(() => HardwareProfile.fromFile([]))).toContain('no file is named');
  });

  test('in UTF-16, as PowerShell redirects', () => {
    const path = file('utf16.txt', Buffer.from(`\uFEFF${NUMACTL.replaceAll('\n', '\r\n')}`, 'utf16le'));
    expect(String(HardwareProfile.fromFile(path).cpus)).toBe('0-5,256-257');
  });
});

describe('this machine', () => {
  const profile = HardwareProfile.fromText(inspectHere());
  const onPath = (command: string): Tool<{ command: string }> =>
    ask(command, ['--version']).code === 127
      ? { available: false, reason: `${command} is not on PATH` }
      : { available: true, command };

  testWith(onPath('lscpu'))('is to lscpu as it is to inspect', ({ command }) => {
    const run = (...args: string[]) => ask(command, args, { env: { LC_ALL: 'C' } }).stdout;
    for (const table of [['-e'], ['-p'], ['-e', '-J']]) {
      const other = HardwareProfile.fromText([run('-J'), run(...table)]);
      expect(String(other.cpus)).toBe(String(profile.cpus));
      expect(other.cpuVendor).toBe(profile.cpuVendor);
      expect(isKnown(other.cores) && other.cores.map(({ cpus, node }) => [cpus, node])).toEqual(
        isKnown(profile.cores) && profile.cores.map(({ cpus, node }) => [cpus, node]),
      );
    }
  });

  testWith(onPath('lspci'))('is to lspci as it is to inspect', ({ command }) => {
    const other = HardwareProfile.fromText(ask(command, ['-nnvmmk']).stdout);
    const shown = ({ nics }: HardwareProfile) =>
      isKnown(nics) && nics.map(({ address, device, driver }) => [String(address), String(device), driver]);
    expect(shown(other)).toEqual(shown(profile));
  });

  testWith(onPath('numactl'))('is to numactl as it is to inspect', ({ command }) => {
    const other = HardwareProfile.fromText(ask(command, ['-H']).stdout);
    expect(String(other.cpus)).toBe(String(profile.cpus));
  });
});
