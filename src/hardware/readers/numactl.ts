import { CpuSet } from '../../values/cpu-set';
import type { NodeDocument, ProfileDocument } from '../profile-document';
import type { Reader, Source } from './reader';

const REMEDY = 'give what `numactl -H` prints';

/** `numactl -H`: nodes with the CPUs that are online, memory (in MiB, whatever it says), and distances. */
export const numactlReader: Reader = {
  name: 'numactl',
  recognises: ({ text }) => /^available:\s*\d+ nodes?\b/m.test(text) || /^No NUMA available/m.test(text),
  read: (sources) => {
    const document: ProfileDocument = { schemaVersion: 1 };
    for (const source of sources) {
      if (!/^available:/m.test(source.text)) {
        document.nodes = [];
        continue;
      }
      const nodes = readNodes(source);
      document.nodes = [...(document.nodes ?? []), ...nodes].sort((a, b) => a.id - b.id);
      if (nodes.every(({ cpus }) => cpus !== undefined)) {
        const online = nodes.flatMap(({ cpus = '' }) => CpuSet.of(cpus).cpus);
        document.cpu = { online: CpuSet.ofCpus(online).toString() };
      }
    }
    return document;
  },
};

function readNodes({ text, findings }: Source): NodeDocument[] {
  const nodes = new Map<number, NodeDocument>();
  const node = (id: number): NodeDocument => {
    const found = nodes.get(id) ?? { id };
    nodes.set(id, found);
    return found;
  };
  const distances = new Map<number, number[]>();
  let columns: number[] = [];
  let announced: number | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const place = `line ${index + 1}`;
    const [, count] = /^available:\s*(\d{1,6}) nodes?\b/.exec(line) ?? [];
    if (count !== undefined) announced = Number(count);
    const [, id, key, value] = /^node\s+(\d{1,6})\s+(cpus|size|free):\s*(.*?)\s*$/.exec(line) ?? [];
    if (id !== undefined && key === 'cpus') {
      const cpus = cpuList(value ?? '');
      if (cpus === undefined) findings.report(place, `no list of CPUs: '${value ?? ''}'`, REMEDY);
      else node(Number(id)).cpus = cpus;
    } else if (id !== undefined) {
      const [, mebibytes] = /^(\d{1,12})\s*MB$/.exec(value ?? '') ?? [];
      if (mebibytes !== undefined) {
        node(Number(id))[key === 'size' ? 'memoryKib' : 'freeKib'] = Number(mebibytes) * 1024;
      } else if (!/not available/.test(value ?? '')) {
        findings.report(place, `no size in MB: '${value ?? ''}'`, REMEDY);
      }
    }
    if (/^node(\s+\d+)+\s*$/.test(line)) columns = numbers(line);
    const [, row, cells] = /^\s*(\d{1,6}):((?:\s+\d{1,6})+)\s*$/.exec(line) ?? [];
    if (row !== undefined) distances.set(Number(row), numbers(cells ?? ''));
  }
  if (announced !== nodes.size) {
    findings.report('', `${announced ?? 0} nodes are announced, ${nodes.size} are described`, REMEDY);
  }
  const sorted = [...nodes.values()].sort((a, b) => a.id - b.id);
  for (const one of sorted) {
    const row = distances.get(one.id);
    if (row?.length === columns.length && columns.length === sorted.length) {
      one.distances = sorted.map(({ id }) => row[columns.indexOf(id)] ?? 0);
    }
  }
  return sorted;
}

function numbers(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

/** `0 1 2 3`, or with ranges as some programs shorten it. */
function cpuList(text: string): string | undefined {
  try {
    return CpuSet.of(
      text
        .trim()
        .split(/[\s,]+/)
        .join(','),
    ).toString();
  } catch {
    return undefined;
  }
}
