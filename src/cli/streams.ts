/** Where a command writes to: results to `out`, everything that is said to people to `err`. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

/** One event, one line, as the agent logs it. */
export function say(streams: Streams, ...parts: readonly string[]): void {
  streams.err(`${['cdktf-dataplane', ...parts].join(': ').replace(/\s+/g, ' ').trim()}\n`);
}

/** Something that a person can mend; never shown with a stack. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}
