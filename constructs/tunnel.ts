import { Construct } from 'constructs';
import { z } from 'zod';
import type { EncapsulationIntent, OuterHeaderIntent } from '../src/plan/intents';
import { IpAddress } from '../src/values/ip-address';
import { ValueError } from '../src/values/value-error';
import { Deployment } from './deployment';
import { OvsBridge } from './ovs-bridge';
import { choice, flag, instance, integer, leaf, list, readProps, value } from './props';

/** What is inside a tunnel's packets. */
export enum TunnelPayload {
  /** Ethernet frames: the two bridges are one layer-2 network, with ARP, neighbour discovery and the guests of both. */
  ETHERNET = 'ethernet',
  /** IPv4 and IPv6 packets without an Ethernet header: the two hosts reach each other's addresses, nothing is flooded. */
  IP = 'ip',
}

/** A tunnel between two bridges of the stack: ports, routes, MTU and all else of both ends follows from it. */
export interface TunnelBetweenProps {
  /**
   * The two bridges, on two hosts; each has an `underlay` with an address of the outer header's IP version. The
   * underlay's frames carry no VLAN tag: Open vSwitch's userspace datapath takes tagged ones for no tunnel's
   * (lib/tnl-ports.c).
   */
  readonly between: readonly [OvsBridge, OvsBridge];
}

/** The IP version of the outer header, of tunnels that can have both. */
export interface TunnelIpVersionProps {
  /** 4 or 6. @default 4 where both underlays have an IPv4 address, otherwise 6 */
  readonly ipVersion?: 4 | 6;
}

/** A tunnel from a bridge of the stack to an end that the stack doesn't manage. */
export interface TunnelToProps {
  /** The bridge at our end; it has an `underlay` with an address of the same IP version as `remoteIp`. */
  readonly from: OvsBridge;
  /** Outer address of the far end: unicast. */
  readonly remoteIp: string;
  /** Our outer address. @default the first address of the underlay that has remoteIp's IP version */
  readonly localIp?: string;
  /**
   * Inner addresses at the far end, IPv4 and IPv6: a tunnel of IP packets needs at least one; one of Ethernet frames
   * only those outside of the bridge's subnets, for which there are routes then. @default none
   */
  readonly destinations?: readonly string[];
}

/** The outer IP header. */
export interface TunnelOuterProps {
  /** Time to live (hop limit) of the outer header, 1 to 255, or 'inherit': the inner packet's. @default 64 (Open vSwitch) */
  readonly ttl?: number | 'inherit';
  /** DSCP of the outer header (RFC 2474), 0 to 63, or 'inherit': the inner packet's. ECN is always the inner packet's. @default 0 */
  readonly dscp?: number | 'inherit';
}

const bridge = instance<OvsBridge>('an OvsBridge', OvsBridge.isOvsBridge);
const TWO_BRIDGES = 'the two OvsBridges of the ends: between: [east.tenants, west.tenants]';

/** Parts of the tunnels' schemas. */
export const betweenShape = {
  between: z.tuple([bridge, bridge], { error: () => TWO_BRIDGES }),
};
export const ipVersionShape = {
  ipVersion: leaf<4 | 6, 4 | 6>('4 or 6', (input) => {
    if (input === 4 || input === 6) return input;
    throw new ValueError('4 or 6', input);
  }).optional(),
};
export const destinations = list(
  "at least one IP address, like ['10.0.0.2']",
  value(IpAddress.parse, 'an IP address'),
  1,
);
export const unicast = value(IpAddress.parseUnicast, "an IP unicast address like '192.0.2.1' or 'fd00:a::1'");
export const ipv6Unicast = value(IpAddress.parseIpv6Unicast, "an IPv6 unicast address like 'fd00:a::1'");
export const toShape = {
  from: bridge,
  remoteIp: unicast,
  localIp: unicast.optional(),
  destinations: destinations.optional(),
};
export const outerShape = {
  ttl: numberOrInherit("a whole number from 1 to 255, or 'inherit'", 1, 255).optional(),
  dscp: numberOrInherit("a whole number from 0 to 63, or 'inherit'", 0, 63).optional(),
};
export const udpPort = integer('a UDP port', 1, 65535).optional();
export const vni = integer('a VNI', 0, 2 ** 24 - 1).optional();
export const payload = choice('TunnelPayload', TunnelPayload).optional();
export const greShape = {
  key: integer('a GRE key', 1, 2 ** 32 - 1).optional(),
  checksum: flag().optional(),
  sequenceNumbers: flag().optional(),
};

