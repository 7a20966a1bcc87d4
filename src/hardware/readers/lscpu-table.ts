import { messageOf } from '../profile-error';
import type { Source } from './reader';
import { isObject } from './reader';

const REMEDY = 'give what `LC_ALL=C lscpu -e` (or `lscpu -p`, or `lscpu -e -J`) prints';

/** A logical CPU as one line of `lscpu -e` or `lscpu -p` has it. */
export interface Row {
  readonly cpu: number;
  readonly node: number | undefined;
  readonly socket: number | undefined;
  readonly core: number | undefined;
  readonly online: boolean | undefined;
  /** Which level-1 caches it has: SMT threads have the same ones. */
  readonly cache: string | undefined;
  readonly maxMhz: string | undefined;
}

const EXTENDED = /^\s*CPU(\s+[A-Z0-9][A-Za-z0-9:_]*)+\s*$/m;
const PARSABLE = /^#\s*CPU,/im;
const JSON_ROWS = /^\s*\{\s*"cpus"\s*:/;

export function isTable({ text }: Source): boolean {
  return JSON_ROWS.test(text) || PARSABLE.test(text) || EXTENDED.test(text);
}

export function readTable(source: Source): Row[] {
  const { text } = source;
  if (JSON_ROWS.test(text)) return jsonRows(source);
  return PARSABLE.test(text) ? parsableRows(source) : extendedRows(source);
}

type Cells = ReadonlyMap<string, string>;

function extendedRows(source: Source): Row[] {
  let header: string[] | undefined;
  return lines(source.text).flatMap(([line, place]) => {
    if (header === undefined) {
      if (EXTENDED.test(line)) header = words(line).map((name) => name.toLowerCase());
      return [];
    }
    return toRow(header, words(line), place, source);
  });
}

function parsableRows(source: Source): Row[] {
  let header: string[] | undefined;
  return lines(source.text).flatMap(([line, place]) => {
    if (line.startsWith('#')) {
      if (PARSABLE.test(line)) header = line.slice(1).trim().toLowerCase().split(',');
      return [];
    }
    // An empty column stands before the caches.
    return header === undefined ? [] : toRow(header, line.trim().split(','), place, source);
  });
}

/** util-linux 2.38 prints a bare `-`, which isn't JSON, where there is nothing (offline CPUs, hosts without NUMA). */
function jsonRows(source: Source): Row[] {
  let value: unknown;
  try {
    value = JSON.parse(source.text.replace(/(":\s*)-(?=\s*[,}\n])/g, '$1null'));
  } catch (error) {
    source.findings.report('', `this is no JSON: ${messageOf(error)}`, REMEDY);
    return [];
  }
  const rows: unknown = isObject(value) ? value['cpus'] : undefined;
  if (!Array.isArray(rows)) {
    source.findings.report('cpus', 'it is no list', REMEDY);
    return [];
  }
  return rows.flatMap((row: unknown, index) => {
    const place = `cpus[${index}]`;
    if (!isObject(row)) {
      source.findings.report(place, 'it is no object', REMEDY);
      return [];
    }
    const cells = Object.entries(row).map(([name, cell]): [string, string] => [
      name.toLowerCase(),
      typeof cell === 'boolean'
        ? cell
          ? 'yes'
          : 'no'
        : typeof cell === 'string' || typeof cell === 'number'
          ? String(cell)
          : '-',
    ]);
    return rowOf(new Map(cells), place, source);
  });
}

function toRow(header: readonly string[], cells: readonly string[], place: string, source: Source): Row[] {
  if (cells.length !== header.length) {
    source.findings.report(place, `${cells.length} columns, where the heading has ${header.length}`, REMEDY);
    return [];
  }
  return rowOf(new Map(header.map((name, index) => [name, cells[index] ?? ''])), place, source);
}

function rowOf(cells: Cells, place: string, source: Source): Row[] {
  const number = (name: string): number | undefined => {
    const cell = cells.get(name);
    if (cell === undefined || cell === '-' || cell === '') return undefined;
    if (/^\d{1,6}$/.test(cell)) return Number(cell);
    source.findings.report(place, `${name.toUpperCase()} is no number: '${cell}'`, REMEDY);
    return undefined;
  };
  const cpu = number('cpu');
  if (cpu === undefined || cpu > 8191) {
    source.findings.report(place, `there is no CPU number from 0 to 8191`, REMEDY);
    return [];
  }
  const row = {
    cpu,
    node: number('node'),
    socket: number('socket'),
    core: number('core'),
    cache: caches(cells),
    maxMhz: known(cells.get('maxmhz')),
  };
  const online = known(cells.get('online'))?.toLowerCase();
  if (online === undefined) return [{ ...row, online: undefined }];
  if (['yes', 'y', 'no', 'n'].includes(online)) return [{ ...row, online: online.startsWith('y') }];
  source.findings.report(place, `ONLINE is neither yes nor no: '${online}'`, REMEDY);
  return [];
}

/** The first two of `L1d:L1i:L2:L3`, or the two columns. */
function caches(cells: Cells): string | undefined {
  const together = [...cells.keys()].find((name) => name.startsWith('l1d:l1i'));
  const [data, instructions] =
    together === undefined ? [cells.get('l1d'), cells.get('l1i')] : (cells.get(together) ?? '').split(':');
  if (together !== undefined && cells.get(together)?.split(':').length !== together.split(':').length)
    return undefined;
  return known(data) === undefined || known(instructions) === undefined
    ? undefined
    : `${data}:${instructions}`;
}

function known(cell: string | undefined): string | undefined {
  return cell === undefined || cell === '-' || cell === '' ? undefined : cell;
}

/** Those that aren't empty, with their places. */
function lines(text: string): [string, string][] {
  return text
    .split(/\r?\n/)
    .flatMap((line, index): [string, string][] => (line.trim() === '' ? [] : [[line, `line ${index + 1}`]]));
}

function words(line: string): string[] {
  return line.trim().split(/\s+/);
}
