import { App, TerraformStack, TerraformVariable, Token } from 'cdktf';
import fc from 'fast-check';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  HugepagePool,
  Iommu,
  Ip6GreTunnel,
  NicBinding,
  OnDestroy,
  OpenVSwitch,
  OvsBridge,
  PageSize,
  Platform,
  Reboot,
  Rollout,
  Srv6Tunnel,
  TunnelPayload,
  VxlanTunnel,
} from '../../constructs';
import { formatFinding } from '../../src/rules';
import { findingsOf, site } from '../rules/fixtures';

/** What a user of JavaScript may give: no compiler looks at it. */
const untyped = (props: unknown): never => props as never;

function textOf(build: (stack: TerraformStack) => void): string {
  return findingsOf(build)
    .filter(({ severity }) => severity === 'error')
    .map(formatFinding)
    .join('\n');
}

type Wrong = [
  what: string,
  build: (stack: TerraformStack) => void,
  path: string,
  says: string,
  remedy: string,
];

const far = { remoteIp: 'fd00:a::9', destinations: ['10.9.9.9'] };
const tunnel =
  (props: object) =>
  (stack: TerraformStack): unknown =>
    new Srv6Tunnel(stack, 'tunnel', untyped({ from: site(stack, 'edge', 1).tenants, ...far, ...props }));

