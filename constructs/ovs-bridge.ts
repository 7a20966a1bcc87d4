import type { Construct } from 'constructs';
import { InterfaceAddress, IpAddress } from '../src/values/ip-address';
import { DpdkPort, type DpdkPortOptions } from './dpdk-port';
import { HostPart } from './host-part';
import { isMarkedAs, markAs } from './kind';
import type { NicBinding } from './nic-binding';
import type { OpenVSwitch } from './open-vswitch';
import { instance, integer, list, object, readProps, text, value, withName } from './props';

export interface OvsBridgeOptions {
  /** Name of the bridge and of its network interface: at most 15 letters, digits, `-` and `_`. @default the construct's id */
  readonly name?: string;
  /** Addresses of the host on this bridge, with prefix length: `10.0.0.1/24`, `fd00:a::1/64`. @default none */
  readonly addresses?: readonly string[];
  /** Where packets to segments beyond this link go. @default none: all segments are on the link */
  readonly gateway?: string;
  /** The bridge that carries the outer packets of this one's tunnels. @default none: this bridge has no tunnels */
  readonly underlay?: OvsBridge;
  /** Bytes, 576 to 9702. @default the smallest MTU of its ports; of a bridge with tunnels, what fits into the underlay's */
  readonly mtu?: number;
}

export interface OvsBridgeProps extends OvsBridgeOptions {
  /** The Open vSwitch that has the bridge. */
  readonly openVSwitch: OpenVSwitch;
}

const schema = object({
  openVSwitch: instance<OpenVSwitch>('the OpenVSwitch that has the bridge', (x) =>
    isMarkedAs('OpenVSwitch', x),
  ),
  name: text(
    'a name of at most 15 letters, digits, - and _, beginning with a letter',
    /^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/,
  ),
  addresses: list(
    "a list of addresses like ['10.0.0.1/24']",
    value(InterfaceAddress.parse, 'an address with its prefix length'),
  ).optional(),
  gateway: value(IpAddress.parse, 'an IP address').optional(),
  underlay: instance<OvsBridge>('an OvsBridge', (x) => OvsBridge.isOvsBridge(x)).optional(),
  mtu: integer('bytes', 576, 9702).optional(),
});

/** A bridge of Open vSwitch's userspace datapath (`datapath_type=netdev`), which the host has an interface of its own on. */
export class OvsBridge extends HostPart {
  static isOvsBridge(x: unknown): x is OvsBridge {
    return isMarkedAs('OvsBridge', x);
  }

  constructor(scope: Construct, id: string, props: OvsBridgeProps) {
    super(scope, id);
    markAs('OvsBridge', this);
    const read = readProps(this, schema, withName(props, id));
    if (!read) return;
    this.host._add('bridges', {
      path: this.node.path,
      openVSwitch: read.openVSwitch.node.path,
      name: read.name,
      addresses: read.addresses ?? [],
      gateway: read.gateway ?? null,
      underlay: read.underlay?.node.path ?? null,
      mtu: read.mtu,
    });
  }

  /** A port of this bridge on a NIC that is bound for DPDK. */
  addDpdkPort(nic: NicBinding, options: DpdkPortOptions = {}): DpdkPort {
    const id = options.name ?? (isMarkedAs('NicBinding', nic) ? nic.node.id : 'port');
    return new DpdkPort(this, id, { ...options, bridge: this, nic });
  }
}
