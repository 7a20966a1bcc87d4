import fc from 'fast-check';
import type { HostPlan } from '../../src/plan/host-plan';
import { IpAddress } from '../../src/values/ip-address';
import { MacAddress } from '../../src/values/mac-address';
import { between, bridge, dpdkPort, edge, fleet, planOf, tunnelTo } from './intents';

const ip = (text: string): IpAddress => IpAddress.parse(text);
const ports = (plan: HostPlan, bridgeName = 'tenants'): readonly unknown[] =>
  plan.stages.dataplane.openVSwitch?.bridges.find(({ name }) => name === bridgeName)?.ports ?? [];
const mtuOf = (plan: HostPlan, name: string): number | null | undefined =>
  plan.stages.network.links.find((link) => link.name === name)?.mtu;

describe('a tunnel between two hosts', () => {
  const intents = fleet([edge('east', 1), edge('west', 2)], {
    tunnels: [between('east-west', 'east', 'west')],
  });
  const east = planOf('east', intents);
  const west = planOf('west', intents);

  test('each end sends to the address of the other underlay, its only segment', () => {
    expect(ports(east)).toEqual([
      {
        name: 'east-west',
        type: 'srv6',
        options: { local_ip: 'fd00:a::1', remote_ip: 'fd00:a::2', srv6_segs: 'fd00:a::2' },
        otherConfig: {},
        mtuRequest: null,
        openFlowPort: null,
      },
    ]);
    expect(ports(west)).toMatchObject([
      {
        name: 'east-west',
        options: { local_ip: 'fd00:a::2', remote_ip: 'fd00:a::1', srv6_segs: 'fd00:a::1' },
      },
    ]);
  });

  test('the far addresses are permanent neighbours, at the address that the far bridge has', () => {
    const farBridge = west.stages.dataplane.openVSwitch?.bridges.find(({ name }) => name === 'tenants');
    expect(farBridge?.hardwareAddress).toBe(MacAddress.derivedFrom('west/tenants').toString());
    expect(east.stages.network.neighbours).toEqual(
      ['10.0.0.2', 'fd00:10::2'].map((address) => ({
        address,
        hardwareAddress: farBridge?.hardwareAddress,
        device: 'tenants',
      })),
    );
  });

  test('a bridge with a NIC has the address of its NIC', () =>
    expect(
      east.stages.dataplane.openVSwitch?.bridges.find(({ name }) => name === 'underlay')?.hardwareAddress,
    ).toBeNull());

  test('flows: out by inner address, in by port, IPv4 and IPv6; what came in goes to the host alone', () => {
    const flows = east.stages.network.flows;
    const own = MacAddress.derivedFrom('east/tenants').toString();
    expect(flows.map(({ priority, match, actions }) => [priority, match, actions])).toEqual([
      [110, 'in_port=east-west,ip', `mod_dl_dst:${own},output:LOCAL`],
      [110, 'in_port=east-west,ipv6', `mod_dl_dst:${own},output:LOCAL`],
      [100, 'ip,nw_dst=10.0.0.2', 'output:east-west'],
      [100, 'ipv6,ipv6_dst=fd00:10::2', 'output:east-west'],
    ]);
    const cookies = new Set([...flows, ...west.stages.network.flows].map(({ cookie }) => cookie));
    expect(cookies.size).toBe(2);
    for (const cookie of cookies) expect(cookie).toMatch(/^0x[1-9a-f][0-9a-f]{0,15}$/);
  });

  test('all is on one link: no routes', () => expect(east.stages.network.routes).toEqual([]));

  test('inner addresses in other subnets, and an underlay beyond a gateway, are routed', () => {
    const far = edge('west', 2, {
      bridges: [
        bridge('west/underlay', ['fd00:b::2/64'], { gateway: ip('fd00:b::fe') }),
        bridge('west/tenants', ['10.2.0.1/24', 'fd00:2::1/64'], { underlay: 'west/underlay' }),
      ],
    });
    const near = edge('east', 1, {
      bridges: [
        bridge('east/underlay', ['192.0.2.1/24', 'fd00:a::1/64'], { gateway: ip('fd00:a::fe') }),
        bridge('east/tenants', ['10.1.0.1/24'], { underlay: 'east/underlay' }),
      ],
    });
    const routed = fleet([near, far], { tunnels: [between('t', 'east', 'west')] });
    expect(planOf('east', routed).stages.network.routes).toEqual([
      { destination: 'fd00:b::2/128', via: 'fd00:a::fe', device: 'underlay' },
      { destination: '10.2.0.1/32', via: null, device: 'tenants' },
      { destination: 'fd00:2::1/128', via: null, device: 'tenants' },
    ]);
    // Two tunnels to one far link need the route to it once.
    const twice = fleet([near, far, edge('south', 3)], {
      tunnels: [between('t', 'east', 'west'), tunnelTo('u', 'east', ['fd00:b::2', 'fd00:c::1'])],
    });
    const routes = planOf('east', twice).stages.network.routes.filter(
      ({ destination }) => destination === 'fd00:b::2/128',
    );
    expect(routes).toHaveLength(1);
  });
});

