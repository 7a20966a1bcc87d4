import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { agentBundle, agentDigest, fullAgentBundle } from '../../src/artifacts';
import { ask } from '../tools';

const PROJECT = join(__dirname, '..', '..');

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-bundle-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function names(bundle: Buffer): string[] {
  return Object.keys(unzipSync(bundle.subarray(bundle.indexOf('\n') + 1)));
}

describe('the agent as one file', () => {
  test('is a program', () => {
    const file = join(directory, 'dataplane-host');
    writeFileSync(file, fullAgentBundle(), { mode: 0o755 });
    expect(ask(file, ['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('needs-reboot') as string,
    });
  });

  test('has the core and the chosen modules, and no other', () => {
    const core = names(agentBundle([]));
    expect(core).toEqual(expect.arrayContaining(['__main__.py', 'dataplane_host/engine.py']));
    expect(core).not.toContain('dataplane_host/network.py');
    expect(names(agentBundle(['network', 'boot', 'network']))).toEqual(
      expect.arrayContaining([...core, 'dataplane_host/boot.py', 'dataplane_host/network.py']),
    );
    expect(names(agentBundle(['network', 'boot', 'network']))).toHaveLength(core.length + 2);
  });

  test('a bundle without a module that the plan needs says so', () => {
    const bundle = join(directory, 'dataplane-host');
    writeFileSync(bundle, agentBundle([]));
    const stages = {
      packages: { packages: [] },
      boot: { arguments: [], modules: [] },
      devices: { hugepages: [], nics: [] },
      dataplane: { openVSwitch: null },
      network: { sysctls: {}, links: [], routes: [], neighbours: [], flows: [] },
    };
    const plan = join(directory, 'plan.json');
    writeFileSync(plan, JSON.stringify({ version: 1, retired: false, agentModules: ['network'], stages }));
    const root = join(directory, 'root');
    mkdirSync(root);
    const { stderr } = ask('python3', [bundle, 'plan', '--plan', plan, '--root', root]);
    expect(stderr).toMatch(/lacks .*network.*full bundle/);
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
