import { createHash } from 'node:crypto';
import { Lazy, TerraformStack } from 'cdktf';
import { Construct, type IConstruct } from 'constructs';
import type { HardwareProfile } from '../src/hardware/hardware-profile';
import { Platform } from '../src/platforms/platform';
import type { UserDataPlatform } from '../src/platforms/user-data-platform';
import type { ConnectionPlan, ManagementPlan } from '../src/plan/fleet-plan';
import type { AskedHost, HostIntents } from '../src/plan/intents';
import { InterfaceAddress, IpAddress } from '../src/values/ip-address';
import { MacAddress } from '../src/values/mac-address';
import { Connection, sshConnectionSchema } from './connection';
import { Deployment } from './deployment';
import { flag, instance, list, object, readProps, text, value } from './props';
import { escapeTerraform } from './terraform-text';

export interface DataplaneHostProps {
  /** Distribution of the host. @default Platform.DEBIAN_13 */
  readonly platform?: Platform;
  /**
   * What the host has, `HardwareProfile.fromFile('hardware/edge-1.json')`: what it can't do is then found at synth
   * (docs/hardware-profiles.md), and `CpuPartition.auto`, `HugepagePool.auto` and a `NicSelector` choose by it. It changes nothing else that
   * is written. @default none: such checks are left to the host
   */
  readonly hardware?: HardwareProfile;
  /** How a deploy reaches the host. @default none: the host gets its plan by cloud-init only, and no deploy contacts it */
  readonly connection?: Connection;
  /**
   * Name in artifacts, inventory and Terraform: lower-case letters, digits and hyphens, at most 63.
   * @default the construct's path below the stack, joined by hyphens, without a last `host`
   */
  readonly hostname?: string;
  /** The NIC that is never touched, for the network-config of cloud-init. @default cloud-init's own choice: DHCP on the first NIC with a link */
  readonly management?: ManagementInterface;
  /**
   * Where its user-data is handed over, `UserDataPlatform.OPENSTACK`: user-data that is too large there is then an error.
   * @default none said: more than EC2 takes, the least of all, is a warning
   */
  readonly userDataPlatform?: UserDataPlatform;
  /** Give the host back: the next deploy undoes everything on it. Then take it out of the code. @default false */
  readonly retired?: boolean;
}

export interface ManagementInterface {
  /** MAC address of the NIC, `52:54:00:12:34:56`. */
  readonly macAddress: string;
  /** Static addresses with prefix length. @default DHCP (IPv4) */
  readonly addresses?: readonly string[];
  /** Default gateway. @default none, or DHCP's */
  readonly gateway?: string;
  /** DNS servers. @default none, or DHCP's */
  readonly nameservers?: readonly string[];
}

const HOST = Symbol.for('cdktf-dataplane/DataplaneHost');

const ipAddress = value((input) => IpAddress.parse(input).toString(), 'an IP address');

const schema = object({
  platform: instance<Platform>(
    'a Platform, for example Platform.DEBIAN_13',
    (x) => x instanceof Object && 'openVSwitchVersion' in x,
  ).optional(),
  hardware: instance<HardwareProfile>(
    "a HardwareProfile, for example HardwareProfile.fromFile('hardware/edge-1.json')",
    (x) => x instanceof Object && 'nicsComplete' in x && 'toText' in x,
  ).optional(),
  connection: instance<Connection>(
    "a Connection, for example Connection.ssh({ address: '192.0.2.1' })",
    Connection.isConnection,
  ).optional(),
  hostname: text(
    "a host name of lower-case letters, digits and hyphens, at most 63, like 'edge-1'",
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  ).optional(),
  management: object({
    macAddress: value((input) => MacAddress.parse(input).toString(), 'a MAC address'),
    addresses: list(
      "a list of addresses like ['192.0.2.2/24']",
      value((input) => InterfaceAddress.parse(input).toString(), 'an address with its prefix length'),
    ).optional(),
    gateway: ipAddress.optional(),
    nameservers: list("a list of addresses like ['192.0.2.53']", ipAddress).optional(),
  }).optional(),
  userDataPlatform: instance<UserDataPlatform>(
    'a UserDataPlatform, for example UserDataPlatform.EC2',
    (x) => x instanceof Object && 'counts' in x && 'limit' in x && 'name' in x,
  ).optional(),
  retired: flag().optional(),
});

const connectionSchema = object({ connection: sshConnectionSchema });

/** Lists of intents, each filled by one kind of construct. */
type PartList = {
  [K in keyof AskedHost]: AskedHost[K] extends readonly { readonly path: string }[] ? K : never;
}[keyof AskedHost];

/**
 * A Linux host that is to have a fast userspace dataplane. Its parts (`HugepagePool`, `NicBinding`, `OpenVSwitch` …)
 * are constructs below it.
 */
export class DataplaneHost extends Construct {
  /** The host that a construct is a part of; the stack's own host (`dataplane-host`, made on first use) where none is above it. */
  static of(scope: IConstruct): DataplaneHost {
    // Not node.scopes, which makes a list of them for each part.
    for (let above: IConstruct | undefined = scope; above; above = above.node.scope) {
      if (DataplaneHost.isDataplaneHost(above)) return above;
    }
    const stack = TerraformStack.of(scope);
    const own = stack.node.tryFindChild('dataplane-host');
    return own && DataplaneHost.isDataplaneHost(own) ? own : new DataplaneHost(stack, 'dataplane-host');
  }

