import { AnnotationMetadataEntryType, TerraformStack } from 'cdktf';
import { Construct, type IConstruct } from 'constructs';
import type { FleetPlan, PlannedHost } from '../src/plan/fleet-plan';
import { chooseParts } from '../src/plan/choose';
import type { FleetIntents, HostIntents, TunnelIntent } from '../src/plan/intents';
import { planFleet } from '../src/plan/planner';
import { tunnelEnds } from '../src/plan/tunnels';
import {
  acknowledge,
  checkFleet,
  formatFinding,
  NICS_SELECTION_RULE,
  PROPS_RULE,
  sortFindings,
  type Acknowledgement,
  type Finding,
} from '../src/rules';
import { cloudInit, gzipUserData, userDataFindings, type FindingsReport } from '../src/artifacts';
import { sshDefaultsSchema, type SshDefaults } from './connection';
import type { DataplaneHost } from './dataplane-host';
import { OnDestroy, Reboot, Rollout } from './deployment-policy';
import { DeploymentArtifacts } from './deployment-artifacts';
import { DefaultNullProvider, HostResource, RolloutBarriers, UndoResource } from './deployment-resources';
import { Findings } from './findings';
import { ValueError } from '../src/values/value-error';
import { choice, leaf, object, readProps } from './props';
import { hideStackTraceOfRefusal } from './refused-synth';
import { sourceOf, sourceRoot } from './source-location';

export interface DeploymentProps {
  /** SSH settings of all hosts; a host's own Connection goes before. @default what ssh's own configuration says */
  readonly connection?: SshDefaults;
  /** May a deploy reboot running hosts? @default Reboot.never() */
  readonly reboot?: Reboot;
  /** How many hosts are touched at a time. @default Rollout.atOnce(), where the ends of a tunnel still follow each other */
  readonly rollout?: Rollout;
  /** What `cdktf destroy` does to the hosts. @default OnDestroy.LEAVE */
  readonly onDestroy?: OnDestroy;
}

const NAME = 'Dataplane Deployment';
const ROLLOUT = 'Rollout.oneByOne(), Rollout.inBatchesOf(n) or Rollout.atOnce()';

const schema = object({
  connection: sshDefaultsSchema.optional(),
  reboot: leaf<Reboot, Reboot>('Reboot.whenNeeded() or Reboot.never()', readReboot).optional(),
  rollout: leaf<Rollout, Rollout>(ROLLOUT, readRollout).optional(),
  onDestroy: choice('OnDestroy', OnDestroy).optional(),
});

type Settings = Required<DeploymentProps>;

/**
 * How the hosts of a stack are deployed: one a stack, made on first use, with one Terraform resource a host.
 * `Deployment.of(stack).configure({ … })` says what is to differ from the defaults.
 */
export class Deployment extends Construct {
  /** The deployment of the stack that a construct is in. */
  static of(scope: IConstruct): Deployment {
    const stack = TerraformStack.of(scope);
    return (stack.node.tryFindChild(NAME) as Deployment | undefined) ?? new Deployment(stack);
  }

  private settings: Settings = {
    connection: {},
    reboot: Reboot.never(),
    rollout: Rollout.atOnce(),
    onDestroy: OnDestroy.LEAVE,
  };
  private readonly hosts: DataplaneHost[] = [];
  private readonly undos = new Map<DataplaneHost, UndoResource>();
  private readonly tunnels: TunnelIntent[] = [];
  private planned:
    | {
        readonly fleet: FleetIntents;
        readonly plan: FleetPlan;
        readonly byName: ReadonlyMap<string, PlannedHost>;
        readonly findings: () => readonly Finding[];
      }
    | undefined;
  private readonly acknowledgements: Acknowledgement[] = [];
  private readonly artifacts: DeploymentArtifacts;
  private readonly warned = new Set<string>();

  private constructor(stack: TerraformStack) {
    super(stack, NAME);
    new DefaultNullProvider(this, 'NullProvider');
    new RolloutBarriers(this, 'Barriers', () => this._plan().batches);
    this.artifacts = new DeploymentArtifacts(this, 'Artifacts', {
      plan: () => {
        this.warn();
        return this._plan();
      },
      findings: () => this.findingsReport(),
    });
    this.node.addValidation({ validate: () => this.errors() });
  }

  /** Sets what is given; the rest stays as it is. */
  configure(props: DeploymentProps): void {
    const read = readProps(this, schema, props);
    if (!read) return;
    this.settings = { ...this.settings, ...definedOnly(read) };
    this._changed();
    for (const host of this.hosts) this.addUndo(host);
  }

  /** Everything that was found in the plan of the stack: errors, warnings and notes, acknowledged ones as well. */
  findings(): readonly Finding[] {
    const ofProps = Findings.of(this).below(TerraformStack.of(this));
    const findings = [...ofProps, ...this.current().findings()];
    // A construct whose props can't be read, or whose NIC can't be found, asks for nothing, so nobody knows what else would be found there.
    const canBeStale = !ofProps.some(({ rule }) => rule === PROPS_RULE.id || rule === NICS_SELECTION_RULE.id);
    return sortFindings(acknowledge(findings, this.acknowledgements, canBeStale));
  }

  /** @internal */
  get _settings(): Settings {
    return this.settings;
  }

