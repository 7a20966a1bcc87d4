import type { CpuCore } from '../hardware/cpus';
import type { HardwareProfile } from '../hardware/hardware-profile';
import { isKnown } from '../hardware/unknown';
import { CpuSet } from '../values/cpu-set';
import { counted, fileOf } from '../values/text';
import { listed, MAKE_PROFILE, unsaidNodes, type Choice } from './choice';
import { nicPlace } from './dpdk-nics';
import type { CpuPartitionIntent, CpuRequestIntent, HostIntents, Refusal } from './intents';

/** A NUMA node with CPUs, while its cores are given away. */
interface CoreNode {
  readonly id: number;
  readonly cores: readonly CpuCore[];
  /** Stays for housekeeping whatever is asked for. */
  readonly kept: CpuCore;
  /** What can be given, the best first. */
  readonly free: CpuCore[];
  /** NICs of the host that are here, or nearer to here than to any other node with CPUs. */
  readonly nics: PlacedNic[];
}

interface PlacedNic {
  readonly address: string;
  /** The node that it really is on: one without CPUs, where it isn't the one that it is served from. */
  readonly node: number;
}

/** Cores that a node gives. */
type Given = ReadonlyMap<CoreNode, readonly CpuCore[]>;

/**
 * Whole cores for poll mode drivers on the nodes of the NICs that the host binds, as many on each as it has NICs in
 * proportion; then whole cores for workloads, from where the most are left. The rest is housekeeping: on each node at
 * least one whole core, and CPU 0's core always, because the kernel does there what it does nowhere else.
 * On hybrid packages performance cores go first. The same host always gets the same CPUs.
 */
export function chooseCpus(host: HostIntents, request: CpuRequestIntent): Choice<CpuPartitionIntent> {
  const refuse = (why: Pick<Refusal, 'what' | 'remedy'>): Choice<CpuPartitionIntent> => ({
    refusal: { path: request.path, of: 'cpus', ...why },
  });
  const { hardware: profile } = host;
  if (!profile) {
    return refuse({
      what: [
        `asks for ${counted(request.dataplaneCores, 'whole core')} for the dataplane, but ${host.name} has no hardware profile that says which cores there are`,
      ],
      remedy: `${MAKE_PROFILE}; or name the CPUs: ${BY_HAND}`,
    });
  }
  const nodes = coreNodes(profile);
  if ('what' in nodes) return refuse(nodes);
  const unplaced = placeNics(host, profile, nodes);
  if (unplaced.length > 0) return refuse(unsaidNodes(profile, unplaced));

  const withNics = nodes.filter(({ nics }) => nics.length > 0);
  const forDataplane = withNics.length > 0 ? withNics : nodes;
  const dataplane = giveNextToNics(forDataplane, request.dataplaneCores);
  if (!dataplane)
    return refuse(tooFew('dataplaneCores', request.dataplaneCores, forDataplane, profile, host));
  const workload = giveFromFullest(nodes, request.workloadCores);
  if (!workload) return refuse(tooFew('workloadCores', request.workloadCores, nodes, profile, host));

  const cpus = { dataplane: cpusOf(dataplane), workload: cpusOf(workload) };
  const taken = new Set([...cpus.dataplane.cpus, ...cpus.workload.cpus]);
  const all = isKnown(profile.cpus) ? profile.cpus.cpus : [];
  const housekeeping = CpuSet.ofCpus(all.filter((cpu) => !taken.has(cpu)));
  const { path, isolateAtBoot } = request;
  const value = (name: string, set: CpuSet, reason: string) => ({
    path,
    name,
    value: set.toString(),
    reason,
  });
  return {
    part: { path, housekeeping, ...cpus, isolateAtBoot, isChosen: true },
    values: [
      ...(cpus.dataplane.size > 0
        ? [value('dataplane CPUs', cpus.dataplane, dataplaneReason(dataplane))]
        : []),
      ...(cpus.workload.size > 0
        ? [value('workload CPUs', cpus.workload, `${describe(workload)}, from where the most were left`)]
        : []),
      value('housekeeping CPUs', housekeeping, housekeepingReason(nodes, housekeeping)),
    ],
  };
}

const BY_HAND = "new CpuPartition(host, 'cpus', { housekeeping: '0', dataplane: '1' })";

