import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { lastLines, processStartTime, RackError, run, type RunResult, sleep } from './process';
import { type Accelerator, captureFile, qemuArguments, qmpSocket } from './qemu';
import { Qmp } from './qmp';
import {
  endMachine,
  isAlive,
  isMachineProcess,
  type MachineRecord,
  runFolder,
  type RunRecord,
  signalMachine,
} from './runs';
import { OPERATOR } from './seed';
import { identityFile, quoteForShell, sharedConnection, type SshTarget } from './ssh';
import type { MachineSpec, Topology } from './topology';

/** What a machine needs from the rack that it stands in. */
export interface MachineContext {
  readonly topology: Topology;
  readonly accelerator: Accelerator;
  record(): RunRecord;
  /** Keeps what changed about a machine in the run's record, at once. */
  update(machine: string, record: MachineRecord): void;
}

export interface SshOptions {
  readonly input?: string | Buffer;
  /** Seconds; default: no limit. */
  readonly timeoutSeconds?: number;
}

export interface WaitOptions {
  /** Seconds; default 1200: emulated machines that share two cores with others are slow. */
  readonly timeoutSeconds?: number;
}

export interface BootWaitOptions extends WaitOptions {
  /** Wait until the machine has been booted this many times in all. */
  readonly boots?: number;
  /** Wait for another boot than this one (`bootId()`). */
  readonly after?: string;
}

export interface CloudInitResult {
  readonly status: string;
  readonly errors: readonly string[];
  /** As cloud-init has it: log level -> messages. */
  readonly recoverableErrors: Readonly<Record<string, readonly string[]>>;
}

/** One virtual machine of a rack. */
export class Machine {
  readonly name: string;
  readonly folder: string;
  readonly serialLog: string;
  readonly qemuLog: string;

  constructor(
    readonly spec: MachineSpec,
    private readonly context: MachineContext,
  ) {
    this.name = spec.name;
    this.folder = join(runFolder(context.record().id), spec.name);
    this.serialLog = join(this.folder, 'serial.log');
    this.qemuLog = join(this.folder, 'qemu.log');
  }

  get disk(): string {
    return join(this.folder, 'disk.qcow2');
  }

  get seed(): string {
    return join(this.folder, 'seed.iso');
  }

  get monitor(): string {
    return qmpSocket(this.context.record().socketFolder, this.name);
  }

  get sshTarget(): SshTarget {
    const record = this.context.record();
    return {
      host: '127.0.0.1',
      port: this.record.sshPort,
      user: OPERATOR,
      identityFile: identityFile(join(runFolder(record.id), 'keys')),
      knownHostsFile: join(runFolder(record.id), 'known_hosts'),
    };
  }

  /** For people and for other programs: `ssh -F FILE east`. */
  get sshConfiguration(): string {
    return join(runFolder(this.context.record().id), 'ssh_config');
  }

  get isRunning(): boolean {
    return isMachineProcess(this.record.process, this.context.record().id, this.name);
  }

  /** How often QEMU was started for this machine. */
  get starts(): number {
    return this.record.starts;
  }

  /** Path of the capture of a link whose first end is this machine, as of its latest start. */
  captureOf(link: string): string {
    return captureFile(this.folder, link, this.record.starts);
  }

  /** Powers the machine on; `memory`: goes on where a saved one stopped (and waits for `resume`). */
  async start(memory: string | null = null): Promise<void> {
    if (this.isRunning) throw new RackError(`${this.name} is running already`);
    const { record } = this;
    const start = record.starts + 1;
    const run = this.context.record();
    rmSync(this.monitor, { force: true });
    const launchArguments = qemuArguments({
      runId: run.id,
      topology: this.context.topology,
      machine: this.spec,
      files: {
        disk: this.disk,
        seed: this.seed,
        serialLog: this.serialLog,
        captureFolder: this.folder,
        socketFolder: run.socketFolder,
      },
      sshPort: record.sshPort,
      linkPorts: run.linkPorts,
      start,
      accelerator: this.context.accelerator,
      memory,
    });
    const log = openSync(this.qemuLog, 'a', 0o600);
    // The kernel itself ends QEMU when this process ends, however it ends. Detached from the terminal, so that
    // Ctrl-C reaches only us and the machines are stopped in order.
    const command = ['qemu-system-x86_64', ...launchArguments];
    const child = spawn('setpriv', run.owner === null ? command : ['--pdeathsig', 'KILL', '--', ...command], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => undefined);
    closeSync(log);
    child.unref();
    const startTime = child.pid === undefined ? null : processStartTime(child.pid);
    if (child.pid === undefined || startTime === null) throw this.failed('QEMU did not start');
    this.context.update(this.name, { ...record, process: { pid: child.pid, startTime }, starts: start });
    await this.waitForMonitor();
  }

