import { NullProvider } from '@cdktf/provider-null/lib/provider';
import { Resource } from '@cdktf/provider-null/lib/resource';
import {
  type LocalExecProvisioner,
  TerraformElement,
  TerraformProvider,
  TerraformResource,
  TerraformStack,
} from 'cdktf';
import type { Construct } from 'constructs';
import { agentDigest } from '../src/artifacts';
import type { DataplaneHost } from './dataplane-host';
import type { Deployment } from './deployment';
import { ARTIFACTS_FOLDER } from './deployment-artifacts';

const ANSIBLE_FOLDER = `${ARTIFACTS_FOLDER}/ansible`;

/**
 * A stack has one default null provider: its own, whenever it makes one, or else this. An aliased one is none: our
 * resources don't name it.
 */
export class DefaultNullProvider extends NullProvider {
  override toTerraform(): Record<string, unknown> {
    return this.isWanted() ? (super.toTerraform() as Record<string, unknown>) : {};
  }

  override toHclTerraform(): Record<string, unknown> {
    return this.isWanted() ? (super.toHclTerraform() as Record<string, unknown>) : {};
  }

  private isWanted(): boolean {
    return !TerraformStack.of(this)
      .node.findAll()
      .some(
        (other) =>
          other !== this &&
          TerraformProvider.isTerraformProvider(other) &&
          other.terraformResourceType === 'null' &&
          other.alias === undefined,
      );
  }
}

/** Terraform's name of a host's resources: it may not begin with a digit. A host name has no underscore. */
function resourceName(hostname: string): string {
  return /^[0-9]/.test(hostname) ? `host_${hostname}` : hostname;
}

function playbook(name: string, hostname: string, environment: Record<string, string>): LocalExecProvisioner {
  return {
    type: 'local-exec',
    // The host name is of letters, digits and hyphens only: nothing in it that a shell would read.
    command: `ansible-playbook --inventory ${ANSIBLE_FOLDER}/inventory.yaml ${ANSIBLE_FOLDER}/${name}.yaml --limit ${hostname}`,
    environment: {
      ANSIBLE_CONFIG: `${ANSIBLE_FOLDER}/ansible.cfg`,
      ANSIBLE_FORCE_COLOR: '0',
      ...environment,
    },
  };
}

export interface HostResourceProps {
  readonly host: DataplaneHost;
  readonly undo: () => UndoResource | undefined;
  readonly deployment: Deployment;
}

/**
 * The host in Terraform's plan: its triggers are the digests of the stages, so that `cdktf diff` says which host is
 * touched, and in which stage.
 */
export class HostResource extends Resource {
  private readonly hostname: string;
  private readonly deployment: Deployment;
  private readonly undo: () => UndoResource | undefined;

  constructor(scope: Construct, id: string, { host, undo, deployment }: HostResourceProps) {
    const address = host._addressReference;
    super(scope, id, {
      provisioners: host._isReachable
        ? [playbook('site', host.hostname, address ? { [address.variable]: address.value } : {})]
        : undefined,
    });
    this.hostname = host.hostname;
    this.deployment = deployment;
    this.undo = undo;
    this.overrideLogicalId(resourceName(host.hostname));
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { triggers: this.stageTriggers() };
  }

  protected override synthesizeHclAttributes(): Record<string, unknown> {
    return {
      triggers: { value: this.stageTriggers(), isBlock: false, type: 'map', storageClassType: 'stringMap' },
    };
  }

  override get terraformMetaArguments(): Record<string, unknown> {
    const barrier = RolloutBarriers.before(this.hostname, this.deployment._plan().batches);
    const undo = this.undo();
    return withDependencies(super.terraformMetaArguments, [
      undo?.isWanted ? undo.address : undefined,
      barrier,
    ]);
  }

  private stageTriggers(): Record<string, string> {
    const plan = this.deployment._plannedHost(this.hostname)?.plan;
    if (!plan) return {};
    return { agent: agentDigest(), ...plan.digests, retired: `${plan.retired}` };
  }
}

