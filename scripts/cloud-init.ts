/** `cloud-init schema` as Debian 12 and 13 have it, run from unpacked packages. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackedPackages } from './debian-packages';
import { environmentIsCurrent, environmentProgram } from './python-environment';
import { ask } from './processes';
import type { Tool } from './tool';

export type CloudInitRelease = 'debian-12' | 'debian-13';

const SUITES = { 'debian-12': 'bookworm', 'debian-13': 'trixie' } as const;
export const CLOUD_INIT_SUITES = Object.values(SUITES);

export interface CloudInitSchema {
  /** Of the Debian package, `25.1.4-1`. */
  readonly version: string;
  /** What cloud-init finds wrong with the file; null when nothing. Debian 12's knows cloud-config only. */
  readonly findings: (file: string, kind: 'cloud-config' | 'network-config') => string | null;
}

export function findCloudInitSchema(release: CloudInitRelease): Tool<CloudInitSchema> {
  const tree = unpackedPackages(SUITES[release], ['cloud-init']);
  if (!existsSync(tree)) {
    return { available: false, reason: `cloud-init of ${release} isn't here; run: npm run setup` };
  }
  if (!environmentIsCurrent()) {
    return { available: false, reason: `there is no Python environment (.venv); run: npm run setup` };
  }
  const version = readFileSync(join(tree, 'version'), 'utf8').trim();
  const findings: CloudInitSchema['findings'] = (file, kind) => {
    if (kind === 'network-config' && release === 'debian-12') {
      throw new Error(`cloud-init ${version} has no schema of network-config`);
    }
    const type = release === 'debian-12' ? [] : ['--schema-type', kind];
    const { code, stdout, stderr } = ask(
      environmentProgram('python'),
      ['-m', 'cloudinit.cmd.main', 'schema', '--config-file', file, ...type],
      {
        env: {
          PYTHONPATH: join(tree, 'usr', 'lib', 'python3', 'dist-packages'),
          PYTHONDONTWRITEBYTECODE: '1',
        },
      },
    );
    const said = `${stdout}${stderr}`.trim();
    // Its exit code alone isn't enough: what is deprecated is said, and accepted.
    return code === 0 && /^Valid (schema|cloud-config)/m.test(said) && !/deprecat/i.test(said)
      ? null
      : said || `exit ${code}`;
  };
  return { available: true, version, findings };
}
