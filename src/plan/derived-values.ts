import type { LinkPlan, Stages } from './host-plan';
import type { DerivedValue, HostIntents } from './intents';
import { socketMemoryReason } from './open-vswitch-memory';
import { pmdCpus } from './pmd-cpus';

/**
 * What nobody said of a host, with the reasons: what was chosen, what Open vSwitch gets for its CPUs and memory, and how
 * large the packets of a bridge may be. The values are the plan's.
 */
export function derivedValues(host: HostIntents, { dataplane, network }: Stages): DerivedValue[] {
  return [
    ...host.chosen,
    ...ofOpenVSwitch(host, dataplane.openVSwitch?.otherConfig ?? {}),
    ...ofBridges(host, network.links),
  ];
}

function ofBridges(host: HostIntents, links: readonly LinkPlan[]): DerivedValue[] {
  return host.bridges.flatMap(({ path, name, mtu: asked, underlay }) => {
    const mtu = links.find((link) => link.name === name)?.mtu;
    if (asked !== undefined || mtu == null) return [];
    const ports = host.dpdkPorts.filter(({ bridge }) => bridge === path);
    const reason =
      ports.length > 0
        ? `the least of its ports (${ports.map((port) => `${port.name} ${port.mtu}`).join(', ')})`
        : `what the headers of its tunnels leave of ${underlay ?? 'its underlay'}`;
    return [{ path, name: `MTU of ${name}`, value: `${mtu}`, reason }];
  });
}

function ofOpenVSwitch(
  host: HostIntents,
  { 'pmd-cpu-mask': mask, 'dpdk-socket-mem': memory }: Readonly<Record<string, string>>,
): DerivedValue[] {
  const [openVSwitch] = host.openVSwitches;
  if (!openVSwitch) return [];
  const { path, otherConfig, socketMemoryMib } = openVSwitch;
  const values: DerivedValue[] = [];
  const pmds = pmdCpus(host);
  if (mask !== undefined && pmds && pmds.path !== path) {
    const reason = `the ${pmds.prop} CPUs of ${pmds.path}`;
    values.push({ path, name: 'pmd-cpu-mask', value: mask, reason });
  }
  if (memory !== undefined && socketMemoryMib === undefined && !('dpdk-socket-mem' in otherConfig)) {
    values.push({ path, name: 'dpdk-socket-mem', value: memory, reason: socketMemoryReason(host) });
  }
  return values;
}
