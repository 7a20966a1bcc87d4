import type { TerraformStack } from 'cdktf';
import { Construct as Scope } from 'constructs';
import {
  BootParameters,
  Connection,
  CpuPartition,
  DataplaneHost,
  Deployment,
  DpdkPort,
  ErspanTunnel,
  GeneveTunnel,
  GreTunnel,
  GtpuTunnel,
  HugepagePool,
  Iommu,
  Ip6GreTunnel,
  NicBinding,
  OpenVSwitch,
  OvsBridge,
  PageSize,
  Srv6Tunnel,
  TunnelPayload,
  VxlanTunnel,
} from '../../constructs';
import { synthesize } from '../synth';

/** Each construct with nothing but what it refers to. */
const CONSTRUCTS: Readonly<Record<string, (stack: TerraformStack) => void>> = {
  DataplaneHost: (stack) => new DataplaneHost(stack, 'edge'),
  Deployment: (stack) => Deployment.of(stack),
  BootParameters: (stack) => new BootParameters(stack, 'quiet', { arguments: ['quiet'] }),
  Iommu: (stack) => new Iommu(stack, 'iommu'),
  HugepagePool: (stack) => new HugepagePool(stack, 'pool', { pageSize: PageSize.MIB_2, pages: 1024 }),
  CpuPartition: (stack) =>
    new CpuPartition(stack, 'cpus', { housekeeping: '0', dataplane: '1-2', workload: '3' }),
  NicBinding: (stack) => new NicBinding(stack, 'nic', { nic: '03:00.0', macAddress: '52-54-00-12-34-56' }),
  OpenVSwitch: (stack) => new OpenVSwitch(stack, 'ovs'),
  OvsBridge: (stack) =>
    new OvsBridge(stack, 'bridge', {
      openVSwitch: new OpenVSwitch(stack, 'ovs'),
      addresses: ['10.0.0.1/24'],
    }),
  DpdkPort(stack) {
    const bridge = new OpenVSwitch(stack, 'ovs').addBridge('bridge');
    const nic = new NicBinding(stack, 'nic', { nic: '0000:03:00.0' });
    new DpdkPort(stack, 'port', { bridge, nic, mtu: 9000, queues: 2 });
  },
  Srv6Tunnel(stack) {
    const from = tenantsOf(stack);
    new Srv6Tunnel(stack, 'tunnel', { from, remoteIp: 'fd00:a::2', destinations: ['10.0.0.2'] });
  },
  ErspanTunnel(stack) {
    const from = tenantsOf(stack);
    new ErspanTunnel(stack, 'tunnel', { from, remoteIp: 'fd00:a::2', version: 2, hardwareId: 5 });
  },
  GeneveTunnel(stack) {
    const from = tenantsOf(stack);
    new GeneveTunnel(stack, 'tunnel', { from, remoteIp: 'fd00:a::2', vni: 7 });
  },
  GreTunnel(stack) {
    const from = tenantsOf(stack);
    new GreTunnel(stack, 'tunnel', {
      from,
      remoteIp: 'fd00:a::2',
      payload: TunnelPayload.IP,
      destinations: ['10.0.0.2'],
    });
  },
  GtpuTunnel(stack) {
    const from = tenantsOf(stack);
    new GtpuTunnel(stack, 'tunnel', {
      from,
      remoteIp: 'fd00:a::2',
      teid: 1,
      remoteTeid: 2,
      destinations: ['10.0.0.2'],
    });
  },
  Ip6GreTunnel(stack) {
    const from = tenantsOf(stack);
    new Ip6GreTunnel(stack, 'tunnel', { from, remoteIp: 'fd00:a::2', key: 3 });
  },
  VxlanTunnel(stack) {
    const from = tenantsOf(stack);
    new VxlanTunnel(stack, 'tunnel', { from, remoteIp: 'fd00:a::2', vni: 5, dscp: 46 });
  },
};

function tenantsOf(stack: TerraformStack): OvsBridge {
  const ovs = new OpenVSwitch(stack, 'ovs');
  const underlay = ovs.addBridge('underlay', { addresses: ['fd00:a::1/64'] });
  return ovs.addBridge('tenants', { addresses: ['10.0.0.1/24'], underlay });
}

