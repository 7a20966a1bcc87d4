import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { delimiter, dirname, join, resolve } from 'node:path';
import { findAnsible } from '../../scripts/ansible';
import { findTerraform, type Terraform } from '../../scripts/terraform';
import type { HostPlan } from '../../src/plan/host-plan';
import { lastLines, RackError, type RunResult } from './process';
import type { Rack } from './rack';

const REPOSITORY = resolve(__dirname, '../..');

export interface StackRunOptions {
  /** The app, as a path below the repository: `examples/srv6-two-sites/main.ts`. */
  readonly app: string;
  readonly stackId: string;
}

export type LineListener = (line: string) => void;

/**
 * A stack and its state, in the rack's work folder, deployed with the real `cdktf` to the rack's machines. What the
 * stack calls a host is an alias of an ssh configuration, as operators have them; nothing in the stack knows of the rack.
 */
export class StackRun {
  /** Said once by whoever runs this: where a provider isn't the real one. */
  readonly note: string | undefined;
  private readonly folder: string;
  private readonly terraform: Terraform;
  private readonly path: string;
  private appEnvironment: Readonly<Record<string, string>> = {};

  constructor(
    private readonly rack: Rack,
    private readonly options: StackRunOptions,
  ) {
    const terraform = findTerraform();
    if (!terraform.available) throw new RackError(terraform.reason);
    const ansible = findAnsible();
    if (!ansible.available) throw new RackError(ansible.reason);
    this.terraform = terraform;
    this.note = terraform.note;
    const programs = [
      join(REPOSITORY, 'node_modules/.bin'),
      ...(ansible.playbook.includes('/') ? [dirname(ansible.playbook)] : []),
    ];
    this.path = [...programs, process.env.PATH ?? ''].join(delimiter);
    this.folder = join(rack.workFolder, 'stack');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    // What a saved rack's synth left names that rack's folders; the state beside it holds for this one too.
    rmSync(join(this.folder, 'cdktf.out'), { recursive: true, force: true });
    this.useApp(options.app);
  }

  /** From now on this app is the stack's code, with this added to its environment; the stack's state stays. */
  useApp(app: string, environment: Readonly<Record<string, string>> = {}): void {
    this.appEnvironment = environment;
    const tsx = `tsx --tsconfig ${join(REPOSITORY, 'tsconfig.json')}`;
    writeFileSync(
      join(this.folder, 'cdktf.json'),
      JSON.stringify({
        language: 'typescript',
        app: `${tsx} ${resolve(REPOSITORY, app)}`,
        projectId: 'rack',
        sendCrashReports: 'false',
      }),
    );
  }

  get artifacts(): string {
    return join(this.folder, 'cdktf.out', 'stacks', this.options.stackId, 'dataplane');
  }

  plan(host: string): HostPlan {
    return JSON.parse(readFileSync(join(this.artifacts, 'hosts', host, 'plan.json'), 'utf8')) as HostPlan;
  }

  synth(): Promise<RunResult> {
    return this.checked('cdktf', ['synth']);
  }

  /** Whatever its exit code. */
  deploy(onLine?: LineListener): Promise<RunResult> {
    return this.run('cdktf', this.cdktf('deploy', '--auto-approve'), onLine);
  }

  diff(): Promise<RunResult> {
    return this.run('cdktf', this.cdktf('diff'));
  }

  destroy(onLine?: LineListener): Promise<RunResult> {
    return this.run('cdktf', this.cdktf('destroy', '--auto-approve'), onLine);
  }

  /** A playbook of the stack by hand, for all hosts, as its README says. */
  playbook(
    name: 'site' | 'verify' | 'undo',
    words: readonly string[] = [],
    onLine?: LineListener,
  ): Promise<RunResult> {
    const ansible = join(this.artifacts, 'ansible');
    const files = ['--inventory', join(ansible, 'inventory.yaml'), join(ansible, `${name}.yaml`)];
    return this.run('ansible-playbook', [...files, ...words], onLine, {
      ANSIBLE_CONFIG: join(ansible, 'ansible.cfg'),
    });
  }

  /** Removes the stack's folder, Terraform's state included. */
  forget(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private cdktf(command: string, ...words: string[]): string[] {
    return [command, this.options.stackId, ...words, ...this.terraform.cdktfArguments];
  }

  private async checked(program: string, words: readonly string[]): Promise<RunResult> {
    const result = await this.run(program, words);
    if (result.exitCode === 0) return result;
    throw new RackError(
      `${program} ${words.join(' ')}: exit code ${result.exitCode}\n${lastLines(result.stdout + result.stderr, 30)}`,
    );
  }

  private run(
    program: string,
    words: readonly string[],
    onLine: LineListener = () => undefined,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<RunResult> {
    return runLines(program, words, {
      directory: this.folder,
      onLine,
      environment: {
        ...process.env,
        PATH: this.path,
        ...this.terraform.environment,
        ANSIBLE_SSH_COMMON_ARGS: `-F ${this.rack.sshConfiguration}`,
        ANSIBLE_HOME: join(this.folder, 'ansible-home'),
        // By default all racks of a user share one, and a connection to "east" is then the other rack's.
        ANSIBLE_SSH_CONTROL_PATH_DIR: this.rack.record.socketFolder,
        ANSIBLE_NOCOLOR: '1',
        ...this.appEnvironment,
        ...environment,
      },
    });
  }
}

interface LinesOptions {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly onLine: LineListener;
}

function runLines(program: string, words: readonly string[], options: LinesOptions): Promise<RunResult> {
  return new Promise((resolvePromise, reject) => {
    const child = spawn(program, [...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.directory,
      env: options.environment,
    });
    let rest = '';
    const output = { stdout: '', stderr: '' };
    const take = (stream: keyof typeof output) => (coloured: string) => {
      const chunk = stripVTControlCharacters(coloured);
      output[stream] += chunk;
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) options.onLine(line);
    };
    child.stdout.setEncoding('utf8').on('data', take('stdout'));
    child.stderr.setEncoding('utf8').on('data', take('stderr'));
    child.on('error', (error) => reject(new RackError(`${program}: ${error.message}`)));
    child.on('close', (code) => resolvePromise({ ...output, exitCode: code ?? 128 }));
  });
}
