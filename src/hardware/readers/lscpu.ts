import { CpuSet } from '../../values/cpu-set';
import { ValueError } from '../../values/value-error';
import type { CpuDocument, NodeDocument, ProcessorDocument, ProfileDocument } from '../profile-document';
import { isTable, readTable, type Row } from './lscpu-table';
import { isObject, type Reader, type Source } from './reader';

const REMEDY = 'give what `LC_ALL=C lscpu -J` prints';

/** `lscpu` or `lscpu -J` (what the CPUs are), and `lscpu -e` or `-p` (which of them are siblings): each alone, or together. */
export const lscpuReader: Reader = {
  name: 'lscpu',
  recognises: (source) => isTable(source) || isSummary(source),
  read: (sources) => {
    const tables = sources.filter(isTable);
    const summaries = sources.filter((source) => !isTable(source));
    for (const [kind, all] of Object.entries({ table: tables, summary: summaries })) {
      for (const again of all.slice(1)) {
        again.findings.report(
          '',
          `${all[0]?.name ?? ''} is such a ${kind} of lscpu already`,
          'give one of the two',
        );
      }
    }
    const [table] = tables;
    const [summarySource] = summaries;
    const summary = new Summary(summarySource);
    const document = summary.document();
    if (table) addRows(document, readTable(table), summary, table);
    return document;
  },
};

function isSummary({ text, json }: Source): boolean {
  return (isObject(json) && 'lscpu' in json) || /^Architecture:[ \t]+\S/m.test(text);
}

/** The fields of `lscpu`: hybrid machines repeat some, one for each kind of CPU. */
class Summary {
  private readonly fields: ReadonlyMap<string, readonly string[]>;

  constructor(private readonly source: Source | undefined) {
    this.fields = source === undefined ? new Map() : fieldsOf(source);
    const inMasks = ['On-line CPU(s) mask', 'On-line CPU mask'].find((name) => this.fields.has(name));
    if (inMasks !== undefined) this.report(inMasks, 'CPUs are given as masks');
    else if (source && !this.fields.has('Architecture'))
      this.report('Architecture', 'there is no such field');
  }

  get threadsPerCore(): readonly number[] {
    return this.numbers('Thread(s) per core');
  }

  get kinds(): number {
    return this.fields.get('Model name')?.length ?? 1;
  }

  document(): ProfileDocument {
    const document: ProfileDocument = { schemaVersion: 1 };
    const machine = this.one('Architecture');
    if (machine !== undefined) document.kernel = { machine };
    const cpu: ProcessorDocument = {};
    const vendors = this.fields.get('Vendor ID') ?? [];
    if (vendors[0] !== undefined) cpu.vendor = vendors[0];
    const models = [...new Set(this.fields.get('Model name') ?? [])];
    if (models.length > 0) cpu.model = models.join(' + ');
    const flags = this.fields.get('Flags')?.flatMap((list) => list.split(/\s+/));
    if (flags) cpu.flags = [...new Set(flags)].sort();
    const sockets = this.numbers('Socket(s)');
    if (sockets.length === 1 && sockets[0]) cpu.sockets = sockets[0];
    const online = this.cpus('On-line CPU(s) list');
    const offline = this.cpus('Off-line CPU(s) list');
    if (online) {
      cpu.online = online.toString();
      if (offline) cpu.present = online.union(offline).toString();
      else if (this.numbers('CPU(s)')[0] === online.size) cpu.present = online.toString();
    }
    document.cpu = cpu;
    const nodes = this.nodes();
    if (nodes) document.nodes = nodes;
    if (machine === 'x86_64' && flags) {
      // The kernel has these sizes for CPUs with these flags (arch/x86/mm/hugetlbpage.c).
      const hugepages = [
        ...(flags.includes('pdpe1gb') ? [{ pageSizeKib: 1048576 }] : []),
        ...(flags.includes('pse') ? [{ pageSizeKib: 2048 }] : []),
      ];
      document.memory = { hugepages };
    }
    return document;
  }

  private nodes(): NodeDocument[] | undefined {
    const nodes = [...this.fields.keys()].flatMap((name): NodeDocument[] => {
      const [, id] = /^NUMA node(\d{1,6}) CPU\(s\)$/.exec(name) ?? [];
      if (id === undefined) return [];
      return [{ id: Number(id), cpus: this.cpus(name)?.toString() ?? '' }];
    });
    return nodes.length > 0 ? nodes.sort((a, b) => a.id - b.id) : undefined;
  }

  private one(name: string): string | undefined {
    const value = this.fields.get(name)?.[0];
    return value === '-' ? undefined : value;
  }

