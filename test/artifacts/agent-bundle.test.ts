import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { agentDigest, fullAgentBundle, installedAgentProgram } from '../../src/artifacts';
import { ask } from '../tools';

const PROJECT = join(__dirname, '..', '..');

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-bundle-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the agent as one file', () => {
  test('is a program', () => {
    const file = join(directory, 'dataplane-host');
    writeFileSync(file, fullAgentBundle(), { mode: 0o755 });
    expect(ask(file, ['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('needs-reboot') as string,
    });
  });

  test('carries the installed edition, which is what user-data unpacks to', () => {
    const program = join(directory, 'dataplane-host');
    writeFileSync(program, installedAgentProgram(), { mode: 0o755 });
    const help = ask(program, ['--help']);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('needs-reboot') as string });
    const unpacked = readFileSync(program);
    const carried = unzipSync(fullAgentBundle().subarray(19))['dataplane_host/installed'];
    expect(unpacked.equals(carried ?? Buffer.of())).toBe(true);
    expect(statSync(program).mode & 0o777).toBe(0o755);
    expect(readdirSync(directory)).toEqual(['dataplane-host']);
    // It is the program now: the second run starts at once.
    expect(ask(program, ['--help'])).toEqual(help);
  });

  test('a command that the installed edition has not says how to get it', () => {
    const program = join(directory, 'dataplane-host');
    writeFileSync(program, installedAgentProgram(), { mode: 0o755 });
    for (const command of ['inspect', 'guard', 'plan']) {
      const { code, stderr } = ask(program, [command]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/agent\/dataplane-host/);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  test('is the same in every time zone, in every process', () => {
    const program =
      "const { agentDigest, fullAgentBundle } = require('./src/artifacts');" +
      "console.log(require('crypto').createHash('sha256').update(fullAgentBundle()).digest('hex'), agentDigest())";
    const run = (zone: string) =>
      ask(process.execPath, ['--import', 'tsx', '-e', program], { cwd: PROJECT, env: { TZ: zone } }).stdout;
    const first = run('Pacific/Kiritimati');
    expect(first).toContain(agentDigest());
    expect(run('America/Los_Angeles')).toBe(first);
  }, 30_000);
});
