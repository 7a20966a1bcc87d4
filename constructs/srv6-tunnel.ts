import type { Construct } from 'constructs';
import { z } from 'zod';
import type { IpAddress } from '../src/values/ip-address';
import { SegmentList } from '../src/values/segment-list';
import { ValueError } from '../src/values/value-error';
import type { OvsBridge } from './ovs-bridge';
import { list, object } from './props';
import {
  betweenShape,
  destinations,
  ipv6Unicast,
  outerShape,
  toShape,
  Tunnel,
  type TunnelOuterProps,
  tunnelForms,
} from './tunnel';

/** A tunnel between two bridges of the stack: ports, routes, flows, neighbours and MTU of both ends follow from it. */
export interface Srv6TunnelBetweenProps extends TunnelOuterProps {
  /** The two bridges, on two hosts; each has an `underlay` with an IPv6 address, which is its end's segment (SID). */
  readonly between: readonly [OvsBridge, OvsBridge];
}

/** A tunnel from a bridge of the stack to an end that the stack doesn't manage. */
export interface Srv6TunnelToProps extends TunnelOuterProps {
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

const between = object({ ...betweenShape, ...outerShape });
const to = object({
  ...toShape,
  remoteIp: ipv6Unicast,
  localIp: ipv6Unicast.optional(),
  segments: list("a list of IPv6 unicast addresses like ['fd00:a::1']", ipv6Unicast).optional(),
  receiveFrom: ipv6Unicast.optional(),
  destinations,
  ...outerShape,
});

interface Path {
  readonly segmentList?: SegmentList;
  readonly receiveFrom?: IpAddress | undefined;
}

/**
 * An SRv6 tunnel (RFC 8754) of Open vSwitch's userspace datapath, with IPv4 and IPv6 inside. Its outer headers take
 * 48 bytes and 16 for each segment: with one segment over an MTU of 1500, inner packets have at most 1436 bytes.
 * Source: Open vSwitch 3.2 NEWS, vswitchd/vswitch.xml (`srv6_segs`), lib/netdev-native-tnl.c.
 */
export class Srv6Tunnel extends Tunnel {
  constructor(scope: Construct, id: string, props: Srv6TunnelProps) {
    super(scope, id);
    this._read(props, FORMS);
  }
}

type To = z.output<typeof to>;

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

const FORMS = tunnelForms({
  between,
  to: to.transform(withSegmentList),
  encapsulation: ({ segmentList, receiveFrom }: Path) => ({
    type: 'srv6',
    segments: segmentList ?? null,
    receiveFrom: receiveFrom ?? null,
  }),
});