  /** @internal The plan of the whole stack, made once for each state of the tree. */
  _plan(): FleetPlan {
    return this.current().plan;
  }

  /** @internal */
  _plannedHost(name: string): PlannedHost | undefined {
    return this.current().byName.get(name);
  }

  /** @internal A host with all that was chosen, as far as the stack stands. */
  _chosen({ node: { path } }: DataplaneHost): HostIntents | undefined {
    return this.current().fleet.hosts.find((host) => host.path === path);
  }

  /** @internal */
  _addHost(host: DataplaneHost): void {
    this.hosts.push(host);
    this._changed();
    this.addUndo(host);
    new HostResource(host, 'Resource', { host, undo: () => this.undos.get(host), deployment: this });
  }

  /** Only where it is asked for: most stacks have none, and cdktf works for each element it has. */
  private addUndo(host: DataplaneHost): void {
    const isWanted = () => this.settings.onDestroy === OnDestroy.UNDO && host._isReachable;
    if (!isWanted() || this.undos.has(host)) return;
    this.undos.set(host, new UndoResource(host, 'Undo', { host, deployment: this, isWanted }));
  }

  /** @internal */
  _addTunnel(tunnel: TunnelIntent): void {
    this.tunnels.push(tunnel);
    this._changed();
  }

  /** @internal */
  _acknowledge(acknowledgement: Acknowledgement): void {
    this.acknowledgements.push(acknowledgement);
  }

  /** @internal What was planned before is out of date. */
  _changed(): void {
    this.planned = undefined;
  }

  /** @internal */
  _userData(host: DataplaneHost): string {
    const planned = this._plannedHost(host.hostname);
    return planned ? cloudInit(planned).userData : '';
  }

  /** @internal */
  _userDataGzip(host: DataplaneHost): Buffer {
    return gzipUserData(this._userData(host));
  }

  private current(): NonNullable<Deployment['planned']> {
    if (!this.planned) {
      const fleet: FleetIntents = {
        hosts: this.hosts.map((host) => chooseParts(host._intents)),
        tunnels: this.tunnels,
        batchSize: this.settings.rollout._batchSize,
      };
      const ends = tunnelEnds(fleet);
      const plan = planFleet(fleet, ends);
      let findings: readonly Finding[] | undefined;
      this.planned = {
        fleet,
        plan,
        byName: new Map(plan.hosts.map((host) => [host.plan.host.name, host])),
        findings: () =>
          (findings ??= [...checkFleet(fleet, plan, ends), ...userDataFindings(plan, fleet.hosts)]),
      };
    }
    return this.planned;
  }

  private errors(): string[] {
    const errors = this.findings().filter(({ severity }) => severity === 'error');
    if (errors.length > 0) {
      hideStackTraceOfRefusal();
      this.artifacts.writeFindings();
    }
    return errors.map((finding) => `\n${formatFinding(finding)}\n`);
  }

  private findingsReport(): FindingsReport {
    const root = sourceRoot();
    return {
      stack: TerraformStack.of(this).node.id,
      findings: this.findings(),
      sourceOf: (path) => {
        const construct = constructAt(this.node.root, path);
        return construct && sourceOf(construct, root);
      },
    };
  }

  /** Warnings become annotations of the construct that they are about, once however often the stack is synthesized. */
  private warn(): void {
    const warnings = this.findings().filter(
      ({ severity, acknowledgement }) => severity === 'warning' && !acknowledgement,
    );
    for (const finding of warnings) {
      const message = formatFinding(finding);
      if (this.warned.has(message)) continue;
      this.warned.add(message);
      const about = constructAt(this.node.root, finding.path) ?? this;
      // As Annotations.addWarning, but without its stack trace, which would name this line: no CLI shows it.
      about.node.addMetadata(AnnotationMetadataEntryType.WARN, message);
    }
  }
}

/** The construct of a path, found by its ids from the root, which has none in an app. */
function constructAt(root: IConstruct, path: string): IConstruct | undefined {
  const ids = path.split('/');
  if (root.node.id !== '' && ids.shift() !== root.node.id) return undefined;
  return ids.reduce<IConstruct | undefined>((scope, id) => scope?.node.tryFindChild(id), root);
}

function readReboot(input: unknown): Reboot {
  if (!(input instanceof Object && '_timeoutSeconds' in input)) {
    throw new ValueError('Reboot.whenNeeded() or Reboot.never()', input);
  }
  const { _timeoutSeconds: seconds } = input;
  if (typeof seconds === 'number' && seconds >= 60 && seconds <= 7200 && Number.isInteger(seconds)) {
    return input as Reboot;
  }
  throw new ValueError(
    'Reboot.whenNeeded({ timeoutSeconds }) with whole seconds from 60 to 7200',
    seconds,
    'this is its timeoutSeconds',
  );
}

function readRollout(input: unknown): Rollout {
  if (!(input instanceof Object && '_batchSize' in input)) throw new ValueError(ROLLOUT, input);
  const { _batchSize: size } = input;
  if (size === undefined || (typeof size === 'number' && size >= 1 && Number.isInteger(size))) {
    return input as Rollout;
  }
  throw new ValueError(
    'Rollout.inBatchesOf(n) with a whole number of 1 or more',
    size,
    'this is the size of its batches',
  );
}

function definedOnly<T extends object>(record: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(record).filter(([, member]) => member !== undefined),
  ) as Partial<T>;
}
