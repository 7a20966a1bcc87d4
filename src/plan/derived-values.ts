import type { DerivedValue, HostIntents } from './intents';
import { askedSocketMemory, derivedSocketMemory } from './open-vswitch-memory';
import { pmdCpus } from './pmd-cpus';

/** What nobody said of a host, with the reasons: what was chosen, and what Open vSwitch gets for its CPUs and memory. */
export function derivedValues(host: HostIntents): DerivedValue[] {
  return [...host.chosen, ...ofOpenVSwitch(host)];
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