function coreNodes(profile: HardwareProfile): CoreNode[] | Pick<Refusal, 'what' | 'remedy'> {
  const { nodes, cores, cpus, source } = profile;
  const unsaid = [
    ...(isKnown(cpus) ? [] : ['which CPUs are online']),
    ...(isKnown(cores) ? [] : ['which CPUs are SMT siblings']),
    ...(isKnown(nodes) && (!isKnown(cores) || cores.every(({ node }) => isKnown(node)))
      ? []
      : ['on which NUMA node each CPU is']),
  ];
  if (unsaid.length > 0 || !isKnown(nodes) || !isKnown(cores)) {
    return {
      what: [`the hardware profile doesn't say ${listed(unsaid)} (${fileOf(source)})`],
      remedy: `take a profile that says it: ${MAKE_PROFILE}; or name the CPUs: ${BY_HAND}`,
    };
  }
  return nodes.flatMap(({ id }): CoreNode[] => {
    const own = cores.filter(({ node }) => node === id);
    const kept = keptCore(own);
    if (!kept) return [];
    return [{ id, cores: own, kept, free: own.filter((core) => core !== kept).sort(byWorth), nics: [] }];
  });
}

/** CPU 0's core, where it is here; else the one that is worth least to a poll mode driver, of equal ones the lowest. */
function keptCore(cores: readonly CpuCore[]): CpuCore | undefined {
  const worst = (a: CpuCore, b: CpuCore) => speed(a) - speed(b) || lowest(a) - lowest(b);
  return cores.find(({ cpus }) => cpus.cpus.includes(0)) ?? [...cores].sort(worst)[0];
}

function byWorth(a: CpuCore, b: CpuCore): number {
  return speed(b) - speed(a) || lowest(a) - lowest(b);
}

/** Only what differs within a host matters: the kind of core on hybrid packages, the kernel's capacity (1024 the fastest) elsewhere. */
function speed({ kind, capacity }: CpuCore): number {
  const slow = isKnown(kind) && kind === 'efficiency' ? 0 : 1;
  return slow * 2048 + (isKnown(capacity) ? Math.min(capacity, 1024) : 1024);
}

function lowest({ cpus }: CpuCore): number {
  return cpus.cpus[0] ?? 0;
}

/** Puts each NIC beside the node that serves it. @returns addresses of those of which nobody says where they are */
function placeNics(host: HostIntents, profile: HardwareProfile, nodes: readonly CoreNode[]): string[] {
  const addresses = [...new Set(host.nicBindings.map(({ address }) => address))].sort();
  return addresses.filter((address) => {
    const node = nicPlace(profile, address);
    if (node === 'unsaid') return true;
    if (node !== 'absent') nearest(profile, node, nodes)?.nics.push({ address, node });
    return false;
  });
}

/** The node itself, where it has CPUs; else the nearest by the firmware's distances, of equal ones the lowest. */
function nearest(profile: HardwareProfile, id: number, nodes: readonly CoreNode[]): CoreNode | undefined {
  const from = profile.node(id);
  const distance = (to: CoreNode): number => {
    if (to.id === id) return 0;
    const said = isKnown(from) ? from?.distanceTo(to.id) : undefined;
    return said !== undefined && isKnown(said) ? said : Number.MAX_SAFE_INTEGER;
  };
  return [...nodes].sort((a, b) => distance(a) - distance(b) || a.id - b.id)[0];
}

/**
 * One core after the other to the node that has the most NICs for each core it got: so every node with a NIC gets one
 * before any gets a second. Without NICs the first node is filled first: packets of one poll mode driver for another
 * don't cross nodes.
 *
 * @returns undefined where there isn't room for all
 */
function giveNextToNics(nodes: readonly CoreNode[], count: number): Given | undefined {
  const given = new Map<CoreNode, CpuCore[]>();
  const weight = (node: CoreNode): number => {
    const has = given.get(node)?.length ?? 0;
    return has === 0 ? node.nics.length * 1e6 : node.nics.length / has;
  };
  const isBetter = (a: CoreNode, b: CoreNode) => weight(a) > weight(b);
  return give(nodes, count, given, isBetter);
}

function giveFromFullest(nodes: readonly CoreNode[], count: number): Given | undefined {
  return give(nodes, count, new Map(), (a, b) => a.free.length > b.free.length);
}

