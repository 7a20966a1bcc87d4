import { createHash } from 'node:crypto';
import type { IpAddress } from '../values/ip-address';
import { MacAddress } from '../values/mac-address';
import { encapsulation, outerOptions, TUNNEL_TYPES, type Encapsulation } from './encapsulation';
import type { FlowPlan, NeighbourPlan, PortPlan, RoutePlan } from './host-plan';
import { sortedRecord } from './sorted-record';
import type { BridgeIntent, FleetIntents, HostIntents, TunnelIntent, UnmanagedTunnelIntent } from './intents';

/** Bytes of an Ethernet frame's payload where nothing else is said. */
export const DEFAULT_MTU = 1500;

/** Flows out to a tunnel, and in from it: what comes in never goes out again. */
const PRIORITY_OUT = 100;
const PRIORITY_IN = 110;

/** Names of ports are at most 15 characters, as for network interfaces (IFNAMSIZ). */
const PORT_NAME_LIMIT = 15;

/** What one end of a tunnel puts on its host. */
export interface TunnelEnd {
  readonly tunnel: TunnelIntent;
  readonly host: HostIntents;
  readonly bridge: BridgeIntent;
  readonly underlay: BridgeIntent;
  /** MAC address of the bridge. */
  readonly hardwareAddress: string;
  readonly localIp: IpAddress;
  /** Outer destination; of SRv6 the first segment. */
  readonly remoteIp: IpAddress;
  readonly encapsulation: Encapsulation;
  /** Host at the far end; undefined: not of this stack. */
  readonly peer: HostIntents | undefined;
  /** Inner addresses at the far end. */
  readonly destinations: readonly IpAddress[];
  readonly ports: readonly PortPlan[];
  readonly flows: readonly FlowPlan[];
  readonly neighbours: readonly NeighbourPlan[];
  readonly routes: readonly RoutePlan[];
}

export interface Place {
  readonly host: HostIntents;
  readonly bridge: BridgeIntent;
  /** bridgeHardwareAddress, worked out once for all the tunnels that a bridge has. */
  readonly hardwareAddress: string;
}

/** Bridges by the path of their construct. */
export type BridgeIndex = ReadonlyMap<string, Place>;

export function bridgeIndex(fleet: FleetIntents): BridgeIndex {
  const bridges = new Map<string, Place>();
  for (const host of fleet.hosts) {
    for (const bridge of host.bridges) bridges.set(bridge.path, placeOf(host, bridge));
  }
  return bridges;
}

function placeOf(host: HostIntents, bridge: BridgeIntent): Place {
  let address: string | undefined;
  return {
    host,
    bridge,
    get hardwareAddress() {
      return (address ??= bridgeHardwareAddress(host, bridge));
    },
  };
}

/** Every end that can be planned; what is missing for the others is for the rules to say. */
export function tunnelEnds(fleet: FleetIntents): TunnelEnd[] {
  const bridges = bridgeIndex(fleet);
  return fleet.tunnels.flatMap((tunnel) => {
    if (tunnel.kind === 'unmanaged') return unmanagedEnd(tunnel, bridges);
    const [first, second] = tunnel.bridges.map((path) => bridges.get(path));
    if (!first || !second) return [];
    return [...managedEnd(tunnel, first, second, bridges), ...managedEnd(tunnel, second, first, bridges)];
  });
}

/** Where an end's packets go one after the other: of SRv6 its segments, else the far end. */
export function outerDestinations({ tunnel, remoteIp }: TunnelEnd): readonly IpAddress[] {
  const { encapsulation: intent } = tunnel;
  return (intent.type === 'srv6' && intent.segments?.segments) || [remoteIp];
}

/** The outer address of a host: the first one of that IP version of the bridge that carries the tunnel. */
export function underlayAddress(underlay: BridgeIntent | undefined, ipVersion: 4 | 6): IpAddress | undefined {
  return underlay?.addresses.find(({ address }) => address.version === ipVersion)?.address;
}

/** The IP version that a tunnel's outer header has or, where the type and the stack leave it open, undefined. */
export function askedIpVersion(tunnel: TunnelIntent): 4 | 6 | undefined {
  const ofType = TUNNEL_TYPES[tunnel.encapsulation.type].ipVersion;
  return ofType ?? (tunnel.kind === 'managed' ? tunnel.ipVersion : tunnel.remoteIp.version);
}

