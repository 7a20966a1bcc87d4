import type { LinkPlan } from './host-plan';
import type { DerivedValue, HostIntents } from './intents';
import { askedSocketMemory, derivedSocketMemory } from './open-vswitch-memory';
import { pmdCpus } from './pmd-cpus';

/**
 * What nobody said of a host, with the reasons: what was chosen, what Open vSwitch gets for its CPUs and memory, and how
 * large the packets of a bridge may be.
 *
 * @param links the plan's
 */
export function derivedValues(host: HostIntents, links: readonly LinkPlan[]): DerivedValue[] {
  return [...host.chosen, ...ofOpenVSwitch(host), ...ofBridges(host, links)];
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

function ofOpenVSwitch(host: HostIntents): DerivedValue[] {
  const [openVSwitch] = host.openVSwitches;
  if (!openVSwitch) return [];
  const { path, otherConfig } = openVSwitch;
  const pmds = pmdCpus(host);
  const memory =
    askedSocketMemory(host) || 'dpdk-socket-mem' in otherConfig ? undefined : derivedSocketMemory(host);
  return [
    ...(pmds && pmds.path !== path
      ? [
          {
            path,
            name: 'pmd-cpu-mask',
            value: pmds.cpus.toMask(),
            reason: `the ${pmds.prop} CPUs of ${pmds.path}`,
          },
        ]
      : []),
    ...(memory
      ? [{ path, name: 'dpdk-socket-mem', value: memory.mib.join(','), reason: memory.reason }]
      : []),
  ];
}
