import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, RackError, run } from './process';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian's mirrors as this machine's own apt knows them. No host name is ever written down here. */
export interface DebianMirrors {
  readonly archive: string;
  /** Null: this machine has no source of security updates. */
  readonly security: string | null;
  /** Code name of the machine's own release, `bookworm`. */
  readonly release: string;
}

/** Reads the mirrors from apt itself, which understands every form of its own configuration. */
export async function debianMirrors(): Promise<DebianMirrors> {
  const { stdout: os } = await check('sh', ['-c', '. /etc/os-release && printf %s "$ID $VERSION_CODENAME"']);
  const [id, release] = os.split(' ');
  if (id !== 'debian' || release === undefined || release === '') {
    throw new RackError(`the rack is set up on Debian; this machine is "${os}". Use Debian 12 or 13.`);
  }
  const format = '$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(ORIGIN)|$(LABEL)';
  const { stdout } = await check('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  return chooseMirrors(stdout, release);
}

/** `indexTargets`: lines of uri|release|codename|component|origin|label. */
export function chooseMirrors(indexTargets: string, release: string): DebianMirrors {
  const targets = indexTargets
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [uri = '', suite = '', codename = '', component = '', origin = '', label = ''] = line.split('|');
      return { uri: uri.replace(/\/+$/, ''), suite, codename, component, origin, label };
    })
    .filter((target) => target.component === 'main');
  const find = (suite: string, label: string): string | undefined => {
    const candidates = targets.filter((target) => target.suite === suite || target.codename === suite);
    return (
      candidates.find((target) => target.origin === 'Debian' && target.label === label) ?? candidates[0]
    )?.uri;
  };
  const archive = find(release, 'Debian');
  if (archive === undefined) {
    throw new RackError(
      `apt has no source for Debian ${release} main; add one to /etc/apt/sources.list.d and run "apt-get update"`,
    );
  }
  return { archive, security: find(`${release}-security`, 'Debian-Security') ?? null, release };
}

/** Does the mirror have this suite? Asked through apt's own downloader, so its proxy and access are used. */
export async function mirrorHasSuite(uri: string, suite: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'rack-apt-'));
  const release = `${uri}/dists/${suite}/InRelease`;
  const result = await run('/usr/lib/apt/apt-helper', ['download-file', release, join(folder, 'InRelease')]);
  rmSync(folder, { recursive: true });
  return result.exitCode === 0;
}

/** Sources of one Debian release in apt's deb822 form. */
export async function sourcesOf(release: string, mirrors: DebianMirrors): Promise<string> {
  const stanzas = [
    { uri: mirrors.archive, suites: [release, `${release}-updates`] },
    { uri: mirrors.security, suites: [`${release}-security`] },
  ];
  const texts: string[] = [];
  for (const { uri, suites } of stanzas) {
    if (uri === null) continue;
    const present: string[] = [];
    for (const suite of suites) if (await mirrorHasSuite(uri, suite)) present.push(suite);
    if (present.length > 0) texts.push(sourceStanza(uri, present));
  }
  if (!texts.some((text) => text.includes(`Suites: ${release}`))) {
    throw new RackError(`${mirrors.archive} has no suite ${release}; the rack's image needs it`);
  }
  return texts.join('\n');
}

export function sourceStanza(uri: string, suites: readonly string[]): string {
  const signedBy = existsSync(KEYRING) ? `Signed-By: ${KEYRING}\n` : '';
  return `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: main\n${signedBy}`;
}

/** The machine's settings of how apt fetches (proxy, validity in time), for apt in the image. */
export async function acquireOptions(): Promise<readonly string[]> {
  const { stdout } = await check('apt-config', ['dump', 'Acquire']);
  return stdout
    .split('\n')
    .filter((line) => /^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date)(::[^ ]+)? ".+";$/i.test(line))
    .map((line) => line.replace(/;$/, ''));
}

export async function installedVersion(packageName: string): Promise<string | null> {
  const result = await run('dpkg-query', ['--show', '--showformat=${Status}|${Version}', packageName]);
  const [status, version] = result.stdout.split('|');
  return result.exitCode === 0 && status === 'install ok installed' && version !== undefined ? version : null;
}
