import type { TerraformStack } from 'cdktf';
import {
  ErspanTunnel,
  GeneveTunnel,
  GreTunnel,
  Platform,
  TunnelPayload,
  VxlanTunnel,
  type OvsBridge,
} from '../../constructs';
import { formatFinding } from '../../src/rules';
import { findingsOf, site, type SiteOptions } from './fixtures';

/** What the shared rules say of the types that aren't SRv6. */
const errors = (build: (stack: TerraformStack) => void): string =>
  findingsOf(build)
    .filter(({ severity }) => severity === 'error')
    .map(formatFinding)
    .join('\n');

const from = (stack: TerraformStack, options: SiteOptions = {}): OvsBridge =>
  site(stack, 'east', 1, options).tenants;
const to = { remoteIp: 'fd00:a::9', destinations: ['10.9.9.9'] };

describe('two tunnels with the same config', () => {
  test.each<[string, (stack: TerraformStack, bridge: OvsBridge) => void, string]>([
    [
      'VNI, whatever TTL and checksum',
      (s, bridge) => {
        new VxlanTunnel(s, 'a', { from: bridge, remoteIp: 'fd00:a::9', vni: 5 });
        new VxlanTunnel(s, 'b', {
          from: bridge,
          remoteIp: 'FD00:A::9',
          vni: 5,
          ttl: 3,
          checksum: false,
          udpPort: 4789,
        });
      },
      'east has a tunnel (VXLAN, key 5) from fd00:a::1 to fd00:a::9 already: lab/a',
    ],
    [
      'two sessions of ERSPAN, whatever the version',
      (s, bridge) => {
        new ErspanTunnel(s, 'a', { from: bridge, remoteIp: 'fd00:a::9' });
        new ErspanTunnel(s, 'b', { from: bridge, remoteIp: 'fd00:a::9', version: 2 });
      },
      'give one of the two another sessionId, or take it out',
    ],
  ])('%s: refused', (_, build, says) => {
    const text = errors((s) => build(s, from(s)));
    expect(text).toContain('error tunnels/same-config  lab/b');
    expect(text).toContain(says);
  });

  test('on two bridges of one host: refused as well', () => {
    const text = errors((s) => {
      const { ovs, tenants, underlay } = site(s, 'east', 1);
      new GeneveTunnel(s, 'a', { from: tenants, remoteIp: 'fd00:a::9' });
      const other = ovs.addBridge('other', { addresses: ['10.1.0.1/24'], underlay });
      new GeneveTunnel(s, 'b', { from: other, remoteIp: 'fd00:a::9' });
    });
    expect(text).toContain('error tunnels/same-config  lab/b');
  });

  test('another VNI, UDP port, far end, or IP instead of Ethernet: none of them the same', () =>
    expect(
      errors((s) => {
        const bridge = from(s);
        new VxlanTunnel(s, 'a', { from: bridge, remoteIp: 'fd00:a::9', vni: 5 });
        new VxlanTunnel(s, 'b', { from: bridge, remoteIp: 'fd00:a::9', vni: 6 });
        new VxlanTunnel(s, 'c', { from: bridge, remoteIp: 'fd00:a::9', vni: 5, udpPort: 8472 });
        new VxlanTunnel(s, 'd', { from: bridge, remoteIp: 'fd00:a::8', vni: 5 });
        new VxlanTunnel(s, 'e', { from: bridge, ...to, vni: 5, payload: TunnelPayload.IP });
      }),
    ).toBe(''));
});

