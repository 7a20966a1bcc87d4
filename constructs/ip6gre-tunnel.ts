import type { Construct } from 'constructs';
import type { GreOptions } from './gre-tunnel';
import { object } from './props';
import {
  betweenShape,
  greShape,
  ipv6Unicast,
  outerShape,
  toShape,
  Tunnel,
  type TunnelBetweenProps,
  type TunnelToProps,
  tunnelForms,
} from './tunnel';

export type Ip6GreTunnelProps = (TunnelBetweenProps | TunnelToProps) & GreOptions;

const options = { ...outerShape, ...greShape };
const between = object({ ...betweenShape, ...options });
const to = object({ ...toShape, remoteIp: ipv6Unicast, localIp: ipv6Unicast.optional(), ...options });

/**
 * A GRE tunnel of Ethernet frames over IPv6, as a port of Open vSwitch's type `ip6gre`. On the wire it is what
 * GreTunnel is over IPv6, and the two can be the two ends of one tunnel; on one host Open vSwitch gives all GRE packets
 * to one of the types. Its headers take 58 bytes, and 4 for each of key, checksum and sequence number: over an MTU of
 * 1500, inner IP packets have at most 1442 bytes.
 * Source: Open vSwitch, vswitchd/vswitch.xml (layer 2 only), lib/netdev-vport.c.
 */
export class Ip6GreTunnel extends Tunnel {
  constructor(scope: Construct, id: string, props: Ip6GreTunnelProps) {
    super(scope, id);
    this._read(props, FORMS);
  }
}

const FORMS = tunnelForms({
  between,
  to,
  encapsulation: (read: GreOptions) => ({
    type: 'ip6gre',
    key: read.key,
    checksum: read.checksum ?? false,
    sequenceNumbers: read.sequenceNumbers ?? false,
  }),
});
