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

/** A state, and for each file what tells whether anybody has written it since. */
export interface HostSnapshot {
  readonly state: HostState;
  /** Path -> inode, size, times of modification and change. */
  readonly marks: Readonly<Record<string, string>>;
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

/** Reading every file takes an emulated machine most of a minute: one that nobody has written since `earlier` has its sum. */
export async function hostSnapshot(machine: Machine, earlier?: HostSnapshot): Promise<HostSnapshot> {
  const leftOut = LIVING.flatMap((pattern) => ['-path', pattern, '-prune', '-o']);
  const places = ['/etc', '/boot', '/usr', '/var', '/root', '/opt', '/srv', '/lib/modules'];
  const listing = await machine.run([
    ...['sudo', 'find', ...places, '-xdev', ...leftOut],
    ...['-type', 'f', '-printf', '%p\\tf %m %U:%G \\t%i %s %T@ %C@\\n'],
    ...['-o', '-type', 'l', '-printf', '%p\\tl %l\\n'],
    ...['-o', '-type', 'd', '-printf', '%p\\td %m %U:%G\\n'],
  ]);
  const files: Record<string, string> = {};
  const marks: Record<string, string> = {};
  const unread: string[] = [];
  for (const line of listing.split('\n')) {
    const [path, what, mark] = line.split('\t');
    if (!path || !what) continue;
    files[path] = what;
    if (mark === undefined || path.startsWith('/usr/lib/modules/')) continue;
    marks[path] = mark;
    const known = earlier?.marks[path] === mark ? earlier.state.files[path] : undefined;
    if (known === undefined) unread.push(path);
    else files[path] = `${what}${known.split(' ').at(-1)}`;
  }
  const sums = await machine.run(['sudo', 'xargs', '-0', '-r', 'sha256sum'], { input: unread.join('\0') });
  for (const line of sums.split('\n')) {
    const match = /^\\?([0-9a-f]{64}) [ *](.*)$/.exec(line);
    const [, sum = '', path = ''] = match ?? [];
    const known = files[path];
    if (known !== undefined) files[path] = `${known}${sum}`;
  }
  return { state: { files, ...(await otherState(machine)) }, marks };
}

async function otherState(machine: Machine): Promise<Omit<HostState, 'files'>> {
  const lines = async (words: readonly string[]): Promise<string[]> =>
    (await machine.run(words)).split('\n').filter((line) => line !== '');
  return {
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
