import { writeFileSync } from 'node:fs';
import { debianMirrors, installedVersion, mirrorHasSuite, sourceStanza } from './apt';
import { check, RackError, run } from './process';
import { Progress } from './progress';

/** What the rack runs on this machine; e2fsprogs, util-linux (setpriv) and apt are part of every Debian. */
const PACKAGES = [
  'mmdebstrap',
  'fdisk',
  'genisoimage',
  'tcpdump',
  'socat',
  'openssh-client',
  'e2fsprogs',
  'debian-archive-keyring',
] as const;
const QEMU_PACKAGES = ['qemu-system-x86', 'qemu-utils'] as const;

/** igb with its VFs is from 8.1; saving to a file and datagram links work well in 10. */
const OLDEST_QEMU = [8, 1] as const;

const BACKPORTS_FILE = '/etc/apt/sources.list.d/cdktf-dataplane-rack-backports.sources';

export async function qemuVersion(): Promise<string | null> {
  const result = await run('qemu-system-x86_64', ['--version']).catch(() => null);
  return result === null ? null : (/version (\d+\.\d+\.\d+)/.exec(result.stdout)?.[1] ?? null);
}

export function isOldQemu(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST_QEMU[0] || (major === OLDEST_QEMU[0] && minor < OLDEST_QEMU[1]);
}

/** Installs what is missing, and only that; does nothing, and asks for no rights, where all is there. */
export async function setUpMachine(progress: Progress): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new RackError(`the rack needs Linux on x86-64; this is ${process.platform} on ${process.arch}`);
  }
  const missing: string[] = [];
  for (const name of PACKAGES) if ((await installedVersion(name)) === null) missing.push(name);
  const qemu = await qemuVersion();
  const qemuIsMissing =
    qemu === null || isOldQemu(qemu) || (await run('qemu-img', ['--version'])).exitCode !== 0;
  if (missing.length === 0 && !qemuIsMissing) return;

  const wanted = [...missing, ...(qemuIsMissing ? QEMU_PACKAGES : [])];
  if (process.getuid?.() !== 0) {
    throw new RackError(`these packages are missing and only root can install them: ${wanted.join(' ')}`);
  }
  await progress.step('Read the package lists', () => aptGet(['update']));
  if (missing.length > 0) {
    await progress.step(`Install ${missing.join(', ')}`, () => install(missing));
  }
  if (qemuIsMissing) {
    const release = await releaseForQemu(progress);
    await progress.step(
      `Install ${QEMU_PACKAGES.join(', ')}${release === null ? '' : ` from ${release}`}`,
      () => install([...(release === null ? [] : ['--target-release', release]), ...QEMU_PACKAGES]),
    );
    const now = await qemuVersion();
    if (now === null || isOldQemu(now)) {
      throw new RackError(
        `QEMU is ${now ?? 'absent'} after its installation; ${OLDEST_QEMU.join('.')} is needed`,
      );
    }
  }
}

/** Null: the release's own QEMU will do; otherwise its backports, which become a source of the machine's apt. */
async function releaseForQemu(progress: Progress): Promise<string | null> {
  const { stdout } = await check('apt-cache', ['policy', 'qemu-system-x86']);
  const candidate = /Candidate: (?:\d+:)?(\d+\.\d+[^\s]*)/.exec(stdout)?.[1];
  if (candidate !== undefined && !isOldQemu(candidate)) return null;
  const mirrors = await debianMirrors();
  const backports = `${mirrors.release}-backports`;
  if (!stdout.includes(`${backports}/main`)) {
    if (!(await mirrorHasSuite(mirrors.archive, backports))) {
      throw new RackError(
        `QEMU ${OLDEST_QEMU.join('.')} is needed, apt offers ${candidate ?? 'none'}, and ${mirrors.archive} has no ${backports}`,
      );
    }
    await progress.step(`Add ${backports} to apt's sources (${BACKPORTS_FILE})`, async () => {
      writeFileSync(BACKPORTS_FILE, sourceStanza(mirrors.archive, [backports]), { mode: 0o644 });
      await aptGet(['update']);
    });
  }
  return backports;
}

const install = (packages: readonly string[]): Promise<void> =>
  aptGet(['install', '--yes', '--no-install-recommends', ...packages]);

async function aptGet(aptArguments: readonly string[]): Promise<void> {
  // Another apt may hold dpkg's lock for a while; stdin is closed, so debconf must not ask.
  await check('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...aptArguments], {
    environment: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
  });
}
