/** Many hosts from one class: what each is asked for is what the parts by hand would ask for. */
import { App, TerraformStack } from 'cdktf';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import {
  BootParameters,
  Connection,
  CpuPartition,
  DataplaneHost,
  Deployment,
  HostClass,
  HugepagePool,
  Iommu,
  NicBinding,
  NicRole,
  NicSelector,
  OpenVSwitch,
  PageSize,
  Platform,
  UserDataPlatform,
  type Finding,
} from '../../constructs';
import { formatFinding } from '../../src/rules';
import { findingsOf } from '../rules/fixtures';
import { machine, machineWithNics, nic } from '../rules/machines';
import { synthesize } from '../synth';

const edge = new HostClass({
  ssh: { user: 'operator', port: 2222 },
  iommu: {},
  hugepages: { dpdk: { perNode: { 0: 2, 1: 2 } }, guests: { pageSize: PageSize.MIB_2, pages: 512 } },
  cpus: { housekeeping: '0,4', dataplane: '1,5' },
  bootArguments: ['mitigations=off'],
  nics: {
    uplink: NicRole.perHost({ device: '8086:10fb' }),
    downlink: NicRole.at('0000:05:00.0'),
  },
  openVSwitch: { pmdSleepMax: 500, otherConfig: { 'n-handler-threads': '2' } },
});
const uplink = { uplink: '0000:04:00.0' };

const errors = (findings: readonly Finding[]): string =>
  findings
    .filter(({ severity }) => severity === 'error')
    .map(formatFinding)
    .join('\n');

/** The plan of the only host, without its digests, which follow from the rest. */
function planOf(build: (stack: TerraformStack) => void): object {
  const { plan, findings } = synthesize(build);
  expect(errors(findings)).toBe('');
  const [only, ...others] = plan.hosts;
  expect(others).toEqual([]);
  return { ...only };
}

test('a host of a class is what the same parts are by hand', () => {
  const byHand = planOf((stack) => {
    const host = new DataplaneHost(stack, 'edge-1', {
      connection: Connection.ssh({ address: '192.0.2.11', user: 'operator', port: 2222 }),
    });
    new Iommu(host, 'iommu');
    new HugepagePool(host, 'large', { perNode: { 0: 2, 1: 2 } });
    new HugepagePool(host, 'small', { pageSize: PageSize.MIB_2, pages: 512 });
    new CpuPartition(host, 'cpus', { housekeeping: '0,4', dataplane: '1,5' });
    new BootParameters(host, 'extra', { arguments: ['mitigations=off'] });
    new NicBinding(host, 'uplink', { nic: '0000:04:00.0', device: '8086:10fb' });
    new NicBinding(host, 'downlink', { nic: '0000:05:00.0' });
    new OpenVSwitch(host, 'ovs', { pmdSleepMax: 500, otherConfig: { 'n-handler-threads': '2' } });
  });
  const byClass = planOf((stack) => edge.host(stack, 'edge-1', { address: '192.0.2.11', nics: uplink }));
  expect(byClass).toEqual(byHand);
  expect(byClass).toMatchSnapshot();
});

test('a deviation replaces member by member, null takes a part off, and no other host is touched', () => {
  const { plan, findings } = synthesize((stack) => {
    edge.host(stack, 'plain', { nics: uplink });
    edge.host(stack, 'other', {
      address: 'other.example.org',
      nics: { uplink: '0000:06:00.0', downlink: '0000:07:00.0' },
      deviations: {
        platform: Platform.UBUNTU_24_04,
        ssh: { port: 22 },
        hugepages: { dpdk: { pages: 3 }, guests: null },
        cpus: { dataplane: '2' },
        bootArguments: [...(edge.props.bootArguments ?? []), 'quiet'],
        nics: { uplink: { device: '8086:1572' } },
        openVSwitch: { pmdSleepMax: 0 },
      },
    });
    edge.host(stack, 'small', {
      nics: uplink,
      deviations: { cpus: null, hugepages: { dpdk: { perNode: { 0: 1 } } }, bootArguments: [] },
    });
  });
  expect(errors(findings)).toBe('');
  expect(plan).toMatchSnapshot();
});

