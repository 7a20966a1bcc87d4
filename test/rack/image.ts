import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { acquireOptions, debianMirrors, sourcesOf } from './apt';
import { cacheFolder, makePrivateFolder, requireFreeSpace, withLock } from './folders';
import { check, lastLines, RackError } from './process';
import { Progress } from './progress';
import { FIRST_BOOT_DONE, FIRST_BOOT_UNIT, type Recipe, recipeFor, recipeKey, type Release } from './recipe';
import { setUpMachine } from './setup';

export interface Image {
  readonly release: Release;
  /** Changes with the recipe; part of the name of everything that is built on the image. */
  readonly key: string;
  /** Raw, read-only; each machine has a qcow2 overlay on it. */
  readonly disk: string;
}

/** The image from the cache; made first (about three minutes) where it isn't there. */
export async function ensureImage(release: Release, progress: Progress): Promise<Image> {
  const recipe = recipeFor(release);
  const key = recipeKey(recipe);
  const folder = cacheFolder('images', key);
  const image: Image = { release, key, disk: join(folder, 'disk.raw') };
  if (existsSync(image.disk)) return image;
  makePrivateFolder(cacheFolder('images'));
  let waitsFor = 0;
  await withLock(
    `${folder}.lock`,
    (holder) => {
      if (holder !== waitsFor) progress.say(`  wait  process ${holder} is making the image ${key}`);
      waitsFor = holder;
    },
    async () => {
      if (existsSync(image.disk)) return;
      await setUpMachine(progress);
      await build(recipe, folder, progress);
    },
  );
  return image;
}

async function build(recipe: Recipe, target: string, progress: Progress): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new RackError(
      'only root can make the image (mmdebstrap writes files of every owner); run as root once',
    );
  }
  requireFreeSpace(dirname(target), 6, 'making the image');
  removeUnfinished(target);
  const work = mkdtempSync(`${target}.`);
  try {
    const root = join(work, 'root');
    const disk = join(work, 'disk.raw');
    await progress.step(`Install Debian ${recipe.release} into a folder (mmdebstrap)`, () =>
      installSystem(recipe, root),
    );
    await progress.step('Write the disk image', async () => {
      prepareRoot(recipe, root);
      // apt would make its caches in the guest at its first use: half a minute of emulation.
      await check('chroot', [root, 'apt-cache', 'gencaches']);
      await makeDisk(recipe, root, disk);
    });
    await progress.step('Boot the image once to install its boot loader', () => firstBoot(root, disk, work));
    rmSync(root, { recursive: true, force: true });
    chmodSync(disk, 0o444);
    writeFileSync(join(work, 'recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
    renameSync(work, target);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}

/** What a build that was killed has left; under the lock nobody is working on it. */
function removeUnfinished(target: string): void {
  const prefix = `${basename(target)}.`;
  for (const name of readdirSync(dirname(target))) {
    if (name.startsWith(prefix) && !name.endsWith('.lock')) {
      rmSync(join(dirname(target), name), { recursive: true, force: true });
    }
  }
}

async function installSystem(recipe: Recipe, root: string): Promise<void> {
  const sources = await sourcesOf(recipe.release, await debianMirrors());
  const options = (await acquireOptions()).map((option) => `--aptopt=${option}`);
  // The names come from the recipe, never from outside: safe in mmdebstrap's shell.
  const apt = 'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --yes';
  const download = `${apt} clean && ${apt} --download-only install ${recipe.downloads.join(' ')}`;
  await check(
    'mmdebstrap',
    [
      '--mode=root',
      '--variant=apt',
      '--format=directory',
      '--skip=cleanup/apt',
      ...options,
      `--include=${recipe.packages.join(',')}`,
      `--customize-hook=${download}`,
      recipe.release,
      root,
      '-',
    ],
    { input: sources, environment: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' } },
  );
}

function prepareRoot(recipe: Recipe, root: string): void {
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    rmSync(join(root, path), { force: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(recipe.files)) put(path, text);
  put('/etc/fstab', '/dev/vda1 / ext4 errors=remount-ro 0 1\n');
  for (const unit of recipe.maskedUnits) {
    rmSync(join(root, 'etc/systemd/system', unit), { force: true });
    symlinkSync('/dev/null', join(root, 'etc/systemd/system', unit));
  }
  rmSync(join(root, 'etc/resolv.conf'), { force: true });
  symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'));
  // Host keys come with each machine's seed; keys in an image would be everybody's.
  for (const name of readdirSync(join(root, 'etc/ssh'))) {
    if (name.startsWith('ssh_host_')) rmSync(join(root, 'etc/ssh', name));
  }
}

/** One ext4 partition from sector 2048, filled by mke2fs itself: no loop device and no mount to leave behind. */
async function makeDisk(recipe: Recipe, root: string, disk: string): Promise<void> {
  writeFileSync(disk, '');
  truncateSync(disk, recipe.diskGibibytes * 2 ** 30);
  await check('sfdisk', ['--quiet', disk], { input: 'label: dos\nstart=2048, type=83, bootable\n' });
  const kibibytes = recipe.diskGibibytes * 2 ** 20 - 1024;
  await check('mkfs.ext4', [
    '-q',
    '-F',
    // Features that GRUB of Debian 12 can't read, whichever e2fsprogs this machine has.
    ...['-O', '^metadata_csum_seed,^orphan_file'],
    ...['-U', randomUUID()],
    ...['-E', 'offset=1048576'],
    ...['-d', root],
    disk,
    `${kibibytes}k`,
  ]);
}

async function firstBoot(root: string, disk: string, work: string): Promise<void> {
  const boot = readdirSync(join(root, 'boot'));
  const kernel = boot.find((name) => name.startsWith('vmlinuz-'));
  const ramDisk = boot.find((name) => name.startsWith('initrd.img-'));
  if (kernel === undefined || ramDisk === undefined) throw new RackError(`${root}/boot has no kernel`);
  const serial = join(work, 'first-boot.log');
  await check(
    'qemu-system-x86_64',
    [
      ...[
        '-machine',
        'q35',
        '-accel',
        'tcg,thread=multi',
        '-cpu',
        'max',
        '-smp',
        '2',
        '-m',
        '2048',
        '-nodefaults',
      ],
      ...['-display', 'none', '-vga', 'none', '-serial', `file:${serial}`, '-no-reboot'],
      ...['-drive', `file=${disk},format=raw,if=virtio,cache=unsafe`],
      ...['-kernel', join(root, 'boot', kernel), '-initrd', join(root, 'boot', ramDisk)],
      ...[
        '-append',
        `root=/dev/vda1 rw console=ttyS0 systemd.unit=${FIRST_BOOT_UNIT} no_timer_check panic=-1`,
      ],
    ],
    { timeoutMilliseconds: 900_000 },
  );
  const log = readFileSync(serial, 'utf8');
  if (!log.includes(FIRST_BOOT_DONE)) {
    throw new RackError(
      `the image's first boot failed; the end of its serial console:\n${lastLines(log, 30)}`,
    );
  }
}
