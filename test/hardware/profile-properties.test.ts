/** Any text gives a profile or a list of findings, never another exception; and what a profile says holds together. */
import fc from 'fast-check';
import { HardwareProfile } from '../../src/hardware/hardware-profile';
import { ProfileError } from '../../src/hardware/profile-error';
import { isKnown } from '../../src/hardware/unknown';
import { CpuSet } from '../../src/values/cpu-set';
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
} from './samples';

const INSPECT = JSON.stringify({
  schemaVersion: 1,
  cpu: { vendor: 'GenuineIntel', online: '0-3', present: '0-4', cpus: [{ id: 0, siblings: '0,2', node: 0 }] },
  nodes: [
    { id: 0, cpus: '0-1', distances: [10, 20], hugepages: [{ pageSizeKib: 2048, total: 4 }] },
    { id: 3, memoryKib: 5 },
  ],
  nics: [
    {
      address: '0000:03:00.0',
      device: '8086:10d3',
      driver: null,
      interfaces: [{ name: 'eth0', macAddress: null }],
    },
  ],
  nicsComplete: true,
});

const SAMPLES = [
  INSPECT,
  lscpuJson(INTEL_FIELDS),
  lscpuExtended(INTEL_CPUS),
  LSPCI,
  NUMACTL,
  JSON.stringify(maasMachine('edge-1')),
  NODE_STATE,
];

/** Every question, on anything that could be read. */
function ask(profile: HardwareProfile): void {
  const { cpus, cores, nodes, nics } = profile;
  for (const cpu of [0, 1, 255, 8191]) {
    profile.cpu(cpu);
    profile.siblingsOf(cpu);
    profile.nodeOf(cpu);
  }
  for (const node of [0, 1, 77]) {
    profile.node(node);
    profile.cpusOf(node);
    profile.coresOf(node);
  }
  profile.supports(PageSize.GIB_1);
  profile.nic('0000:03:00.0');
  profile.nicsNamed('eth0');
  profile.withSiblings(CpuSet.of('0-3'));
  if (isKnown(nics)) for (const nic of nics) nic.toString();
  // Cores are a partition of the CPUs that can be used.
  if (isKnown(cores) && isKnown(cpus)) {
    const all = cores.flatMap((core) => core.cpus.cpus);
    expect(CpuSet.ofCpus(all).toString()).toBe(cpus.toString());
    expect(new Set(all).size).toBe(all.length);
  }
  if (isKnown(nodes)) {
    const ids = nodes.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  }
  // What it writes it reads, and then writes the same.
  const text = profile.toText();
  expect(HardwareProfile.fromText(text).toText()).toBe(text);
}

/** 1: a profile, 0: findings. */
function readable(...texts: string[]): number {
  let profile: HardwareProfile;
  try {
    profile = HardwareProfile.fromText(texts);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    expect(error.findings.length).toBeGreaterThan(0);
    for (const { what, remedy } of error.findings) expect([what, remedy]).not.toContain('');
    expect(error.stack).toBe(`ProfileError: ${error.message}`);
    return 0;
  }
  ask(profile);
  return 1;
}

/** A sample with a few pieces cut, doubled or replaced. */
const damaged = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(12),
        fc.oneof(
          fc.string({ maxLength: 6 }),
          fc.constantFrom('', '-', '0', '9999999', '\n', '{', ']', 'null', '"'),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([sample, changes]) =>
    changes.reduce((text, [at, length, piece]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + piece + text.slice(start + length);
    }, sample),
  );

/** A document of the right names with anything in them. */
const document = fc.record(
  {
    schemaVersion: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.constantFrom(2, '1') },
    ),
    cpu: fc.oneof(
      { weight: 1, arbitrary: fc.anything() },
      {
        weight: 9,
        arbitrary: fc.record(
          {
            online: fc.constantFrom('', '0', '0-1', '0-3', '0-5', '0-5', '0-3,2', 7),
            present: fc.constantFrom('0-7', '0'),
            cpus: fc.uniqueArray(
              fc.record(
                {
                  id: fc.nat(5),
                  siblings: fc.constantFrom('0', '1', '0-1'),
                  node: fc.nat(2),
                  online: fc.boolean(),
                },
                { requiredKeys: ['id'] },
              ),
            ),
          },
          { requiredKeys: [] },
        ),
      },
    ),
    nodes: fc.oneof(
      { weight: 1, arbitrary: fc.anything() },
      {
        weight: 9,
        arbitrary: fc.uniqueArray(
          fc.record(
            { id: fc.nat(9), cpus: fc.constantFrom('', '0-1', '2-3'), memoryKib: fc.nat() },
            { requiredKeys: ['id'] },
          ),
        ),
      },
    ),
    nics: fc.oneof(
      { weight: 1, arbitrary: fc.anything() },
      {
        weight: 9,
        arbitrary: fc.array(
          fc.record(
            {
              address: fc.constantFrom('0000:03:00.0', '10000:e1:00.0', '0000:03:1f.7'),
              interfaces: fc.array(
                fc.record({
                  name: fc.string(),
                  macAddress: fc.constantFrom(null, '52:54:00:00:00:01', '01:00:5e:00:00:01'),
                }),
              ),
              driver: fc.option(fc.string()),
            },
            { requiredKeys: [] },
          ),
        ),
      },
    ),
    nicsComplete: fc.boolean(),
  },
  { requiredKeys: ['schemaVersion'] },
);

test('any text', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (text) => void readable(text)),
    { numRuns: 1000 },
  );
});

test('damaged outputs of every program, alone and beside another', () => {
  let read = 0;
  fc.assert(
    fc.property(damaged, fc.option(fc.constantFrom(...SAMPLES)), (text, other) => {
      read += other === null ? readable(text) : readable(text, other);
    }),
    { numRuns: 1500 },
  );
  expect(read).toBeGreaterThan(100);
});

test('any JSON that has the form of a profile, more or less', () => {
  let read = 0;
  fc.assert(
    fc.property(document, (value) => {
      read += readable(
        JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? 1 : member)),
      );
    }),
    { numRuns: 1500 },
  );
  expect(read).toBeGreaterThan(50);
});

test('nested without end, aliases without end, names that objects have anyway', () => {
  const kind = 'kind: SriovNetworkNodeState\n';
  for (const text of [
    '['.repeat(200_000),
    `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
    `${kind}status: ${'['.repeat(20_000)}`,
    `${kind}a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d]\n`,
    '{"schemaVersion":1,"__proto__":{"nodes":[]}}',
    '{"schemaVersion":1,"constructor":{}}',
    `CPU NODE SOCKET CORE ONLINE\n${'9'.repeat(100_000)} 0 0 0 yes\n`,
  ]) {
    expect(readable(text)).toBe(0);
  }
});