test('parts are below the host by the names of the class, whatever those are; others can be added', () => {
  const odd = new HostClass({
    iommu: {},
    hugepages: { nics: { pages: 1 }, iommu: { pageSize: PageSize.MIB_2, pages: 1 } },
    nics: { hugepages: NicRole.at('0000:04:00.0'), ovs: NicRole.at('0000:05:00.0') },
    openVSwitch: {},
  });
  const stack = new TerraformStack(new App({ skipValidation: true }), 'lab');
  const host = odd.host(stack, 'edge', {});
  const bridge = host.openVSwitch.addBridge('underlay');
  bridge.addDpdkPort(host.nics.hugepages);
  new BootParameters(host, 'extra', { arguments: ['quiet'] });
  expect(DataplaneHost.isDataplaneHost(host)).toBe(true);
  expect(Object.values(host.nics).map(({ node, address }) => `${node.path} ${String(address)}`)).toEqual([
    'lab/edge/nics/hugepages 0000:04:00.0',
    'lab/edge/nics/ovs 0000:05:00.0',
  ]);
  expect(errors(Deployment.of(stack).findings())).toBe('');
  const [planned] = Deployment.of(stack)._plan().hosts;
  expect(planned?.plan.stages.boot.arguments.map(({ text }) => text)).toContain('quiet');
});

test('a class without an Open vSwitch gives hosts without one', () => {
  const stack = new TerraformStack(new App({ skipValidation: true }), 'lab');
  expect(new HostClass({ iommu: {} }).host(stack, 'a', {}).openVSwitch).toBeUndefined();
});

test('the user-data platform is the class’s, or the host’s own', () => {
  const tiny = UserDataPlatform.of({ name: 'Tiny', limit: 1, counts: 'text' });
  const inTiny = new HostClass({ iommu: {}, userDataPlatform: tiny });
  const findings = findingsOf((stack) => {
    inTiny.host(stack, 'a', {});
    inTiny.host(stack, 'b', { deviations: { userDataPlatform: UserDataPlatform.NO_CLOUD } });
  });
  expect(findings.filter(({ rule }) => rule.startsWith('cloud-init/')).map(({ path }) => path)).toEqual([
    'lab/a',
  ]);
});

