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
    super(`expected ${expected}, got ${showValue(value)}${reason === undefined ? '' : `: ${reason}`}`);
    this.name = 'ValueError';
  }
}

/** Longer values are cut: a message is for reading. */
const SHOWN_CHARACTERS = 120;

/** A value as a message shows it: on one line, whatever it is. */
export function showValue(value: unknown): string {
  const text = wholeValue(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

function wholeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return /\p{Cc}/u.test(value) ? JSON.stringify(value) : `'${value}'`;
    case 'bigint':
      return `${value}n`;
    case 'symbol':
    case 'function':
      return `a ${typeof value}`;
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map(wholeElement).join(', ')}]`;
      return `an object (${objectName(value)})`;
    default:
      return String(value);
  }
}

/** Lists are shown one level deep: they may hold themselves. */
function wholeElement(element: unknown): string {
  return Array.isArray(element) ? 'a list' : wholeValue(element);
}

function objectName(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'Object';
}
