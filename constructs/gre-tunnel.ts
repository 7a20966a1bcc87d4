import type { Construct } from 'constructs';
import { object } from './props';
import {
  betweenShape,
  greShape,
  ipVersionShape,
  outerShape,
  payload,
  toShape,
  Tunnel,
  TunnelPayload,
  type TunnelBetweenProps,
  type TunnelIpVersionProps,
  type TunnelOuterProps,
  type TunnelToProps,
  tunnelForms,
} from './tunnel';

/** The fields of a GRE header. */
export interface GreOptions extends TunnelOuterProps {
  /** Key (RFC 2890 2.1), 1 to 4294967295 (32 bits); takes 4 bytes. @default none: no key field */
  readonly key?: number;
  /** Checksum of what is sent (RFC 2784 2.3); takes 4 bytes; not with `sequenceNumbers`. @default false */
  readonly checksum?: boolean;
  /** Sequence numbers in what is sent (RFC 2890 2.2); takes 4 bytes. Nothing is put back into order by them; not with `checksum`. @default false */
  readonly sequenceNumbers?: boolean;
}

export interface GreTunnelOptions extends GreOptions {
  /** What is inside. @default TunnelPayload.ETHERNET */
  readonly payload?: TunnelPayload;
}

export type GreTunnelProps = ((TunnelBetweenProps & TunnelIpVersionProps) | TunnelToProps) & GreTunnelOptions;

const options = { ...outerShape, ...greShape, payload };
const between = object({ ...betweenShape, ...ipVersionShape, ...options });
const to = object({ ...toShape, ...options });

/**
 * A GRE tunnel (RFC 2784, RFC 2890) over IPv4 or IPv6, of Ethernet frames (protocol type 0x6558) or of IP packets. Its
 * headers take 38 bytes over IPv4 and 58 over IPv6, and 4 for each of key, checksum and sequence number: over an MTU of
 * 1500, inner IP packets have at most 1462 and 1442 bytes; with TunnelPayload.IP 14 bytes more.
 * A host has tunnels of one GRE type only: GreTunnel, Ip6GreTunnel, or ErspanTunnel of one IP version.
 * Source: Open vSwitch, vswitchd/vswitch.xml, lib/netdev-native-tnl.c.
 */
export class GreTunnel extends Tunnel {
  constructor(scope: Construct, id: string, props: GreTunnelProps) {
    super(scope, id);
    this._read(props, FORMS);
  }
}

const FORMS = tunnelForms({
  between,
  to,
  encapsulation: (read: GreTunnelOptions) => ({
    type: 'gre',
    key: read.key,
    checksum: read.checksum ?? false,
    sequenceNumbers: read.sequenceNumbers ?? false,
    payload: read.payload ?? TunnelPayload.ETHERNET,
  }),
});