function withDependencies(
  metaArguments: Record<string, unknown>,
  dependencies: readonly (string | undefined)[],
): Record<string, unknown> {
  const own = (metaArguments.dependsOn as string[] | undefined) ?? [];
  const dependsOn = [...own, ...dependencies.filter((dependency) => dependency !== undefined)];
  return { ...metaArguments, dependsOn: dependsOn.length > 0 ? dependsOn : undefined };
}

/** One barrier between two batches, and not an edge from each host to each host of the batch before. */
export class RolloutBarriers extends TerraformElement {
  /** The barrier that a host waits for; undefined in the first batch. */
  static before(hostname: string, batches: readonly (readonly string[])[]): string | undefined {
    const index = batchIndex(batches).get(hostname) ?? 0;
    return index === 0 ? undefined : `null_resource.${barrierName(index)}`;
  }

  private readonly batches: () => readonly (readonly string[])[];

  constructor(scope: Construct, id: string, batches: () => readonly (readonly string[])[]) {
    super(scope, id);
    this.batches = batches;
  }

  override toTerraform(): Record<string, unknown> {
    const barriers = this.batches()
      .slice(0, -1)
      .map((hosts, index): [string, unknown] => [
        barrierName(index + 1),
        { depends_on: hosts.map((hostname) => `null_resource.${resourceName(hostname)}`) },
      ]);
    return barriers.length === 0
      ? {}
      : { resource: { null_resource: Object.fromEntries<unknown>(barriers) } };
  }

  /** For `cdktf synth --hcl`, where resources stand as they do in JSON. */
  override toHclTerraform(): Record<string, unknown> {
    return this.toTerraform();
  }
}

function barrierName(batch: number): string {
  return `dataplane_batch_${batch}_done`;
}

const indexes = new WeakMap<object, ReadonlyMap<string, number>>();

function batchIndex(batches: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  const known = indexes.get(batches);
  if (known) return known;
  const index = new Map(
    batches.flatMap((hosts, batch) => hosts.map((hostname) => [hostname, batch] as const)),
  );
  indexes.set(batches, index);
  return index;
}

export interface UndoResourceProps {
  readonly host: DataplaneHost;
  readonly deployment: Deployment;
  readonly isWanted: () => boolean;
}

/**
 * Undoes a host when it is destroyed. It is a resource of its own that nothing replaces, because a destroy-time
 * provisioner also runs at each replacement; and it carries its own input, because it may read nothing else.
 */
export class UndoResource extends TerraformResource {
  private readonly hostname: string;
  private readonly addressReference: { readonly variable: string; readonly value: string } | undefined;
  private readonly deployment: Deployment;
  private readonly wanted: () => boolean;

  constructor(scope: Construct, id: string, { host, deployment, isWanted }: UndoResourceProps) {
    const address = host._addressReference;
    super(scope, id, {
      terraformResourceType: 'terraform_data',
      terraformGeneratorMetadata: { providerName: 'terraform' },
      provisioners: [
        {
          ...playbook('undo', host.hostname, address ? { [address.variable]: '${self.input.address}' } : {}),
          when: 'destroy',
        },
      ],
    });
    this.hostname = host.hostname;
    this.addressReference = address;
    this.deployment = deployment;
    this.wanted = isWanted;
    this.overrideLogicalId(`${resourceName(host.hostname)}-undo`);
  }

  /** As `depends_on` takes it; `fqn` is an interpolation, which Terraform refuses there. */
  get address(): string {
    return `terraform_data.${this.friendlyUniqueId}`;
  }

  get isWanted(): boolean {
    return this.wanted();
  }

  /** Destroyed before the batch that the host's own waits for: undone in the reverse order. */
  override get terraformMetaArguments(): Record<string, unknown> {
    const barrier = RolloutBarriers.before(this.hostname, this.deployment._plan().batches);
    return withDependencies(super.terraformMetaArguments, [barrier]);
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { input: this.input };
  }

  protected override synthesizeHclAttributes(): Record<string, unknown> {
    return { input: { value: this.input, isBlock: false, type: 'map', storageClassType: 'stringMap' } };
  }

  private get input(): Record<string, string> {
    return { host: this.hostname, ...(this.addressReference && { address: this.addressReference.value }) };
  }

  override toTerraform(): Record<string, unknown> {
    return this.isWanted ? (super.toTerraform() as Record<string, unknown>) : {};
  }
}
