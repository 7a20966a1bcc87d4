import { createHash } from 'node:crypto';
import { IpAddress } from '../values/ip-address';
import { MacAddress } from '../values/mac-address';
import { SegmentList } from '../values/segment-list';
import type { FlowPlan, NeighbourPlan, PortPlan, RoutePlan } from './host-plan';
import type { BridgeIntent, FleetIntents, HostIntents, Srv6TunnelIntent } from './intents';

/** Bytes of an Ethernet frame's payload where nothing else is said. */
export const DEFAULT_MTU = 1500;

/** Flows out to a tunnel, and in from it: what comes in never goes out again. */
const PRIORITY_OUT = 100;
const PRIORITY_IN = 110;

/** Names of ports are at most 15 characters, as for network interfaces (IFNAMSIZ). */
const PORT_NAME_LIMIT = 15;

/** What one end of a tunnel puts on its host. */
export interface TunnelEnd {
  readonly tunnel: Srv6TunnelIntent;
  readonly host: HostIntents;
  readonly bridge: BridgeIntent;
  readonly underlay: BridgeIntent;
  /** MAC address of the bridge. */
  readonly hardwareAddress: string;
  readonly localIp: IpAddress;
  readonly segments: SegmentList;
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

/** The address that stands for a host in segment lists: the first IPv6 address of the bridge that carries the tunnel. */
export function segmentAddress(underlay: BridgeIntent | undefined): IpAddress | undefined {
  return underlay?.addresses.find(({ address }) => address.version === 6)?.address;
}

export function underlayOf(bridge: BridgeIntent, bridges: BridgeIndex): BridgeIntent | undefined {
  return bridge.underlay === null ? undefined : bridges.get(bridge.underlay)?.bridge;
}

/** A bridge without a NIC has this address, and its tunnel's far ends know it. */
export function bridgeHardwareAddress(host: HostIntents, bridge: BridgeIntent): string {
  return MacAddress.derivedFrom(`${host.name}/${bridge.name}`).toString();
}

function managedEnd(tunnel: Srv6TunnelIntent, here: Place, far: Place, bridges: BridgeIndex): TunnelEnd[] {
  const underlay = underlayOf(here.bridge, bridges);
  const localIp = segmentAddress(underlay);
  const remoteIp = segmentAddress(underlayOf(far.bridge, bridges));
  if (!underlay || !localIp || !remoteIp) return [];
  return [
    end(tunnel, here, underlay, {
      localIp,
      segments: SegmentList.of([remoteIp]),
      peer: far.host,
      destinations: far.bridge.addresses.map(({ address }) => address),
      farHardwareAddress: far.hardwareAddress,
      receiveFrom: null,
    }),
  ];
}

function unmanagedEnd(
  tunnel: Extract<Srv6TunnelIntent, { kind: 'unmanaged' }>,
  bridges: BridgeIndex,
): TunnelEnd[] {
  const here = bridges.get(tunnel.bridge);
  const underlay = here && underlayOf(here.bridge, bridges);
  const localIp = tunnel.localIp ?? segmentAddress(underlay);
  if (!here || !underlay || !localIp) return [];
  return [
    end(tunnel, here, underlay, {
      localIp,
      segments: tunnel.segments,
      peer: undefined,
      destinations: tunnel.destinations,
      // Nobody reads it at the far end: the tunnel carries IP packets without their Ethernet header.
      farHardwareAddress: MacAddress.derivedFrom(tunnel.remoteIp.toString()).toString(),
      receiveFrom: tunnel.receiveFrom,
    }),
  ];
}

interface Far {
  readonly localIp: IpAddress;
  readonly segments: SegmentList;
  readonly peer: HostIntents | undefined;
  readonly destinations: readonly IpAddress[];
  readonly farHardwareAddress: string;
  /** Outer source of what comes in, where it isn't the first segment. */
  readonly receiveFrom: IpAddress | null;
}

function end(tunnel: Srv6TunnelIntent, here: Place, underlay: BridgeIntent, far: Far): TunnelEnd {
  const { host, bridge, hardwareAddress } = here;
  const { localIp, segments, peer, destinations, farHardwareAddress, receiveFrom } = far;
  const name = portName(tunnel, host);
  const sender = srv6Port(name, localIp, segments);
  // Open vSwitch takes remote_ip for the first segment on the way out and for the outer source on the way in.
  const receiver =
    receiveFrom && !receiveFrom.equals(segments.first)
      ? srv6Port(shortName(`${name}-rx`, tunnel.path), localIp, SegmentList.of([receiveFrom]))
      : sender;
  return {
    tunnel,
    host,
    bridge,
    underlay,
    hardwareAddress,
    localIp,
    segments,
    peer,
    destinations,
    ports: receiver === sender ? [sender] : [sender, receiver],
    flows: flows(tunnel, host, bridge, {
      sender: sender.name,
      receiver: receiver.name,
      hardwareAddress,
      destinations,
    }),
    neighbours: destinations.map((address) => ({
      address: address.toString(),
      device: bridge.name,
      hardwareAddress: farHardwareAddress,
    })),
    routes: [...underlayRoutes(underlay, segments.first), ...overlayRoutes(bridge, destinations)],
  };
}

function srv6Port(name: string, localIp: IpAddress, segments: SegmentList): PortPlan {
  return {
    mtuRequest: null,
    name,
    openFlowPort: null,
    options: {
      local_ip: localIp.toString(),
      remote_ip: segments.first.toString(),
      srv6_segs: segments.toString(),
    },
    otherConfig: {},
    type: 'srv6',
  };
}

/**
 * srv6 is a layer-3 port: ARP doesn't cross it, NORMAL never sends to it, and what comes in has no MAC addresses
 * (Open vSwitch, lib/netdev-native-tnl.c). So flows say what goes out, and give what comes in the bridge's address.
 */
function flows(
  tunnel: Srv6TunnelIntent,
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
        `output:${sender}`,
      ),
    ),
  ];
}

/** The outer destination is always the first segment; the others are routed by those before them. */
function underlayRoutes(underlay: BridgeIntent, segment: IpAddress): RoutePlan[] {
  if (underlay.addresses.some((address) => address.covers(segment)) || !underlay.gateway) return [];
  return [{ destination: segment.toHostPrefix(), device: underlay.name, via: underlay.gateway.toString() }];
}

function overlayRoutes(bridge: BridgeIntent, destinations: readonly IpAddress[]): RoutePlan[] {
  return destinations
    .filter((destination) => !bridge.addresses.some((address) => address.covers(destination)))
    .map((destination) => ({ destination: destination.toHostPrefix(), device: bridge.name, via: null }));
}

/** The tunnel's own name where it fits, so that `ovs-vsctl show` reads like the stack. */
function portName(tunnel: Srv6TunnelIntent, host: HostIntents): string {
  return shortName(tunnel.name, `${host.name}/${tunnel.path}`);
}

function shortName(name: string, unique: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9_-]*$/.test(name) && name.length <= PORT_NAME_LIMIT) return name;
  return `srv6-${createHash('sha256').update(unique).digest('hex').slice(0, 8)}`;
}

function cookie(tunnel: Srv6TunnelIntent, host: HostIntents): string {
  return `0x${createHash('sha256').update(`${host.name}/${tunnel.path}`).digest('hex').slice(0, 16)}`.replace(
    /^0x0+/,
    '0x',
  );
}
