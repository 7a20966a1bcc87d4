/** Something in a file that can't be used: where it is, what it is, and what to do. */
export interface ProfileFinding {
  /** File name, or what stands for it. */
  readonly file: string;
  /** `nodes[0].memoryKib`, `line 7`; empty: the whole file. */
  readonly place: string;
  /** What is wrong, with the value. */
  readonly what: string;
  /** What to do. */
  readonly remedy: string;
}

/** A finding as a person reads it, on one line. */
export function formatProfileFinding({ file, place, what, remedy }: ProfileFinding): string {
  return [file, place, `${what}; ${remedy}`].filter((part) => part !== '').join(': ');
}

/** Files that give no hardware profile: all that is wrong with them, at once. */
export class ProfileError extends Error {
  constructor(readonly findings: readonly ProfileFinding[]) {
    super(findings.map(formatProfileFinding).join('\n'));
    this.name = 'ProfileError';
    // The fault is in a file, and the message says where: the way through this library would hide that.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** Collects what a reader finds in one file. */
export class Findings {
  readonly all: ProfileFinding[] = [];

  constructor(private readonly file: string) {}

  report(place: string, what: string, remedy: string): void {
    this.all.push({ file: this.file, place, what, remedy });
  }
}

/** What a caught value says; errors of another realm (workers, jest) are no instances of our Error. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