  private numbers(name: string): readonly number[] {
    return (this.fields.get(name) ?? []).flatMap((value) => (/^\d{1,9}$/.test(value) ? [Number(value)] : []));
  }

  private cpus(name: string): CpuSet | undefined {
    const value = this.one(name);
    if (value === undefined) return undefined;
    try {
      return CpuSet.of(value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      this.report(name, error.message);
      return undefined;
    }
  }

  private report(field: string, what: string): void {
    this.source?.findings.report(`field '${field}'`, what, REMEDY);
  }
}

/** By name, without the colon. `-J` comes flat, and in newer programs nested. */
function fieldsOf({ text, json, findings }: Source): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  const add = (name: string, value: string) => {
    const key = name.trim().replace(/:$/, '');
    fields.set(key, [...(fields.get(key) ?? []), value.trim()]);
  };
  if (!isObject(json)) {
    for (const line of text.split(/\r?\n/)) {
      const [, name, value] = /^\s*([^:]{1,80}):\s*(.*)$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) add(name, value);
    }
    return fields;
  }
  const todo: [unknown, string][] = [[json['lscpu'], 'lscpu']];
  for (let next = todo.shift(); next; next = todo.shift()) {
    const [list, place] = next;
    if (!Array.isArray(list)) {
      findings.report(place, 'it is no list', REMEDY);
      continue;
    }
    for (const [index, entry] of list.entries() as IterableIterator<[number, unknown]>) {
      if (!isObject(entry) || typeof entry['field'] !== 'string') {
        findings.report(`${place}[${index}]`, 'it has no field', REMEDY);
        continue;
      }
      add(entry['field'], typeof entry['data'] === 'string' ? entry['data'] : '');
      if (entry['children'] !== undefined) todo.push([entry['children'], `${place}[${index}].children`]);
    }
  }
  return fields;
}

function addRows(document: ProfileDocument, rows: readonly Row[], summary: Summary, source: Source): void {
  const cpu = (document.cpu ??= {});
  // Without the column ONLINE, CPUs that are offline have no core, or aren't listed.
  const isOnline = (row: Row) => row.online ?? row.core !== undefined;
  const online = CpuSet.ofCpus(rows.filter(isOnline).map((row) => row.cpu));
  const listed = CpuSet.ofCpus(rows.map((row) => row.cpu));
  if (rows.length === 0) {
    if (source.findings.all.length > 0) return;
    source.findings.report('', 'there is no CPU in it', 'give what `LC_ALL=C lscpu -e` prints');
    return;
  }
  if (cpu.online !== undefined && cpu.online !== online.toString()) {
    source.findings.report(
      '',
      `here the CPUs ${online.toString()} are online, in the other file of lscpu ${cpu.online}`,
      'take both from the same host at the same time',
    );
    return;
  }
  cpu.online = online.toString();
  if (listed.size > online.size) cpu.present = listed.toString();
  const siblings = siblingsOf(rows.filter(isOnline), summary);
  cpu.cpus = [...rows]
    .sort((a, b) => a.cpu - b.cpu)
    .map((row): CpuDocument => {
      const own = siblings.get(row.cpu);
      return {
        id: row.cpu,
        online: isOnline(row),
        ...(row.node === undefined ? {} : { node: row.node }),
        ...(row.socket === undefined ? {} : { socket: row.socket }),
        ...(row.core === undefined ? {} : { core: row.core }),
        ...(own === undefined ? {} : { siblings: own.toString() }),
      };
    });
}

/**
 * CPUs of the same socket, core and level-1 caches are siblings. Numbers of cores may repeat where a machine has several
 * kinds of CPU (big.LITTLE), so that where the caches aren't told, what can't be sure stays unknown.
 */
function siblingsOf(rows: readonly Row[], summary: Summary): Map<number, CpuSet> {
  const threads = summary.threadsPerCore;
  if (threads.length > 0 && threads.every((number) => number === 1)) {
    return new Map(rows.map(({ cpu }) => [cpu, CpuSet.ofCpus([cpu])]));
  }
  const most = threads.length > 0 ? Math.max(...threads) : Infinity;
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.core === undefined) continue;
    const key = [row.node, row.socket, row.core, row.cache].join('/');
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const siblings = new Map<number, CpuSet>();
  for (const group of groups.values()) {
    const doubtful =
      group.length > most ||
      new Set(group.map(({ maxMhz }) => maxMhz)).size > 1 ||
      (summary.kinds > 1 && group.length > 1 && group.some(({ cache }) => cache === undefined));
    if (doubtful) continue;
    const set = CpuSet.ofCpus(group.map(({ cpu }) => cpu));
    for (const { cpu } of group) siblings.set(cpu, set);
  }
  return siblings;
}