export function underlayOf(bridge: BridgeIntent, bridges: BridgeIndex): BridgeIntent | undefined {
  return bridge.underlay === null ? undefined : bridges.get(bridge.underlay)?.bridge;
}

/** A bridge without a NIC has this address, and its tunnel's far ends know it. */
export function bridgeHardwareAddress(host: HostIntents, bridge: BridgeIntent): string {
  return MacAddress.derivedFrom(`${host.name}/${bridge.name}`).toString();
}

function managedEnd(tunnel: TunnelIntent, here: Place, far: Place, bridges: BridgeIndex): TunnelEnd[] {
  const underlay = underlayOf(here.bridge, bridges);
  const farUnderlay = underlayOf(far.bridge, bridges);
  const asked = askedIpVersion(tunnel);
  // IPv4 first: its header is the shorter one.
  for (const ipVersion of asked === undefined ? ([4, 6] as const) : [asked]) {
    const localIp = underlayAddress(underlay, ipVersion);
    const remoteIp = underlayAddress(farUnderlay, ipVersion);
    if (!underlay || !localIp || !remoteIp) continue;
    return [
      end(tunnel, here, underlay, {
        localIp,
        remoteIp,
        peer: far.host,
        destinations: far.bridge.addresses.map(({ address }) => address),
        farHardwareAddress: far.hardwareAddress,
      }),
    ];
  }
  return [];
}

function unmanagedEnd(tunnel: UnmanagedTunnelIntent, bridges: BridgeIndex): TunnelEnd[] {
  const here = bridges.get(tunnel.bridge);
  const underlay = here && underlayOf(here.bridge, bridges);
  const { encapsulation: intent } = tunnel;
  const remoteIp = (intent.type === 'srv6' && intent.segments?.first) || tunnel.remoteIp;
  const localIp = tunnel.localIp ?? underlayAddress(underlay, remoteIp.version);
  if (!here || !underlay || !localIp) return [];
  return [
    end(tunnel, here, underlay, {
      localIp,
      remoteIp,
      peer: undefined,
      destinations: tunnel.destinations,
      // Nobody reads it at the far end: the tunnel carries IP packets without their Ethernet header.
      farHardwareAddress: MacAddress.derivedFrom(tunnel.remoteIp.toString()).toString(),
    }),
  ];
}

interface Far {
  readonly localIp: IpAddress;
  readonly remoteIp: IpAddress;
  readonly peer: HostIntents | undefined;
  readonly destinations: readonly IpAddress[];
  readonly farHardwareAddress: string;
}

function end(tunnel: TunnelIntent, here: Place, underlay: BridgeIntent, far: Far): TunnelEnd {
  const { host, bridge, hardwareAddress } = here;
  const { localIp, remoteIp, peer, destinations, farHardwareAddress } = far;
  const resolved = encapsulation(tunnel.encapsulation, remoteIp);
  const sender = tunnelPort(portName(tunnel, host), tunnel, localIp, remoteIp, resolved);
  const receiver = receiverPort(tunnel, localIp, sender) ?? sender;
  // A port with Ethernet needs none of them: NORMAL learns, ARP and neighbour discovery cross it.
  const isLayer3 = resolved.payload === 'ip';
  return {
    tunnel,
    host,
    bridge,
    underlay,
    hardwareAddress,
    localIp,
    remoteIp,
    encapsulation: resolved,
    peer,
    destinations,
    ports: receiver === sender ? [sender] : [sender, receiver],
    flows: isLayer3
      ? flows(tunnel, host, bridge, {
          sender: sender.name,
          receiver: receiver.name,
          hardwareAddress,
          destinations,
        })
      : [],
    neighbours: isLayer3
      ? destinations.map((address) => ({
          address: address.toString(),
          device: bridge.name,
          hardwareAddress: farHardwareAddress,
        }))
      : [],
    routes: [...underlayRoutes(underlay, remoteIp), ...overlayRoutes(bridge, destinations)],
  };
}

function tunnelPort(
  name: string,
  tunnel: TunnelIntent,
  localIp: IpAddress,
  remoteIp: IpAddress,
  { portType, options }: Encapsulation,
): PortPlan {
  return {
    mtuRequest: null,
    name,
    openFlowPort: null,
    options: sortedRecord({
      ...options,
      ...outerOptions(tunnel.outer),
      local_ip: localIp.toString(),
      remote_ip: remoteIp.toString(),
    }),
    otherConfig: {},
    type: portType,
  };
}

