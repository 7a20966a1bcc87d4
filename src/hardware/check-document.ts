import { CpuSet } from '../values/cpu-set';
import { showValue, ValueError } from '../values/value-error';
import type { Findings } from './profile-error';
import { profileDocument, type ProfileDocument } from './profile-document';

type Issue = NonNullable<ReturnType<typeof profileDocument.safeParse>['error']>['issues'][number];

/** A document whose form is right and that doesn't contradict itself; undefined where something was found. */
export function checkDocument(
  value: unknown,
  findings: Findings,
  remedy: string,
): ProfileDocument | undefined {
  const result = profileDocument.safeParse(value, { reportInput: true });
  if (!result.success) {
    for (const issue of result.error.issues) report(issue, findings, remedy);
    return undefined;
  }
  const before = findings.all.length;
  checkMeaning(result.data, (place, what) => findings.report(place, what, remedy));
  return findings.all.length === before ? result.data : undefined;
}

function report(issue: Issue, findings: Findings, remedy: string): void {
  const place = placeOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      findings.report(
        place === '' ? key : `${place}.${key}`,
        'there is no such property',
        'correct its name, or remove it; where a newer cdktf-dataplane made the file, update this one',
      );
    }
    return;
  }
  const got = issue.input === undefined ? 'it is missing' : `got ${showValue(issue.input)}`;
  findings.report(place, `expected ${issue.message}, ${got}`, remedy);
}

/** `nodes[0].memoryKib`. */
export function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}

type Report = (place: string, what: string) => void;

/** What would mislead a rule. What odd hardware really says is no fault: it stays unknown, or is as it is. */
function checkMeaning(document: ProfileDocument, tell: Report): void {
  const { cpu, nodes = [], nics = [] } = document;
  const lists: [string, string | null | undefined][] = [
    ...(['online', 'present', 'isolated', 'nohzFull'] as const).map(
      (key): [string, string | null | undefined] => [`cpu.${key}`, cpu?.[key]],
    ),
    ...nodes.map((node, index): [string, string | undefined] => [`nodes[${index}].cpus`, node.cpus]),
  ];
  for (const [place, list] of lists) parseCpus(list, place, tell);

  const cpus = cpu?.cpus ?? [];
  tellRepeated(
    cpus.map(({ id }) => id),
    (index) => `cpu.cpus[${index}].id`,
    'CPU',
    tell,
  );
  tellRepeated(
    nodes.map(({ id }) => id),
    (index) => `nodes[${index}].id`,
    'node',
    tell,
  );
  tellRepeated(
    nics.map(({ address }) => address),
    (index) => `nics[${index}].address`,
    'NIC',
    tell,
  );
  for (const [index, node] of nodes.entries()) {
    tellRepeated(
      (node.hugepages ?? []).map(({ pageSizeKib }) => pageSizeKib),
      (size) => `nodes[${index}].hugepages[${size}].pageSizeKib`,
      'size',
      tell,
    );
    if (node.distances && node.distances.length !== nodes.length) {
      tell(`nodes[${index}].distances`, `${node.distances.length} distances for ${nodes.length} nodes`);
    }
  }

  const siblings = new Map<number, string>();
  for (const [index, { id, siblings: list }] of cpus.entries()) {
    const place = `cpu.cpus[${index}].siblings`;
    if (id > 8191) tell(`cpu.cpus[${index}].id`, `CPU ${id} is above 8191`);
    const set = parseCpus(list, place, tell);
    if (set === undefined) continue;
    siblings.set(id, set.toString());
    if (!set.cpus.includes(id)) tell(place, `CPU ${id} is not among its own siblings ${showValue(list)}`);
    for (const sibling of set.cpus) {
      const others = siblings.get(sibling);
      if (others !== undefined && others !== set.toString()) {
        tell(place, `CPU ${id} has the siblings ${set.toString()}, its sibling ${sibling} has ${others}`);
      }
    }
  }
}

function parseCpus(list: string | null | undefined, place: string, tell: Report): CpuSet | undefined {
  if (list == null) return undefined;
  try {
    return CpuSet.of(list);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    tell(place, error.message);
    return undefined;
  }
}

function tellRepeated(
  ids: readonly (string | number | undefined)[],
  place: (index: number) => string,
  what: string,
  tell: Report,
): void {
  const seen = new Set<string | number>();
  for (const [index, id] of ids.entries()) {
    if (id === undefined) continue;
    if (seen.has(id)) tell(place(index), `${what} ${id} stands there twice`);
    seen.add(id);
  }
}
