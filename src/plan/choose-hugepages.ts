import type { HardwareProfile } from '../hardware/hardware-profile';
import { isKnown } from '../hardware/unknown';
import { PageSize } from '../values/page-size';
import { fileOf, mebibytes, pages } from '../values/text';
import { listed, MAKE_PROFILE, unsaidNodes, type Choice } from './choice';
import { dpdkNics, nicPlace } from './dpdk-nics';
import type {
  DerivedValue,
  HostIntents,
  HugepagePoolIntent,
  HugepageRequestIntent,
  Refusal,
} from './intents';
import { pageDemands } from './kernel-arguments';
import { needByNode, type MemoryNeed } from './open-vswitch-memory';

/** MiB of the whole host that aren't hugepages. Source: Intel's container-experience-kits refuse hugepages that leave less. */
export const SYSTEM_MIB = 1024;

const { GIB_1, MIB_2 } = PageSize;
const BY_HAND = "new HugepagePool(host, 'hugepages', { perNode: { 0: 2 } })";

/**
 * As many pages on each NUMA node as its consumers need: Open vSwitch on the nodes of its NICs, and what the request adds
 * for those that no construct stands for. Whether a node has that memory is asked by the rules, as of any other pool.
 *
 * @param other a request of the same host: it has all that is needed already
 */
export function choosePages(
  host: HostIntents,
  request: HugepageRequestIntent,
  other?: HugepageRequestIntent,
): Choice<HugepagePoolIntent> {
  const refuse = (why: Pick<Refusal, 'what' | 'remedy'>): Choice<HugepagePoolIntent> => ({
    refusal: { path: request.path, of: 'hugepages', ...why },
  });
  const { hardware: profile } = host;
  if (other) {
    return refuse({
      what: [`the consumers of ${host.name} are counted by ${other.path} already`],
      remedy: 'take one of them out, and add its extraPerNode to the other',
    });
  }
  if (!profile) {
    return refuse({
      what: [
        `is as large as its consumers need on each NUMA node, but ${host.name} has no hardware profile that says on which node its NICs are`,
      ],
      remedy: `${MAKE_PROFILE}; or say the pages: ${BY_HAND}`,
    });
  }
  const needs = memoryNeeds(host, request, profile);
  if ('what' in needs) return refuse(needs);

  const { pageSize, reason } = pageSizeFor(host, request, profile, needs.total);
  const counts = [...needs.total].map(
    ([node, { mib }]) => [node, Math.ceil(mib / pageSize.mebibytes)] as const,
  );
  const { path } = request;
  return {
    part: {
      path,
      pageSize,
      pages: { perNode: new Map(counts) },
      openVSwitchMib: new Map([...needs.openVSwitch].map(([node, { mib }]) => [node, mib])),
    },
    values: [
      ...(request.pageSize ? [] : [{ path, name: 'page size', value: pageSize.toString(), reason }]),
      ...counts.map(([node, count]): DerivedValue => ({
        path,
        name: 'hugepages',
        value: `${pages(count, pageSize)} on node ${node}`,
        reason: needs.total.get(node)?.text ?? '',
      })),
    ],
  };
}

interface Needs {
  readonly openVSwitch: ReadonlyMap<number, MemoryNeed>;
  /** By node, ascending; each more than nothing. */
  readonly total: ReadonlyMap<number, MemoryNeed>;
}

function memoryNeeds(
  host: HostIntents,
  { extraPerNode }: HugepageRequestIntent,
  profile: HardwareProfile,
): Needs | Pick<Refusal, 'what' | 'remedy'> {
  const { nodes, source } = profile;
  if (!isKnown(nodes)) {
    return {
      what: [`the hardware profile doesn't say which NUMA nodes there are (${fileOf(source)})`],
      remedy: `take a profile that says it: ${MAKE_PROFILE}; or say the pages: ${BY_HAND}`,
    };
  }
  const ids = nodes.map(({ id }) => id);
  const missing = [...extraPerNode.keys()].filter((node) => !ids.includes(node));
  if (missing.length > 0) {
    return {
      what: [
        `extraPerNode names node ${listed(missing.map(String))}, but ${host.name} has node ${listed(ids.map(String))} (${fileOf(source)})`,
      ],
      remedy: `take ${listed(missing.map(String))} out of extraPerNode, or name one of ${listed(ids.map(String))}`,
    };
  }
  // In an order of their own, so that moving a line of a stack changes no reason.
  const nics = [...dpdkNics(host)].sort((a, b) => (a.port.name < b.port.name ? -1 : 1));
  const places = nics.map((nic) => ({ nic, node: nicPlace(profile, nic.binding.address) }));
  const unsaid = places.filter(({ node }) => node === 'unsaid').map(({ nic }) => nic.binding.address);
  if (unsaid.length > 0) return unsaidNodes(profile, [...new Set(unsaid)].sort());
  const placed = places.flatMap(({ nic, node }) => (typeof node === 'number' ? [{ nic, node }] : []));
  const home = nodes.find(({ memoryKib }) => !isKnown(memoryKib) || memoryKib > 0)?.id ?? 0;
  const openVSwitch = needByNode(host, placed, home);
  const total = [...new Set([...openVSwitch.keys(), ...extraPerNode.keys()])]
    .sort((a, b) => a - b)
    .map((node) => [node, added(openVSwitch.get(node), extraPerNode.get(node) ?? 0)] as const)
    .filter(([, { mib }]) => mib > 0);
  if (total.length === 0) {
    return {
      what: [
        `nothing on ${host.name} takes hugepages: it has no Open vSwitch, and extraPerNode asks for none`,
      ],
      remedy:
        'say what virtual machines and pods take, in MiB: extraPerNode: { 0: 4096 }; or take the construct out',
    };
  }
  return { openVSwitch, total: new Map(total) };
}

