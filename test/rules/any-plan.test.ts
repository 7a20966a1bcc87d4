/**
 * Any hardware profile and any props give findings or a plan, never an exception. Each run is one stack of a host with
 * several of each part; CDKTF_DATAPLANE_RANDOM_PLANS=10000 makes more of them than `npm test` does.
 */
import { App, TerraformStack } from 'cdktf';
import fc from 'fast-check';
import {
  BootParameters,
  CpuIsolation,
  CpuPartition,
  DataplaneHost,
  Deployment,
  HardwareProfile,
  HugepagePool,
  Iommu,
  IommuVendor,
  NicBinding,
  NicDriver,
  OpenVSwitch,
  PageSize,
  Platform,
  ProfileError,
  Srv6Tunnel,
  type Finding,
} from '../../constructs';
import { formatFinding, RULES } from '../../src/rules';

const RUNS = Number(process.env.CDKTF_DATAPLANE_RANDOM_PLANS ?? 500);

/** Mostly what a person or a machine would say; now and then anything at all. */
function mostly<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: fc.anything() });
}

/** All of the members, or some of them. */
function some(members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.record(members) },
    { weight: 1, arbitrary: fc.record(members, { requiredKeys: [] }) },
  );
}

const cpuList = fc.constantFrom('', '0', '0-1', '1,5', '2-3,6-7', '0-7', '3,9-12', '8191');
const address = fc.constantFrom(
  '0000:01:00.0',
  '0000:04:00.0',
  '0000:04:00.1',
  '0000:05:00.0',
  '10000:e1:00.0',
);
const device = fc.constantFrom('8086:10fb', '8086:1572', '8086:154c', '15b3:1017', '1414:00ba', '1af4:1041');
const mac = fc.constantFrom('52:54:00:00:00:01', '52:54:00:00:00:02');
const kernelDriver = fc.constantFrom('ixgbe', 'i40e', 'mlx5_core', 'vfio-pci', 'virtio-pci', 'mana');
const nodeId = fc.constantFrom(0, 1, 2, 8);
const memory = fc.constantFrom(0, 1, 1048576, 4194304, 67108864);
const hugepages = fc.uniqueArray(
  fc.record(
    { pageSizeKib: fc.constantFrom(2048, 1048576, 524288, 7), total: fc.nat(9), free: fc.nat(9) },
    { requiredKeys: ['pageSizeKib'] },
  ),
  { maxLength: 3 },
);

const profiledNic = some({
  address,
  device,
  driver: fc.option(kernelDriver),
  interfaces: fc.array(fc.record({ name: fc.constantFrom('eth0', 'ens4'), macAddress: fc.option(mac) }), {
    maxLength: 2,
  }),
  node: fc.option(nodeId),
  iommuGroup: fc.option(
    fc.record(
      { id: fc.nat(3), members: fc.array(fc.oneof(address, fc.string()), { maxLength: 4 }) },
      { requiredKeys: ['id'] },
    ),
  ),
  physicalFunction: fc.option(address),
  management: fc.boolean(),
  managementChain: fc.array(fc.constantFrom('default route', 'bond0', 'eth0'), { maxLength: 3 }),
});

