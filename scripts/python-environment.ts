/** The project's own Python environment `.venv`, made from requirements.txt: Ansible, ansible-lint and other judges. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../test/rack/folders';
import { check } from '../test/rack/process';
import { cacheDirectory, sourcesHash } from './cache';
import { ask } from './processes';

const PROJECT = join(__dirname, '..');
const REQUIREMENTS = join(PROJECT, 'requirements.txt');
const ENVIRONMENT = join(PROJECT, '.venv');
const STAMP = join(ENVIRONMENT, 'made-from');

/** ansible-core 2.19 wants it. */
const OLDEST_PYTHON = [3, 11] as const;

/** A program of the environment, `ansible-lint`; it is there once the environment is current. */
export function environmentProgram(name: string): string {
  return join(ENVIRONMENT, 'bin', name);
}

export function environmentIsCurrent(): boolean {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp();
}

/** A copied or moved checkout has a stale environment: its programs name the old path. */
const stamp = (): string => sourcesHash([REQUIREMENTS], ENVIRONMENT);

/** The Debian packages without which no environment can be made here; none where another Python can do it. */
export function packagesForEnvironment(): string[] {
  return usablePython() === undefined ? ['python3', 'python3-venv'] : [];
}

export async function makeEnvironment(): Promise<void> {
  mkdirSync(cacheDirectory(), { recursive: true });
  const lock = cacheDirectory(`python-environment-${sourcesHash([], ENVIRONMENT)}.lock`);
  await withLock(
    lock,
    (holder) => console.error(`waiting for process ${holder}, which makes ${ENVIRONMENT}`),
    async () => {
      if (environmentIsCurrent()) return;
      const python = usablePython();
      if (python === undefined) {
        throw new Error(
          `no Python >= ${OLDEST_PYTHON.join('.')} with the module ensurepip is on PATH; ` +
            'install python3 and python3-venv',
        );
      }
      rmSync(ENVIRONMENT, { recursive: true, force: true });
      await check(python, ['-m', 'venv', ENVIRONMENT]);
      const options = ['--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
      await check(environmentProgram('python'), ['-m', 'pip', 'install', ...options]);
      writeFileSync(STAMP, stamp());
    },
  );
}

/** The first Python that can make an environment: the one on PATH, or Debian's own behind it. */
function usablePython(): string | undefined {
  const question = `import ensurepip, sys; sys.exit(sys.version_info < (${OLDEST_PYTHON.join(', ')}))`;
  return ['python3', '/usr/bin/python3'].find((python) => ask(python, ['-c', question]).code === 0);
}
