import { rememberedJson, sha256 } from '../values/canonical-json';
import { derivedValues } from './derived-values';
import { groupsBy } from './groups';
import type { FleetPlan, PlannedHost } from './fleet-plan';
import type { AgentModule, HostPlan, NetworkStage, Stages } from './host-plan';
import type { BridgeIntent, FleetIntents, HostIntents } from './intents';
import { mergeArguments, ownedArguments, pageDemands } from './kernel-arguments';
import { openVSwitchPackages, openVSwitchPlan } from './open-vswitch';
import { rolloutBatches } from './rollout';
import { overheadOf } from './encapsulation';
import { DEFAULT_MTU, tunnelEnds, type TunnelEnd } from './tunnels';

/**
 * From what the constructs ask for to what each host is to be. Pure and total: intents that contradict each other
 * still give a plan, and the rules say what is wrong with it.
 *
 * What has no order of its own is put into one, so that moving a line of a stack changes no plan and contacts no host.
 *
 * @param ends the fleet's tunnelEnds, which whoever checks the plan needs as well
 */
export function planFleet(fleet: FleetIntents, ends: readonly TunnelEnd[] = tunnelEnds(fleet)): FleetPlan {
  const inOrder = sortedBy(ends, ({ tunnel }) => tunnel.path);
  const endsByHost = groupsBy(inOrder, ({ host }) => host);
  return {
    hosts: sortedBy(fleet.hosts, ({ name }) => name).map((host) =>
      plannedHost(withPartsInOrder(host), endsByHost.get(host) ?? []),
    ),
    batches: rolloutBatches(fleet, inOrder),
  };
}

/** BootParameters keep their order: the kernel reads its command line from left to right. */
function withPartsInOrder(host: HostIntents): HostIntents {
  return {
    ...host,
    nicBindings: sortedBy(host.nicBindings, ({ address }) => address),
    bridges: sortedBy(host.bridges, ({ name }) => name),
    dpdkPorts: sortedBy(host.dpdkPorts, ({ name }) => name),
  };
}

function sortedBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function plannedHost(host: HostIntents, ends: readonly TunnelEnd[]): PlannedHost {
  const { connection, reboot, management } = host;
  const plan = hostPlan(host, ends);
  return { plan, connection, reboot, management, derived: derivedValues(host, plan.stages) };
}

/** Objects are made with their keys in canonical order: so they are written without being sorted. */
function hostPlan(host: HostIntents, ends: readonly TunnelEnd[]): HostPlan {
  const stages: Stages = {
    boot: { arguments: mergeArguments(ownedArguments(host)), modules: modules(host) },
    dataplane: { openVSwitch: openVSwitchPlan(host, ends) },
    devices: {
      hugepages: pageDemands(host).flatMap(({ pageSize: { kibibytes: pageSizeKib }, perNode, wholeHost }) => [
        ...[...perNode].map(([node, count]) => ({ count, node, pageSizeKib })),
        ...(wholeHost > 0 ? [{ count: wholeHost, node: null, pageSizeKib }] : []),
      ]),
      nics: host.nicBindings.map(({ address, device, driver, macAddress, name }) => ({
        address,
        device,
        driver,
        macAddress,
        name,
      })),
    },
    network: networkStage(host, ends),
    packages: { packages: openVSwitchPackages(host) },
  };
  return {
    agentModules: agentModules(stages),
    digests: {
      boot: stageDigest(stages.boot),
      dataplane: stageDigest(stages.dataplane),
      devices: stageDigest(stages.devices),
      network: stageDigest(stages.network),
      packages: stageDigest(stages.packages),
    },
    host: { name: host.name, path: host.path, platform: host.platform.id },
    retired: host.retired,
    stages,
    version: 1,
  };
}

/** The carriers write the same text. */
function stageDigest(stage: object): string {
  return sha256(rememberedJson(stage));
}

function modules(host: HostIntents): string[] {
  return [...new Set(host.nicBindings.flatMap(({ driver }) => driver ?? []))].sort();
}

function networkStage(host: HostIntents, ends: readonly TunnelEnd[]): NetworkStage {
  return {
    flows: ends.flatMap(({ flows }) => flows),
    links: host.bridges
      .map((bridge) => ({
        addresses: bridge.addresses.map((address) => address.toString()),
        mtu: bridgeMtu(host, bridge, ends),
        name: bridge.name,
      }))
      .filter(({ mtu, addresses }) => mtu !== null || addresses.length > 0),
    neighbours: uniqueBy(
      ends.flatMap(({ neighbours }) => neighbours),
      ({ address, device }) => `${address} ${device}`,
    ),
    routes: uniqueBy(
      ends.flatMap(({ routes }) => routes),
      ({ destination, device }) => `${destination} ${device}`,
    ),
    sysctls: {},
  };
}

/**
 * Bytes. A bridge with NICs has the smallest MTU of its ports; one with tunnels what is left of the underlay's
 * behind the longest of their headers; null: nothing is known, and nothing is changed.
 */
export function bridgeMtu(
  host: HostIntents,
  bridge: BridgeIntent,
  ends: readonly TunnelEnd[],
): number | null {
  if (bridge.mtu !== undefined) return bridge.mtu;
  const ports = host.dpdkPorts.filter((port) => port.bridge === bridge.path);
  if (ports.length > 0) return Math.min(...ports.map(({ mtu }) => mtu));
  return innerMtu(host, bridge, ends);
}

/** Bytes that fit through every tunnel of a bridge; null: it has none. */
export function innerMtu(host: HostIntents, bridge: BridgeIntent, ends: readonly TunnelEnd[]): number | null {
  const own = ends.filter((end) => end.bridge === bridge);
  if (own.length === 0) return null;
  return Math.min(
    ...own.map(
      ({ underlay, encapsulation }) =>
        (bridgeMtu(host, underlay, []) ?? DEFAULT_MTU) - overheadOf(encapsulation),
    ),
  );
}

function agentModules(stages: Stages): AgentModule[] {
  const { packages, boot, devices, dataplane, network } = stages;
  const used: Record<AgentModule, boolean> = {
    packages: packages.packages.length > 0,
    boot: boot.arguments.length > 0 || boot.modules.length > 0,
    hugepages: devices.hugepages.length > 0,
    nics: devices.nics.length > 0,
    guard: devices.nics.length > 0,
    openvswitch: dataplane.openVSwitch !== null,
    network: network.links.length + network.routes.length + network.flows.length > 0,
    inspect: false,
  };
  return (Object.keys(used) as AgentModule[]).filter((module) => used[module]);
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
