import type { Construct } from 'constructs';
import { flag, object } from './props';
import {
  betweenShape,
  ipVersionShape,
  outerShape,
  payload,
  toShape,
  Tunnel,
  TunnelPayload,
  udpPort,
  vni,
  type TunnelBetweenProps,
  type TunnelIpVersionProps,
  type TunnelOuterProps,
  type TunnelToProps,
  tunnelForms,
} from './tunnel';

export interface VxlanTunnelOptions extends TunnelOuterProps {
  /** VXLAN network identifier, 0 to 16777215 (24 bits). @default 0 */
  readonly vni?: number;
  /** UDP destination port, 1 to 65535. @default 4789 (RFC 7348 8.1), also with TunnelPayload.IP; IANA's for VXLAN-GPE is 4790 */
  readonly udpPort?: number;
  /** UDP checksum of what is sent; what comes in is accepted without. Over IPv6 it is always there before Open vSwitch 3.4. @default over IPv6 only */
  readonly checksum?: boolean;
  /** What is inside; IP makes it VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, Open vSwitch `exts=gpe`). @default TunnelPayload.ETHERNET */
  readonly payload?: TunnelPayload;
}

export type VxlanTunnelProps = ((TunnelBetweenProps & TunnelIpVersionProps) | TunnelToProps) &
  VxlanTunnelOptions;

const options = { ...outerShape, vni, udpPort, checksum: flag().optional(), payload };
const between = object({ ...betweenShape, ...ipVersionShape, ...options });
const to = object({ ...toShape, ...options });

/**
 * A VXLAN tunnel (RFC 7348) of Open vSwitch's userspace datapath, over IPv4 or IPv6. Its headers take 50 bytes over
 * IPv4 and 70 over IPv6: over an MTU of 1500, inner IP packets have at most 1450 and 1430 bytes; with
 * TunnelPayload.IP, 36 and 56. Group policy (`exts=gbp`) isn't there: the userspace datapath has none.
 * Source: Open vSwitch, vswitchd/vswitch.xml, lib/netdev-native-tnl.c.
 */
export class VxlanTunnel extends Tunnel {
  constructor(scope: Construct, id: string, props: VxlanTunnelProps) {
    super(scope, id);
    this._read(props, FORMS);
  }
}

const FORMS = tunnelForms({
  between,
  to,
  encapsulation: (read: VxlanTunnelOptions) => ({
    type: 'vxlan',
    vni: read.vni ?? 0,
    udpPort: read.udpPort,
    checksum: read.checksum,
    payload: read.payload ?? TunnelPayload.ETHERNET,
  }),
});