  static isDataplaneHost(x: unknown): x is DataplaneHost {
    return typeof x === 'object' && x !== null && HOST in x;
  }

  /** Name in artifacts, inventory and Terraform. */
  readonly hostname: string;
  readonly platform: Platform;
  /** What the host has; undefined: nobody said. */
  readonly hardware: HardwareProfile | undefined;

  private readonly deployment: Deployment;
  private readonly connection: Connection | undefined;
  private readonly management: ManagementPlan | null;
  private readonly userDataPlatform: UserDataPlatform | null;
  private readonly retired: boolean;
  private readonly parts = new Map<PartList, { readonly path: string }[]>();

  constructor(scope: Construct, id: string, props: DataplaneHostProps = {}) {
    super(scope, id);
    Object.defineProperty(this, HOST, { value: true });
    const read = readProps(this, schema, props);
    this.platform = read?.platform ?? Platform.DEBIAN_13;
    this.hardware = read?.hardware;
    this.hostname = read?.hostname ?? defaultHostname(this);
    this.connection = this.checked(read?.connection);
    this.userDataPlatform = read?.userDataPlatform ?? null;
    this.retired = read?.retired ?? false;
    this.management = read?.management
      ? {
          macAddress: read.management.macAddress,
          addresses: read.management.addresses ?? [],
          gateway: read.management.gateway ?? null,
          nameservers: read.management.nameservers ?? [],
        }
      : null;
    this.deployment = Deployment.of(this);
    this.deployment._addHost(this);
  }

  /** cloud-init user-data (one `#cloud-config` part), for the user data attribute of any cloud's instance resource in this stack. */
  get userData(): string {
    return Lazy.stringValue({ produce: () => escapeTerraform(this.deployment._userData(this)) });
  }

  /** The same, gzipped and in base64: for attributes like `user_data_base64`, and where size is short (EC2: 16,384 bytes before base64). */
  get userDataBase64(): string {
    return Lazy.stringValue({ produce: () => this.deployment._userDataGzip(this).toString('base64') });
  }

  /** @internal Takes what a part asks for. */
  _add<L extends PartList>(
    list: L,
    intent: AskedHost[L] extends readonly (infer I)[] ? I & { readonly path: string } : never,
  ): void {
    const intents = this.parts.get(list) ?? [];
    this.parts.set(list, [...intents, intent]);
    this.deployment._changed();
  }

  /** @internal This host with all that was chosen for its parts, as far as the stack stands. */
  get _chosen(): HostIntents | undefined {
    return this.deployment._chosen(this);
  }

  /** @internal Address for Terraform's side, where it is a reference. */
  get _addressReference(): { readonly variable: string; readonly value: string } | undefined {
    if (!this.connection?.isReference) return undefined;
    return { variable: addressVariable(this.hostname), value: this.connection._props.address };
  }

  /** @internal Can a deploy reach the host? */
  get _isReachable(): boolean {
    return this.connection !== undefined;
  }

  /** @internal */
  get _intents(): AskedHost {
    const list = <L extends PartList>(name: L): AskedHost[L] =>
      (this.parts.get(name) ?? []) as unknown as AskedHost[L];
    return {
      path: this.node.path,
      name: this.hostname,
      platform: this.platform,
      hardware: this.hardware ?? null,
      connection: this.connectionPlan(),
      management: this.management,
      userDataPlatform: this.userDataPlatform,
      reboot: this.deployment._settings.reboot._policy,
      retired: this.retired,
      bootParameters: list('bootParameters'),
      iommus: list('iommus'),
      hugepagePools: list('hugepagePools'),
      cpuPartitions: list('cpuPartitions'),
      cpuRequests: list('cpuRequests'),
      hugepageRequests: list('hugepageRequests'),
      nicBindings: list('nicBindings'),
      openVSwitches: list('openVSwitches'),
      bridges: list('bridges'),
      dpdkPorts: list('dpdkPorts'),
    };
  }

  /** The connection, where all that it says can be read. */
  private checked(connection: Connection | undefined): Connection | undefined {
    if (!connection) return undefined;
    return readProps(this, connectionSchema, { connection: connection._props }) && connection;
  }

  private connectionPlan(): ConnectionPlan | null {
    if (!this.connection) return null;
    const { connection: defaults, reboot } = this.deployment._settings;
    const { address, ...own } = this.connection._props;
    const { user, port, identityFile, knownHostsFile } = { ...defaults, ...own };
    return {
      address: this.connection.isReference
        ? { environmentVariable: addressVariable(this.hostname) }
        : address,
      user: user ?? null,
      port: port ?? null,
      identityFile: identityFile ?? null,
      knownHostsFile: knownHostsFile ?? null,
      rebootTimeoutSeconds: reboot._timeoutSeconds,
    };
  }
}

function addressVariable(hostname: string): string {
  return `DATAPLANE_ADDRESS_${hostname.replaceAll('-', '_').toUpperCase()}`;
}

function defaultHostname(host: DataplaneHost): string {
  const stack = TerraformStack.of(host);
  const ids = host.node.scopes.slice(stack.node.scopes.length).map(({ node }) => node.id);
  if (ids.length > 1 && ids.at(-1)?.toLowerCase() === 'host') ids.pop();
  const path = ids.join('-');
  const name =
    path
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'host';
  if (name.length <= 63) return name;
  return `${name.slice(0, 54)}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`;
}
