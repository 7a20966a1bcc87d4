import { configOf, encapsulation, listenerOf, overheadOf, overheadText } from '../../src/plan/encapsulation';
import type { EncapsulationIntent, ManagedTunnelIntent } from '../../src/plan/intents';
import type { HostPlan, PortPlan } from '../../src/plan/host-plan';
import { IpAddress } from '../../src/values/ip-address';
import { between, bridge, edge, fleet, planOf, tunnelTo } from './intents';

const V4 = IpAddress.parse('192.0.2.9');
const V6 = IpAddress.parse('fd00:a::9');

const vxlan: EncapsulationIntent = {
  type: 'vxlan',
  vni: 5,
  udpPort: undefined,
  checksum: undefined,
  payload: 'ethernet',
};
const gre: EncapsulationIntent = {
  type: 'gre',
  key: undefined,
  checksum: false,
  sequenceNumbers: false,
  payload: 'ethernet',
};
const ip6gre: EncapsulationIntent = { type: 'ip6gre', key: 9, checksum: true, sequenceNumbers: false };
const geneve: EncapsulationIntent = { type: 'geneve', vni: 0, udpPort: 7000, checksum: false };
const erspan1: EncapsulationIntent = { type: 'erspan', sessionId: 1023, version: { number: 1, index: 255 } };
const erspan2: EncapsulationIntent = {
  type: 'erspan',
  sessionId: 1,
  version: { number: 2, direction: 'egress', hardwareId: 63 },
};
const gtpu: EncapsulationIntent = { type: 'gtpu', teid: 7, remoteTeid: 8, udpPort: undefined };

/** Each boundary is confirmed by packets in test/agent/test_tunnels.py. */
test.each<[EncapsulationIntent, IpAddress, string, Record<string, string>, number, string]>([
  [vxlan, V4, 'vxlan', { key: '5' }, 50, 'IPv4 20 + UDP 8 + VXLAN 8 + inner Ethernet 14'],
  [vxlan, V6, 'vxlan', { key: '5' }, 70, 'IPv6 40 + UDP 8 + VXLAN 8 + inner Ethernet 14'],
  [
    { ...vxlan, payload: 'ip' },
    V4,
    'vxlan',
    { key: '5', exts: 'gpe', packet_type: 'legacy_l3' },
    36,
    'IPv4 20 + UDP 8 + VXLAN-GPE 8',
  ],
  [
    geneve,
    V4,
    'geneve',
    { csum: 'false', dst_port: '7000', key: '0' },
    50,
    'IPv4 20 + UDP 8 + Geneve 8 + inner Ethernet 14',
  ],
  [gre, V4, 'gre', {}, 38, 'IPv4 20 + GRE 4 + inner Ethernet 14'],
  [{ ...gre, payload: 'ip' }, V6, 'gre', { packet_type: 'legacy_l3' }, 44, 'IPv6 40 + GRE 4'],
  [
    { ...gre, key: 1, sequenceNumbers: true },
    V4,
    'gre',
    { key: '1', seq: 'true' },
    46,
    'IPv4 20 + GRE 4 + key 4 + sequence number 4 + inner Ethernet 14',
  ],
  [
    ip6gre,
    V6,
    'ip6gre',
    { csum: 'true', key: '9' },
    66,
    'IPv6 40 + GRE 4 + checksum 4 + key 4 + inner Ethernet 14',
  ],
  [
    erspan1,
    V4,
    'erspan',
    { erspan_idx: '0xff', erspan_ver: '1', key: '1023' },
    50,
    'IPv4 20 + GRE 4 + sequence number 4 + ERSPAN type II 8 + inner Ethernet 14',
  ],
  [
    erspan2,
    V6,
    'ip6erspan',
    { erspan_dir: '1', erspan_hwid: '0x3f', erspan_ver: '2', key: '1' },
    74,
    'IPv6 40 + GRE 4 + sequence number 4 + ERSPAN type III 12 + inner Ethernet 14',
  ],
  [gtpu, V4, 'gtpu', { in_key: '7', out_key: '8' }, 36, 'IPv4 20 + UDP 8 + GTP-U 8'],
  [{ ...gtpu, remoteTeid: undefined }, V6, 'gtpu', { key: '7' }, 56, 'IPv6 40 + UDP 8 + GTP-U 8'],
  [
    { type: 'srv6', segments: null, receiveFrom: null },
    V6,
    'srv6',
    { srv6_segs: 'fd00:a::9' },
    64,
    'IPv6 40 + SRH 8 + 16 x 1',
  ],
])('$type: port, options and overhead', (intent, remoteIp, portType, options, overhead, text) => {
  const resolved = encapsulation(intent, remoteIp);
  expect(resolved).toMatchObject({ portType, options });
  expect(Object.keys(resolved.options).sort()).toEqual(Object.keys(options).sort());
  expect(overheadOf(resolved)).toBe(overhead);
  expect(overheadText(resolved)).toBe(text);
});

