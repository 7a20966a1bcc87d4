import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App, type ISynthesisSession, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import {
  type ArtifactFile,
  artifacts,
  findingsFiles,
  type FindingsReport,
  INDEX_PATH,
} from '../src/artifacts';
import type { FleetPlan } from '../src/plan/fleet-plan';

/**
 * cdktf calls `onSynthesize` of whatever a construct has under this key. The helper that sets it isn't exported from
 * its index; the symbol is registered globally.
 */
const CUSTOM_SYNTHESIS = Symbol.for('cdktf/customSynthesis');

/** Folder of the artifacts below the folder of the stack, which is where Terraform runs. */
export const ARTIFACTS_FOLDER = 'dataplane';

export interface DeploymentArtifactsProps {
  readonly plan: () => FleetPlan;
  readonly findings: () => FindingsReport;
}

/** Writes the artifacts of a stack beside its Terraform JSON. */
export class DeploymentArtifacts extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: DeploymentArtifactsProps,
  ) {
    super(scope, id);
    Object.defineProperty(this, CUSTOM_SYNTHESIS, {
      value: { onSynthesize: (session: ISynthesisSession) => this.write(session) },
    });
  }

  /**
   * cdktf stops at a refused plan before it comes to the artifacts, so what was found is written from the validation.
   * What an earlier synth left stays, as its Terraform JSON does; but not its index, which isn't true any more.
   */
  writeFindings(): void {
    const { root } = this.node;
    if (!App.isApp(root)) return;
    const folder = this.folder(root);
    rmSync(join(folder, INDEX_PATH), { force: true });
    writeFiles(folder, findingsFiles(this.props.findings()));
  }

  private write(session: ISynthesisSession): void {
    const folder = this.folder(session);
    rmSync(folder, { recursive: true, force: true });
    writeFiles(folder, artifacts(this.props.plan(), this.props.findings()));
  }

  /** `session`: of a synth; an app has the same members. */
  private folder({ outdir, manifest }: Pick<ISynthesisSession, 'outdir' | 'manifest'>): string {
    return join(outdir, manifest.forStack(TerraformStack.of(this)).workingDirectory, ARTIFACTS_FOLDER);
  }
}

function writeFiles(folder: string, files: Iterable<ArtifactFile>): void {
  const made = new Set<string>();
  for (const { path, content, executable } of files) {
    const file = join(folder, path);
    const parent = dirname(file);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    writeFileSync(file, content, { mode: executable ? 0o777 : 0o666 });
  }
}