/** `Open vSwitch 1,264 MiB: 752 MiB for … + 4,096 MiB by extraPerNode = 5,360 MiB`. */
function added(openVSwitch: MemoryNeed | undefined, extraMib: number): MemoryNeed {
  const mib = (openVSwitch?.mib ?? 0) + extraMib;
  const parts = [
    ...(openVSwitch ? [`Open vSwitch ${mebibytes(openVSwitch.mib)} (${openVSwitch.text})`] : []),
    ...(extraMib > 0 ? [`extraPerNode ${mebibytes(extraMib)}`] : []),
  ];
  return { mib, text: `${parts.join(' + ')}${parts.length > 1 ? ` = ${mebibytes(mib)}` : ''}` };
}

/** 1 GiB where the CPU has it and whole pages of it leave each node and the system what they need; else 2 MiB. */
function pageSizeFor(
  host: HostIntents,
  { pageSize: asked }: HugepageRequestIntent,
  profile: HardwareProfile,
  needs: ReadonlyMap<number, MemoryNeed>,
): { readonly pageSize: PageSize; readonly reason: string } {
  if (asked) return { pageSize: asked, reason: '' };
  const support = hasGibPages(profile);
  if (support !== true) {
    const why =
      support === undefined ? "the profile doesn't say whether the CPU has pages of 1 GiB" : support;
    return { pageSize: MIB_2, reason: `${why} (${fileOf(profile.source)})` };
  }
  const others = new Map<number, number>();
  let othersMib = 0;
  for (const { pageSize, perNode, wholeHost } of pageDemands(host)) {
    othersMib += wholeHost * pageSize.mebibytes;
    for (const [node, count] of perNode) {
      others.set(node, (others.get(node) ?? 0) + count * pageSize.mebibytes);
      othersMib += count * pageSize.mebibytes;
    }
  }
  let inGibMib = 0;
  for (const [id, { mib }] of needs) {
    const wholeMib = Math.ceil(mib / GIB_1.mebibytes) * GIB_1.mebibytes;
    inGibMib += wholeMib;
    const node = profile.node(id);
    const memory = isKnown(node) ? node?.memoryKib : undefined;
    const askedMib = wholeMib + (others.get(id) ?? 0);
    if (memory === undefined || !isKnown(memory) || askedMib * 1024 <= memory) continue;
    return {
      pageSize: MIB_2,
      reason: `node ${id} has ${mebibytes(memory / 1024)} of memory, pages of 1 GiB would take ${mebibytes(askedMib)} (${fileOf(profile.source)})`,
    };
  }
  const { memoryKib } = profile;
  const wantedMib = inGibMib + othersMib + SYSTEM_MIB;
  if (isKnown(memoryKib) && wantedMib * 1024 > memoryKib) {
    return {
      pageSize: MIB_2,
      reason: `${host.name} has ${mebibytes(memoryKib / 1024)} of memory, pages of 1 GiB and ${mebibytes(SYSTEM_MIB)} for the system would take ${mebibytes(wantedMib)} (${fileOf(profile.source)})`,
    };
  }
  return { pageSize: GIB_1, reason: `the CPU has it, and the memory suffices (${fileOf(profile.source)})` };
}

/** true, or why not; undefined: nobody says. Flag: DPDK, linux_gsg/sys_reqs.rst. */
function hasGibPages(profile: HardwareProfile): true | string | undefined {
  const { cpuFlags } = profile;
  const supported = profile.supports(GIB_1);
  if (isKnown(supported)) return supported ? true : 'CPU and kernel have no pages of 1 GiB';
  // Every x86 CPU has the flag fpu, and no other does.
  if (!isKnown(cpuFlags) || !cpuFlags.has('fpu')) return undefined;
  return cpuFlags.has('pdpe1gb') ? true : 'the CPU lacks the flag pdpe1gb';
}
