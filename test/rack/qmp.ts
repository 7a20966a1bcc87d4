import { connect, type Socket } from 'node:net';
import { RackError, sleep } from './process';

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly QMP?: unknown;
}

/** One conversation with a QEMU over its monitor; QEMU takes one at a time, so close it soon. */
export class Qmp {
  private buffer = '';
  private readonly answers: Answer[] = [];
  private waiting: ((answer: Answer | Error) => void) | null = null;
  private failure: Error | null = null;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new RackError('QEMU closed its monitor')));
  }

  static async with<T>(path: string, work: (monitor: Qmp) => Promise<T>): Promise<T> {
    const socket = connect(path);
    const monitor = new Qmp(socket);
    try {
      await monitor.next(); // the greeting
      await monitor.execute('qmp_capabilities');
      return await work(monitor);
    } finally {
      socket.destroy();
    }
  }

  async execute(command: string, commandArguments?: object): Promise<unknown> {
    this.socket.write(`${JSON.stringify({ execute: command, arguments: commandArguments })}\n`);
    const answer = await this.next();
    if (answer.error !== undefined) throw new RackError(`QEMU refuses ${command}: ${answer.error.desc}`);
    return answer.return;
  }

  /** QEMU's run state: `running`, `paused`, `inmigrate`, `postmigrate` … */
  async runState(): Promise<string> {
    const answer = await this.execute('query-status');
    return (answer as { readonly status: string }).status;
  }

  async waitForRunState(wanted: string, timeoutMilliseconds: number): Promise<void> {
    const end = Date.now() + timeoutMilliseconds;
    let state = await this.runState();
    while (state !== wanted) {
      if (Date.now() > end)
        throw new RackError(`QEMU is "${state}" after ${timeoutMilliseconds / 1000} s, not "${wanted}"`);
      await sleep(100);
      state = await this.runState();
    }
  }

  /** Writes the (stopped) machine's memory and devices to a file. */
  async saveMemory(file: string, timeoutMilliseconds: number): Promise<void> {
    await this.execute('migrate-set-parameters', { 'max-bandwidth': 4 * 2 ** 30 });
    await this.execute('migrate', { uri: `file:${file}` });
    const end = Date.now() + timeoutMilliseconds;
    for (;;) {
      const answer = (await this.execute('query-migrate')) as { status?: string; 'error-desc'?: string };
      if (answer.status === 'completed') return;
      if (answer.status === 'failed' || answer.status === 'cancelled' || Date.now() > end) {
        throw new RackError(
          `memory not saved to ${file}: ${answer['error-desc'] ?? answer.status ?? 'timeout'}`,
        );
      }
      await sleep(200);
    }
  }

  private next(): Promise<Answer> {
    const ready = this.answers.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.failure !== null) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting = (answer) => (answer instanceof Error ? reject(answer) : resolve(answer));
    });
  }

  private read(text: string): void {
    this.buffer += text;
    const lines = this.buffer.split('\n');
    this.buffer = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() === '') continue;
      const answer = JSON.parse(line) as Answer;
      if (answer.event !== undefined) continue;
      if (this.waiting === null) this.answers.push(answer);
      else this.waiting(answer);
      this.waiting = null;
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.waiting?.(error);
    this.waiting = null;
  }
}
