/** Debian packages: those of this machine's release installed, those of another release unpacked in the cache. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianMirrors, installedVersion, sourceStanza } from '../test/rack/apt';
import { check } from '../test/rack/process';
import { cacheDirectory, makeOnce } from './cache';

export async function missingPackages(names: readonly string[]): Promise<string[]> {
  const versions = await Promise.all(names.map(installedVersion));
  return names.filter((_, index) => versions[index] === null);
}

/** Installs these packages with one apt call, which waits for another apt that may be at work on a fresh machine. */
export async function installPackages(names: readonly string[]): Promise<void> {
  const list = names.join(' ');
  if (process.getuid?.() !== 0) {
    throw new Error(`only root can install what is missing; run: sudo apt-get install ${list}`);
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
  await check('apt-get', [...apt, 'update'], { environment });
  await check('apt-get', [...apt, 'install', '-y', '--no-install-recommends', ...names], { environment });
}

/** Where `unpackPackages` puts packages; the file `version` in it tells which one the first of them was. */
export function unpackedPackages(suite: string, names: readonly string[]): string {
  return cacheDirectory('debian', suite, names.join('+'));
}

/**
 * Unpacks packages of another Debian release (`trixie`) into one tree in the cache. They are never installed: their
 * maintainer scripts don't run, their dependencies aren't fetched.
 */
export async function unpackPackages(suite: string, names: readonly string[]): Promise<string> {
  return makeOnce(unpackedPackages(suite, names), async (directory) => {
    const work = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-apt-'));
    try {
      const options = await aptOptionsFor(suite, work);
      await check('apt-get', ['-q', ...options, 'update']);
      await check('apt-get', ['-q', ...options, 'download', ...names], { directory: work });
      for (const name of names) {
        const file = readdirSync(work).find(
          (entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'),
        );
        if (file === undefined) throw new Error(`apt-get download ${name} (${suite}) left no .deb file`);
        await check('dpkg-deb', ['-x', join(work, file), directory]);
        if (name !== names[0]) continue;
        const { stdout: version } = await check('dpkg-deb', ['-f', join(work, file), 'Version']);
        writeFileSync(join(directory, 'version'), version);
      }
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

/**
 * Options that show apt one suite of this machine's archive and nothing else, not even what is installed here; all
 * that apt writes goes below `directory`.
 */
async function aptOptionsFor(suite: string, directory: string): Promise<string[]> {
  for (const name of ['lists/partial', 'cache/archives/partial', 'sources']) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  const { archive } = await debianMirrors();
  writeFileSync(join(directory, 'sources', 'suite.sources'), sourceStanza(archive, [suite]));
  writeFileSync(join(directory, 'status'), '');
  const settings = {
    'Dir::Etc::SourceList': '/dev/null',
    'Dir::Etc::SourceParts': join(directory, 'sources'),
    'Dir::State::Lists': join(directory, 'lists'),
    'Dir::State::Status': join(directory, 'status'),
    'Dir::Cache': join(directory, 'cache'),
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::Languages': 'none',
    // A private directory is closed to the user that apt downloads as; it would warn about that.
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
