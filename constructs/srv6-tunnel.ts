import { Construct } from 'constructs';
import { z } from 'zod';
import { IpAddress } from '../src/values/ip-address';
import { SegmentList } from '../src/values/segment-list';
import { ValueError } from '../src/values/value-error';
import { Deployment } from './deployment';
import { OvsBridge } from './ovs-bridge';
import { instance, list, object, readProps, value } from './props';

/** A tunnel between two bridges of the stack: ports, routes, flows, neighbours and MTU of both ends follow from it. */
export interface Srv6TunnelBetweenProps {
  /** The two bridges, on two hosts; each has an `underlay` with an IPv6 address, which is its end's segment (SID). */
  readonly between: readonly [OvsBridge, OvsBridge];
}

/** A tunnel from a bridge of the stack to an end that the stack doesn't manage. */
export interface Srv6TunnelToProps {
  /** The bridge at our end; it has an `underlay` with an IPv6 address. */
  readonly from: OvsBridge;
  /** The far end, or the first segment on the way to it: IPv6 unicast. */
  readonly remoteIp: string;
  /** Outer source address. @default the first IPv6 address of the underlay */
  readonly localIp?: string;
  /** Segments in the order of travel, 1 to 6, beginning with `remoteIp`. @default [remoteIp] */
  readonly segments?: readonly string[];
  /** Outer source address of the far end's packets, where it isn't `remoteIp`. @default remoteIp */
  readonly receiveFrom?: string;
  /** Inner addresses at the far end, IPv4 and IPv6. */
  readonly destinations: readonly string[];
}

export type Srv6TunnelProps = Srv6TunnelBetweenProps | Srv6TunnelToProps;

const bridge = instance<OvsBridge>('an OvsBridge', OvsBridge.isOvsBridge);
const segment = value(IpAddress.parseIpv6Unicast, "an IPv6 unicast address like 'fd00:a::1'");

const TWO_BRIDGES = 'the two OvsBridges of the ends: between: [east.tenants, west.tenants]';

const betweenSchema = object({ between: z.tuple([bridge, bridge], { error: () => TWO_BRIDGES }) });
const toSchema = object({
  from: bridge,
  remoteIp: segment,
  localIp: segment.optional(),
  segments: list("a list of IPv6 unicast addresses like ['fd00:a::1']", segment).optional(),
  receiveFrom: segment.optional(),
  destinations: list(
    "at least one IP address, like ['10.0.0.2']",
    value(IpAddress.parse, 'an IP address'),
    1,
  ),
});

/**
 * An SRv6 tunnel (RFC 8754) of Open vSwitch's userspace datapath, with IPv4 and IPv6 inside. Its outer headers take
 * 48 bytes and 16 for each segment: with one segment over an MTU of 1500, inner packets have at most 1436 bytes.
 * Source: Open vSwitch 3.2 NEWS, vswitchd/vswitch.xml (`srv6_segs`), lib/netdev-native-tnl.c.
 */
export class Srv6Tunnel extends Construct {
  private readonly deployment: Deployment;

  constructor(scope: Construct, id: string, props: Srv6TunnelProps) {
    super(scope, id);
    // Made even where the props are wrong: it is what reports them.
    this.deployment = Deployment.of(this);
    // A user of JavaScript may give anything.
    const given: unknown = props;
    if (typeof given === 'object' && given !== null && 'between' in given) this.readBetween(given);
    else this.readTo(given);
  }

  private readBetween(props: unknown): void {
    const read = readProps(this, betweenSchema, props);
    if (!read) return;
    const [first, second] = read.between;
    this.deployment._addTunnel({
      kind: 'managed',
      path: this.node.path,
      name: this.node.id,
      bridges: [first.node.path, second.node.path],
    });
  }

  private readTo(props: unknown): void {
    const read = readProps(this, toSchemaWithSegments, props);
    if (!read) return;
    this.deployment._addTunnel({
      kind: 'unmanaged',
      path: this.node.path,
      name: this.node.id,
      bridge: read.from.node.path,
      remoteIp: read.remoteIp,
      localIp: read.localIp ?? null,
      segments: read.segmentList,
      receiveFrom: read.receiveFrom ?? null,
      destinations: read.destinations,
    });
  }
}

type To = z.output<typeof toSchema>;

const toSchemaWithSegments = toSchema.transform(withSegmentList);

function withSegmentList(props: To, context: z.core.$RefinementCtx<To>): To & { segmentList: SegmentList } {
  try {
    return { ...props, segmentList: SegmentList.of((props.segments ?? [props.remoteIp]).map(String)) };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const params = {
      shown: `[${(props.segments ?? []).join(', ')}]`,
      expected: error.expected,
      reason: error.reason,
    };
    context.addIssue({ code: 'custom', message: error.message, path: ['segments'], params });
    return z.NEVER;
  }
}
