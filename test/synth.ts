import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, TerraformStack } from 'cdktf';
import { Deployment, type Finding } from '../constructs';
import type { FleetPlan } from '../src/plan/fleet-plan';

/** What a stack gives: its plan, what is wrong with it, and what was written. */
export interface Synthesized {
  readonly plan: FleetPlan;
  readonly findings: readonly Finding[];
  /** Terraform JSON of the stack. */
  readonly terraform: Record<string, unknown>;
  /** Text of an artifact, by its path below `dataplane/`. */
  artifact(path: string): string;
}

/** Builds a stack and synthesizes it as `cdktf synth` does, into a folder that is gone afterwards. */
export function synthesize(build: (stack: TerraformStack) => void, stackId = 'stack'): Synthesized {
  const outdir = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-'));
  try {
    const app = new App({ outdir, skipValidation: true });
    const stack = new TerraformStack(app, stackId);
    build(stack);
    app.synth();
    const folder = join(outdir, 'stacks', stackId);
    const deployment = Deployment.of(stack);
    const files = new Map<string, string>();
    const indexText = readFileSync(join(folder, 'dataplane', 'index.json'), 'utf8');
    const index = JSON.parse(indexText) as { files: { path: string }[] };
    files.set('index.json', indexText);
    for (const { path } of index.files)
      files.set(path, readFileSync(join(folder, 'dataplane', path), 'utf8'));
    return {
      plan: deployment._plan(),
      findings: deployment.findings(),
      terraform: JSON.parse(readFileSync(join(folder, 'cdk.tf.json'), 'utf8')) as Record<string, unknown>,
      artifact(path) {
        const content = files.get(path);
        if (content === undefined)
          throw new Error(`no artifact ${path}; there are ${[...files.keys()].join(', ')}`);
        return content;
      },
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
