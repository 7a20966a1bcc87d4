import { showValue } from '../values/value-error';
import type { ProfileDocument } from './profile-document';
import type { Findings } from './profile-error';

/** What one reader made of its files. */
export interface Part {
  readonly document: ProfileDocument;
  readonly name: string;
  readonly findings: Findings;
}

/** Measured at one moment, or rounded by the one who tells: here the first word counts. */
const MEASURED = new Set([
  'hostName',
  'source',
  'memoryKib',
  'freeKib',
  'totalKib',
  'free',
  'total',
  'model',
  'flags',
  'vendor',
  'state',
  'carrier',
  'speedMbps',
  'macAddress',
]);
/** Lists whose members are known by something. */
const KEYS: Readonly<Record<string, string>> = {
  cpus: 'id',
  nodes: 'id',
  hugepages: 'pageSizeKib',
  interfaces: 'name',
};

/** One document from several that each know a part of the same host; two that contradict each other are a finding. */
export function mergeDocuments(parts: readonly Part[]): ProfileDocument {
  let merged: unknown = { schemaVersion: 1 };
  const names: string[] = [];
  for (const part of parts) {
    const tell = (place: string, mine: unknown, theirs: unknown) =>
      part.findings.report(
        place,
        `${showValue(theirs)} here, ${showValue(mine)} in ${names.join(', ')}`,
        'take all files from the same host, one after the other',
      );
    merged = merge(merged, part.document, '', '', tell);
    names.push(part.name);
  }
  const document = merged as ProfileDocument;
  tellStrangers(parts);
  // Those without an address stay behind the others, in their own order.
  document.nics?.sort((a, b) => compare(a.address ?? 'none', b.address ?? 'none'));
  const withoutAddress = document.nics?.filter(({ address }) => address === undefined) ?? [];
  const last = parts.at(-1);
  if (last && withoutAddress.length > 0 && withoutAddress.length < (document.nics?.length ?? 0)) {
    const shown = withoutAddress
      .flatMap(({ interfaces = [] }) => interfaces.map(({ name }) => name))
      .join(', ');
    last.findings.report(
      'nics',
      `nobody says which PCI devices these NICs are: ${shown}`,
      'leave one of the two lists of NICs out, or use `npx cdktf-dataplane inspect`, which knows both',
    );
  }
  return document;
}

/** NICs that are missing in a list that has all: the files are of two hosts. */
function tellStrangers(parts: readonly Part[]): void {
  const addresses = ({ document }: Part) => document.nics?.flatMap(({ address }) => address ?? []) ?? [];
  for (const complete of parts.filter(({ document }) => document.nicsComplete === true)) {
    const all = new Set(addresses(complete));
    for (const part of parts) {
      const strangers = addresses(part).filter((address) => !all.has(address));
      if (strangers.length === 0) continue;
      part.findings.report(
        'nics',
        `${strangers.join(', ')} here, not among all NICs in ${complete.name}`,
        'take all files from the same host, one after the other',
      );
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Tell = (place: string, mine: unknown, theirs: unknown) => void;
type Fields = Record<string, unknown>;

function merge(mine: unknown, theirs: unknown, key: string, place: string, tell: Tell): unknown {
  if (mine === undefined) return theirs;
  if (theirs === undefined || MEASURED.has(key)) return mine;
  if (Array.isArray(mine) && Array.isArray(theirs)) {
    if (key === 'nics') return mergeNics(mine as Fields[], theirs as Fields[], tell);
    const id = KEYS[key];
    if (id !== undefined) return mergeBy(id, mine as Fields[], theirs as Fields[], key, place, tell);
  } else if (isFields(mine) && isFields(theirs)) {
    return mergeFields(mine, theirs, place, tell);
  }
  if (JSON.stringify(mine) !== JSON.stringify(theirs)) tell(place, mine, theirs);
  return mine;
}

function mergeFields(mine: Fields, theirs: Fields, place: string, tell: Tell): Fields {
  const merged: Fields = { ...mine };
  for (const [key, value] of Object.entries(theirs)) {
    merged[key] = merge(mine[key], value, key, place === '' ? key : `${place}.${key}`, tell);
  }
  return merged;
}

function mergeBy(
  id: string,
  mine: Fields[],
  theirs: Fields[],
  key: string,
  place: string,
  tell: Tell,
): Fields[] {
  const merged = [...mine];
  for (const their of theirs) {
    const index = merged.findIndex((one) => one[id] === their[id]);
    const own = merged[index];
    if (own) merged[index] = mergeFields(own, their, `${place}[${showValue(their[id])}]`, tell);
    else merged.push(their);
  }
  if (key === 'nodes' && theirs.length > 0 && (merged.length > mine.length || theirs.length < mine.length)) {
    tell(
      place,
      mine.map((one) => one[id]),
      theirs.map((one) => one[id]),
    );
  }
  return merged;
}

/** By PCI address; one without, by its interface. */
function mergeNics(mine: Fields[], theirs: Fields[], tell: Tell): Fields[] {
  const merged = [...mine];
  for (const their of theirs) {
    const index = merged.findIndex((own) => {
      if (own['address'] !== undefined && their['address'] !== undefined)
        return own['address'] === their['address'];
      const [here, there] = [portOf(own), portOf(their)];
      return here !== undefined && here === there;
    });
    const own = merged[index];
    const shown = typeof their['address'] === 'string' ? their['address'] : (portOf(their) ?? '');
    if (own) merged[index] = mergeFields(own, their, `nics[${shown}]`, tell);
    else merged.push(their);
  }
  return merged;
}

/** Name and MAC address: one of them alone may stand at two NICs, or have changed. */
function portOf({ interfaces }: Fields): string | undefined {
  const [only, ...others] = Array.isArray(interfaces) ? (interfaces as Fields[]) : [];
  const mac = only?.['permanentMacAddress'] ?? only?.['macAddress'];
  return typeof mac === 'string' && typeof only?.['name'] === 'string' && others.length === 0
    ? `${only['name']} ${mac}`
    : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