describe('userspace TSO', () => {
  const withTso = (platform: Platform, build: (s: TerraformStack, bridge: OvsBridge) => void): string =>
    errors((s) =>
      build(s, from(s, { host: { platform }, ovs: { otherConfig: { 'userspace-tso-enable': 'true' } } })),
    );
  const vxlan = (s: TerraformStack, bridge: OvsBridge): unknown =>
    new VxlanTunnel(s, 'tunnel', { from: bridge, remoteIp: 'fd00:a::9' });
  const gre = (s: TerraformStack, bridge: OvsBridge): unknown =>
    new GreTunnel(s, 'tunnel', { from: bridge, remoteIp: 'fd00:a::9' });

  test('VXLAN from Open vSwitch 3.3 on, GRE from 3.5 on', () => {
    expect(withTso(Platform.DEBIAN_13, vxlan)).toBe('');
    expect(withTso(Platform.UBUNTU_24_04, vxlan)).toBe('');
    expect(withTso(Platform.DEBIAN_13, gre)).toBe('');
    expect(withTso(Platform.DEBIAN_12, vxlan)).toContain(
      'east is an end of lab/tunnel: VXLAN takes TSO packets from Open vSwitch 3.3 on (Platform.DEBIAN_13, Platform.UBUNTU_24_04)',
    );
    expect(withTso(Platform.UBUNTU_24_04, gre)).toContain('GRE takes TSO packets from Open vSwitch 3.5 on');
  });

  test('GRE with sequence numbers, and ERSPAN, never', () => {
    const numbered = (s: TerraformStack, bridge: OvsBridge): unknown =>
      new GreTunnel(s, 'tunnel', { from: bridge, remoteIp: 'fd00:a::9', sequenceNumbers: true });
    expect(withTso(Platform.DEBIAN_13, numbered)).toContain(
      'whose sequence numbers TSO packets would not have',
    );
    const erspan = (s: TerraformStack, bridge: OvsBridge): unknown =>
      new ErspanTunnel(s, 'tunnel', { from: bridge, remoteIp: 'fd00:a::9' });
    expect(withTso(Platform.DEBIAN_13, erspan)).toContain('error tunnels/tso  lab/east/ovs');
  });
});

describe('the underlay', () => {
  const between = (east: readonly string[], west: readonly string[], ipVersion?: 4 | 6): string =>
    errors((s) => {
      const ends = [
        site(s, 'east', 1, { underlay: { addresses: east } }).tenants,
        site(s, 'west', 2, { underlay: { addresses: west } }).tenants,
      ] as const;
      new VxlanTunnel(s, 'tunnel', { between: ends, ...(ipVersion && { ipVersion }) });
    });

  test('has an IP version that both ends have', () => {
    expect(between(['192.0.2.1/24'], ['192.0.2.2/24', 'fd00:a::2/64'])).toBe('');
    expect(between(['192.0.2.1/24'], ['fd00:a::2/64'])).toContain(
      'the underlays have no IP version in common: lab/east/ovs/underlay has 192.0.2.1/24, lab/west/ovs/underlay has fd00:a::2/64',
    );
    expect(between(['192.0.2.1/24'], ['fd00:a::2/64'], 4)).toContain(
      'the underlay lab/west/ovs/underlay has no IPv4 address (fd00:a::2/64)',
    );
    expect(between([], ['192.0.2.2/24'])).toContain('lab/east/ovs/underlay has no IP address (none at all)');
  });

  test('has a gateway of the IP version of the far end', () => {
    const far = (gateway: string): string =>
      errors((s) => {
        const underlay = { addresses: ['192.0.2.1/24', 'fd00:a::1/64'], gateway };
        new VxlanTunnel(s, 'tunnel', { from: from(s, { underlay }), remoteIp: '198.51.100.9' });
      });
    expect(far('192.0.2.254')).toBe('');
    expect(far('fd00:a::fe')).toContain(
      "east can't reach 198.51.100.9: lab/east/ovs/underlay has 192.0.2.1/24, fd00:a::1/64 and the gateway fd00:a::fe",
    );
  });
});

test('the MTU that is refused names the headers of its type', () =>
  expect(
    errors((s) => {
      const tenants = { addresses: ['10.0.0.1/24'], mtu: 1463 };
      const bridge = from(s, { tenants, underlay: { addresses: ['192.0.2.1/24'] } });
      new GreTunnel(s, 'tunnel', { from: bridge, remoteIp: '192.0.2.9', key: 7 });
    }),
  ).toContain(
    'has MTU 1500; outer headers take 42 bytes (IPv4 20 + GRE 4 + key 4 + inner Ethernet 14); 1458 are left',
  ));