const profile = some({
  distribution: some({
    id: fc.option(fc.constantFrom('debian', 'ubuntu', 'rhel')),
    version: fc.option(fc.constantFrom('12', '13', '24.04')),
    name: fc.option(fc.constantFrom('Debian GNU/Linux', '')),
  }),
  kernel: some({
    machine: fc.constantFrom('x86_64', 'aarch64'),
    arguments: fc.array(fc.constantFrom('quiet', 'lockdown=integrity', 'intel_iommu=on'), { maxLength: 3 }),
  }),
  boot: some({
    secureBoot: fc.boolean(),
    loader: fc.constantFrom('grub', 'grub-bls', 'systemd-boot', 'zipl'),
  }),
  cpu: some({
    vendor: fc.constantFrom('GenuineIntel', 'AuthenticAMD', 'HygonGenuine', '0x41', 'else'),
    flags: fc.subarray(['fpu', 'pse', 'pdpe1gb', 'asimd']),
    online: cpuList,
    present: cpuList,
    cpus: fc.uniqueArray(
      fc.record(
        { id: fc.nat(9), online: fc.boolean(), node: nodeId, siblings: cpuList },
        { requiredKeys: ['id'] },
      ),
      { maxLength: 6, selector: ({ id }) => id },
    ),
  }),
  nodes: fc.uniqueArray(
    fc.record({ id: nodeId, cpus: cpuList, memoryKib: memory, hugepages }, { requiredKeys: ['id'] }),
    { maxLength: 3, selector: ({ id }) => id },
  ),
  memory: some({ totalKib: memory, hugepages }),
  iommu: some({
    acpiTables: fc.subarray(['DMAR', 'IVRS', 'IORT']),
    enabled: fc.boolean(),
  }),
  nics: fc.array(profiledNic, { maxLength: 4 }),
  nicsComplete: fc.boolean(),
}).map((document) => ({ schemaVersion: 1, ...(document as object) }));

const pageCount = fc.constantFrom(1, 2, 3, 16, 1024, 1048576, 0);
const parts = fc.record({
  host: some({ platform: mostly(fc.constantFrom(...Platform.ALL)) }),
  iommu: fc.option(some({ vendor: mostly(fc.constantFrom(...Object.values(IommuVendor))) })),
  pools: fc.array(
    some({
      pageSize: mostly(fc.constantFrom(PageSize.GIB_1, PageSize.MIB_2, PageSize.of('512M'))),
      perNode: mostly(fc.dictionary(nodeId.map(String), pageCount, { maxKeys: 3 })),
      pages: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, pageCount),
    }),
    { maxLength: 3 },
  ),
  partitions: fc.array(
    some({
      housekeeping: mostly(cpuList),
      dataplane: mostly(cpuList),
      workload: mostly(cpuList),
      isolation: mostly(fc.constantFrom(...Object.values(CpuIsolation))),
    }),
    { maxLength: 2 },
  ),
  chosenCpus: fc.option(
    some({
      dataplaneCores: mostly(fc.integer({ min: 1, max: 3 })),
      workloadCores: mostly(fc.nat(2)),
      isolation: mostly(fc.constantFrom(...Object.values(CpuIsolation))),
    }),
  ),
  countedPool: fc.option(
    some({
      pageSize: mostly(fc.constantFrom(undefined, PageSize.GIB_1, PageSize.MIB_2)),
      extraPerNode: mostly(
        fc.dictionary(nodeId.map(String), fc.integer({ min: 1, max: 9999 }), { maxKeys: 2 }),
      ),
    }),
  ),
  boot: fc.array(
    some({
      arguments: mostly(
        fc.array(fc.constantFrom('amd_iommu=on', 'iommu=pt', 'intel_iommu=on', 'lockdown=none', 'quiet'), {
          maxLength: 3,
        }),
      ),
    }),
    { maxLength: 2 },
  ),
  nics: fc.array(
    some({
      nic: mostly(address),
      driver: mostly(fc.constantFrom(...Object.values(NicDriver))),
      device: mostly(device),
      macAddress: mostly(mac),
    }),
    { maxLength: 4 },
  ),
  ovs: some({
    socketMemory: mostly(fc.array(fc.constantFrom(0, 512, 1024, 16777216), { minLength: 1, maxLength: 4 })),
    pmdCpus: mostly(cpuList),
    otherConfig: mostly(
      fc.dictionary(
        fc.constantFrom(
          'pmd-cpu-mask',
          'dpdk-lcore-mask',
          'dpdk-socket-mem',
          'per-port-memory',
          'shared-mempool-config',
          'userspace-tso-enable',
        ),
        fc.oneof(
          fc.constantFrom('true', '0x6', 'ff', '1024,1024', '9000,1500:1', ''),
          fc.string({ maxLength: 8 }),
        ),
        { maxKeys: 3 },
      ),
    ),
  }),
  bridge: some({
    addresses: mostly(
      fc.uniqueArray(fc.constantFrom('fd00:a::1/64', '10.0.0.1/24', '192.0.2.1/24'), { maxLength: 2 }),
    ),
    gateway: mostly(fc.constantFrom('fd00:a::fe', '10.0.0.254')),
    mtu: mostly(fc.constantFrom(1280, 1436, 1500, 9000)),
  }),
  tunnel: fc.option(
    some({
      remoteIp: mostly(fc.constantFrom('fd00:a::9', 'fd00:b::1')),
      segments: mostly(fc.array(fc.constantFrom('fd00:a::9', 'fd00:b::1'), { maxLength: 7 })),
      destinations: mostly(fc.array(fc.constantFrom('10.0.0.9', 'fd00:10::9'), { maxLength: 2 })),
    }),
  ),
  ports: fc.array(some({ mtu: mostly(fc.integer({ min: 500, max: 9800 })), queues: mostly(fc.nat(200)) }), {
    maxLength: 4,
  }),
});