describe('NICs from the hardware profile', () => {
  const twoOnNode0 = machineWithNics(nic({ address: '0000:06:00.0', interfaces: [{ name: 'ens6' }] }));
  const bind = (selector: NicSelector, hardware = machine()) => {
    const stack = new TerraformStack(new App({ skipValidation: true }), 'lab');
    const host = new DataplaneHost(stack, 'edge', { hardware });
    new Iommu(host, 'iommu');
    const binding = new NicBinding(host, 'uplink', { nic: selector });
    const [planned] = Deployment.of(stack)._plan().hosts;
    return { binding, nics: planned?.plan.stages.devices.nics, findings: Deployment.of(stack).findings() };
  };
  const BY_NODE = { address: '0000:05:00.0', device: '8086:10fb', driver: 'vfio-pci', name: 'uplink' };

  test('by MAC address, which the host checks again', () => {
    const { binding, nics, findings } = bind(NicSelector.mac('3C-FD-FE-00-00-05'));
    expect(binding.address).toBe('0000:05:00.0');
    expect(nics).toEqual([{ ...BY_NODE, macAddress: '3c:fd:fe:00:00:05' }]);
    expect(errors(findings)).toBe('');
  });

  test('by interface, and by what it is like', () => {
    for (const selector of [
      NicSelector.interfaceName('ens5'),
      NicSelector.like({ node: 1 }),
      NicSelector.like({ device: '8086:10FB', position: 1 }),
    ]) {
      const { nics, findings } = bind(selector);
      expect(nics).toEqual([{ ...BY_NODE, macAddress: null }]);
      expect(errors(findings)).toBe('');
    }
  });

  test('props go before what the profile says', () => {
    const findings = findingsOf((stack) => {
      const host = new DataplaneHost(stack, 'edge', { hardware: machine() });
      new Iommu(host, 'iommu');
      new NicBinding(host, 'uplink', { nic: NicSelector.like({ node: 1 }), device: '8086:1572' });
    });
    expect(findings.map(({ rule }) => rule)).toEqual(['nics/planned-device']);
  });

  const none = machine({ nics: undefined, nicsComplete: undefined });
  const some = machine({ nicsComplete: false });
  const withoutAddress = machine({
    nics: [{ interfaces: [{ name: 'ens9', macAddress: '3c:fd:fe:00:00:09' }] }],
  });
  test.each([
    [
      NicSelector.mac('3c:fd:fe:00:00:99'),
      machine(),
      'edge has none (hardware/edge.json)',
      '0000:04:00.0 (8086:10fb, ens4, 3c:fd:fe:00:00:04)',
    ],
    [
      NicSelector.mac('3c:fd:fe:00:00:99'),
      none,
      "hardware/edge.json doesn't say which NIC has which MAC address",
      'inspect',
    ],
    [NicSelector.interfaceName('ens9'), some, "doesn't say which NIC has which interface", 'inspect'],
    [NicSelector.interfaceName('ens9'), withoutAddress, "doesn't say the PCI address of ens9", 'inspect'],
    [
      NicSelector.like({ node: 0 }),
      twoOnNode0,
      'edge has 2 of them: 0000:04:00.0, 0000:06:00.0',
      'say position: 0',
    ],
    [
      NicSelector.like({ node: 0, position: 2 }),
      twoOnNode0,
      'edge has only 2 of them',
      '0000:01:00.0 (8086:1521, eno1, 3c:fd:fe:00:00:01, management)',
    ],
    [NicSelector.like({ device: '8086:1521' }), machine(), 'edge has none', 'say one of those that it has'],
    [NicSelector.like({ node: 0 }), some, "doesn't say of every NIC what it is and where", 'inspect'],
  ])('%s of another profile is an error, and nothing is planned', (selector, hardware, says, remedy) => {
    const { binding, nics, findings } = bind(selector, hardware);
    expect(binding.address).toBeUndefined();
    expect(nics).toEqual([]);
    const [finding, ...others] = findings.filter(({ severity }) => severity === 'error');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: 'nics/selection', path: 'lab/edge/uplink' });
    expect(finding?.what.join('\n')).toContain(`nic is ${selector.toString()}, but `);
    expect(finding?.what.join('\n')).toContain(says);
    expect(finding?.remedy).toContain(remedy);
  });

  test('without a profile the finding says how to have one; a port on that NIC is no further error', () => {
    const byRole = new HostClass({
      iommu: {},
      hugepages: { dpdk: { pages: 2 } },
      nics: { uplink: NicRole.at(NicSelector.like({ node: 0 })) },
      openVSwitch: {},
    });
    const findings = findingsOf((stack) => {
      const { nics, openVSwitch } = byRole.host(stack, 'edge', {});
      openVSwitch.addBridge('underlay').addDpdkPort(nics.uplink);
    });
    expect(errors(findings)).toMatch(
      /^error nics\/selection {2}lab\/edge\/nics\/uplink\n {2}nic is NicSelector\.like\(\{ node: 0 \}\), but edge has no hardware profile .*\n {2}say hardware: HardwareProfile\.fromFile\('hardware\/edge\.json'\)[^]*rules\.md#nicsselection$/,
    );
    expect(findings.filter(({ severity }) => severity === 'error')).toHaveLength(1);
  });

  test.each([
    [NicSelector.mac('52:54'), "nic is '52:54'", 'a MAC address like'],
    [NicSelector.interfaceName('a/b'), "nic is 'a/b'", "like 'ens1f0'"],
    [NicSelector.like({}), 'any NIC is like that', 'with one of these at least'],
    [NicSelector.like({ device: 'x' }), "nic is 'x'", 'a vendor:device id'],
    [NicSelector.like({ position: -1 }), 'nic is -1 (this is its position)', 'NicSelector.like('],
    [NicSelector.like({ slot: 3 } as never), 'nic is 3 (this is its slot)', 'NicSelector.like('],
  ])('%s can’t be read, which is a finding', (selector, says, remedy) => {
    const text = errors(bind(selector).findings);
    expect(text).toContain('error props/invalid  lab/edge/uplink');
    expect(text).toContain(says);
    expect(text).toContain(remedy);
  });

  test('each host of a class has its own by the same words', () => {
    const like = new HostClass({ iommu: {}, nics: { uplink: NicRole.at(NicSelector.like({ node: 0 })) } });
    const moved = machineWithNics(
      nic({ address: '0000:04:00.0', node: 1 }),
      nic({ address: '0000:09:00.0' }),
    );
    const { plan } = synthesize((stack) => {
      like.host(stack, 'a', { hardware: machine() });
      like.host(stack, 'b', { hardware: moved });
    });
    expect(plan.hosts.map((host) => host.plan.stages.devices.nics.map(({ address }) => address))).toEqual([
      ['0000:04:00.0'],
      ['0000:09:00.0'],
    ]);
  });
});

