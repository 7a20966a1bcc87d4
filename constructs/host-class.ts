import type { Construct } from 'constructs';
import type { Platform } from '../src/platforms/platform';
import type { UserDataPlatform } from '../src/platforms/user-data-platform';
import type { SshDefaults } from './connection';
import type { CpuPartitionProps } from './cpu-partition';
import type { DataplaneHostProps } from './dataplane-host';
import { HostOfClass } from './host-of-class';
import type { HugepagePoolProps } from './hugepage-pool';
import type { IommuProps } from './iommu';
import type { NicRoleProps, NicRoles, NicsOfHost, RolesPerHost } from './nic-role';
import type { OpenVSwitchProps } from './open-vswitch';

/** Members of T that the shape doesn't have may not be there. */
type NoOthers<Shape, T> = { readonly [K in Exclude<keyof T, keyof Shape>]: never };

/**
 * What the hosts of a class have alike. Each member is a part, and a host has those that are said.
 *
 * The type parameters are read from what is given: the NICs' roles, the names of the pools, and whether there is an
 * Open vSwitch.
 */
export interface HostClassProps<
  N extends NicRoles | undefined,
  H extends string,
  O extends OpenVSwitchProps | undefined,
> {
  /** Distribution of the hosts. @default Platform.DEBIAN_13 */
  readonly platform?: Platform;
  /** How a deploy reaches them, but for the address; goes before what the Deployment says. @default what that says */
  readonly ssh?: SshDefaults;
  /** Where their user-data is handed over. @default none said */
  readonly userDataPlatform?: UserDataPlatform;
  /** The IOMMU: `{}`. @default none */
  readonly iommu?: IommuProps;
  /** Hugepage pools, each by a name: `{ dpdk: { perNode: { 0: 4, 1: 4 } } }`. @default none */
  readonly hugepages?: Readonly<Record<H, HugepagePoolProps>>;
  /** @default no CPU is set apart */
  readonly cpus?: CpuPartitionProps;
  /** Extra kernel arguments, in their order. @default none */
  readonly bootArguments?: readonly string[];
  /** NICs by what they are for: `{ uplink: NicRole.perHost() }`. @default none */
  readonly nics?: N;
  /** Open vSwitch with DPDK: `{}`. @default none */
  readonly openVSwitch?: O & NoOthers<OpenVSwitchProps, O>;
}

/**
 * In what one host differs from its class. What is said replaces what the class says, member by member within a part
 * (of a pool, `perNode` and `pages` are one); null takes the part off.
 */
export interface HostDeviations<
  N extends NicRoles | undefined = NicRoles | undefined,
  H extends string = string,
  O extends OpenVSwitchProps | undefined = OpenVSwitchProps | undefined,
> {
  readonly platform?: Platform;
  readonly ssh?: SshDefaults;
  readonly userDataPlatform?: UserDataPlatform;
  readonly iommu?: IommuProps | null;
  readonly hugepages?: { readonly [P in H]?: HugepagePoolProps | null };
  readonly cpus?: Partial<CpuPartitionProps> | null;
  /** All of them: `[...edge.props.bootArguments ?? [], 'quiet']` adds one. */
  readonly bootArguments?: readonly string[];
  /** Driver and device of a role; which NIC has it is said by the host's `nics`. */
  readonly nics?: { readonly [R in keyof N]?: NicRoleProps };
  readonly openVSwitch?: O extends undefined ? never : OpenVSwitchProps;
}

/** What each host says of itself. */
export type HostOfClassProps<
  N extends NicRoles | undefined = NicRoles | undefined,
  H extends string = string,
  O extends OpenVSwitchProps | undefined = OpenVSwitchProps | undefined,
> = Pick<DataplaneHostProps, 'hostname' | 'hardware' | 'management' | 'retired'> & {
  /** Where a deploy reaches the host: IP address, name, alias of `~/.ssh/config`, or Terraform reference. @default none: cloud-init alone brings the plan */
  readonly address?: string;
  /** In what this host differs from its class. @default in nothing */
  readonly deviations?: HostDeviations<N, H, O>;
} & ([RolesPerHost<N>] extends [never]
    ? {
        /** NICs by role, where they aren't those of the class. */
        readonly nics?: [keyof N] extends [never] ? never : NicsOfHost<N>;
      }
    : {
        /** NICs by role. */
        readonly nics: NicsOfHost<N>;
      });

/**
 * Many hosts that are nearly alike, described once. It is no construct: each host that it makes is a DataplaneHost with
 * the class's parts below it, to which further parts can be added as to any other.
 *
 *     const edge = new HostClass({
 *       iommu: {},
 *       hugepages: { dpdk: { perNode: { 0: 4, 1: 4 } } },
 *       nics: { uplink: NicRole.perHost({ device: '8086:1572' }) },
 *       openVSwitch: {},
 *     });
 *     edge.host(this, 'edge-1', { address: '192.0.2.11', nics: { uplink: '0000:3b:00.0' } });
 */
export class HostClass<
  N extends NicRoles | undefined = undefined,
  H extends string = never,
  O extends OpenVSwitchProps | undefined = undefined,
> {
  constructor(
    /** What the hosts have alike. */
    readonly props: HostClassProps<N, H, O>,
  ) {}

  /** A host of this class. */
  host(scope: Construct, id: string, props: HostOfClassProps<N, H, O>): HostOfClass<N, H, O> {
    return new HostOfClass(scope, id, { ...props, class: this });
  }
}

/** What a host of a class may say, for tables of hosts: `Record<string, HostPropsOf<typeof edge>>`. */
export type HostPropsOf<C> =
  C extends HostClass<infer N, infer H, infer O> ? HostOfClassProps<N, H, O> : never;

/** The hosts of a class, for whoever takes them: `function addTenants(host: HostOf<typeof edge>)`. */
export type HostOf<C> = C extends HostClass<infer N, infer H, infer O> ? HostOfClass<N, H, O> : never;
