import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdktf';
import { CompanyNetwork } from '../src/company-network';

/** What the company reviews in its merge requests: the plan of every host, and Terraform's part. */
function synthesize(): Record<string, unknown> {
  const outdir = mkdtempSync(join(tmpdir(), 'company-network-'));
  try {
    const app = new App({ outdir });
    new CompanyNetwork(app, 'company-network');
    app.synth();
    const read = (...path: string[]): unknown =>
      JSON.parse(readFileSync(join(outdir, 'stacks', 'company-network', ...path), 'utf8'));
    const terraform = read('cdk.tf.json') as { resource: unknown };
    return {
      berlin: read('dataplane', 'hosts', 'berlin', 'plan.json'),
      porto: read('dataplane', 'hosts', 'porto', 'plan.json'),
      resources: terraform.resource,
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

test('the plan of the network', () => {
  expect(synthesize()).toMatchSnapshot();
});
