/** A value that a person wrote and that can't be read. The message needs no context: it says what was expected, and what came. */
export class ValueError extends Error {
  /**
   * @param expected what the value should be, as a noun phrase: "a PCI address like 0000:03:00.0"
   * @param value what came instead
   * @param reason why it isn't that, where the form alone doesn't say it
   */
  constructor(
    readonly expected: string,
    readonly value: unknown,
    readonly reason?: string,
  ) {
    super(`expected ${expected}, got ${show(value)}${reason === undefined ? '' : `: ${reason}`}`);
    this.name = 'ValueError';
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
}