interface Between {
  readonly between: readonly [OvsBridge, OvsBridge];
  readonly ipVersion?: 4 | 6 | undefined;
}

interface To {
  readonly from: OvsBridge;
  readonly remoteIp: IpAddress;
  readonly localIp?: IpAddress | undefined;
  readonly destinations?: readonly IpAddress[] | undefined;
}

type Outer = { readonly [K in keyof OuterHeaderIntent]?: OuterHeaderIntent[K] };

/** The two forms of a tunnel's props, of a type that has the options O. */
interface Forms<O> {
  readonly between: z.ZodType<Between & Outer & O>;
  readonly to: z.ZodType<To & Outer & O>;
  readonly encapsulation: (options: O) => EncapsulationIntent;
}

/** Made once for a type of tunnel: zod writes a program for each schema. */
export function tunnelForms<O>(forms: Forms<O>): Forms<O> {
  return { ...forms, to: forms.to.superRefine(addressesFit(forms)) };
}

/** What all tunnels of the package are. */
export abstract class Tunnel extends Construct {
  private readonly deployment: Deployment;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Made even where the props are wrong: it is what reports them.
    this.deployment = Deployment.of(this);
  }

  /** @internal */
  protected _read<O>(props: unknown, forms: Forms<O>): void {
    // A user of JavaScript may give anything.
    if (typeof props === 'object' && props !== null && 'between' in props) this.readBetween(props, forms);
    else this.readTo(props, forms);
  }

  private readBetween<O>(props: object, forms: Forms<O>): void {
    const read = readProps(this, forms.between, props);
    if (!read) return;
    const [first, second] = read.between;
    this.deployment._addTunnel({
      kind: 'managed',
      ...this.common(read, forms),
      bridges: [first.node.path, second.node.path],
      ipVersion: read.ipVersion,
    });
  }

  private readTo<O>(props: unknown, forms: Forms<O>): void {
    const read = readProps(this, forms.to, props);
    if (!read) return;
    this.deployment._addTunnel({
      kind: 'unmanaged',
      ...this.common(read, forms),
      bridge: read.from.node.path,
      remoteIp: read.remoteIp,
      localIp: read.localIp ?? null,
      destinations: read.destinations ?? [],
    });
  }

  private common<O>(read: Outer & O, { encapsulation }: Forms<O>) {
    return {
      path: this.node.path,
      name: this.node.id,
      encapsulation: encapsulation(read),
      outer: { ttl: read.ttl, dscp: read.dscp },
    };
  }
}

/** Ethernet frames are what most types carry; these two may carry IP packets instead. */
function addressesFit<O>({ encapsulation }: Forms<O>) {
  return (read: To & O, context: z.core.$RefinementCtx<To & O>): void => {
    const refuse = (name: string, shown: string, expected: string, reason?: string): void =>
      context.addIssue({
        code: 'custom',
        message: expected,
        path: [name],
        params: { shown, expected, reason },
      });
    const { remoteIp, localIp } = read;
    if (localIp && localIp.version !== remoteIp.version) {
      refuse('localIp', `'${localIp}'`, `an IPv${remoteIp.version} address`, `remoteIp is '${remoteIp}'`);
    }
    const intent = encapsulation(read);
    if ('payload' in intent && intent.payload === 'ip' && !read.destinations) {
      refuse('destinations', 'missing', "at least one IP address, like ['10.0.0.2']", 'the payload is IP');
    }
  };
}

/** A number, or the inner packet's. */
function numberOrInherit(expected: string, least: number, most: number) {
  return leaf<number | 'inherit', number | 'inherit'>(expected, (input) => {
    if (input === 'inherit') return input;
    if (typeof input === 'number' && Number.isInteger(input) && input >= least && input <= most) return input;
    throw new ValueError(expected, input);
  });
}
