import { dpdkDriverPrefix, PREFIX_BY_KERNEL_DRIVER } from '../hardware/dpdk-drivers';
import type { BridgePlan, OpenVSwitchPlan, PackageRequest, PortPlan } from './host-plan';
import type { HostIntents, OpenVSwitchIntent } from './intents';
import { derivedSocketMemory } from './open-vswitch-memory';
import { pmdCpus } from './pmd-cpus';
import { sortedRecord } from './sorted-record';
import { bridgeHardwareAddress, type TunnelEnd } from './tunnels';

/** Read only when ovs-vswitchd starts. Source: Open vSwitch, vswitchd/vswitch.xml. */
const RESTART_KEYS = [
  'dpdk-alloc-mem',
  'dpdk-extra',
  'dpdk-hugepage-dir',
  'dpdk-init',
  'dpdk-lcore-mask',
  'dpdk-socket-limit',
  'dpdk-socket-mem',
  'hw-offload',
  'n-offload-threads',
  'per-port-memory',
  'shared-mempool-config',
  'userspace-tso-enable',
  'vhost-iommu-support',
  'vhost-postcopy-support',
  'vhost-sock-dir',
];

export function openVSwitchPlan(host: HostIntents, ends: readonly TunnelEnd[]): OpenVSwitchPlan | null {
  const [intent] = host.openVSwitches;
  if (!intent) return null;
  const { alternative, service, daemonService } = host.platform.openVSwitchDpdk;
  const otherConfig = sortedRecord(otherConfigOf(host, intent));
  return {
    alternative,
    bridges: host.bridges.map((bridge) => bridgePlan(host, bridge, ends)),
    daemonService,
    dpdk: true,
    otherConfig,
    restartKeys: RESTART_KEYS.filter((key) => key in otherConfig),
    service,
  };
}

export function openVSwitchPackages(host: HostIntents): PackageRequest[] {
  if (host.openVSwitches.length === 0) return [];
  const { packages, dpdkLibraries } = host.platform.openVSwitchDpdk;
  const nics = bindingsOfDpdkPorts(host);
  const prefixes = new Set(dpdkLibraries);
  const unknown: PackageRequest[] = [];
  for (const { address, device } of nics) {
    const prefix = dpdkDriverPrefix(device);
    if (prefix !== undefined) prefixes.add(prefix);
    else unknown.push({ driverOf: address, prefixByKernelDriver: PREFIX_BY_KERNEL_DRIVER });
  }
  return [
    ...packages.map((name) => ({ name })),
    ...[...prefixes].sort().map((prefix) => ({ prefix })),
    ...unknown,
  ];
}

function otherConfigOf(host: HostIntents, intent: OpenVSwitchIntent): Record<string, string> {
  const pmds = pmdCpus(host)?.cpus;
  const socketMemory = intent.socketMemoryMib ?? derivedSocketMemory(host);
  const nics = bindingsOfDpdkPorts(host).map(({ address }) => address);
  return {
    // `try`: a daemon whose DPDK can't start still runs and says why; `true` would end it, and every bridge with it.
    'dpdk-init': 'try',
    // EAL probes every device that it may use, the management NIC too, unless the allowed ones are named.
    ...(nics.length > 0 && {
      'dpdk-extra': [...nics]
        .sort()
        .map((address) => `-a ${address}`)
        .join(' '),
    }),
    ...(socketMemory && { 'dpdk-socket-mem': socketMemory.join(',') }),
    ...(pmds && pmds.size > 0 && { 'pmd-cpu-mask': pmds.toMask() }),
    ...(intent.pmdSleepMax !== undefined && { 'pmd-sleep-max': `${intent.pmdSleepMax}` }),
    ...intent.otherConfig,
  };
}

function bridgePlan(
  host: HostIntents,
  bridge: HostIntents['bridges'][number],
  ends: readonly TunnelEnd[],
): BridgePlan {
  const dpdkPorts = host.dpdkPorts.filter((port) => port.bridge === bridge.path);
  const own = ends.filter((end) => end.bridge === bridge);
  return {
    failMode: 'standalone',
    // A bridge with a NIC takes the NIC's address by itself; one with tunnels needs one that the far ends know.
    hardwareAddress:
      own[0]?.hardwareAddress ?? (dpdkPorts.length > 0 ? null : bridgeHardwareAddress(host, bridge)),
    name: bridge.name,
    ports: [...dpdkPorts.map((port) => dpdkPortPlan(host, port)), ...own.flatMap(({ ports }) => ports)],
  };
}

function dpdkPortPlan(host: HostIntents, port: HostIntents['dpdkPorts'][number]): PortPlan {
  const nic = host.nicBindings.find(({ path }) => path === port.nic);
  return {
    mtuRequest: port.mtu,
    name: port.name,
    openFlowPort: null,
    options: { 'dpdk-devargs': nic?.address ?? '', n_rxq: `${port.queues}` },
    otherConfig: {},
    type: 'dpdk',
  };
}

/** Each once, however many ports name it. */
function bindingsOfDpdkPorts(host: HostIntents): HostIntents['nicBindings'] {
  const used = new Set(host.dpdkPorts.map(({ nic }) => nic));
  return host.nicBindings.filter(({ path }) => used.has(path));
}