describe('what Open vSwitch takes for the same (as test_tunnels.py sees it refuse)', () => {
  const port = (type: string, options: Record<string, string>): PortPlan => ({
    name: 'x',
    type,
    options: { local_ip: '192.0.2.1', remote_ip: '192.0.2.2', ...options },
    otherConfig: {},
    mtuRequest: null,
    openFlowPort: null,
  });
  test.each<[string, Record<string, string>, Record<string, string>, boolean]>([
    ['vxlan', { key: '5' }, { key: '5', ttl: '3', csum: 'true', dst_port: '4789' }, true],
    ['gre', {}, { key: '0', seq: 'true' }, true],
    ['gre', { key: '77' }, { in_key: '77', out_key: '5' }, true],
    ['gtpu', { key: '3' }, { key: '3', dst_port: '2152' }, true],
    ['vxlan', { key: '5' }, { key: '6' }, false],
    ['vxlan', { key: '5' }, { key: '5', dst_port: '8472' }, false],
    ['gre', {}, { packet_type: 'legacy_l3' }, false],
    ['gre', {}, { local_ip: '192.0.2.3' }, false],
  ])('%s %j and %j: %s', (type, options, others, same) =>
    expect(configOf(port(type, options)) === configOf(port(type, others))).toBe(same),
  );

  test('by what it takes packets for its own', () => {
    const listeners = ['gre', 'ip6gre', 'erspan', 'ip6erspan', 'vxlan', 'geneve', 'gtpu', 'srv6'].map(
      (type) => listenerOf(port(type, {})),
    );
    expect(listeners).toEqual([
      ...Array<string>(4).fill('IP protocol 47 (GRE)'),
      'UDP port 4789',
      'UDP port 6081',
      'UDP port 2152',
      'IP protocols 4 and 41',
    ]);
  });
});

describe('a tunnel between two hosts', () => {
  const dual = (name: string, site: number) =>
    edge(name, site, {
      bridges: [
        bridge(`${name}/underlay`, [`fd00:a::${site}/64`, `192.0.2.${site}/24`]),
        bridge(`${name}/tenants`, [`10.0.0.${site}/24`, `fd00:${site}::1/64`], {
          underlay: `${name}/underlay`,
        }),
      ],
    });
  const east = (encapsulationOf: EncapsulationIntent, more: Partial<ManagedTunnelIntent> = {}): HostPlan =>
    planOf(
      'east',
      fleet([dual('east', 1), dual('west', 2)], {
        tunnels: [between('t', 'east', 'west', { encapsulation: encapsulationOf, ...more })],
      }),
    );
  const portOf = (plan: HostPlan): PortPlan | undefined =>
    plan.stages.dataplane.openVSwitch?.bridges.find(({ name }) => name === 'tenants')?.ports[0];

  test('of Ethernet frames: no flows and no neighbours; routes to inner addresses in other subnets', () => {
    const { network } = east(vxlan).stages;
    expect(network.flows).toEqual([]);
    expect(network.neighbours).toEqual([]);
    expect(network.routes).toEqual([{ destination: 'fd00:2::1/128', device: 'tenants', via: null }]);
    expect(network.links.find(({ name }) => name === 'tenants')?.mtu).toBe(1450);
  });

  test('of IP packets: flows and neighbours as SRv6 has them', () => {
    const { network } = east({ ...gre, payload: 'ip' }).stages;
    expect(network.flows.map(({ match, actions }) => `${match} ${actions.split(',').at(-1)}`)).toEqual([
      'in_port=t,ip output:LOCAL',
      'in_port=t,ipv6 output:LOCAL',
      'ip,nw_dst=10.0.0.2 output:t',
      'ipv6,ipv6_dst=fd00:2::1 output:t',
    ]);
    expect(network.neighbours).toHaveLength(2);
    expect(network.links.find(({ name }) => name === 'tenants')?.mtu).toBe(1476);
  });

  test('of GTP-U: sent with the TTL that the other Open vSwitch takes', () =>
    expect(east(gtpu).stages.network.flows.map(({ actions }) => actions)).toContain(
      'mod_nw_ttl:64,output:t',
    ));

  test('over IPv4 where both underlays have it, over IPv6 where it is asked for or the type has no other', () => {
    const remotes = [east(vxlan), east(vxlan, { ipVersion: 6 }), east(ip6gre)].map(
      (plan) => portOf(plan)?.options.remote_ip,
    );
    expect(remotes).toEqual(['192.0.2.2', 'fd00:a::2', 'fd00:a::2']);
  });

  test('TTL and DSCP of the outer header; options in canonical order', () => {
    const port = portOf(east(vxlan, { outer: { ttl: 9, dscp: 46 } }));
    expect(Object.entries(port?.options ?? {})).toEqual([
      ['key', '5'],
      ['local_ip', '192.0.2.1'],
      ['remote_ip', '192.0.2.2'],
      ['tos', '184'],
      ['ttl', '9'],
    ]);
    const inherited = portOf(east(vxlan, { outer: { ttl: 'inherit', dscp: 'inherit' } }));
    expect(inherited?.options).toMatchObject({ tos: 'inherit', ttl: 'inherit' });
  });

  test('a bridge with several tunnels has the MTU of the one with the longest headers', () => {
    const plan = planOf(
      'east',
      fleet([dual('east', 1), dual('west', 2)], {
        tunnels: [
          between('t', 'east', 'west', { encapsulation: gre }),
          tunnelTo('far', 'east', ['fd00:a::9', 'fd00:b::1']),
        ],
      }),
    );
    expect(plan.stages.network.links.find(({ name }) => name === 'tenants')?.mtu).toBe(1420);
  });
});