/** The hardware: a profile, none where the document was none, or anything. */
function hardwareOf(document: unknown): unknown {
  try {
    return HardwareProfile.fromJson(document, 'hardware/any.json');
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return undefined;
  }
}

type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

function findingsOf(document: unknown, given: Parts): readonly Finding[] {
  const stack = new TerraformStack(new App({ skipValidation: true }), 'lab');
  const host = new DataplaneHost(stack, 'edge', {
    ...(given.host as object),
    hardware: hardwareOf(document) as HardwareProfile | undefined,
  });
  if (given.iommu !== null) new Iommu(host, 'iommu', given.iommu);
  for (const [index, props] of given.pools.entries()) new HugepagePool(host, `pool${index}`, props as never);
  for (const [index, props] of given.partitions.entries())
    new CpuPartition(host, `cpus${index}`, props as never);
  if (given.chosenCpus !== null) CpuPartition.auto(host, 'chosen', given.chosenCpus as never);
  if (given.countedPool !== null) HugepagePool.auto(host, 'counted', given.countedPool);
  for (const [index, props] of given.boot.entries()) new BootParameters(host, `boot${index}`, props as never);
  const nics = given.nics.map((props, index) => new NicBinding(host, `nic${index}`, props as never));
  const ovs = new OpenVSwitch(host, 'ovs', given.ovs as never);
  const bridge = ovs.addBridge('bridge', given.bridge as never);
  const from = ovs.addBridge('tenants', { addresses: ['10.0.0.7/24'], underlay: bridge });
  if (given.tunnel !== null) new Srv6Tunnel(stack, 'tunnel', { ...given.tunnel, from } as never);
  for (const [index, props] of given.ports.entries()) {
    const nic = nics[index];
    if (nic) bridge.addDpdkPort(nic, props as never);
  }
  const deployment = Deployment.of(stack);
  expect(deployment._plan().hosts).toHaveLength(1);
  return deployment.findings();
}

test(
  `${RUNS} random plans: findings that can be read, or none`,
  () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(mostly(profile), parts, (document, given) => {
        for (const finding of findingsOf(document, given)) {
          met.add(finding.rule);
          expect(finding.path).toMatch(/^lab(\/|$)/);
          for (const line of [...finding.what, finding.remedy]) {
            expect(line).toMatch(/^[^\n]{3,}$/);
            // What was given as a prop is shown as it is.
            if (finding.rule === 'props/invalid') continue;
            expect(line).not.toMatch(/undefined|NaN|Infinity|\[object|not known|\(\)/);
          }
          expect(formatFinding(finding)).toContain(finding.rule);
        }
      }),
      { numRuns: RUNS },
    );
    // They reach the rules that look at hardware: nearly all in a few hundred runs, each one in thousands.
    const about = RULES.filter(({ hardware }) => hardware !== undefined).map(({ id }) => id);
    const missed = about.filter((id) => !met.has(id));
    expect(missed.length).toBeLessThan(RUNS < 500 ? about.length : RUNS < 5000 ? about.length / 2 : 1);
  },
  60_000 + 100 * RUNS,
);
