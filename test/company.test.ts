/**
 * A company uses the library as it comes from a registry: packed, installed in a project of its own outside this
 * repository (test/company is its source), wrapped in the company's construct, and reviewed by snapshots of the plan.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ask } from './tools';

const REPOSITORY = join(__dirname, '..');
const SNAPSHOT = join('test', '__snapshots__', 'plan.test.ts.snap');
const MINUTE = 60_000;

describe('a company', () => {
  let place: string;
  /** The same project on two machines: another path, of another depth. */
  let here: string;
  let elsewhere: string;

  const call = (cwd: string, command: string, ...args: string[]): string => {
    const answer = ask(command, args, {
      cwd,
      env: { NODE_OPTIONS: undefined, npm_config_loglevel: 'error' },
    });
    if (answer.code !== 0) {
      throw new Error(
        `${command} ${args.join(' ')}: exit ${answer.code}\n${answer.stdout}\n${answer.stderr}`,
      );
    }
    return answer.stdout;
  };
  const node = (cwd: string, ...args: string[]) => call(cwd, process.execPath, ...args);
  const jest = (cwd: string, ...args: string[]) =>
    node(cwd, join('node_modules', 'jest', 'bin', 'jest.js'), ...args);
  const snapshot = (project: string) => readFileSync(join(project, SNAPSHOT), 'utf8').split('\n');

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-company-'));
    here = join(place, 'here');
    elsewhere = join(place, 'another', 'machine', 'elsewhere');
    cpSync(join(__dirname, 'company'), here, { recursive: true });
    call(here, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', pack(place));
    // The other machine has the same packages; a second download would show nothing more.
    cpSync(here, elsewhere, { recursive: true, verbatimSymlinks: true });
  }, 5 * MINUTE);

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  /** `npm pack` of a copy of what git has or would have: other tests read lib/, which packing makes anew. */
  function pack(destination: string): string {
    const copy = join(destination, 'cdktf-dataplane');
    const files = call(REPOSITORY, 'git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
    for (const file of files
      .split('\0')
      .filter((name) => name !== '' && existsSync(join(REPOSITORY, name)))) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(REPOSITORY, file), join(copy, file));
    }
    symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
    call(copy, 'npm', 'pack', '--pack-destination', destination);
    const tarball = readdirSync(destination).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error('npm pack left no tarball');
    return join(destination, tarball);
  }

  test('installs the library once, with neither its sources nor its tests, and the peers it names', () => {
    const library = join(here, 'node_modules', 'cdktf-dataplane');
    expect(readdirSync(library).sort()).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'lib', 'package.json']),
    );
    for (const name of ['src', 'constructs', 'test', 'scripts', 'node_modules']) {
      expect(existsSync(join(library, name))).toBe(false);
    }
    const { problems } = JSON.parse(call(here, 'npm', 'ls', '--all', '--json')) as { problems?: unknown };
    expect(problems).toBeUndefined();
  });

  test(
    'compiles its own construct with TypeScript strict, our declarations included',
    () => {
      for (const project of [here, elsewhere])
        node(project, join('node_modules', 'typescript', 'bin', 'tsc'));
      expect(existsSync(join(here, 'dist', 'edge-site.js'))).toBe(true);
    },
    3 * MINUTE,
  );

  test(
    'is told by its compiler of a prop that there is not',
    () => {
      const source = join(elsewhere, 'src', 'company-network.ts');
      const right = readFileSync(source, 'utf8');
      writeFileSync(source, right.replace('Rollout.oneByOne()', 'Rollout.allAtOnceOrNever()'));
      const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
      const answer = ask(process.execPath, [tsc, '--noEmit'], { cwd: elsewhere });
      writeFileSync(source, right);
      expect(answer.code).not.toBe(0);
      expect(answer.stdout).toContain("Property 'allAtOnceOrNever' does not exist");
    },
    2 * MINUTE,
  );

  test(
    'synthesizes the same bytes on two machines',
    () => {
      const artifacts = (project: string) => {
        node(project, join('dist', 'main.js'));
        const folder = join(project, 'cdktf.out', 'stacks', 'company-network', 'dataplane');
        const names = readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort();
        return Object.fromEntries(
          names.map((name) => [name.slice(folder.length), readFileSync(name, 'utf8')]),
        );
      };
      const first = artifacts(here);
      expect(Object.keys(first)).toContain('/hosts/berlin/user-data');
      expect(artifacts(elsewhere)).toEqual(first);
    },
    MINUTE,
  );

  test(
    'keeps a snapshot of the plan that holds on the other machine, and is a few lines other for one changed prop',
    () => {
      jest(here, '--ci=false');
      const before = snapshot(here);
      expect(before.length).toBeGreaterThan(100);

      mkdirSync(dirname(join(elsewhere, SNAPSHOT)), { recursive: true });
      cpSync(join(here, SNAPSHOT), join(elsewhere, SNAPSHOT));
      jest(elsewhere, '--ci');

      const source = join(elsewhere, 'src', 'company-network.ts');
      const text = readFileSync(source, 'utf8');
      expect(text).toContain("'berlin', { number: 1,");
      writeFileSync(source, text.replace("'berlin', { number: 1,", "'berlin', { number: 1, hugepages: 3,"));
      const changed = ask(process.execPath, [join('node_modules', 'jest', 'bin', 'jest.js'), '--ci'], {
        cwd: elsewhere,
      });
      expect(changed.code).toBe(1);
      jest(elsewhere, '--ci=false', '--updateSnapshot');
      const after = snapshot(elsewhere);
      const lines = after.filter((line, index) => line !== before[index]);
      expect(after).toHaveLength(before.length);
      // The kernel argument, a count for each node, and the digests of the two stages, in the plan and as triggers.
      expect(lines.map((line) => line.trim().replace(/[0-9a-f]{64}/, 'SHA-256'))).toEqual([
        '"boot": "SHA-256",',
        '"devices": "SHA-256",',
        '"text": "hugepages=0:3,1:3",',
        '"count": 3,',
        '"count": 3,',
        '"boot": "SHA-256",',
        '"devices": "SHA-256",',
      ]);
    },
    2 * MINUTE,
  );
});