  /** Lets a machine that was started from its saved memory go on. */
  async resume(): Promise<void> {
    await Qmp.with(this.monitor, async (monitor) => {
      await monitor.waitForRunState('paused', 120_000);
      await monitor.execute('cont');
    });
    await this.setClock();
  }

  /** After a pause the guest's clock still stands where it stood before. */
  async setClock(): Promise<void> {
    await this.waitForBoot();
    await this.run(['sudo', 'date', '--utc', `--set=@${(Date.now() / 1000).toFixed(3)}`]);
  }

  /**
   * Runs a command as the operator. `words` are one command and its arguments, quoted for the far shell; ssh's own
   * failures have exit code 255.
   */
  async ssh(words: readonly string[], options: SshOptions = {}): Promise<RunResult> {
    return this.sshWith(join(this.context.record().socketFolder, `${this.name}.ssh`), words, options);
  }

  /** As `ssh`, but another exit code than 0 is an error; hands back standard output. */
  async run(words: readonly string[], options: SshOptions = {}): Promise<string> {
    const result = await this.ssh(words, options);
    if (result.exitCode !== 0) {
      const said = lastLines(`${result.stdout}\n${result.stderr}`.trim(), 20);
      throw new RackError(`${this.name}: ${words.join(' ')}: exit code ${result.exitCode}\n${said}`);
    }
    return result.stdout;
  }

  /** Waits until the machine answers over SSH; it may still be busy with cloud-init. */
  async waitForBoot(options: BootWaitOptions = {}): Promise<void> {
    const seconds = options.timeoutSeconds ?? 1200;
    const end = Date.now() + seconds * 1000;
    const { boots = 1, after } = options;
    let seen = 'no answer over SSH yet';
    // A machine that is up but busy may need long for its answer, one that isn't yet never gives one: so the
    // attempts begin short and get longer.
    for (let patience = 15; Date.now() < end; patience = Math.min(patience + 5, 90)) {
      if (!this.isRunning) throw this.failed('QEMU ended while the machine was booting');
      const timeoutSeconds = Math.min(patience, Math.max(1, (end - Date.now()) / 1000));
      const result = await this.sshWith(null, ['sudo', 'sh', '-c', BOOT_QUESTION], { timeoutSeconds });
      if (result.exitCode === 0) {
        const { bootId, count } = parseBoots(result.stdout);
        if (bootId !== after && count >= boots) {
          await this.dropSharedConnection();
          return;
        }
        seen = `boot ${count} (${bootId})`;
      } else if (/host key|permission denied|too open/i.test(result.stderr)) {
        // The machine answers; waiting longer would change nothing, unless cloud-init is about to bring the keys.
        seen = result.stderr.trim();
      }
      await sleep(1_000);
    }
    const wanted = boots > 1 ? ` for its boot ${boots}` : '';
    throw this.failed(`not up${wanted} within ${seconds} s (last seen: ${seen})`);
  }

