import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(__dirname, '../../..');

function plans(app: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'edge-pair-'));
  try {
    const tsx = join(REPOSITORY, 'node_modules/.bin/tsx');
    const words = ['--tsconfig', join(REPOSITORY, 'tsconfig.json'), join(REPOSITORY, app)];
    execFileSync(tsx, words, { cwd: folder, stdio: 'ignore', env: { ...process.env, EDGE_PAIR: '{}' } });
    const hosts = join(folder, 'cdktf.out/stacks/two-sites/dataplane/hosts');
    return ['east', 'west'].map((host) => readFileSync(join(hosts, host, 'plan.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('with nothing changed, the stack of the rack tests is the flagship example', () => {
  expect(plans('test/rack/stacks/edge-pair.ts')).toEqual(plans('examples/srv6-two-sites/main.ts'));
});
