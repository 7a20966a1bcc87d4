/**
 * The stacks whose plans test_tunnels.py applies: each two hosts, `east` and `west`, with one bridge for each tunnel, so
 * that many types work side by side on one underlay. Stacks that Open vSwitch can't have on one host are several.
 *
 *     npx tsx test/agent/tunnel-stacks.ts OUTDIR
 */
import { App, TerraformStack } from 'cdktf';
import {
  DataplaneHost,
  ErspanDirection,
  ErspanTunnel,
  GeneveTunnel,
  GreTunnel,
  GtpuTunnel,
  HugepagePool,
  Iommu,
  Ip6GreTunnel,
  NicBinding,
  OpenVSwitch,
  Srv6Tunnel,
  TunnelPayload,
  VxlanTunnel,
  type OvsBridge,
} from '../../constructs';

type Ends = readonly [OvsBridge, OvsBridge];
type MakeTunnel = (stack: TerraformStack, id: string, between: Ends) => unknown;

const { IP } = TunnelPayload;

/** By name; the bridge of the tunnel `vxlan` is `b-vxlan`, and its hosts have 10.<n>.0.1 and .2, fd00:<n>::1 and ::2, n from 1. */
const STACKS: Readonly<Record<string, Readonly<Record<string, MakeTunnel>>>> = {
  ipv4: {
    vxlan: (stack, id, between) => new VxlanTunnel(stack, id, { between, vni: 5001 }),
    'vxlan-ip': (stack, id, between) =>
      new VxlanTunnel(stack, id, { between, vni: 5001, payload: IP, checksum: true }),
    'vxlan-port': (stack, id, between) =>
      new VxlanTunnel(stack, id, { between, vni: 16777215, udpPort: 8472, ttl: 9, dscp: 46 }),
    geneve: (stack, id, between) => new GeneveTunnel(stack, id, { between, vni: 7 }),
    gre: (stack, id, between) => new GreTunnel(stack, id, { between }),
    'gre-sum': (stack, id, between) => new GreTunnel(stack, id, { between, key: 4294967295, checksum: true }),
    'gre-seq': (stack, id, between) => new GreTunnel(stack, id, { between, key: 9, sequenceNumbers: true }),
    'gre-ip': (stack, id, between) => new GreTunnel(stack, id, { between, key: 77, payload: IP }),
    gtpu: (stack, id, between) => new GtpuTunnel(stack, id, { between, teid: 4294967295 }),
  },
  ipv6: {
    vxlan: (stack, id, between) => new VxlanTunnel(stack, id, { between, vni: 5001, ipVersion: 6 }),
    'vxlan-ip': (stack, id, between) =>
      new VxlanTunnel(stack, id, { between, vni: 5002, payload: IP, ipVersion: 6, checksum: false }),
    geneve: (stack, id, between) => new GeneveTunnel(stack, id, { between, vni: 7, ipVersion: 6 }),
    gre: (stack, id, between) => new GreTunnel(stack, id, { between, ipVersion: 6 }),
    'gre-ip': (stack, id, between) => new GreTunnel(stack, id, { between, payload: IP, ipVersion: 6 }),
    gtpu: (stack, id, between) => new GtpuTunnel(stack, id, { between, teid: 3, ipVersion: 6 }),
    srv6: (stack, id, between) => new Srv6Tunnel(stack, id, { between }),
  },
  ip6gre: {
    ip6gre: (stack, id, between) => new Ip6GreTunnel(stack, id, { between }),
    'ip6gre-sum': (stack, id, between) => new Ip6GreTunnel(stack, id, { between, key: 8, checksum: true }),
    'ip6gre-seq': (stack, id, between) =>
      new Ip6GreTunnel(stack, id, { between, key: 9, sequenceNumbers: true }),
  },
  erspan: {
    erspan: (stack, id, between) => new ErspanTunnel(stack, id, { between, sessionId: 1023, index: 1048575 }),
    'erspan-3': (stack, id, between) =>
      new ErspanTunnel(stack, id, {
        between,
        version: 2,
        sessionId: 2,
        direction: ErspanDirection.EGRESS,
        hardwareId: 63,
      }),
  },
  ip6erspan: {
    ip6erspan: (stack, id, between) => new ErspanTunnel(stack, id, { between, ipVersion: 6, sessionId: 4 }),
    'ip6erspan-3': (stack, id, between) =>
      new ErspanTunnel(stack, id, { between, ipVersion: 6, version: 2, sessionId: 5 }),
  },
};

function edge(stack: TerraformStack, name: string, site: number, tunnels: readonly string[]): OvsBridge[] {
  const host = new DataplaneHost(stack, name);
  new Iommu(host, 'iommu');
  new HugepagePool(host, 'hugepages', { pages: 2 });
  const ovs = new OpenVSwitch(host, 'ovs');
  const underlay = ovs.addBridge('underlay', { addresses: [`192.0.2.${site}/24`, `fc00::${site}/64`] });
  underlay.addDpdkPort(new NicBinding(host, 'uplink', { nic: '0000:04:00.0' }));
  return tunnels.map((tunnel, index) =>
    ovs.addBridge(`b-${tunnel}`, {
      addresses: [
        `10.${index + 1}.0.${site}/24`,
        // Rule tunnels/gtpu-ipv6.
        ...(tunnel === 'gtpu' ? [] : [`fd00:${index + 1}::${site}/64`]),
      ],
      underlay,
    }),
  );
}

const app = new App({ outdir: process.argv[2] });
for (const [name, tunnels] of Object.entries(STACKS)) {
  const stack = new TerraformStack(app, name);
  const east = edge(stack, 'east', 1, Object.keys(tunnels));
  const west = edge(stack, 'west', 2, Object.keys(tunnels));
  for (const [index, [id, makeTunnel]] of Object.entries(tunnels).entries()) {
    const [first, second] = [east[index], west[index]];
    if (first && second) makeTunnel(stack, id, [first, second]);
  }
}
app.synth();