  /** Waits until cloud-init has ended, whatever reboots there are on the way; its own failure is an error. */
  async waitForCloudInit(options: WaitOptions = {}): Promise<CloudInitResult> {
    const seconds = options.timeoutSeconds ?? 1200;
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      if (!this.isRunning) throw this.failed('QEMU ended while cloud-init was running');
      const result = await this.ssh(['cloud-init', 'status', '--wait', '--format', 'json'], {
        timeoutSeconds: Math.max(1, (end - Date.now()) / 1000),
      });
      const status = parseCloudInit(result.stdout);
      if (status !== null && status.status !== 'running' && status.status !== 'not started') {
        if (status.status !== 'error') return status;
        throw this.failed(`cloud-init failed: ${status.errors.join('; ')}`);
      }
      await sleep(1_000);
    }
    throw this.failed(`cloud-init has not ended within ${seconds} s`);
  }

  async bootId(): Promise<string> {
    return (await this.run(['cat', '/proc/sys/kernel/random/boot_id'])).trim();
  }

  /** How often the machine has been booted from its present disk, as its journal knows. */
  async bootCount(): Promise<number> {
    return parseBoots(await this.run(['sudo', 'sh', '-c', BOOT_QUESTION])).count;
  }

  /** An orderly reboot; ends when the machine answers again. */
  async reboot(options: WaitOptions = {}): Promise<void> {
    const before = await this.bootId();
    await this.ssh(['sudo', 'systemctl', '--no-block', 'reboot']);
    await this.waitForBoot({ ...options, after: before });
  }

  /** The reset button. Doesn't wait; see `waitForBoot`. */
  async reset(): Promise<void> {
    await this.dropSharedConnection();
    await Qmp.with(this.monitor, (monitor) => monitor.execute('system_reset'));
  }

  /** The plug is pulled: nothing in the guest gets to write anything. `start` powers it on again. */
  async powerCut(): Promise<void> {
    signalMachine(this.context.record(), this.name, 'SIGKILL');
    await this.end();
  }

  /** Ends the machine's QEMU, orderly for QEMU and a power cut for the guest. */
  async end(): Promise<void> {
    await this.dropSharedConnection();
    await endMachine(this.context.record(), this.name);
  }

  /** An error about this machine that shows the end of its console and of QEMU's own messages. */
  failed(what: string): RackError {
    const parts = [`${this.name}: ${what}`];
    for (const [title, file] of [
      ['QEMU said', this.qemuLog],
      ['end of the serial console', this.serialLog],
    ] as const) {
      const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
      if (text !== '') parts.push(`--- ${title} (${file})`, printable(lastLines(text, 20)));
    }
    return new RackError(parts.join('\n'));
  }

  private get record(): MachineRecord {
    const record = this.context.record().machines[this.name];
    if (record === undefined) throw new RackError(`${this.name} is not in the run's record`);
    return record;
  }

  private async waitForMonitor(): Promise<void> {
    const end = Date.now() + 30_000;
    while (!existsSync(this.monitor)) {
      // Not `isRunning`: while it goes from setpriv to QEMU, the process has no command line for a moment.
      if (!isAlive(this.record.process)) throw this.failed('QEMU ended at once');
      if (Date.now() > end) throw this.failed('QEMU has no monitor after 30 s');
      await sleep(50);
    }
    // The socket is there before all devices are made; an answer means that QEMU is past that.
    await Qmp.with(this.monitor, (monitor) => monitor.runState()).catch((error: unknown) => {
      if (!this.isRunning) throw this.failed('QEMU ended at once');
      throw error;
    });
  }

  private sshWith(
    socket: string | null,
    words: readonly string[],
    { input, timeoutSeconds }: SshOptions,
  ): Promise<RunResult> {
    return run(
      'ssh',
      ['-F', this.sshConfiguration, ...sharedConnection(socket), this.name, '--', quoteForShell(words)],
      { input, timeoutMilliseconds: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000 },
    );
  }

  /** A connection kept open for later commands doesn't outlive the boot it was made in. */
  private async dropSharedConnection(): Promise<void> {
    const socket = join(this.context.record().socketFolder, `${this.name}.ssh`);
    if (!existsSync(socket)) return;
    await run('ssh', ['-F', 'none', '-o', `ControlPath=${socket}`, '-O', 'exit', this.name], {
      timeoutMilliseconds: 5_000,
    });
    rmSync(socket, { force: true });
  }
}

const BOOT_QUESTION = 'cat /proc/sys/kernel/random/boot_id && journalctl --list-boots --quiet --no-pager';

export function parseBoots(text: string): { readonly bootId: string; readonly count: number } {
  const [bootId = '', ...boots] = text.split('\n');
  return {
    bootId: bootId.trim(),
    count: boots.filter((line) => /^\s*-?\d+\s+[0-9a-f]{32}\s/.test(line)).length,
  };
}

export function parseCloudInit(text: string): CloudInitResult | null {
  // While `--wait` waits, Debian 12's cloud-init prints dots before the answer.
  const start = text.indexOf('{');
  if (start < 0) return null;
  const answer = JSON.parse(text.slice(start)) as {
    readonly status: string;
    readonly errors?: readonly string[];
    readonly recoverable_errors?: Readonly<Record<string, readonly string[]>>;
  };
  return {
    status: answer.status,
    errors: answer.errors ?? [],
    recoverableErrors: answer.recoverable_errors ?? {},
  };
}

/** Boot loaders draw with escape sequences; a terminal that shows an error shouldn't follow them. */
function printable(text: string): string {
  return stripVTControlCharacters(text)
    .split('')
    .filter((character) => character === '\n' || character === '\t' || (character >= ' ' && character <= '~'))
    .join('');
}

/** A loopback port that is free now, outside the range from which the kernel takes ports for connections. */
export async function freePort(taken: ReadonlySet<number>, canTake = canListen): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!taken.has(port) && (await canTake(port))) return port;
  }
  throw new RackError('no free port on 127.0.0.1 between 20000 and 32000 in 100 attempts');
}

/** As `freePort`, for UDP. */
export function freeDatagramPort(taken: ReadonlySet<number>): Promise<number> {
  return freePort(taken, canBindDatagrams);
}

function canBindDatagrams(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.on('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