test('these are all constructs of the package', () => {
  const exported = Object.keys(jest.requireActual<Record<string, unknown>>('../../constructs'));
  const others = [
    'Acknowledge',
    'Connection',
    'CpuIsolation',
    'CpuSet',
    'ErspanDirection',
    'HostPart',
    'InterfaceAddress',
    'IommuVendor',
    'IpAddress',
  ];
  const values = [
    'MacAddress',
    'NicDriver',
    'OnDestroy',
    'PageSize',
    'PciAddress',
    'PciDeviceId',
    'Platform',
  ];
  const more = ['Reboot', 'Rollout', 'SegmentList', 'Tunnel', 'TunnelPayload', 'ValueError'];
  // A HostOfClass is a whole host: host-class.test.ts.
  const classes = ['HostClass', 'HostOfClass', 'NicRole', 'NicSelector', 'UserDataPlatform'];
  const hardware = ['HardwareProfile', 'ProfileError', 'UNKNOWN', 'isKnown'];
  expect([...Object.keys(CONSTRUCTS), ...others, ...values, ...more, ...classes, ...hardware].sort()).toEqual(
    exported.sort(),
  );
});

describe.each(Object.entries(CONSTRUCTS))('%s alone', (name, build) => {
  const synthesized = synthesize(build);
  const { plan, findings, terraform } = synthesized;

  test('is a complete stack', () => {
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(synthesized.artifact('ansible/site.yaml')).toContain('---');
    const hosts = name === 'Deployment' ? [] : [name === 'DataplaneHost' ? 'edge' : 'dataplane-host'];
    expect(plan.hosts.map((planned) => planned.plan.host.name)).toEqual(hosts);
    expect(
      Object.keys((terraform as { resource?: { null_resource?: object } }).resource?.null_resource ?? {}),
    ).toEqual(hosts);
    for (const host of hosts) {
      expect(synthesized.artifact(`hosts/${host}/user-data`)).toMatch(/^#cloud-config\n/);
      expect(synthesized.artifact(`hosts/${host}/meta-data`)).toContain(host);
    }
  });

  test('gives this plan', () => {
    for (const planned of plan.hosts) {
      expect(JSON.parse(synthesized.artifact(`hosts/${planned.plan.host.name}/plan.json`))).toEqual(
        planned.plan,
      );
      expect(planned.plan).toMatchSnapshot();
    }
  });
});

describe('where a part belongs', () => {
  test('to the host above it, at any depth; without one to the host of the stack', () => {
    const { plan } = synthesize((stack) => {
      const outer = new DataplaneHost(stack, 'outer');
      new HugepagePool(new OpenVSwitch(outer, 'ovs').addBridge('bridge'), 'deep', { pages: 1 });
      new Iommu(stack, 'iommu');
      new HugepagePool(stack, 'pool', { pages: 2 });
    });
    const pages = plan.hosts.map((planned) => [
      planned.plan.host.name,
      planned.plan.stages.devices.hugepages[0]?.count,
    ]);
    expect(pages).toEqual([
      ['dataplane-host', 2],
      ['outer', 1],
    ]);
  });

  test.each([
    ['edge', [], 'edge'],
    ['host', [], 'host'],
    ['host', ['east'], 'east'],
    ['Host', ['Region 1', 'east'], 'region-1-east'],
    ['_', [], 'host'],
    ['x'.repeat(70), [], /^x{54}-[0-9a-f]{8}$/],
  ])('the name of host %s below %j', (id, above, hostname) => {
    const { plan } = synthesize((stack) => {
      const scope = above.reduce<ConstructorParameters<typeof DataplaneHost>[0]>(
        (parent, name) => new Scope(parent, name),
        stack,
      );
      expect(new DataplaneHost(scope, id).hostname).toMatch(hostname);
    });
    expect(plan.hosts).toHaveLength(1);
  });
});

test('the order in which the kinds of parts are made does not matter', () => {
  const parts: ((host: DataplaneHost) => unknown)[] = [
    (host) => new Iommu(host, 'iommu'),
    (host) => new HugepagePool(host, 'large', { perNode: { 0: 4 } }),
    (host) => new HugepagePool(host, 'small', { pageSize: PageSize.MIB_2, pages: 1024 }),
    (host) => new CpuPartition(host, 'cpus', { housekeeping: '0', dataplane: '1' }),
    (host) => new BootParameters(host, 'quiet', { arguments: ['quiet'] }),
    (host) => {
      const nic = new NicBinding(host, 'nic', { nic: '0000:03:00.0' });
      new OpenVSwitch(host, 'ovs').addBridge('bridge', { addresses: ['10.0.0.1/24'] }).addDpdkPort(nic);
    },
  ];
  const planText = (order: readonly ((host: DataplaneHost) => unknown)[]): string =>
    synthesize((stack) => {
      const host = new DataplaneHost(stack, 'edge', { connection: Connection.ssh({ address: 'edge' }) });
      for (const make of order) make(host);
    }).artifact('hosts/edge/plan.json');
  expect(planText([...parts].reverse())).toBe(planText(parts));
});
