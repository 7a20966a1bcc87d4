import { spawn } from 'node:child_process';
import {
  ANSWER_BEGINS,
  ANSWER_ENDS,
  inspectProgram,
  NO_PYTHON,
  NO_SUDO,
  OLD_PYTHON,
  remoteCommand,
  type Privilege,
} from './agent-program';
import { CommandError } from './streams';

/** Far more than the largest machine answers. */
const LONGEST_ANSWER = 64 * 1024 * 1024;
const SSH_FAILED = 255;

export interface Question {
  readonly host: string;
  readonly privilege: Privilege;
  readonly sshOptions: readonly string[];
}

/** What `dataplane-host inspect` prints on a host. ssh's and the host's own words go to standard error as they come. */
export async function askHost({ host, privilege, sshOptions }: Question): Promise<string> {
  const { code, signal, output } = await ssh(
    // A terminal or a command that the configuration asks for would come between.
    ['-T', '-o', 'RemoteCommand=none', ...sshOptions, '--', host, remoteCommand(privilege)],
    inspectProgram(),
  );
  if (signal !== null) throw new CommandError(`${host}: ssh was ended by ${signal}`);
  if (code !== 0) throw new CommandError(`${host}: ${reason(code, host)}`);
  const begin = output.indexOf(`${ANSWER_BEGINS}\n`);
  const end = output.indexOf(ANSWER_ENDS, begin);
  if (begin === -1 || end === -1) {
    throw new CommandError(
      `${host}: the answer was cut off; see what \`ssh ${host} true\` prints, and whether the connection holds`,
    );
  }
  return output.slice(begin + ANSWER_BEGINS.length + 1, end);
}

function reason(code: number | null, host: string): string {
  switch (code) {
    case SSH_FAILED:
      return `ssh failed, its own words stand above; \`ssh ${host} true\` has to work first (options of ssh stand behind --)`;
    case NO_PYTHON:
      return 'the host has no python3; install it there (apt-get install python3-minimal)';
    case OLD_PYTHON:
      return 'Python 3.9 or newer is needed on the host';
    case NO_SUDO:
      return "sudo doesn't work without a password; log in as root, allow it (NOPASSWD), or go without by --no-sudo";
    default:
      return `dataplane-host inspect failed with exit code ${code ?? '?'}, its own words stand above`;
  }
}

interface SshResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

function ssh(args: readonly string[], input: string): Promise<SshResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const pieces: Buffer[] = [];
    let length = 0;
    const end = (signal: NodeJS.Signals) => child.kill(signal);
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    child.stdout.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > LONGEST_ANSWER) child.kill();
      else pieces.push(piece);
    });
    // ssh that ends early says why itself.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (error) => {
      reject(new CommandError(`ssh can't be started: ${error.message}; install OpenSSH's client`));
    });
    child.on('close', (code, signal) => {
      process.off('SIGTERM', end);
      process.off('SIGINT', end);
      resolve({ code, signal, output: Buffer.concat(pieces).toString('utf8') });
    });
  });
}
