import type { ProfileDocument } from '../profile-document';
import type { Findings } from '../profile-error';

/** One text that a person gave. */
export interface Source {
  /** File name, or what stands for it. */
  readonly name: string;
  readonly text: string;
  /** Its value where the text is JSON, otherwise undefined. */
  readonly json: unknown;
  readonly findings: Findings;
}

/** At least one. */
export type Sources = readonly [Source, ...Source[]];

export interface ReadOptions {
  /** Which host, where a file has several (MAAS' machines, a list of SriovNetworkNodeStates). */
  readonly host?: string;
}

/** Reads what one program prints. Whatever is wrong goes to the findings of the source. */
export interface Reader {
  /** Of the program, for `ProfileDocument.source`. */
  readonly name: string;
  recognises(source: Source): boolean;
  /** All sources that are this reader's: they know parts of one host. */
  read(sources: Sources, options: ReadOptions): ProfileDocument;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The one host that is meant among those of a file. */
export function chooseHost<T>(
  hosts: readonly { readonly names: readonly string[]; readonly value: T }[],
  { host }: ReadOptions,
  { findings }: Source,
  what: string,
): T | undefined {
  const fitting = host === undefined ? hosts : hosts.filter(({ names }) => names.includes(host));
  const [only, ...others] = fitting;
  if (only && others.length === 0) return only.value;
  const known = hosts.map(({ names }) => names[0] ?? '?').join(', ');
  if (hosts.length === 0) {
    findings.report('', `it has no ${what}`, `write the ${what} of the host into it`);
  } else if (only) {
    findings.report(
      '',
      `it has ${fitting.length} ${what}s: ${known}`,
      "say which one is meant: HardwareProfile.fromFile(path, { host: '…' })",
    );
  } else {
    findings.report('', `it has no ${what} of '${host ?? ''}', but of ${known}`, 'name one of these as host');
  }
  return undefined;
}
