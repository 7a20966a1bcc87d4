import type { Version } from '../platforms/platform';
import { SegmentList } from '../values/segment-list';
import type { IpAddress } from '../values/ip-address';
import type { PortPlan } from './host-plan';
import type { EncapsulationIntent, OuterHeaderIntent, PayloadIntent } from './intents';

/**
 * What each tunnel type of Open vSwitch's userspace datapath is on the wire and in its database. Source: Open vSwitch
 * 3.5, lib/netdev-vport.c (set_tunnel_config: options), lib/netdev-native-tnl.c (headers), lib/netdev.c
 * (netdev_push_header: TSO), vswitchd/vswitch.xml.
 *
 * bareudp, lisp and stt aren't here: Open vSwitch has no functions that build or take off their headers in userspace
 * (lib/netdev-vport.c), so that such a port is made and carries nothing. VXLAN's group policy (`exts=gbp`) isn't either:
 * the userspace datapath never writes it, and drops packets that have it ("invalid vxlan flags").
 */
export interface Encapsulation {
  /** What a person calls it. */
  readonly title: string;
  /** Interface type. */
  readonly portType: string;
  /** Interface options, beside the two addresses. */
  readonly options: Readonly<Record<string, string>>;
  /** IP packets without Ethernet header: no ARP, no neighbour discovery, and NORMAL doesn't know the port. */
  readonly payload: PayloadIntent;
  /** All that stands before the inner IP packet, outermost first. */
  readonly headers: readonly Header[];
}

export interface Header {
  /** As in an arithmetic: `UDP 8`. */
  readonly text: string;
  readonly bytes: number;
}

export type TunnelType = EncapsulationIntent['type'];

interface TypeFacts {
  readonly title: string;
  /** IP version of the outer header, where the type has only one. */
  readonly ipVersion?: 4 | 6;
  /** The Open vSwitch that first had it in userspace (Documentation/faq/releases.rst, NEWS). */
  readonly since: Version;
  /** The first that takes TSO packets into it (lib/netdev.c: netdev_push_header); null: none does. */
  readonly tsoSince: Version | null;
}

export const TUNNEL_TYPES: Readonly<Record<TunnelType, TypeFacts>> = {
  srv6: { title: 'SRv6', ipVersion: 6, since: [3, 2], tsoSince: null },
  vxlan: { title: 'VXLAN', since: [2, 6], tsoSince: [3, 3] },
  geneve: { title: 'Geneve', since: [2, 6], tsoSince: [3, 3] },
  gre: { title: 'GRE', since: [2, 8], tsoSince: [3, 5] },
  ip6gre: { title: 'GRE over IPv6', ipVersion: 6, since: [2, 10], tsoSince: [3, 5] },
  erspan: { title: 'ERSPAN', since: [2, 10], tsoSince: null },
  gtpu: { title: 'GTP-U', since: [2, 14], tsoSince: null },
};

/** UDP destination ports that Open vSwitch takes where none is given. */
const DEFAULT_UDP_PORTS: Readonly<Record<string, number>> = { vxlan: 4789, geneve: 6081, gtpu: 2152 };

const header = (name: string, bytes: number): Header => ({ text: `${name} ${bytes}`, bytes });

/** RFC 791 3.1, RFC 8200 3, RFC 768. */
const IP = { 4: header('IPv4', 20), 6: header('IPv6', 40) };
const UDP = header('UDP', 8);
/** IEEE 802.3; a VLAN tag of the inner frame takes 4 more out of the same MTU, as on any link. */
const ETHERNET = header('inner Ethernet', 14);

