import type { Construct } from 'constructs';
import { choice, integer, leaf, object } from './props';
import { ValueError } from '../src/values/value-error';
import {
  betweenShape,
  ipVersionShape,
  outerShape,
  toShape,
  Tunnel,
  type TunnelBetweenProps,
  type TunnelIpVersionProps,
  type TunnelOuterProps,
  type TunnelToProps,
  tunnelForms,
} from './tunnel';

/** Which way the mirrored frame went, seen from where it was mirrored. */
export enum ErspanDirection {
  INGRESS = 'ingress',
  EGRESS = 'egress',
}

/** ERSPAN's type II header, which Open vSwitch calls version 1. */
export interface ErspanType2Options {
  /** Open vSwitch's `erspan_ver`: 1 is type II. @default 1 */
  readonly version?: 1;
  /** Index of the mirrored port and direction, 0 to 1048575 (20 bits); its meaning is the platform's. @default 0 */
  readonly index?: number;
}

/** ERSPAN's type III header, which Open vSwitch calls version 2. */
export interface ErspanType3Options {
  /** Open vSwitch's `erspan_ver`: 2 is type III. */
  readonly version: 2;
  /** Direction of the mirrored frames. @default ErspanDirection.INGRESS */
  readonly direction?: ErspanDirection;
  /** Identifier of the ERSPAN engine within a system, 0 to 63 (6 bits). @default 0 */
  readonly hardwareId?: number;
}

export interface ErspanSessionOptions extends TunnelOuterProps {
  /** Session, 0 to 1023 (10 bits). @default 0 */
  readonly sessionId?: number;
}

export type ErspanTunnelProps = ((TunnelBetweenProps & TunnelIpVersionProps) | TunnelToProps) &
  ErspanSessionOptions &
  (ErspanType2Options | ErspanType3Options);

const VERSION = '1 (type II) or 2 (type III)';

const options = {
  ...outerShape,
  sessionId: integer('a session', 0, 1023).optional(),
  version: leaf<1 | 2, 1 | 2>(VERSION, (input) => {
    if (input === 1 || input === 2) return input;
    throw new ValueError(VERSION, input);
  }).optional(),
  index: integer('an index', 0, 2 ** 20 - 1).optional(),
  direction: choice('ErspanDirection', ErspanDirection).optional(),
  hardwareId: integer('a hardware id', 0, 63).optional(),
};
const between = object({ ...betweenShape, ...ipVersionShape, ...options });
const to = object({ ...toShape, ...options });

interface Options {
  readonly sessionId?: number | undefined;
  readonly version?: 1 | 2 | undefined;
  readonly index?: number | undefined;
  readonly direction?: ErspanDirection | undefined;
  readonly hardwareId?: number | undefined;
}

/**
 * An ERSPAN tunnel (draft-foschiano-erspan) of Ethernet frames, over IPv4 (Open vSwitch's type `erspan`) or IPv6
 * (`ip6erspan`). Its headers take 50 bytes over IPv4 and 70 over IPv6, of type III 4 more: over an MTU of 1500, inner IP
 * packets have at most 1450, 1430, 1446 and 1426 bytes. What it is for is a mirror's output to a far analyser.
 * Source: Open vSwitch, vswitchd/vswitch.xml, lib/netdev-native-tnl.c, lib/packets.h.
 */
export class ErspanTunnel extends Tunnel {
  constructor(scope: Construct, id: string, props: ErspanTunnelProps) {
    super(scope, id);
    this._read(props, FORMS);
  }
}

function fieldsOfItsVersion(
  read: Options,
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string; params: object }): void },
): void {
  const others = read.version === 2 ? (['index'] as const) : (['direction', 'hardwareId'] as const);
  for (const name of others) {
    if (read[name] === undefined) continue;
    const expected = `version: ${read.version === 2 ? 1 : 2}, or leave it out`;
    const params = {
      shown: String(read[name]),
      expected,
      reason: `version ${read.version ?? 1} has no ${name}`,
    };
    context.addIssue({ code: 'custom', path: [name], message: expected, params });
  }
}

const FORMS = tunnelForms({
  between: between.superRefine(fieldsOfItsVersion),
  to: to.superRefine(fieldsOfItsVersion),
  encapsulation: (read: Options) => ({
    type: 'erspan',
    sessionId: read.sessionId ?? 0,
    version:
      read.version === 2
        ? {
            number: 2,
            direction: read.direction ?? ErspanDirection.INGRESS,
            hardwareId: read.hardwareId ?? 0,
          }
        : { number: 1, index: read.index ?? 0 },
  }),
});