const WRONG: readonly Wrong[] = [
  [
    'a malformed PCI address',
    (s) => new NicBinding(s, 'nic', { nic: '3:0.0' }),
    'lab/nic',
    "nic is '3:0.0'",
    "say a PCI address like '0000:03:00.0'",
  ],
  [
    'no PCI address',
    (s) => new NicBinding(s, 'nic', untyped({})),
    'lab/nic',
    'nic is missing',
    'say a PCI address',
  ],
  [
    'a MAC address that is none',
    (s) => new NicBinding(s, 'nic', { nic: '03:00.0', macAddress: '52:54' }),
    'lab/nic',
    "macAddress is '52:54'",
    'say a MAC address like',
  ],
  [
    'an unknown driver',
    (s) => new NicBinding(s, 'nic', untyped({ nic: '03:00.0', driver: 'igb_uio' })),
    'lab/nic',
    "driver is 'igb_uio'",
    'say NicDriver.VFIO_PCI or NicDriver.UIO_PCI_GENERIC or NicDriver.KERNEL',
  ],
  [
    'a misspelt prop',
    (s) => new NicBinding(s, 'nic', untyped({ nic: '03:00.0', mac: 'x' })),
    'lab/nic',
    "'mac': there is no such prop",
    'nic, driver, macAddress, device',
  ],
  [
    'no props at all',
    (s) => new NicBinding(s, 'nic', untyped(undefined)),
    'lab/nic',
    'the props are missing',
    'say an object with (some of) nic',
  ],
  [
    'a CPU named twice',
    (s) => new CpuPartition(s, 'cpus', { housekeeping: '0', dataplane: '1-3,2' }),
    'lab/cpus',
    "dataplane is '1-3,2' (CPU 2 is named twice)",
    "say a CPU list like '2-5,34-37'",
  ],
  [
    'no housekeeping CPU',
    (s) => new CpuPartition(s, 'cpus', { housekeeping: '' }),
    'lab/cpus',
    "housekeeping is ''",
    'say at least one CPU',
  ],
  [
    'no cores to choose',
    (s) => CpuPartition.auto(s, 'cpus', untyped({ workloadCores: 1 })),
    'lab/cpus',
    'dataplaneCores is missing',
    'say whole cores from 1 to 8192, as a whole number',
  ],
  [
    'half a core',
    (s) => CpuPartition.auto(s, 'cpus', { dataplaneCores: 1, workloadCores: 0.5 }),
    'lab/cpus',
    'workloadCores is 0.5',
    'say whole cores from 0 to 8192, as a whole number',
  ],
  [
    'CPUs beside cores to choose',
    (s) => CpuPartition.auto(s, 'cpus', untyped({ dataplaneCores: 1, housekeeping: '0' })),
    'lab/cpus',
    "'housekeeping': there is no such prop",
    'dataplaneCores, workloadCores, isolation',
  ],
  [
    'cores to choose as CPUs',
    (s) => new CpuPartition(s, 'cpus', untyped({ housekeeping: '0', dataplaneCores: 1 })),
    'lab/cpus',
    "'dataplaneCores': there is no such prop",
    'housekeeping, dataplane, workload, isolation',
  ],
  [
    'pages of a pool that is counted',
    (s) => HugepagePool.auto(s, 'pool', untyped({ perNode: { 0: 1 } })),
    'lab/pool',
    "'perNode': there is no such prop",
    'pageSize, extraPerNode',
  ],
  [
    'memory of no node',
    (s) => HugepagePool.auto(s, 'pool', untyped({ extraPerNode: { all: 1024 } })),
    'lab/pool',
    "extraPerNode has the key 'all'",
    'say MiB by NUMA node id (0 to 1023)',
  ],
  [
    'memory with its unit',
    (s) => HugepagePool.auto(s, 'pool', untyped({ extraPerNode: { 0: '8G' } })),
    'lab/pool',
    "extraPerNode.0 is '8G'",
    'say MiB from 1 to 16777216, as a whole number',
  ],
  [
    'a size that is no PageSize',
    (s) => new HugepagePool(s, 'pool', untyped({ pageSize: '1G', pages: 1 })),
    'lab/pool',
    "pageSize is '1G'",
    'say PageSize.GIB_1 or PageSize.MIB_2',
  ],
  [
    'no pages',
    (s) => new HugepagePool(s, 'pool', {}),
    'lab/pool',
    'perNode is missing, as is pages',
    'say either perNode',
  ],
  [
    'pages twice',
    (s) => new HugepagePool(s, 'pool', { pages: 1, perNode: { 0: 1 } }),
    'lab/pool',
    'pages is given beside perNode',
    'say either perNode',
  ],
  [
    'a node that is no number',
    (s) => new HugepagePool(s, 'pool', untyped({ perNode: { node0: 1 } })),
    'lab/pool',
    "perNode has the key 'node0'",
    '0 to 1023',
  ],
  [
    'a node written twice',
    (s) => new HugepagePool(s, 'pool', untyped({ perNode: { '1': 1, '01': 2 } })),
    'lab/pool',
    "perNode has the key '01'",
    '0 to 1023',
  ],
  [
    'node 1024',
    (s) => new HugepagePool(s, 'pool', { perNode: { 1024: 1 } }),
    'lab/pool',
    "perNode has the key '1024'",
    '0 to 1023',
  ],
  [
    'half a page',
    (s) => new HugepagePool(s, 'pool', { perNode: { 0: 0.5 } }),
    'lab/pool',
    'perNode.0 is 0.5',
    'say a number of pages from 1 to 1048576, as a whole number',
  ],
  [
    'arguments in one string',
    (s) => new BootParameters(s, 'boot', untyped({ arguments: 'quiet splash' })),
    'lab/boot',
    "arguments is 'quiet splash'",
    "say a list of kernel arguments like ['mitigations=off']",
  ],
  [
    'an argument with a space',
    (s) => new BootParameters(s, 'boot', { arguments: ['quiet', 'a=b c'] }),
    'lab/boot',
    "arguments.1 is 'a=b c'",
    'without spaces and quotes',
  ],
  [
    'an argument for the shell',
    (s) => new BootParameters(s, 'boot', { arguments: ['a=$(reboot)'] }),
    'lab/boot',
    "'a=$(reboot)'",
    'say a kernel argument',
  ],
  [
    'an unknown vendor',
    (s) => new Iommu(s, 'iommu', untyped({ vendor: 'via' })),
    'lab/iommu',
    "vendor is 'via'",
    'say IommuVendor.INTEL or',
  ],
  [
    'an empty list of memory',
    (s) => new OpenVSwitch(s, 'ovs', { socketMemory: [] }),
    'lab/ovs',
    'socketMemory is []',
    'say MiB by NUMA node',
  ],
  [
    'a key with capitals',
    (s) => new OpenVSwitch(s, 'ovs', { otherConfig: { 'Max-Idle': '1' } }),
    'lab/ovs',
    "otherConfig has the key 'Max-Idle'",
    'say keys of lower-case letters',
  ],
  [
    'a number for text',
    (s) => new OpenVSwitch(s, 'ovs', untyped({ otherConfig: { 'max-idle': 1 } })),
    'lab/ovs',
    'otherConfig.max-idle is 1',
    'say text without line breaks',
  ],
  [
    'a long name of a bridge',
    (s) => new OpenVSwitch(s, 'ovs').addBridge('a-name-of-16-chr'),
    'lab/ovs/a-name-of-16-chr',
    "name is 'a-name-of-16-chr'",
    'at most 15',
  ],
  [
    'a bridge without Open vSwitch',
    (s) => new OvsBridge(s, 'bridge', untyped({})),
    'lab/bridge',
    'openVSwitch is missing',
    'say the OpenVSwitch',
  ],
  [
    'an address without its length',
    (s) => new OpenVSwitch(s, 'ovs').addBridge('br', { addresses: ['10.0.0.1'] }),
    'lab/ovs/br',
    "addresses.0 is '10.0.0.1'",
    'with its prefix length',
  ],
  [
    'a port of nothing',
    (s) => new DpdkPort(s, 'port', untyped(undefined)),
    'lab/port',
    'the props are missing',
    'say an object',
  ],
  [
    'a port without bridge and NIC',
    (s) => new DpdkPort(s, 'port', untyped({ bridge: null })),
    'lab/port',
    'nic is missing',
    'say the NicBinding of the port',
  ],
  [
    'addDpdkPort of nothing',
    (s) => new OpenVSwitch(s, 'ovs').addBridge('br').addDpdkPort(untyped(undefined)),
    'lab/ovs/br/port',
    'nic is missing',
    'say the NicBinding',
  ],
  [
    'no queues',
    (s) => site(s, 'edge', 1).underlay.addDpdkPort(new NicBinding(s, 'n', { nic: '05:00.0' }), { queues: 0 }),
    'lab/edge/ovs/underlay/n',
    'queues is 0',
    'from 1 to 128',
  ],
  [
    'seven segments',
    tunnel({ segments: ['fd00:a::9', ...Array.from({ length: 6 }, (_, i) => `fd00:b::${i}`)] }),
    'lab/tunnel',
    '7 segments',
    'say 1 to 6 segments',
  ],
  ['no segments', tunnel({ segments: [] }), 'lab/tunnel', 'segments is []', 'say 1 to 6 segments'],
  [
    'a multicast segment',
    tunnel({ segments: ['fd00:a::9', 'ff02::1'] }),
    'lab/tunnel',
    "segments.1 is 'ff02::1' (this is the multicast range)",
    'say an IPv6 unicast address',
  ],
  [
    'an IPv4 end',
    tunnel({ remoteIp: '10.0.0.9' }),
    'lab/tunnel',
    "remoteIp is '10.0.0.9' (this is IPv4)",
    'say an IPv6 unicast address',
  ],
  [
    'a VNI of 25 bits',
    (s) => new VxlanTunnel(s, 'tunnel', { from: site(s, 'edge', 1).tenants, ...far, vni: 16777216 }),
    'lab/tunnel',
    'vni is 16777216',
    'say a VNI from 0 to 16777215',
  ],
  [
    'a TTL of 0',
    (s) => new GeneveTunnel(s, 'tunnel', { from: site(s, 'edge', 1).tenants, ...far, ttl: 0 }),
    'lab/tunnel',
    'ttl is 0',
    "say a whole number from 1 to 255, or 'inherit'",
  ],
  [
    'a multicast far end',
    (s) => new GeneveTunnel(s, 'tunnel', { from: site(s, 'edge', 1).tenants, remoteIp: '239.1.1.1' }),
    'lab/tunnel',
    "remoteIp is '239.1.1.1' (this is the multicast range)",
    "say an IP unicast address like '192.0.2.1'",
  ],
  [
    'two IP versions',
    (s) => new VxlanTunnel(s, 'tunnel', { from: site(s, 'edge', 1).tenants, ...far, localIp: '192.0.2.1' }),
    'lab/tunnel',
    "localIp is '192.0.2.1' (remoteIp is 'fd00:a::9')",
    'say an IPv6 address',
  ],
  [
    'IP packets to nowhere',
    (s) =>
      new GreTunnel(s, 'tunnel', {
        from: site(s, 'edge', 1).tenants,
        remoteIp: 'fd00:a::9',
        payload: TunnelPayload.IP,
      }),
    'lab/tunnel',
    'destinations is missing (the payload is IP)',
    'say at least one IP address',
  ],
  [
    'a field of the other ERSPAN',
    (s) =>
      new ErspanTunnel(
        s,
        'tunnel',
        untyped({ from: site(s, 'edge', 1).tenants, ...far, version: 2, index: 1 }),
      ),
    'lab/tunnel',
    'index is 1 (version 2 has no index)',
    'say version: 1, or leave it out',
  ],
  [
    'IPv4 under ip6gre',
    (s) => new Ip6GreTunnel(s, 'tunnel', { from: site(s, 'edge', 1).tenants, remoteIp: '192.0.2.9' }),
    'lab/tunnel',
    "remoteIp is '192.0.2.9' (this is IPv4)",
    'say an IPv6 unicast address',
  ],
  [
    'a tunnel to nowhere',
    tunnel({ destinations: [] }),
    'lab/tunnel',
    'destinations is []',
    'say at least one IP address',
  ],
  [
    'a tunnel from nowhere',
    (s) => new Srv6Tunnel(s, 'tunnel', untyped({ ...far })),
    'lab/tunnel',
    'from is missing',
    'say an OvsBridge',
  ],
  [
    'a tunnel of nothing',
    (s) => new Srv6Tunnel(s, 'tunnel', untyped(undefined)),
    'lab/tunnel',
    'the props are missing',
    'say an object',
  ],
  [
    'a tunnel with one end',
    (s) => new Srv6Tunnel(s, 'tunnel', untyped({ between: [site(s, 'edge', 1).tenants] })),
    'lab/tunnel',
    'between is [an object (OvsBridge)]',
    'say the two OvsBridges',
  ],
  [
    'a host name with a capital',
    (s) => new DataplaneHost(s, 'edge', { hostname: 'Edge' }),
    'lab/edge',
    "hostname is 'Edge'",
    'lower-case letters',
  ],
  [
    'a platform by its name',
    (s) => new DataplaneHost(s, 'edge', untyped({ platform: 'debian-13' })),
    'lab/edge',
    "platform is 'debian-13'",
    'Platform.DEBIAN_13',
  ],
  [
    'an address that ssh takes for an option',
    (s) => new DataplaneHost(s, 'edge', { connection: Connection.ssh({ address: '-oProxyCommand=x' }) }),
    'lab/edge',
    "connection.address is '-oProxyCommand=x'",
    'say an IP address, a name',
  ],
  [
    'a connection without an address',
    (s) => new DataplaneHost(s, 'edge', { connection: Connection.ssh(untyped(undefined)) }),
    'lab/edge',
    'connection is missing',
    'address',
  ],
  [
    'a port above all',
    (s) => new DataplaneHost(s, 'edge', { connection: Connection.ssh({ address: 'a', port: 65536 }) }),
    'lab/edge',
    'connection.port is 65536',
    'from 1 to 65535',
  ],
  [
    'a management NIC without its address',
    (s) => new DataplaneHost(s, 'edge', untyped({ management: {} })),
    'lab/edge',
    'management.macAddress is missing',
    'say a MAC address',
  ],
  [
    'a reboot of no time',
    (s) => Deployment.of(s).configure({ reboot: Reboot.whenNeeded({ timeoutSeconds: 5 }) }),
    'lab/Dataplane Deployment',
    'reboot is 5 (this is its timeoutSeconds)',
    'from 60 to 7200',
  ],
  [
    'batches of none',
    (s) => Deployment.of(s).configure({ rollout: Rollout.inBatchesOf(0) }),
    'lab/Dataplane Deployment',
    'rollout is 0',
    'of 1 or more',
  ],
  [
    'a policy that is none',
    (s) => Deployment.of(s).configure(untyped({ onDestroy: true })),
    'lab/Dataplane Deployment',
    'onDestroy is true',
    'say OnDestroy.LEAVE or OnDestroy.UNDO',
  ],
  [
    'a bridge of another stack',
    (s) =>
      new Srv6Tunnel(s, 'tunnel', {
        between: [
          site(s, 'a', 1).tenants,
          site(new TerraformStack(s.node.scope as App, 'other'), 'b', 2).tenants,
        ],
      }),
    'lab/tunnel',
    "between is other/b/ovs/tenants, of the stack 'other'",
    "name one of this stack ('lab')",
  ],
];

