import { isKnown } from '../hardware/unknown';
import { groupsBy } from '../plan/groups';
import { dpdkNics } from '../plan/dpdk-nics';
import { hardwareRule } from './hardware-rule';
import { pmdCpus } from '../plan/pmd-cpus';
import { fileOf } from '../values/text';

export const cpusPmdOnNicNode = hardwareRule({
  id: 'cpus/pmd-on-nic-node',
  severity: 'warning',
  statement: 'There is a poll mode driver on the NUMA node of each NIC that DPDK polls.',
  reason:
    'Open vSwitch gives the NIC\'s queues to a CPU of another node then: "There\'s no available (non-isolated) pmd thread on numa node 1 … Expect reduced performance" (lib/dpif-netdev.c): each packet crosses the link between the sockets.',
  facts: ['NUMA nodes', 'nodes of NICs'],
  concerns: (host) => host.dpdkPorts.length > 0 && pmdCpus(host) !== undefined,
  check(host, profile) {
    const pmds = pmdCpus(host);
    if (!pmds) return [];
    return [...groupsBy(dpdkNics(host), ({ node }) => node)].flatMap(([node, nics]) => {
      const cpus = node === undefined ? undefined : profile.cpusOf(node);
      if (cpus === undefined || !isKnown(cpus) || cpus.intersection(pmds.cpus).size > 0) return [];
      const names = nics.map(({ port, binding }) => `${port.name} (${binding.address})`).join(', ');
      const isWithout = cpus.size === 0;
      return [
        {
          path: pmds.path,
          what: [
            `${pmds.prop} is '${pmds.cpus}', none of them on node ${node}, where ${names} ${nics.length === 1 ? 'is' : 'are'}`,
            `node ${node} has ${isWithout ? 'no CPU' : `the CPUs ${cpus}`} (${fileOf(profile.source)})`,
          ],
          remedy: isWithout
            ? 'put the NIC into a slot of a node with CPUs, or leave it: packets cross nodes'
            : pmds.isChosen
              ? 'raise dataplaneCores: each node with a NIC gets one before any gets a second'
              : `add a CPU of ${cpus} to ${pmds.prop}, with its SMT siblings`,
        },
      ];
    });
  },
});
