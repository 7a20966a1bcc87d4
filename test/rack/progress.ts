/** Where progress goes; process.stderr in use, anything that takes text in a test. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface FinishedStep {
  readonly title: string;
  readonly seconds: number;
  readonly outcome: 'done' | 'failed';
}

interface RunningStep {
  readonly title: string;
  readonly begin: number;
  detail: string;
}

/** What a step's work may do with its own line. */
export interface Step {
  /** Says where the step is; shown after its title. */
  update(detail: string): void;
}

export interface ProgressOptions {
  readonly output?: ProgressOutput;
  /** Milliseconds between two signs of life: a redrawn line on a terminal, a new line elsewhere. */
  readonly intervalMilliseconds?: number;
  readonly now?: () => number;
  /** Stands before every title, where several tell of their steps on one output. */
  readonly label?: string;
}

/**
 * Steps that take long, each with its elapsed time. On a terminal the running steps share one line that is
 * redrawn every second; elsewhere a plain line says every 30 seconds what is still running. Steps may overlap.
 */
export class Progress {
  readonly finished: FinishedStep[] = [];
  private readonly running: RunningStep[] = [];
  private readonly output: ProgressOutput;
  private readonly interval: number;
  private readonly now: () => number;
  private readonly label: string;
  private timer: NodeJS.Timeout | null = null;
  private lineIsDrawn = false;

  constructor(options: ProgressOptions = {}) {
    this.output = options.output ?? process.stderr;
    this.interval = options.intervalMilliseconds ?? (this.output.isTTY === true ? 1_000 : 30_000);
    this.now = options.now ?? Date.now;
    this.label = options.label === undefined ? '' : `${options.label}: `;
  }

  /** Runs `work` as one step of the list and hands back its result; a failure is shown and passed on. */
  async step<T>(what: string, work: (step: Step) => Promise<T>): Promise<T> {
    const title = `${this.label}${what}`;
    const step: RunningStep = { title, begin: this.now(), detail: '' };
    this.running.push(step);
    if (this.output.isTTY === true) this.draw();
    else this.output.write(`  ...   ${title}\n`);
    this.timer ??= setInterval(() => this.tick(), this.interval);
    this.timer.unref();
    try {
      const result = await work({
        update: (detail) => {
          step.detail = detail;
          if (this.output.isTTY === true) this.draw();
        },
      });
      this.finish(step, 'done');
      return result;
    } catch (error) {
      this.finish(step, 'failed');
      throw error;
    }
  }

  /** A line of its own among the steps. */
  say(line: string): void {
    this.erase();
    this.output.write(`${line}\n`);
    this.draw();
  }

  private finish(step: RunningStep, outcome: FinishedStep['outcome']): void {
    this.running.splice(this.running.indexOf(step), 1);
    const seconds = (this.now() - step.begin) / 1000;
    this.finished.push({ title: step.title, seconds, outcome });
    if (this.running.length === 0 && this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
    this.say(
      outcome === 'done'
        ? `  done  ${step.title}  ${seconds.toFixed(1)} s`
        : `  FAIL  ${step.title}  after ${seconds.toFixed(1)} s${step.detail === '' ? '' : ` (${step.detail})`}`,
    );
  }

  private tick(): void {
    if (this.output.isTTY === true) this.draw();
    else for (const step of this.running) this.output.write(`  ...   ${this.describe(step)}\n`);
  }

  private describe(step: RunningStep): string {
    return `${step.title}  ${clock(this.now() - step.begin)}${step.detail === '' ? '' : `  ${step.detail}`}`;
  }

  private draw(): void {
    if (this.output.isTTY !== true || this.running.length === 0) return;
    const text = `  ...   ${this.running.map((step) => this.describe(step)).join(' | ')}`;
    const columns = this.output.columns ?? 80;
    this.erase();
    this.output.write(text.slice(0, columns - 1));
    this.lineIsDrawn = true;
  }

  private erase(): void {
    if (this.lineIsDrawn) this.output.write('\r\x1b[K');
    this.lineIsDrawn = false;
  }
}

/** Elapsed time as people read it: `0:07`, `12:40`. */
export function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
