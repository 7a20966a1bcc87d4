import type { Machine } from './machine';

/** What undo must give back. */
export interface HostState {
  /** Path -> kind, mode, owner and content of everything that belongs to the system's configuration or software. */
  readonly files: Readonly<Record<string, string>>;
  readonly packages: readonly string[];
  /** Interface -> driver, PCI address. */
  readonly interfaces: Readonly<Record<string, string>>;
  readonly units: readonly string[];
}

/**
 * Left out is what every machine writes as it lives: logs, journals, caches, locks, random seeds, what dpkg and apt keep
 * about their own work, and compiled Python.
 */
const LIVING = [
  '/var/log/*',
  '/var/cache/*',
  '/var/lib/apt/*',
  '/var/lib/dpkg/*',
  '/var/lib/systemd/*',
  '/var/lib/cloud/*',
  '/var/lib/ucf/*',
  '/var/lib/private/*',
  '/var/tmp/*',
  '/var/backups/*',
  '*/__pycache__*',
  '/root/.ansible*',
  '/boot/grub/grubenv',
  // Times and uuids of the database's own making; dpkg's triggers write them anew.
  '/etc/ld.so.cache',
  '/etc/resolv.conf',
  '/etc/.pwd.lock',
  // Accounts that packages made: Debian keeps them when it purges a package, as files may still be theirs.
  '/etc/passwd*',
  '/etc/group*',
  '/etc/shadow*',
  '/etc/gshadow*',
  '/var/lib/libuuid',
];

export async function hostState(machine: Machine): Promise<HostState> {
  const leftOut = LIVING.flatMap((pattern) => ['-path', pattern, '-prune', '-o']);
  const listing = await machine.run([
    ...[
      'sudo',
      'find',
      '/etc',
      '/boot',
      '/usr',
      '/var',
      '/root',
      '/opt',
      '/srv',
      '/lib/modules',
      '-xdev',
      ...leftOut,
    ],
    ...['-type', 'f', '-printf', '%p\\tf %m %U:%G \\n', '-o', '-type', 'l', '-printf', '%p\\tl %l\\n'],
    ...['-o', '-type', 'd', '-printf', '%p\\td %m %U:%G\\n'],
  ]);
  const files: Record<string, string> = {};
  for (const line of listing.split('\n')) {
    const [path, what] = line.split('\t');
    if (path && what) files[path] = what;
  }
  const regular = Object.entries(files)
    .filter(([path, what]) => what.startsWith('f ') && !path.startsWith('/usr/lib/modules/'))
    .map(([path]) => path);
  const sums = await machine.run(['sudo', 'xargs', '-0', 'sha256sum'], { input: regular.join('\0') });
  for (const line of sums.split('\n')) {
    const match = /^\\?([0-9a-f]{64}) [ *](.*)$/.exec(line);
    const [, sum = '', path = ''] = match ?? [];
    const known = files[path];
    if (known !== undefined) files[path] = `${known}${sum}`;
  }
  const lines = async (words: readonly string[]): Promise<string[]> =>
    (await machine.run(words)).split('\n').filter((line) => line !== '');
  return {
    files,
    packages: await lines(['dpkg-query', '-W', '-f', '${db:Status-Abbrev} ${Package} ${Version}\\n']),
    interfaces: Object.fromEntries(
      (
        await lines([
          'sh',
          '-c',
          'for i in /sys/class/net/*; do [ -e $i/device ] && echo $(basename $i) $(basename $(readlink -f $i/device)) $(basename $(readlink -f $i/device/driver)); done; true',
        ])
      ).map((line) => [line.split(' ')[0] ?? '', line]),
    ),
    units: await lines([
      'systemctl',
      'list-unit-files',
      '--no-legend',
      '--plain',
      '--state=enabled,enabled-runtime',
    ]),
  };
}

/** Change times of what the agent writes: nothing of it may be touched by an apply that has nothing to do. */
export async function ownFiles(machine: Machine): Promise<string> {
  return machine.run([
    ...[
      'sudo',
      'find',
      '/etc',
      '/boot',
      '/usr/local',
      '/var/lib',
      '-xdev',
      '-type',
      'f',
      '-newer',
      '/etc/hostname',
    ],
    ...[
      '(',
      '-path',
      '*dataplane*',
      '-o',
      '-path',
      '/etc/*',
      '-o',
      '-path',
      '/boot/*',
      ')',
      '-printf',
      '%p %T@ %C@ %i\\n',
    ],
  ]);
}