test.each(WRONG)('%s', (_what, build, path, says, remedy) => {
  const findings = findingsOf(build).filter(({ rule }) => rule === 'props/invalid');
  expect(new Set(findings.map((finding) => finding.path))).toEqual(new Set([path]));
  const text = findings.map(formatFinding).join('\n');
  expect(text).toMatch(/^error props\/invalid {2}/);
  expect(text).toContain(says);
  expect(text).toContain(remedy);
});

test('how findings about props read', () =>
  expect(WRONG.map(([what, build]) => `# ${what}\n${textOf(build)}`).join('\n\n')).toMatchSnapshot());

describe('a Terraform reference where a file needs a value', () => {
  const reference = (s: TerraformStack): TerraformVariable => new TerraformVariable(s, 'v', { type: 'any' });

  test.each<[string, (s: TerraformStack, v: TerraformVariable) => unknown, string]>([
    ['a string', (s, v) => new NicBinding(s, 'x', { nic: v.stringValue }), 'nic'],
    [
      'a part of a string',
      (s, v) => new DataplaneHost(s, 'x', { hostname: `edge-${v.stringValue}` }),
      'hostname',
    ],
    ['a number', (s, v) => new HugepagePool(s, 'x', { pages: v.numberValue }), 'pages'],
    [
      'a number in an object',
      (s, v) => new HugepagePool(s, 'x', { perNode: { 0: v.numberValue } }),
      'perNode.0',
    ],
    ['a list', (s, v) => new BootParameters(s, 'x', { arguments: v.listValue }), 'arguments.0'],
    [
      'an element of a list',
      (s, v) => new OpenVSwitch(s, 'ovs').addBridge('x', { addresses: [v.stringValue] }),
      'addresses.0',
    ],
    [
      'a list of numbers',
      (s, v) => new OpenVSwitch(s, 'x', { socketMemory: Token.asNumberList(v.value) }),
      'socketMemory.0',
    ],
    ['a map', (s, v) => new OpenVSwitch(s, 'x', { otherConfig: Token.asStringMap(v.value) }), 'otherConfig'],
    ['an object', (s, v) => new OpenVSwitch(s, 'x', { otherConfig: untyped(v.value) }), 'otherConfig'],
    ['true or false', (s, v) => new DataplaneHost(s, 'x', { retired: untyped(v.booleanValue) }), 'retired'],
    ['an enum', (s, v) => new Iommu(s, 'x', { vendor: untyped(v.stringValue) }), 'vendor'],
    ['a CPU list', (s, v) => new CpuPartition(s, 'x', { housekeeping: v.stringValue }), 'housekeeping'],
    [
      'a segment',
      (s, v) =>
        new Srv6Tunnel(s, 'x', {
          from: site(s, 'e', 1).tenants,
          remoteIp: v.stringValue,
          destinations: ['10.0.0.9'],
        }),
      'remoteIp',
    ],
    [
      'a user',
      (s, v) =>
        new DataplaneHost(s, 'x', { connection: Connection.ssh({ address: 'a', user: v.stringValue }) }),
      'connection.user',
    ],
  ])('%s', (_what, build, prop) => {
    const findings = findingsOf((stack) => void build(stack, reference(stack)));
    const text = findings
      .filter(({ rule }) => rule === 'props/invalid')
      .map(formatFinding)
      .join('\n');
    expect(text).toContain(`${prop} `);
    expect(text).toContain('a Terraform reference');
    expect(text).not.toContain('TfToken');
    expect(text).toMatch(/^ {2}say /m);
  });
});

