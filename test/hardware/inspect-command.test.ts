/** `cdktf-dataplane inspect`, as npm installs it, against a real sshd on loopback. */
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HardwareProfile } from '../../src/hardware/hardware-profile';
import { isKnown, UNKNOWN } from '../../src/hardware/unknown';
import { Sshd, sshdPossible } from '../artifacts/sshd';
import { ask, testWith, type Answer } from '../tools';

const REPOSITORY = join(__dirname, '..', '..');
const USER = 12345;

let directory: string;
let sshd: Sshd | undefined;

const path = (name: string) => join(directory, name);

/** What npm makes the command of: package.json's `bin`, compiled. */
function compiled(): string {
  const { bin } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  return path(`package/${bin['cdktf-dataplane'] ?? ''}`);
}

function run(...args: string[]): Answer {
  return ask(process.execPath, [compiled(), ...args], { timeoutSeconds: 60, cwd: directory });
}

function inspect(user: string, options: readonly string[] = [], sshOptions: readonly string[] = []): Answer {
  return run('inspect', '-F', path('ssh_config'), ...options, `${user}@edge-1`, '--', ...sshOptions);
}

/** A login of its own on the "host", with a shell of ours. */
function addUser(server: Sshd, name: string, shell: string): string {
  const home = path(`home-${name}`);
  mkdirSync(home);
  chownSync(home, USER, USER);
  appendFileSync(server.path('passwd'), `${name}:x:${USER}:${USER}::${home}:${shell}\n`);
  return home;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-inspect-'));
  chmodSync(directory, 0o755);
  const tsc = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
  ask(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', path('package/lib')], {
    cwd: REPOSITORY,
  });
  cpSync(join(REPOSITORY, 'lib', 'agent'), path('package/lib/agent'), { recursive: true });
  cpSync(join(REPOSITORY, 'package.json'), path('package/package.json'));
  symlinkSync(join(REPOSITORY, 'node_modules'), path('package/node_modules'));
  if (!sshdPossible().available) return;

  const server = await Sshd.prepare(directory);
  sshd = server;
  writeFileSync(
    path('ssh_config'),
    [
      'Host edge-1',
      '  HostName 127.0.0.1',
      `  Port ${server.port}`,
      `  IdentityFile ${server.path('key')}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${server.path('known_hosts')}`,
      '  StrictHostKeyChecking yes',
      // What a person's configuration may ask for, and what must not come between.
      '  RequestTTY force',
      '  RemoteCommand cat /etc/motd',
      '',
    ].join('\n'),
  );
  const home = addUser(server, 'edge', '/bin/bash');
  writeFileSync(join(home, '.bashrc'), 'echo Welcome to edge-1; echo "{ no JSON" \n');
  mkdirSync(path('few'));
  for (const name of ['sh', 'id']) symlinkSync(`/usr/bin/${name}`, path(`few/${name}`));
  writeFileSync(path('few-shell'), `#!/bin/sh\nPATH=${path('few')} exec /bin/sh "$@"\n`, { mode: 0o755 });
  addUser(server, 'bare', path('few-shell'));
  await server.start();
}, 120_000);

