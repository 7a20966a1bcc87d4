import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(__dirname, '../..');

describe('a refused plan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'refused-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(words: readonly string[], environment: Readonly<Record<string, string>>) {
    return spawnSync(
      join(REPOSITORY, 'node_modules/.bin/tsx'),
      [join(REPOSITORY, 'test/constructs/refused-app.ts'), ...words],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, ...environment } },
    );
  }

  it('is shown by its findings, without a stack trace, under the command line of cdktf', () => {
    const { status, stderr } = run([], { CDKTF_OUTDIR: join(folder, 'out') });
    expect(status).toBe(1);
    expect(stderr).toContain('error props/invalid  refused/east/uplink');
    expect(stderr).toContain("nic is '0000:3b:0x.0'");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toContain('node_modules');
  });

  it('is not what hides a fault of the app itself', () => {
    const { status, stderr } = run(['broken'], { CDKTF_OUTDIR: join(folder, 'out') });
    expect(status).toBe(1);
    expect(stderr).toMatch(/TypeError: a fault of the app itself\n\s+at /);
  });
});