test('ten mistakes are shown at once, by an error of app.synth() and without a stack trace of ours', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-'));
  const app = new App({ outdir });
  const stack = new TerraformStack(app, 'lab');
  const { host, ovs, tenants } = site(stack, 'edge', 1, { host: { platform: Platform.DEBIAN_12 } });
  new NicBinding(host, 'malformed', { nic: '3:0.0' });
  new NicBinding(host, 'twice', { nic: '0000:04:00.0' });
  new HugepagePool(host, 'size', { pageSize: PageSize.of('512M'), pages: 1 });
  new CpuPartition(host, 'cpus', { housekeeping: '0-1', dataplane: '1-2' });
  new BootParameters(host, 'boot', { arguments: ['hugepages=1'] });
  new Srv6Tunnel(stack, 'old', { from: tenants, ...far });
  new Srv6Tunnel(stack, 'again', { from: tenants, ...far });
  new Srv6Tunnel(stack, 'segment', { from: tenants, ...far, segments: ['ff02::1'] });
  ovs.addBridge('mtu', { mtu: 100000 });
  new DataplaneHost(stack, 'token', { hostname: new TerraformVariable(stack, 'v', {}).stringValue });
  let message = '';
  try {
    app.synth();
  } catch (error) {
    message = (error as Error).message;
  }
  const written = readdirSync(join(outdir, 'stacks'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  rmSync(outdir, { recursive: true });
  expect(written.sort()).toEqual(['findings.json', 'findings.sarif']);
  for (const [path, says] of [
    ['edge/malformed', "'3:0.0'"],
    ['edge/twice', '0000:04:00.0'],
    ['edge/size', '512 MiB'],
    ['edge/cpus', 'share CPU 1'],
    ['edge/boot', "'hugepages=1'"],
    ['old', 'Debian 12'],
    ['again', 'already: lab/old'],
    ['segment', "'ff02::1'"],
    ['edge/ovs/mtu', '100000'],
    ['token', 'a Terraform reference'],
  ]) {
    expect(message).toMatch(new RegExp(`^error \\S+ {2}lab/${path}$`, 'm'));
    expect(message).toContain(says);
  }
});

describe('whatever is given as props is planned or found wrong, never an exception', () => {
  const wild = fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true, maxDepth: 2 });
  const KINDS: Readonly<
    Record<string, [props: string[], make: (s: TerraformStack, props: never) => unknown]>
  > = {
    BootParameters: [['arguments'], (s, props) => new BootParameters(s, 'x', props)],
    CpuPartition: [
      ['housekeeping', 'dataplane', 'workload', 'isolation'],
      (s, props) => new CpuPartition(s, 'x', props),
    ],
    'CpuPartition.auto': [
      ['dataplaneCores', 'workloadCores', 'isolation'],
      (s, props) => CpuPartition.auto(s, 'x', props),
    ],
    DataplaneHost: [
      ['platform', 'hardware', 'connection', 'hostname', 'management', 'retired'],
      (s, props) => new DataplaneHost(s, 'x', props),
    ],
    Connection: [
      ['address', 'user', 'port', 'identityFile'],
      (s, props) => new DataplaneHost(s, 'x', { connection: Connection.ssh(props) }),
    ],
    Deployment: [
      ['connection', 'reboot', 'rollout', 'onDestroy'],
      (s, props) => Deployment.of(s).configure(props),
    ],
    DpdkPort: [['bridge', 'nic', 'name', 'mtu', 'queues'], (s, props) => new DpdkPort(s, 'x', props)],
    HugepagePool: [['pageSize', 'perNode', 'pages'], (s, props) => new HugepagePool(s, 'x', props)],
    'HugepagePool.auto': [['pageSize', 'extraPerNode'], (s, props) => HugepagePool.auto(s, 'x', props)],
    Iommu: [['vendor'], (s, props) => new Iommu(s, 'x', props)],
    NicBinding: [['nic', 'driver', 'macAddress', 'device'], (s, props) => new NicBinding(s, 'x', props)],
    OpenVSwitch: [
      ['socketMemory', 'pmdCpus', 'pmdSleepMax', 'otherConfig'],
      (s, props) => new OpenVSwitch(s, 'x', props),
    ],
    OvsBridge: [
      ['openVSwitch', 'name', 'addresses', 'gateway', 'underlay', 'mtu'],
      (s, props) => new OvsBridge(s, 'x', props),
    ],
    'Srv6Tunnel to': [
      ['from', 'remoteIp', 'localIp', 'segments', 'receiveFrom', 'destinations'],
      (s, props) => new Srv6Tunnel(s, 'x', props),
    ],
    'Srv6Tunnel between': [['between'], (s, props) => new Srv6Tunnel(s, 'x', props)],
  };

  test.each(Object.entries(KINDS))('%s', (_name, [props, make]) => {
    const members = fc.record(Object.fromEntries(props.map((prop) => [prop, wild])), { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(wild, { arbitrary: members, weight: 4 }), (given) => {
        const findings = findingsOf((stack) => void make(stack, given as never));
        for (const { path, what, remedy } of findings) {
          expect(path).toMatch(/^lab\//);
          for (const line of [...what, remedy]) expect(line).toMatch(/^[^\n]{3,}$/);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('OnDestroy and Reboot as they are made are fine', () =>
  expect(
    findingsOf((stack) =>
      Deployment.of(stack).configure({
        onDestroy: OnDestroy.UNDO,
        reboot: Reboot.whenNeeded({ timeoutSeconds: 60 }),
        rollout: Rollout.inBatchesOf(1),
        connection: { user: 'root', port: 22, identityFile: '~/.ssh/id', knownHostsFile: '/etc/ssh/known' },
      }),
    ),
  ).toEqual([]));
