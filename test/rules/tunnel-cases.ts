import type { TerraformStack } from 'cdktf';
import {
  ErspanTunnel,
  GeneveTunnel,
  GreTunnel,
  GtpuTunnel,
  Ip6GreTunnel,
  Srv6Tunnel,
  TunnelPayload,
  VxlanTunnel,
} from '../../constructs';
import type { Case } from './case';
import { site, type Site } from './fixtures';

const IPV4_ONLY = { addresses: ['10.0.0.1/24'] };
const far = { remoteIp: 'fd00:a::9', destinations: ['10.9.9.9'] };

function triangle(stack: TerraformStack): readonly [Site, Site, Site] {
  return [site(stack, 'a', 1), site(stack, 'b', 2), site(stack, 'c', 3)];
}

/** The rules of tunnels of all types; those that SRv6 shows are in rules.test.ts. */
export const TUNNEL_CASES: Readonly<Record<string, Case>> = {
  'tunnels/gre-checksum': {
    holds(stack) {
      const from = site(stack, 'east', 1).tenants;
      new GreTunnel(stack, 'checksum', { from, ...far, checksum: true });
      new GreTunnel(stack, 'numbers', {
        from,
        remoteIp: 'fd00:a::8',
        destinations: ['10.9.9.8'],
        sequenceNumbers: true,
      });
    },
    broken(stack) {
      const both = { checksum: true, sequenceNumbers: true };
      new GreTunnel(stack, 'gre', { from: site(stack, 'east', 1).tenants, ...far, ...both });
      new Ip6GreTunnel(stack, 'ip6gre', { from: site(stack, 'west', 2).tenants, ...far, ...both });
    },
    paths: ['lab/gre', 'lab/ip6gre'],
    says: ['has checksum and sequenceNumbers'],
    remedy: 'take one of the two out',
  },
  'tunnels/gtpu-ipv6': {
    holds: (stack) =>
      new GtpuTunnel(stack, 'tunnel', {
        between: [
          site(stack, 'east', 1, { tenants: IPV4_ONLY }).tenants,
          site(stack, 'west', 2, { tenants: { addresses: ['10.0.0.2/24'] } }).tenants,
        ],
      }),
    broken: (stack) =>
      new GtpuTunnel(stack, 'tunnel', {
        between: [site(stack, 'east', 1, { tenants: IPV4_ONLY }).tenants, site(stack, 'west', 2).tenants],
      }),
    paths: ['lab/tunnel'],
    says: ['lab/east/ovs/tenants would reach fd00:10::2 by it'],
    remedy: 'use another tunnel',
  },
  'tunnels/gtpu-ttl': {
    holds: (stack) =>
      new GtpuTunnel(stack, 'tunnel', {
        between: [
          site(stack, 'east', 1, { tenants: IPV4_ONLY }).tenants,
          site(stack, 'west', 2, { tenants: { addresses: ['10.0.0.2/24'] } }).tenants,
        ],
      }),
    broken: (stack) =>
      new GtpuTunnel(stack, 'tunnel', {
        from: site(stack, 'east', 1).tenants,
        ...far,
        teid: 1,
        remoteTeid: 2,
      }),
    paths: ['lab/tunnel'],
    says: ['east loses inner packets of fd00:a::9 whose TTL is below 64 or above 79'],
    remedy: 'let the far end set the TTL',
  },
  'tunnels/loop': {
    holds(stack) {
      const [a, b, c] = triangle(stack);
      new VxlanTunnel(stack, 'ab', { between: [a.tenants, b.tenants] });
      new VxlanTunnel(stack, 'bc', { between: [b.tenants, c.tenants] });
      // A mesh is for tunnels of IP packets.
      const mesh = [a, b, c].map(({ ovs, underlay }, index) =>
        ovs.addBridge('mesh', { addresses: [`10.7.0.${index + 1}/24`], underlay }),
      );
      const [ma, mb, mc] = mesh;
      if (!ma || !mb || !mc) return;
      const payload = TunnelPayload.IP;
      new GreTunnel(stack, 'gab', { between: [ma, mb], payload });
      new GreTunnel(stack, 'gbc', { between: [mb, mc], payload });
      new GreTunnel(stack, 'gca', { between: [mc, ma], payload });
    },
    broken(stack) {
      const [a, b, c] = triangle(stack);
      new VxlanTunnel(stack, 'ab', { between: [a.tenants, b.tenants] });
      new GeneveTunnel(stack, 'bc', { between: [b.tenants, c.tenants] });
      new VxlanTunnel(stack, 'ca', { between: [c.tenants, a.tenants] });
      new GeneveTunnel(stack, 'twice', { between: [a.tenants, b.tenants] });
    },
    paths: ['lab/ca', 'lab/twice'],
    says: ['lab/c/ovs/tenants and lab/a/ovs/tenants are joined by other tunnels already'],
    remedy: 'payload: TunnelPayload.IP',
  },
  'tunnels/shared-listener': {
    holds(stack) {
      const from = site(stack, 'east', 1).tenants;
      new VxlanTunnel(stack, 'vxlan', { from, remoteIp: 'fd00:a::9' });
      new GeneveTunnel(stack, 'geneve', { from, remoteIp: 'fd00:a::9' });
      new GreTunnel(stack, 'gre', { from, remoteIp: 'fd00:a::9' });
      new GreTunnel(stack, 'gre-ip', { from, ...far, key: 1, payload: TunnelPayload.IP });
      new Srv6Tunnel(stack, 'srv6', { from, remoteIp: 'fd00:a::9', destinations: ['10.9.9.8'] });
    },
    broken(stack) {
      const from = site(stack, 'east', 1, {
        underlay: { addresses: ['fd00:a::1/64', '192.0.2.1/24'] },
      }).tenants;
      new VxlanTunnel(stack, 'vxlan', { from, remoteIp: 'fd00:a::9', udpPort: 6081 });
      new GeneveTunnel(stack, 'geneve', { from, remoteIp: 'fd00:a::8' });
      new ErspanTunnel(stack, 'v4', { from, remoteIp: '192.0.2.9' });
      new ErspanTunnel(stack, 'v6', { from, remoteIp: 'fd00:a::9' });
    },
    paths: ['lab/geneve', 'lab/v6'],
    says: [
      'east receives UDP port 6081 by lab/vxlan (type vxlan) and by lab/geneve (type geneve)',
      'east receives IP protocol 47 (GRE) by lab/v4 (type erspan) and by lab/v6 (type ip6erspan)',
      'give one of the two another udpPort',
    ],
    remedy: 'make them of one type and IP version',
  },
};