describe('MTU', () => {
  // RFC 8754: 40 + 8 + 16 n bytes. Boundaries confirmed on Open vSwitch 3.5 (facts/ovs.md 1.2).
  test.each([
    [1, 1436],
    [2, 1420],
    [3, 1404],
    [4, 1388],
    [5, 1372],
    [6, 1356],
  ])('%i segments over 1500 bytes leave %i', (count, mtu) => {
    const segments = Array.from({ length: count }, (_, index) => `fd00:a::${index + 10}`);
    const plan = planOf('east', fleet([edge('east', 1)], { tunnels: [tunnelTo('t', 'east', segments)] }));
    expect(mtuOf(plan, 'tenants')).toBe(mtu);
    expect(mtuOf(plan, 'underlay')).toBe(1500);
  });

  test("a bridge has the smallest MTU of its ports; its tunnels' bridge what the longest segment list leaves", () => {
    const near = edge('east', 1);
    const jumbo = {
      ...near,
      dpdkPorts: [
        dpdkPort('east/underlay', '0000:04:00.0', 9000),
        { ...dpdkPort('east/underlay', '0000:05:00.0', 8000), name: 'second' },
      ],
    };
    const plan = planOf(
      'east',
      fleet([jumbo], {
        tunnels: [tunnelTo('a', 'east', ['fd00:a::8']), tunnelTo('b', 'east', ['fd00:a::9', 'fd00:b::9'])],
      }),
    );
    expect(mtuOf(plan, 'underlay')).toBe(8000);
    expect(mtuOf(plan, 'tenants')).toBe(8000 - 48 - 32);
  });

  test('what the user says goes before, and a bridge of which nothing is known is left as it is', () => {
    const near = edge('east', 1);
    const asked = {
      ...near,
      bridges: near.bridges.map((b) => (b.name === 'tenants' ? { ...b, mtu: 1400 } : b)),
    };
    expect(
      mtuOf(planOf('east', fleet([asked], { tunnels: [tunnelTo('t', 'east', ['fd00:a::9'])] })), 'tenants'),
    ).toBe(1400);
    expect(mtuOf(planOf('east', fleet([near])), 'tenants')).toBeNull();
  });
});

describe('a tunnel to an end that the stack does not manage', () => {
  test('segments in the order of travel; the first is the remote end', () => {
    const plan = planOf(
      'east',
      fleet([edge('east', 1)], {
        tunnels: [
          tunnelTo('far', 'east', ['fd00:a::9', 'fd00:b::1'], {
            destinations: [ip('10.0.0.9'), ip('fd00:99::1')],
          }),
        ],
      }),
    );
    expect(ports(plan)).toMatchObject([
      {
        name: 'far',
        options: { local_ip: 'fd00:a::1', remote_ip: 'fd00:a::9', srv6_segs: 'fd00:a::9,fd00:b::1' },
      },
    ]);
    expect(plan.stages.network.routes).toEqual([
      { destination: 'fd00:99::1/128', via: null, device: 'tenants' },
    ]);
  });

  test('localIp is the outer source', () => {
    const tunnel = tunnelTo('far', 'east', ['fd00:a::9'], { localIp: ip('fd00:a::77') });
    expect(ports(planOf('east', fleet([edge('east', 1)], { tunnels: [tunnel] })))).toMatchObject([
      { options: { local_ip: 'fd00:a::77' } },
    ]);
  });

  test('packets that come from elsewhere than the first segment have a port of their own', () => {
    const tunnel = tunnelTo('far', 'east', ['fd00:a::9', 'fd00:b::1'], { receiveFrom: ip('fd00:b::1') });
    const plan = planOf('east', fleet([edge('east', 1)], { tunnels: [tunnel] }));
    expect(ports(plan)).toMatchObject([
      { name: 'far', options: { remote_ip: 'fd00:a::9', srv6_segs: 'fd00:a::9,fd00:b::1' } },
      { name: 'far-rx', options: { local_ip: 'fd00:a::1', remote_ip: 'fd00:b::1', srv6_segs: 'fd00:b::1' } },
    ]);
    expect(
      plan.stages.network.flows.map(({ match, actions }) => `${match} ${actions.split(',').at(-1)}`),
    ).toEqual([
      'in_port=far-rx,ip output:LOCAL',
      'in_port=far-rx,ipv6 output:LOCAL',
      'ip,nw_dst=10.9.9.9 output:far',
    ]);
  });

  test('receiveFrom that is the first segment needs none', () => {
    const tunnel = tunnelTo('far', 'east', ['fd00:a::9'], { receiveFrom: ip('FD00:A::9') });
    expect(ports(planOf('east', fleet([edge('east', 1)], { tunnels: [tunnel] })))).toHaveLength(1);
  });
});

test('any name of a tunnel gives valid and different names of ports', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 5 }),
      (names) => {
        const tunnels = names.map((name, index) =>
          tunnelTo(name, 'east', [`fd00:a::${index + 9}`], {
            path: `stack/${index}`,
            receiveFrom: ip('fd00:c::1'),
          }),
        );
        const plan = planOf('east', fleet([edge('east', 1)], { tunnels }));
        const portNames = (ports(plan) as { name: string }[]).map(({ name }) => name);
        expect(portNames).toHaveLength(2 * names.length);
        for (const name of portNames) expect(name).toMatch(/^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/);
        expect(new Set(portNames).size).toBe(portNames.length);
      },
    ),
  );
});
