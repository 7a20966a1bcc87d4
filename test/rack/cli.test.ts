import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type RunResult } from './process';
import { recipeFor, recipeKey } from './recipe';
import { TOPOLOGIES } from './topology';

const cache = mkdtempSync(join(tmpdir(), 'rack-cli-'));
afterAll(() => rmSync(cache, { recursive: true }));

const cli = (...words: readonly string[]): Promise<RunResult> =>
  run(process.execPath, ['--require', 'tsx/cjs', join(__dirname, 'cli.ts'), ...words], {
    environment: { ...process.env, XDG_CACHE_HOME: cache },
  });

test('--help names every topology', async () => {
  const { stdout, exitCode } = await cli('--help');
  expect(exitCode).toBe(0);
  for (const { name, description } of TOPOLOGIES)
    expect(stdout).toContain(`  ${name.padEnd(24)}  ${description}\n`);
});

test.each([
  [[], 2, 'rack: a command is missing\nsee "npx tsx test/rack/cli.ts --help"\n'],
  [['fly'], 2, 'rack: there is no command "fly"\n'],
  [['up'], 2, 'rack: usage: up TOPOLOGY\n'],
  [
    ['up', 'two-sites', '--release', 'sid'],
    2,
    'rack: there is no image of release "sid"; there are: trixie, bookworm\n',
  ],
  [['image', '--fast'], 2, "rack: Unknown option '--fast'"],
  [['up', 'nowhere'], 1, 'rack: there is no topology "nowhere"; there are: two-sites, single\n'],
  [['ssh', 'east', 'ls', '--all'], 1, 'rack: no rack is up; start one with "up two-sites"\n'],
  [['down', 'two-sites-000000'], 1, 'rack: there is no run "two-sites-000000"; see "status"\n'],
])('%j ends with exit code %i and says why, without a stack trace', async (words, exitCode, message) => {
  const result = await cli(...words);
  expect(result.stderr).toContain(message);
  expect(result.stderr).not.toContain('    at ');
  expect(result).toMatchObject({ exitCode, stdout: '' });
});

test('clean keeps the image that is in use and a build that is going on', async () => {
  const wanted = recipeKey(recipeFor('trixie'));
  const images = join(cache, 'cdktf-dataplane/rack/images');
  for (const name of [wanted, `${wanted}.Ab3dEf`, 'trixie-000000000000'])
    mkdirSync(join(images, name), { recursive: true });
  const { stdout, exitCode } = await cli('clean');
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`removed ${join(images, 'trixie-000000000000')}\n`);
  expect(existsSync(join(images, wanted))).toBe(true);
  expect((await cli('status')).stdout).toContain(`image ${wanted}: ${join(images, wanted)}\n`);
});