function give(
  nodes: readonly CoreNode[],
  count: number,
  given: Map<CoreNode, CpuCore[]>,
  isBetter: (a: CoreNode, b: CoreNode) => boolean,
): Given | undefined {
  if (nodes.reduce((sum, { free }) => sum + free.length, 0) < count) return undefined;
  for (let left = count; left > 0; left--) {
    const [first, ...others] = nodes.filter(({ free }) => free.length > 0);
    if (!first) return undefined;
    const to = others.reduce((best, node) => (isBetter(node, best) ? node : best), first);
    const core = to.free.shift();
    if (core) given.set(to, [...(given.get(to) ?? []), core]);
  }
  return given;
}

function cpusOf(given: Given): CpuSet {
  return CpuSet.ofCpus([...given.values()].flatMap((cores) => cores.flatMap(({ cpus }) => cpus.cpus)));
}

function tooFew(
  prop: string,
  asked: number,
  nodes: readonly CoreNode[],
  profile: HardwareProfile,
  host: HostIntents,
): Pick<Refusal, 'what' | 'remedy'> {
  const most = nodes.reduce((sum, { free }) => sum + free.length, 0);
  const where = nodes.some(({ nics }) => nics.length > 0) && prop === 'dataplaneCores';
  const nics = where ? ' next to the NICs that it binds' : '';
  return {
    what: [
      `${prop} is ${asked}, but ${host.name} has ${counted(most, 'whole core')} to give${nics} (${fileOf(profile.source)})`,
      ...nodes.map(roomText),
    ],
    remedy: `${most > 0 ? `say ${prop}: ${most} at most` : 'take the construct out'}, or name the CPUs: ${BY_HAND}`,
  };
}

/** `node 0 has 2 whole cores (0,4; 1,5), 1 stays for housekeeping: 1 can be given; for 0000:04:00.0`. */
function roomText({ id, cores, free, nics }: CoreNode): string {
  const taken = cores.length - 1 - free.length;
  const shown = cores.slice(0, SHOWN_CORES).map(({ cpus }) => cpus.toString());
  const more = cores.length > SHOWN_CORES ? ' …' : '';
  const there = nics.length > 0 ? `; for ${listed(nics.map(({ address }) => address))}` : '';
  return `node ${id} has ${counted(cores.length, 'whole core')} (${shown.join('; ')}${more}), 1 stays for housekeeping${taken > 0 ? `, the dataplane has ${taken}` : ''}: ${free.length} can be given${there}`;
}

/** Hosts may have hundreds of cores. */
const SHOWN_CORES = 8;

/** `2 whole cores of node 0; 1 whole core of node 1`, each with `more` behind it. */
function describe(given: Given, more: (node: CoreNode) => string = () => ''): string {
  const parts = [...given].sort(([a], [b]) => a.id - b.id);
  return parts.map(([node, cores]) => `${coresText(cores)} of node ${node.id}${more(node)}`).join('; ');
}

function coresText(cores: readonly CpuCore[]): string {
  const kinds = (['performance', 'efficiency'] as const).flatMap((kind) => {
    const count = cores.filter((core) => core.kind === kind).length;
    return count > 0 ? [{ kind, count }] : [];
  });
  const [only, ...others] = kinds;
  if (only && others.length === 0) return counted(cores.length, `whole ${only.kind} core`);
  const mixed = kinds.map(({ kind, count }) => `${count} ${kind}`).join(', ');
  return `${counted(cores.length, 'whole core')}${mixed === '' ? '' : ` (${mixed})`}`;
}

function dataplaneReason(given: Given): string {
  const nicsText = ({ id, nics }: CoreNode): string => {
    const here = nics.filter(({ node }) => node === id).map(({ address }) => address);
    const far = nics.filter(({ node }) => node !== id);
    const texts = [
      ...(here.length > 0 ? [`where ${listed(here)} ${here.length === 1 ? 'is' : 'are'}`] : []),
      ...far.map(({ address, node }) => `the nearest with CPUs to ${address} on node ${node}`),
    ];
    return texts.length > 0 ? `, ${texts.join(', ')}` : '';
  };
  const text = describe(given, nicsText);
  return [...given.keys()].some(({ nics }) => nics.length > 0)
    ? text
    : `${text}, the first with room: the host binds no NIC whose node counts`;
}

function housekeepingReason(nodes: readonly CoreNode[], housekeeping: CpuSet): string {
  const hasZero = housekeeping.cpus.includes(0) ? "CPU 0's core, and " : '';
  return `all that is left: ${hasZero}at least a whole core of each node (${nodes.map(({ id }) => id).join(', ')})`;
}
