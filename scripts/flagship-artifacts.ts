import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(__dirname, '..');

/** What a synth of the flagship example writes, by path below `dataplane/`; takes about two seconds, and no set-up but npm's. */
export function flagshipArtifacts(...paths: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'flagship-'));
  try {
    execFileSync(
      join(REPOSITORY, 'node_modules/.bin/tsx'),
      ['--tsconfig', join(REPOSITORY, 'tsconfig.json'), join(REPOSITORY, 'examples/srv6-two-sites/main.ts')],
      { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    return paths.map((path) =>
      readFileSync(join(folder, 'cdktf.out/stacks/two-sites/dataplane', path), 'utf8'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
