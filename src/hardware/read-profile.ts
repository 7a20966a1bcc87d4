import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { checkDocument } from './check-document';
import { mergeDocuments, type Part } from './merge-documents';
import type { ProfileDocument } from './profile-document';
import { Findings, messageOf, ProfileError, type ProfileFinding } from './profile-error';
import { inspectReader } from './readers/inspect';
import { lscpuReader } from './readers/lscpu';
import { lspciReader } from './readers/lspci';
import { maasReader } from './readers/maas';
import { numactlReader } from './readers/numactl';
import type { Reader, ReadOptions, Source, Sources } from './readers/reader';
import { sriovNodeStateReader } from './readers/sriov-node-state';

export type { ReadOptions } from './readers/reader';

export interface NamedText {
  /** For messages: a file name. */
  readonly name: string;
  readonly text: string;
}

/** What was read, and how its sources are called together. */
export interface ReadProfile {
  readonly document: ProfileDocument;
  readonly file: string;
}

const READERS: readonly Reader[] = [
  inspectReader,
  sriovNodeStateReader,
  maasReader,
  lspciReader,
  numactlReader,
  lscpuReader,
];

/** Far more than the largest machine gives. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** @throws ProfileError */
export function readFiles(paths: readonly string[], options: ReadOptions): ReadProfile {
  const unreadable: ProfileFinding[] = [];
  const texts = paths.flatMap((path): NamedText[] => {
    try {
      return [{ name: path, text: decoded(readFileSync(path)) }];
    } catch (error) {
      const why = messageOf(error);
      const remedy = 'name a file that is there and that you may read';
      unreadable.push({ file: path, place: '', what: `it can't be read: ${why}`, remedy });
      return [];
    }
  });
  if (unreadable.length > 0) throw new ProfileError(unreadable);
  return readTexts(texts, options);
}

/** @throws ProfileError */
export function readTexts(texts: readonly (string | NamedText)[], options: ReadOptions): ReadProfile {
  const sources = texts.map((given, index) => {
    const name =
      typeof given !== 'string' ? given.name : texts.length === 1 ? 'the text' : `text ${index + 1}`;
    return toSource(name, (typeof given === 'string' ? given : given.text).replace(/^\uFEFF/, ''));
  });
  const file = sources.map(({ name }) => name).join(', ');
  const byReader = new Map<Reader, Sources>();
  for (const source of sources) {
    const reader = readerOf(source);
    if (!reader) continue;
    const [first, ...more] = byReader.get(reader) ?? [source];
    byReader.set(reader, first === source ? [source] : [first, ...more, source]);
  }
  const all = () => sources.flatMap(({ findings }) => findings.all);
  if (sources.length === 0) {
    const none = new Findings('');
    none.report('', 'no file is named', 'name the files of one host');
    throw new ProfileError(none.all);
  }
  const parts = [...byReader].map(([reader, own]): Part => {
    const document = reader.read(own, options);
    return {
      document: { source: reader.name, ...document },
      name: own.map(({ name }) => name).join(', '),
      findings: own[0].findings,
    };
  });
  if (all().length > 0) throw new ProfileError(all());
  const [only, ...others] = parts;
  if (only && others.length === 0 && byReader.has(inspectReader)) return { document: only.document, file };
  const merged: ProfileDocument = {
    ...mergeDocuments(parts),
    source: [...byReader.keys()].map(({ name }) => name).join(', '),
  };
  // What no reader found in its own file, and what the files say together.
  const findings = new Findings(file);
  const document = checkDocument(
    merged,
    findings,
    'take all of it from the same host, as the program printed it',
  );
  const found = [...all(), ...findings.all];
  if (found.length > 0 || !document) throw new ProfileError(found);
  return { document, file };
}

/** @throws ProfileError */
export function readJson(value: unknown, name: string): ReadProfile {
  const findings = new Findings(name);
  const document = checkDocument(value, findings, 'see docs/hardware-profile.schema.json');
  if (!document) throw new ProfileError(findings.all);
  return { document, file: name };
}

function readerOf(source: Source): Reader | undefined {
  const { text, json, findings } = source;
  const reader = READERS.find((one) => one.recognises(source));
  if (reader) return reader;
  const remedy =
    'give what one of these prints: dataplane-host inspect, lscpu -J, lscpu -e, lspci -nnvmmk, numactl -H, maas … machine read, oc get sriovnetworknodestates -o yaml';
  if (text.trim() === '') {
    findings.report('', 'it is empty', `the program that should have written it failed; ${remedy}`);
  } else if (text.length > LARGEST_FILE) {
    findings.report('', `it has ${text.length} characters`, remedy);
  } else if (json === undefined && /^\s*[[{]/.test(text)) {
    findings.report(...jsonFault(text), remedy);
  } else {
    findings.report('', 'it is nothing that is known here', remedy);
  }
  return undefined;
}

function toSource(name: string, text: string): Source {
  let json: unknown;
  if (/^\s*[[{]/.test(text) && text.length <= LARGEST_FILE) {
    try {
      json = JSON.parse(text);
    } catch {
      // Some texts only look like it; where none is recognised, the fault is told.
    }
  }
  return { name, text: text.length <= LARGEST_FILE ? text : '', json, findings: new Findings(name) };
}

function jsonFault(text: string): [place: string, what: string] {
  try {
    JSON.parse(text);
    return ['', 'it is JSON, but nothing that is known here'];
  } catch (error) {
    const why = messageOf(error);
    const [, position] = /at position (\d+)/.exec(why) ?? [];
    // Part of the text follows, and not always the place.
    const what = `this is no JSON: ${why.replace(/(,? \.\.\."|, "| in JSON at| is not valid JSON| \().*$/s, '')}`;
    return [position === undefined ? placeByYaml(text) : placeIn(text, Number(position)), what];
  }
}

/** JSON is YAML, whose parser always says where it stopped. */
function placeByYaml(text: string): string {
  try {
    const [at] = parseDocument(text.slice(0, 1_000_000)).errors[0]?.linePos ?? [];
    return at ? `line ${at.line}, column ${at.col}` : '';
  } catch {
    return ''; // nested beyond all bounds
  }
}

function placeIn(text: string, position: number): string {
  const rows = text.slice(0, position).split('\n');
  return `line ${rows.length}, column ${(rows.at(-1)?.length ?? 0) + 1}`;
}

/** UTF-8, or UTF-16 as some shells write what is redirected into a file. */
function decoded(data: Buffer): string {
  const utf16 = data.length >= 2 && data[0] === 0xff && data[1] === 0xfe;
  return data.toString(utf16 ? 'utf16le' : 'utf8');
}
