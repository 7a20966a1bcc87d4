import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { unpackedPackages, unpackPackages } from '../../scripts/debian-packages';
import type { Tool } from '../../scripts/tool';
import { ask } from '../tools';

const PACKAGES = ['openssh-server', 'libwrap0'];

/** sshd needs root, and its own view of /run and /etc/passwd, so that nothing of this machine changes. */
export function sshdPossible(): Tool<unknown> {
  if (process.getuid?.() !== 0) return { available: false, reason: 'sshd with a root of its own needs root' };
  const { code, stderr } = ask('unshare', ['--mount', 'true']);
  return code === 0
    ? { available: true }
    : { available: false, reason: `unshare --mount: ${stderr.trim() || `exit ${code}`}` };
}

/** A real sshd on loopback with keys of its own, which sees nothing of this machine's /run. */
export class Sshd {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly directory: string,
    private readonly program: string,
    readonly port: number,
  ) {}

  static async prepare(directory: string): Promise<Sshd> {
    const tree = existsSync('/usr/sbin/sshd') ? '' : await unpackedServer();
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const sshd = new Sshd(directory, `${tree}/usr/sbin/sshd`, port);
    for (const key of ['key', 'host-key', 'other-key']) {
      ask('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', sshd.path(key)]);
    }
    // Newer servers are three programs, and look for the others where the package puts them.
    const helpers = [
      ['SshdSessionPath', '/usr/lib/openssh/sshd-session'],
      ['SshdAuthPath', '/usr/lib/openssh/sshd-auth'],
    ].flatMap(([option, path]) => (existsSync(`${tree}${path}`) ? [`${option} ${tree}${path}`] : []));
    writeFileSync(
      sshd.path('sshd_config'),
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${sshd.path('host-key')}`,
        `AuthorizedKeysFile ${sshd.path('key.pub')}`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'PermitRootLogin prohibit-password',
        'PidFile none',
        // Programs of a test stand before this machine's.
        `SetEnv PATH=${sshd.path('bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
        ...helpers,
        '',
      ].join('\n'),
    );
    const passwd = readFileSync('/etc/passwd', 'utf8');
    writeFileSync(sshd.path('passwd'), `${passwd}\nsshd:x:399:65534::/run/sshd:/usr/sbin/nologin\n`);
    writeFileSync(
      sshd.path('start'),
      `set -e
mount --bind ${sshd.path('passwd')} /etc/passwd
mount -t tmpfs tmpfs /run
mkdir /run/sshd
LD_LIBRARY_PATH=${tree}/usr/lib/x86_64-linux-gnu exec ${sshd.program} -D -e -f ${sshd.path('sshd_config')}
`,
    );
    sshd.trust('host-key');
    return sshd;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** The known_hosts file has this key for the server. */
  trust(key: 'host-key' | 'other-key'): void {
    const [type, text] = readFileSync(this.path(`${key}.pub`), 'utf8').split(' ');
    writeFileSync(this.path('known_hosts'), `[127.0.0.1]:${this.port} ${type} ${text}\n`);
  }

  async start(): Promise<void> {
    this.child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', this.path('start')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    this.child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await answers(this.port)) return;
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`sshd doesn't answer on port ${this.port}: ${said}`);
  }

  /** Ends it; sessions go on until their connection is closed. */
  async stop(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
    // A session that is still open holds the other end.
    child.stderr?.destroy();
  }
}

async function unpackedServer(): Promise<string> {
  const suite = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
  const tree = unpackedPackages(suite, PACKAGES);
  return existsSync(tree) ? tree : unpackPackages(suite, PACKAGES);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(2_000, () => end(false));
    socket.connect(port, '127.0.0.1');
  });
}