describe('what no compiler looked at', () => {
  const found = (props: unknown, hostClass: unknown = edge): string =>
    errors(findingsOf((stack) => (hostClass as typeof edge).host(stack, 'edge', props as never)));

  test.each([
    [{ nics: { uplnk: '0000:04:00.0' } }, "'uplnk' in nics: there is no such prop", 'uplink, downlink'],
    [{}, 'nic is missing', "say a PCI address like '0000:03:00.0', or a NicSelector"],
    [{ nics: uplink, adress: 'x' }, "'adress': there is no such prop", 'address'],
    [{ nics: uplink, deviations: { cpu: {} } }, "'cpu' in deviations: there is no such prop", 'cpus'],
    [{ nics: uplink, deviations: 'none' }, "deviations is 'none'", 'say an object with (some of) platform'],
    [
      { nics: uplink, deviations: { hugepages: { other: { pages: 1 } } } },
      "'other' in deviations.hugepages: there is no such prop",
      'dpdk, guests',
    ],
    [
      { nics: uplink, deviations: { cpus: { dataplan: '1' } } },
      "'dataplan': there is no such prop",
      'housekeeping, dataplane',
    ],
    [
      { nics: uplink, address: '-oProxyCommand=x' },
      "connection.address is '-oProxyCommand=x'",
      'an IP address',
    ],
  ])('%j is found', (props, says, remedy) => {
    const text = found(props);
    expect(text).toContain('error props/invalid  lab/edge');
    expect(text).toContain(says);
    expect(text).toContain(remedy);
  });

  test('a class with what there isn’t', () => {
    const text = found(
      { nics: {} },
      new HostClass({ nics: { uplink: '0000:04:00.0' }, hugepage: {} } as never),
    );
    expect(text).toContain("class.nics.uplink is '0000:04:00.0'");
    expect(text).toContain("'hugepage' in class: there is no such prop");
  });

  test.each([undefined, null, 5])('%s for props is a finding, too', (props) =>
    expect(found(props)).toContain('error props/invalid  lab/edge'),
  );
});

test('the compiler knows roles, pools and deviations', () => {
  const file = join(__dirname, 'host-class-types.ts');
  const { config } = ts.readConfigFile(join(__dirname, '../../tsconfig.json'), (path) =>
    readFileSync(path, 'utf8'),
  ) as { config: { compilerOptions: object } };
  const { options } = ts.parseJsonConfigFileContent(
    { compilerOptions: config.compilerOptions, files: [file] },
    ts.sys,
    join(__dirname, '../..'),
  );
  const program = ts.createProgram([file], options);
  const diagnostics = program.getSemanticDiagnostics(program.getSourceFile(file));
  expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual(
    [],
  );
  // It did look: without its marks, the file is full of errors.
  expect(readFileSync(file, 'utf8').match(/@ts-expect-error/g)).toHaveLength(15);
}, 120_000);
