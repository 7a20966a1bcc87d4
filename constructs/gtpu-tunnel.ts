import type { Construct } from 'constructs';
import { integer, object } from './props';
import {
  betweenShape,
  destinations,
  ipVersionShape,
  outerShape,
  toShape,
  Tunnel,
  udpPort,
  type TunnelBetweenProps,
  type TunnelIpVersionProps,
  type TunnelOuterProps,
  type TunnelToProps,
  tunnelForms,
} from './tunnel';

export interface GtpuTunnelOptions extends TunnelOuterProps {
  /** Tunnel endpoint identifier, 0 to 4294967295 (32 bits): of packets that come in, and of those that go out. @default 0 */
  readonly teid?: number;
  /** UDP destination port, 1 to 65535. @default 2152 (3GPP TS 29.281 4.4.2) */
  readonly udpPort?: number;
}

export interface GtpuTunnelToProps extends TunnelToProps {
  /** Inner addresses at the far end, IPv4, at least one. */
  readonly destinations: readonly string[];
  /** Tunnel endpoint identifier that the far end expects, 0 to 4294967295. @default teid */
  readonly remoteTeid?: number;
}

export type GtpuTunnelProps = ((TunnelBetweenProps & TunnelIpVersionProps) | GtpuTunnelToProps) &
  GtpuTunnelOptions;

const teid = integer('a TEID', 0, 2 ** 32 - 1).optional();
const options = { ...outerShape, teid, udpPort };
const between = object({ ...betweenShape, ...ipVersionShape, ...options });
const to = object({ ...toShape, destinations, ...options, remoteTeid: teid });

/**
 * A GTP-U tunnel (3GPP TS 29.281) of IPv4 packets, over IPv4 or IPv6: as between a gNB and a UPF, without their control
 * plane. Its headers take 36 bytes over IPv4 and 56 over IPv6: over an MTU of 1500, inner packets have at most 1464 and
 * 1444 bytes. Open vSwitch doesn't take IPv6 out of it, nor IPv4 with a TTL outside of 64 to 79 (rules
 * tunnels/gtpu-ipv6, tunnels/gtpu-ttl), doesn't answer echo requests, and from 3.4 on sends UDP without checksum over
 * IPv6, which other far ends may refuse.
 * Source: Open vSwitch 2.14 NEWS, vswitchd/vswitch.xml, lib/netdev-native-tnl.c.
 */
export class GtpuTunnel extends Tunnel {
  constructor(scope: Construct, id: string, props: GtpuTunnelProps) {
    super(scope, id);
    this._read(props, FORMS);
  }
}

const FORMS = tunnelForms({
  between,
  to,
  encapsulation: (read: GtpuTunnelOptions & { readonly remoteTeid?: number }) => ({
    type: 'gtpu',
    teid: read.teid ?? 0,
    remoteTeid: read.remoteTeid,
    udpPort: read.udpPort,
  }),
});
