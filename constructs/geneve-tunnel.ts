import type { Construct } from 'constructs';
import { flag, object } from './props';
import {
  betweenShape,
  ipVersionShape,
  outerShape,
  toShape,
  Tunnel,
  udpPort,
  vni,
  type TunnelBetweenProps,
  type TunnelIpVersionProps,
  type TunnelOuterProps,
  type TunnelToProps,
  tunnelForms,
} from './tunnel';

export interface GeneveTunnelOptions extends TunnelOuterProps {
  /** Virtual network identifier, 0 to 16777215 (24 bits). @default 0 */
  readonly vni?: number;
  /** UDP destination port, 1 to 65535. @default 6081 (RFC 8926 3.3) */
  readonly udpPort?: number;
  /** UDP checksum of what is sent; what comes in is accepted without. Over IPv6 it is always there before Open vSwitch 3.4. @default over IPv6 only */
  readonly checksum?: boolean;
}

export type GeneveTunnelProps = ((TunnelBetweenProps & TunnelIpVersionProps) | TunnelToProps) &
  GeneveTunnelOptions;

const options = { ...outerShape, vni, udpPort, checksum: flag().optional() };
const between = object({ ...betweenShape, ...ipVersionShape, ...options });
const to = object({ ...toShape, ...options });

/**
 * A Geneve tunnel (RFC 8926) of Ethernet frames, over IPv4 or IPv6. Its headers take 50 bytes over IPv4 and 70 over
 * IPv6: over an MTU of 1500, inner IP packets have at most 1450 and 1430 bytes. Options that flows of yours set
 * (`tun_metadata`) take more, up to 252: say `mtu` of the bridge then.
 * Source: Open vSwitch, vswitchd/vswitch.xml, lib/netdev-native-tnl.c.
 */
export class GeneveTunnel extends Tunnel {
  constructor(scope: Construct, id: string, props: GeneveTunnelProps) {
    super(scope, id);
    this._read(props, FORMS);
  }
}

const FORMS = tunnelForms({
  between,
  to,
  encapsulation: (read: GeneveTunnelOptions) => ({
    type: 'geneve',
    vni: read.vni ?? 0,
    udpPort: read.udpPort,
    checksum: read.checksum,
  }),
});
