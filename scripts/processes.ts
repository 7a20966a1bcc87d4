/** Other programs, run to their end without a shell, for questions that are answered at once ("which version?"). */
import { spawnSync } from 'node:child_process';

export interface AskOptions {
  readonly cwd?: string;
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutSeconds?: number;
}

export interface Answer {
  /** Exit code; 127 when the program isn't there, 124 when it took too long, -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never throws for what the program does. */
export function ask(command: string, args: readonly string[], options: AskOptions = {}): Answer {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    timeout: options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1000,
  });
  const failure: NodeJS.ErrnoException | undefined = result.error;
  // What it said is null, whatever the types say, when the program could not be started.
  const { stdout, stderr } = failure?.code === 'ENOENT' ? { stdout: '', stderr: '' } : result;
  if (failure?.code === 'ENOENT') return { code: 127, stdout, stderr: `${command}: command not found` };
  if (failure?.code === 'ETIMEDOUT') {
    return { code: 124, stdout, stderr: `${stderr}\nno answer within ${options.timeoutSeconds} s`.trim() };
  }
  return { code: result.status ?? -1, stdout, stderr: failure ? `${stderr}\n${failure.message}` : stderr };
}
