import { Construct } from 'constructs';
import { BootParameters } from './boot-parameters';
import { Connection, type SshDefaults } from './connection';
import { CpuPartition, type CpuPartitionProps } from './cpu-partition';
import { DataplaneHost, type DataplaneHostProps } from './dataplane-host';
import type { HostClass, HostClassProps, HostDeviations, HostOfClassProps } from './host-class';
import { HugepagePool, type HugepagePoolProps } from './hugepage-pool';
import { Iommu } from './iommu';
import { NicBinding } from './nic-binding';
import { NicRole, type NicChoice, type NicRoleProps, type NicRoles } from './nic-role';
import { OpenVSwitch, type OpenVSwitchProps } from './open-vswitch';
import { anything, instance, object, readProps } from './props';

type Props<
  N extends NicRoles | undefined,
  H extends string,
  O extends OpenVSwitchProps | undefined,
> = HostOfClassProps<N, H, O> & { readonly class: HostClass<N, H, O> };

/** As a user of JavaScript, or of a table of hosts, may give them: nobody has looked at them. */
type AnyClass = HostClassProps<NicRoles | undefined, string, OpenVSwitchProps | undefined>;
type AnyDeviations = HostDeviations<NicRoles> & { readonly openVSwitch?: OpenVSwitchProps };
type AnyProps = Pick<DataplaneHostProps, 'hostname' | 'hardware' | 'management' | 'retired'> & {
  readonly address?: string;
  readonly nics?: Readonly<Record<string, NicChoice | undefined>>;
  readonly deviations?: AnyDeviations;
};

/** A host that a HostClass makes, with its parts by the class's names. */
export class HostOfClass<
  N extends NicRoles | undefined = NicRoles | undefined,
  H extends string = string,
  O extends OpenVSwitchProps | undefined = OpenVSwitchProps | undefined,
> extends DataplaneHost {
  /** The NICs by their roles, of a class that has some. */
  readonly nics: { readonly [R in keyof N]: NicBinding };
  /** Of a class that has one. */
  readonly openVSwitch: O extends undefined ? undefined : OpenVSwitch;

  /** @internal made by HostClass.host */
  constructor(scope: Construct, id: string, { class: hostClass, ...given }: Props<N, H, O>) {
    const all: AnyClass = hostClass.props;
    const own: AnyProps = given;
    const deviations: AnyDeviations = isObject(own.deviations) ? own.deviations : {};
    super(scope, id, {
      platform: deviations.platform ?? all.platform,
      userDataPlatform: deviations.userDataPlatform ?? all.userDataPlatform,
      hostname: own.hostname,
      hardware: own.hardware,
      management: own.management,
      retired: own.retired,
      connection: connection(own.address, { ...all.ssh, ...deviations.ssh }),
    });
    readProps(this, membersOf(all), { ...own, class: all });
    this.addParts(all, deviations);
    this.nics = this.addNics(all, own, deviations) as HostOfClass<N, H, O>['nics'];
    const openVSwitch =
      all.openVSwitch && new OpenVSwitch(this, 'ovs', { ...all.openVSwitch, ...deviations.openVSwitch });
    this.openVSwitch = openVSwitch as HostOfClass<N, H, O>['openVSwitch'];
  }

  private addParts(all: AnyClass, deviations: AnyDeviations): void {
    const iommu = merged(all.iommu, deviations.iommu);
    if (iommu) new Iommu(this, 'iommu', iommu);
    const cpus = merged<Partial<CpuPartitionProps>>(all.cpus, deviations.cpus);
    if (cpus) new CpuPartition(this, 'cpus', cpus as CpuPartitionProps);
    const bootArguments = deviations.bootArguments ?? all.bootArguments;
    if (bootArguments) new BootParameters(this, 'boot-arguments', { arguments: bootArguments });
    const pools = Object.entries(all.hugepages ?? {});
    if (pools.length === 0) return;
    const scope = new Construct(this, 'hugepages');
    const own: Readonly<Record<string, HugepagePoolProps | null | undefined>> = deviations.hugepages ?? {};
    for (const [name, pool] of pools) {
      const props = mergedPool(pool, own[name]);
      if (props) new HugepagePool(scope, name, props);
    }
  }

  private addNics(
    all: AnyClass,
    own: AnyProps,
    deviations: AnyDeviations,
  ): Record<string, NicBinding> | undefined {
    if (all.nics === undefined) return undefined;
    const roles = Object.entries(all.nics).filter(([, role]) => NicRole.isNicRole(role));
    const scope = new Construct(this, 'nics');
    const differing: Readonly<Record<string, NicRoleProps | undefined>> = deviations.nics ?? {};
    return Object.fromEntries(
      roles.map(([name, role]) => {
        const nic = own.nics?.[name] ?? role._nic;
        // Where nobody says which NIC it is, the binding does.
        const props = { ...role._props, ...differing[name], nic: nic as NicChoice };
        return [name, new NicBinding(scope, name, props)] as const;
      }),
    );
  }
}

/** What the class has and can be said of it; the parts read their own props. */
function membersOf(all: AnyClass) {
  const keys = (members: object | undefined) =>
    object(Object.fromEntries(Object.keys(members ?? {}).map((name) => [name, anything()]))).optional();
  const isRole = instance<NicRole>('NicRole.perHost() or NicRole.at(…)', NicRole.isNicRole);
  const parts = {
    platform: anything(),
    ssh: anything(),
    userDataPlatform: anything(),
    iommu: anything(),
    cpus: anything(),
    bootArguments: anything(),
  };
  return object({
    hostname: anything(),
    hardware: anything(),
    management: anything(),
    retired: anything(),
    address: anything(),
    nics: keys(all.nics),
    deviations: object({
      ...parts,
      hugepages: keys(all.hugepages),
      nics: keys(all.nics),
      ...(all.openVSwitch && { openVSwitch: anything() }),
    }).optional(),
    class: object({
      ...parts,
      hugepages: anything(),
      openVSwitch: anything(),
      nics: object(Object.fromEntries(Object.keys(all.nics ?? {}).map((name) => [name, isRole]))).optional(),
    }),
  });
}

function connection(address: string | undefined, ssh: SshDefaults): Connection | undefined {
  return address === undefined ? undefined : Connection.ssh({ ...ssh, address });
}

function merged<T extends object>(all: T | undefined, own: T | null | undefined): T | undefined {
  return own === null ? undefined : own === undefined ? all : { ...all, ...own };
}

/** `perNode` and `pages` are two ways to say the same. */
function mergedPool(
  all: HugepagePoolProps,
  own: HugepagePoolProps | null | undefined,
): HugepagePoolProps | undefined {
  if (own === null) return undefined;
  const saysPages = own?.perNode !== undefined || own?.pages !== undefined;
  const { perNode, pages, ...rest } = all;
  return { ...rest, ...(saysPages ? {} : { perNode, pages }), ...own };
}

function isObject(x: unknown): x is object {
  return typeof x === 'object' && x !== null;
}
