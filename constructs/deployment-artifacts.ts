import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ISynthesisSession, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { artifacts } from '../src/artifacts';
import type { FleetPlan } from '../src/plan/fleet-plan';

/**
 * cdktf calls `onSynthesize` of whatever a construct has under this key. The helper that sets it isn't exported from
 * its index; the symbol is registered globally.
 */
const CUSTOM_SYNTHESIS = Symbol.for('cdktf/customSynthesis');

/** Folder of the artifacts below the folder of the stack, which is where Terraform runs. */
export const ARTIFACTS_FOLDER = 'dataplane';

/** Writes the artifacts of a stack beside its Terraform JSON. */
export class DeploymentArtifacts extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly plan: () => FleetPlan,
  ) {
    super(scope, id);
    Object.defineProperty(this, CUSTOM_SYNTHESIS, {
      value: { onSynthesize: (session: ISynthesisSession) => this.write(session) },
    });
  }

  private write(session: ISynthesisSession): void {
    const { workingDirectory } = session.manifest.forStack(TerraformStack.of(this));
    const folder = join(session.outdir, workingDirectory, ARTIFACTS_FOLDER);
    rmSync(folder, { recursive: true, force: true });
    const made = new Set<string>();
    for (const { path, content, executable } of artifacts(this.plan())) {
      const file = join(folder, path);
      const parent = dirname(file);
      if (!made.has(parent)) mkdirSync(parent, { recursive: true });
      made.add(parent);
      writeFileSync(file, content, { mode: executable ? 0o777 : 0o666 });
    }
  }
}