afterAll(async () => {
  await sshd?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const onSshd = testWith(sshdPossible());

onSshd('as root it prints what the agent prints on that host', () => {
  const { code, stdout, stderr } = inspect('root');
  expect(stderr).toContain('edge-1: asking over SSH');
  expect(code).toBe(0);
  const local = ask('python3', ['-B', '-m', 'dataplane_host', 'inspect'], {
    env: { PYTHONPATH: join(REPOSITORY, 'src', 'agent') },
  });
  const steady = (text: string) => text.replace(/"(freeKib|free|totalKib|memoryKib)": \d+/g, '"$1": …');
  expect(steady(stdout)).toBe(steady(local.stdout));
  const profile = HardwareProfile.fromText(stdout);
  expect(profile.privileged).toBe(true);
  expect(stderr).toMatch(/edge-1: 1 NUMA node, \d+ CPUs? \(\d+ cores?\), [\d.]+ GiB, \d+ NIC/);
});

onSshd('a login shell that talks does no harm, and nothing stays behind in the home', () => {
  const before = readdirSync(path('home-edge'));
  const { code, stdout } = inspect('edge');
  expect(code).toBe(0);
  expect(() => HardwareProfile.fromText(stdout)).not.toThrow();
  expect(readdirSync(path('home-edge'))).toEqual(before);
});

onSshd('without root it says what is missing, and the profile says that it is not known', () => {
  const { code, stdout, stderr } = inspect('edge');
  expect(code).toBe(0);
  expect(stderr).toContain('not root, and sudo -n is refused');
  expect(stderr).toContain('warning: this was not done by root');
  const profile = HardwareProfile.fromText(stdout);
  expect(profile.privileged).toBe(false);
  if (isKnown(profile.nics)) {
    for (const nic of profile.nics) expect(nic.management).toBe(UNKNOWN);
  }
});

onSshd('--sudo fails where sudo does, with its words; --no-sudo does not ask it', () => {
  const demanding = inspect('edge', ['--sudo']);
  expect(demanding.code).toBe(1);
  expect(demanding.stdout).toBe('');
  expect(demanding.stderr).toMatch(/sudo -n is refused: .*sudo/);
  expect(demanding.stderr).toContain(
    "error: edge@edge-1: sudo doesn't work without a password; log in as root",
  );
  const content = inspect('edge', ['--no-sudo']);
  expect(content.code).toBe(0);
  expect(content.stderr).not.toContain('sudo -n is refused');
});

onSshd('a host without Python is told from one that does not answer', () => {
  const { code, stderr } = inspect('bare');
  expect(code).toBe(1);
  expect(stderr).toContain('error: bare@edge-1: the host has no python3; install it there');
});

onSshd('a wrong host key ends it, with nothing printed', () => {
  sshd?.trust('other-key');
  try {
    const { code, stdout, stderr } = inspect('root');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Host key verification failed');
    expect(stderr).toContain('error: root@edge-1: ssh failed, its own words stand above');
  } finally {
    sshd?.trust('host-key');
  }
});

onSshd(
  '--output writes the whole file, or leaves the one that was there; options behind -- go to ssh',
  () => {
    const file = path('hardware/edge-1.json');
    expect(inspect('root', ['--output', file])).toMatchObject({ code: 0, stdout: '' });
    const first = readFileSync(file, 'utf8');
    expect(() => HardwareProfile.fromFile(file)).not.toThrow();
    expect(inspect('root', ['--output', file], ['-p', '1'])).toMatchObject({ code: 1, stdout: '' });
    expect(readFileSync(file, 'utf8')).toBe(first);
    expect(readdirSync(path('hardware'))).toEqual(['edge-1.json']);
  },
);

onSshd('the program goes through sudo, which is called with -n only', () => {
  // Stands for a sudo that allows it: a real one would have to be installed setuid on this machine.
  mkdirSync(path('bin'));
  const sudo = '#!/bin/sh\n[ "$1" = -n ] || exit 9\nshift\nexec "$@"\n';
  writeFileSync(path('bin/sudo'), sudo, { mode: 0o755 });
  try {
    const { code, stdout, stderr } = inspect('edge', ['--sudo']);
    expect(code).toBe(0);
    expect(stderr).not.toContain('sudo -n is refused');
    expect(() => HardwareProfile.fromText(stdout)).not.toThrow();
  } finally {
    rmSync(path('bin'), { recursive: true });
  }
});

onSshd('a file that can not be written is an error, not a stack', () => {
  const { code, stdout, stderr } = inspect('root', ['--output', path('ssh_config/edge-1.json')]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`cdktf-dataplane: error: ${path('ssh_config/edge-1.json')} can't be written: `);
  expect(stderr).not.toContain('    at ');
});

describe('usage', () => {
  test.each([
    [[], 'no command is given; see cdktf-dataplane --help'],
    [['inspekt'], "there is no command 'inspekt'"],
    [['inspect'], 'no host is named; see cdktf-dataplane inspect --help'],
    [['inspect', 'a', 'b'], 'one host at a time: a b'],
    [['inspect', 'a', '--bogus'], "Unknown option '--bogus'; see"],
    [['inspect', 'a', '--sudo', '--no-sudo'], '--sudo and --no-sudo exclude each other'],
    [['inspect', ''], "no host: ''"],
    [['inspect', 'a b'], "no host: 'a b'"],
  ])('%j is exit code 2, and one line', (args, message) => {
    const { code, stdout, stderr } = run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('--help names every option, exit code and the schema of what is printed', () => {
    const { code, stdout } = run('inspect', '--help');
    expect(code).toBe(0);
    for (const word of ['--output', '--ssh-config', '--sudo', '--no-sudo', 'Exit codes'])
      expect(stdout).toContain(word);
    expect(run('--help').stdout).toContain('inspect');
    expect(run('--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