/** Bytes that an encapsulation adds to the inner IP packet, within the underlay's MTU. */
export function overheadOf({ headers }: Encapsulation): number {
  return headers.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** How the overhead comes about: `IPv4 20 + UDP 8 + VXLAN 8 + inner Ethernet 14`. */
export function overheadText({ headers }: Encapsulation): string {
  return headers.map(({ text }) => text).join(' + ');
}

export function encapsulation(intent: EncapsulationIntent, remoteIp: IpAddress): Encapsulation {
  const { title } = TUNNEL_TYPES[intent.type];
  const ip = IP[remoteIp.version];
  const found = (
    payload: PayloadIntent,
    options: Readonly<Record<string, string>>,
    headers: readonly Header[],
    portType: string = intent.type,
  ): Encapsulation => ({
    title,
    portType,
    options,
    payload,
    headers: payload === 'ethernet' ? [ip, ...headers, ETHERNET] : [ip, ...headers],
  });
  switch (intent.type) {
    case 'srv6': {
      const segments = intent.segments ?? SegmentList.of([remoteIp]);
      const count = segments.segments.length;
      // RFC 8754 2: the header is always there, with one segment as well.
      const routing = { text: `SRH 8 + 16 x ${count}`, bytes: 8 + 16 * count };
      return found('ip', { srv6_segs: segments.toString() }, [routing]);
    }
    case 'vxlan':
      // RFC 7348 5; draft-ietf-nvo3-vxlan-gpe 3, which is as long.
      return found(
        intent.payload,
        {
          ...udpOptions(intent),
          key: `${intent.vni}`,
          ...(intent.payload === 'ip' && { exts: 'gpe', packet_type: 'legacy_l3' }),
        },
        [UDP, header(intent.payload === 'ip' ? 'VXLAN-GPE' : 'VXLAN', 8)],
      );
    case 'geneve':
      // RFC 8926 3.4, without the options that only flows set.
      return found('ethernet', { ...udpOptions(intent), key: `${intent.vni}` }, [UDP, header('Geneve', 8)]);
    case 'gre':
      return found(
        intent.payload,
        { ...greOptions(intent), ...(intent.payload === 'ip' && { packet_type: 'legacy_l3' }) },
        greHeaders(intent),
      );
    case 'ip6gre':
      return found('ethernet', greOptions(intent), greHeaders(intent));
    case 'erspan': {
      const { version, sessionId } = intent;
      // draft-foschiano-erspan 4: GRE always has its sequence number; type II and III.
      const own = version.number === 1 ? header('ERSPAN type II', 8) : header('ERSPAN type III', 12);
      const fields: Record<string, string> =
        version.number === 1
          ? { erspan_idx: `0x${version.index.toString(16)}` }
          : {
              erspan_dir: version.direction === 'ingress' ? '0' : '1',
              erspan_hwid: `0x${version.hardwareId.toString(16)}`,
            };
      return found(
        'ethernet',
        { ...fields, erspan_ver: `${version.number}`, key: `${sessionId}` },
        [header('GRE', 4), header('sequence number', 4), own],
        remoteIp.version === 4 ? 'erspan' : 'ip6erspan',
      );
    }
    case 'gtpu': {
      const { teid, remoteTeid } = intent;
      const keys: Record<string, string> =
        remoteTeid === undefined || remoteTeid === teid
          ? { key: `${teid}` }
          : { in_key: `${teid}`, out_key: `${remoteTeid}` };
      // 3GPP TS 29.281 5.1: the mandatory part; Open vSwitch sends no sequence numbers.
      return found('ip', { ...udpOptions(intent), ...keys }, [UDP, header('GTP-U', 8)]);
    }
  }
}

/** Options that all types have. DSCP is the upper six bits of what Open vSwitch calls tos (RFC 2474). */
export function outerOptions({ ttl, dscp }: OuterHeaderIntent): Record<string, string> {
  return {
    ...(ttl !== undefined && { ttl: `${ttl}` }),
    ...(dscp !== undefined && { tos: dscp === 'inherit' ? dscp : `${dscp * 4}` }),
  };
}

function udpOptions({ udpPort, checksum }: { udpPort: number | undefined; checksum?: boolean | undefined }) {
  return {
    ...(udpPort !== undefined && { dst_port: `${udpPort}` }),
    ...(checksum !== undefined && { csum: `${checksum}` }),
  };
}

type GreFields = Pick<
  Extract<EncapsulationIntent, { type: 'ip6gre' }>,
  'key' | 'checksum' | 'sequenceNumbers'
>;

function greOptions({ key, checksum, sequenceNumbers }: GreFields): Record<string, string> {
  return {
    ...(checksum && { csum: 'true' }),
    ...(key !== undefined && { key: `${key}` }),
    ...(sequenceNumbers && { seq: 'true' }),
  };
}

/** RFC 2784 2, RFC 2890 2: four bytes, and four for each field that is there. */
function greHeaders({ key, checksum, sequenceNumbers }: GreFields): Header[] {
  return [
    header('GRE', 4),
    ...(checksum ? [header('checksum', 4)] : []),
    ...(key === undefined ? [] : [header('key', 4)]),
    ...(sequenceNumbers ? [header('sequence number', 4)] : []),
  ];
}

/**
 * What Open vSwitch knows a tunnel port by (ofproto/tunnel.c: struct tnl_match): two of the same are refused, on
 * whichever bridges. No key is key 0. The datapath port is one for a type, and for UDP one for a destination port.
 */
export function configOf({ type, options }: PortPlan): string {
  const key = options.in_key ?? options.key ?? '0';
  const packetType = options.packet_type ?? (type === 'srv6' || type === 'gtpu' ? 'legacy_l3' : 'legacy_l2');
  return [type, udpPortOf({ type, options }), options.local_ip, options.remote_ip, key, packetType].join(' ');
}

/** By what the datapath takes a packet for a tunnel's (lib/tnl-ports.c: tnl_type_to_nw_proto). */
export function listenerOf(port: PortPlan): string {
  if (port.type === 'srv6') return 'IP protocols 4 and 41';
  const udpPort = udpPortOf(port);
  return udpPort === undefined ? 'IP protocol 47 (GRE)' : `UDP port ${udpPort}`;
}

function udpPortOf({ type, options }: Pick<PortPlan, 'type' | 'options'>): string | undefined {
  return options.dst_port ?? DEFAULT_UDP_PORTS[type]?.toString();
}