/** Open vSwitch takes remote_ip for the first segment on the way out and for the outer source on the way in. */
function receiverPort(tunnel: TunnelIntent, localIp: IpAddress, sender: PortPlan): PortPlan | undefined {
  const { encapsulation: intent } = tunnel;
  if (intent.type !== 'srv6' || !intent.receiveFrom) return undefined;
  if (sender.options.remote_ip === intent.receiveFrom.toString()) return undefined;
  const alone = encapsulation({ ...intent, segments: null }, intent.receiveFrom);
  const name = shortName(`${sender.name}-rx`, tunnel.path, intent.type);
  return tunnelPort(name, tunnel, localIp, intent.receiveFrom, alone);
}

/**
 * To a layer-3 port NORMAL never sends, ARP doesn't cross it, and what comes in has no MAC addresses (Open vSwitch,
 * ofproto/ofproto-dpif-xlate.c). So flows say what goes out, and give what comes in the bridge's address.
 */
function flows(
  tunnel: TunnelIntent,
  host: HostIntents,
  bridge: BridgeIntent,
  {
    sender,
    receiver,
    hardwareAddress,
    destinations,
  }: {
    sender: string;
    receiver: string;
    hardwareAddress: string;
    destinations: readonly IpAddress[];
  },
): FlowPlan[] {
  const ofTunnel = cookie(tunnel, host);
  const flow = (priority: number, match: string, actions: string): FlowPlan => ({
    actions,
    bridge: bridge.name,
    cookie: ofTunnel,
    match,
    priority,
    table: 0,
  });
  const toBridge = `mod_dl_dst:${hardwareAddress},output:LOCAL`;
  return [
    ...['ip', 'ipv6'].map((protocol) => flow(PRIORITY_IN, `in_port=${receiver},${protocol}`, toBridge)),
    ...destinations.map((address) =>
      flow(
        PRIORITY_OUT,
        address.version === 4 ? `ip,nw_dst=${address}` : `ipv6,ipv6_dst=${address}`,
        `${ttlForFarEnd(tunnel, address)}output:${sender}`,
      ),
    ),
  ];
}

/** An Open vSwitch that receives GTP-U takes only IPv4 packets with this TTL (rule tunnels/gtpu-ttl). */
function ttlForFarEnd({ kind, encapsulation: { type } }: TunnelIntent, { version }: IpAddress): string {
  return type === 'gtpu' && kind === 'managed' && version === 4 ? 'mod_nw_ttl:64,' : '';
}

/** The outer destination of SRv6 is the first segment; the others are routed by those before them. */
function underlayRoutes(underlay: BridgeIntent, remoteIp: IpAddress): RoutePlan[] {
  const gateway = gatewayTo(underlay, remoteIp);
  if (underlay.addresses.some((address) => address.covers(remoteIp)) || !gateway) return [];
  return [{ destination: remoteIp.toHostPrefix(), device: underlay.name, via: gateway.toString() }];
}

/** An IPv6 gateway takes no IPv4 packets, and the other way round. */
export function gatewayTo({ gateway }: BridgeIntent, remoteIp: IpAddress): IpAddress | undefined {
  return gateway?.version === remoteIp.version ? gateway : undefined;
}

function overlayRoutes(bridge: BridgeIntent, destinations: readonly IpAddress[]): RoutePlan[] {
  return destinations
    .filter((destination) => !bridge.addresses.some((address) => address.covers(destination)))
    .map((destination) => ({ destination: destination.toHostPrefix(), device: bridge.name, via: null }));
}

/** The tunnel's own name where it fits, so that `ovs-vsctl show` reads like the stack. */
function portName(tunnel: TunnelIntent, host: HostIntents): string {
  return shortName(tunnel.name, `${host.name}/${tunnel.path}`, tunnel.encapsulation.type);
}

function shortName(name: string, unique: string, prefix: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9_-]*$/.test(name) && name.length <= PORT_NAME_LIMIT) return name;
  return `${prefix}-${createHash('sha256').update(unique).digest('hex').slice(0, 8)}`;
}

function cookie(tunnel: TunnelIntent, host: HostIntents): string {
  return `0x${createHash('sha256').update(`${host.name}/${tunnel.path}`).digest('hex').slice(0, 16)}`.replace(
    /^0x0+/,
    '0x',
  );
}
