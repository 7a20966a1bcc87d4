import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** An error for people: says what failed, with which value, and what to do. Printed without a stack trace. */
export class RackError extends Error {
  override readonly name = 'RackError';
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; 128 plus the signal's number where a signal ended the process. */
  readonly exitCode: number;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly environment?: NodeJS.ProcessEnv;
  /** The process is killed after this many milliseconds, and the run fails. */
  readonly timeoutMilliseconds?: number;
  readonly directory?: string;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs a program without a shell and hands back what it said, whatever its exit code. */
export function run(
  program: string,
  programArguments: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...programArguments], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.environment ?? process.env,
      cwd: options.directory,
      timeout: options.timeoutMilliseconds,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? new RackError(`${program}: not found on PATH; run "npx tsx test/rack/cli.ts setup" as root`)
          : new RackError(`${program}: ${error.message}`),
      );
    });
    // A program that ends without reading its input is no error of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('close', (code, signal) => {
      resolve({
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        exitCode: code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0),
      });
    });
  });
}

/** As `run`, but another exit code than 0 is an error that shows the end of what the program said. */
export async function check(
  program: string,
  programArguments: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await run(program, programArguments, options);
  if (result.exitCode !== 0) {
    const said = lastLines(result.stderr.trim() === '' ? result.stdout : result.stderr, 20);
    throw new RackError(`${program} ${programArguments.join(' ')}: exit code ${result.exitCode}\n${said}`);
  }
  return result;
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/**
 * When a process began, in clock ticks since boot (field 22 of /proc/PID/stat): with the pid it names one process
 * for good, since pids are used again. Null: there is no such process, or it is a zombie.
 */
export function processStartTime(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field is the program's name in parentheses and may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return Number(fields[19]);
}

export function processArguments(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
