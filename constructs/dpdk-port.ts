import type { Construct } from 'constructs';
import { HostPart } from './host-part';
import { isMarkedAs } from './kind';
import type { NicBinding } from './nic-binding';
import type { OvsBridge } from './ovs-bridge';
import { instance, integer, object, readProps, text, withName } from './props';

export interface DpdkPortOptions {
  /** Name of the port: at most 15 letters, digits, `-` and `_`. @default the construct's id */
  readonly name?: string;
  /** Bytes, 576 to 9702. @default 1500 */
  readonly mtu?: number;
  /** Receive queues (`n_rxq`), 1 to 128. @default 1 */
  readonly queues?: number;
}

export interface DpdkPortProps extends DpdkPortOptions {
  /** The bridge that has the port. */
  readonly bridge: OvsBridge;
  /** The NIC, of the same host. */
  readonly nic: NicBinding;
}

const schema = object({
  bridge: instance<OvsBridge>('the OvsBridge that has the port', (x) => isMarkedAs('OvsBridge', x)),
  nic: instance<NicBinding>('the NicBinding of the port', (x) => isMarkedAs('NicBinding', x)),
  name: text(
    'a name of at most 15 letters, digits, - and _, beginning with a letter',
    /^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/,
  ),
  mtu: integer('bytes', 576, 9702).optional(),
  queues: integer('a number of queues', 1, 128).optional(),
});

/**
 * A NIC as a port of a bridge, polled by DPDK.
 * Source: Open vSwitch, vswitchd/vswitch.xml (`dpdk-devargs`, `n_rxq`, `mtu_request`; MTU limit: lib/netdev-dpdk.c).
 */
export class DpdkPort extends HostPart {
  constructor(scope: Construct, id: string, props: DpdkPortProps) {
    super(scope, id);
    const read = readProps(this, schema, withName(props, id));
    if (!read) return;
    this.host._add('dpdkPorts', {
      path: this.node.path,
      name: read.name,
      bridge: read.bridge.node.path,
      nic: read.nic.node.path,
      mtu: read.mtu ?? 1500,
      queues: read.queues ?? 1,
    });
  }
}
