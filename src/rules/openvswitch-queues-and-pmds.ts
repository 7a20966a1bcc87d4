import { isKnown } from '../hardware/unknown';
import type { HostIntents } from '../plan/intents';
import type { CpuSet } from '../values/cpu-set';
import { dpdkNics, type DpdkNic } from '../plan/dpdk-nics';
import { pmdCpus } from '../plan/pmd-cpus';
import { hostRule, type Violation } from './rule';
import { counted } from '../values/text';

export const openVSwitchQueuesAndPmds = hostRule({
  id: 'openvswitch/queues-and-pmds',
  severity: 'warning',
  statement:
    'A NIC has no more queues than there are poll mode drivers for them, and each of those has a queue.',
  reason:
    'Queues beyond the poll mode drivers bring no speed; a poll mode driver without a queue has its CPU for nothing (Open vSwitch, topics/dpdk/pmd.rst: each queue is polled by one of them).',
  check(host) {
    const pmds = pmdCpus(host);
    const nics = dpdkNics(host);
    if (!pmds || pmds.cpus.size === 0 || nics.length === 0) return [];
    const tooMany = nics.flatMap((nic): Violation[] => {
      const near = cpusNear(host, nic, pmds.cpus);
      if (nic.port.queues <= near.size) return [];
      const where = nic.node === undefined ? '' : ` of node ${nic.node}`;
      return [
        {
          path: nic.port.path,
          what: [
            `has ${counted(nic.port.queues, 'queue')}, for ${counted(near.size, 'poll mode driver')}${where}: CPU ${near} (${pmds.prop} of ${pmds.path})`,
          ],
          remedy: `say queues: ${near.size}, or ${pmds.isChosen ? 'raise dataplaneCores' : `add CPUs to ${pmds.prop}`}`,
        },
      ];
    });
    const queues = nics.reduce((sum, { port }) => sum + port.queues, 0);
    if (queues >= pmds.cpus.size) return tooMany;
    return [
      ...tooMany,
      {
        path: pmds.path,
        what: [
          `${pmds.prop} is '${pmds.cpus}': ${counted(pmds.cpus.size, 'poll mode driver')} for ${counted(queues, 'queue')}`,
          nics.map(({ port }) => `${port.path}: ${counted(port.queues, 'queue')}`).join(', '),
        ],
        remedy: `give the ports more queues (addDpdkPort(nic, { queues: ${Math.ceil(pmds.cpus.size / nics.length)} })), or ${pmds.isChosen ? 'lower dataplaneCores' : `take CPUs out of ${pmds.prop}`}`,
      },
    ];
  },
});

/** The poll mode drivers that take a NIC's queues: those of its node, or all where it has none or isn't known. */
function cpusNear({ hardware }: HostIntents, { node }: DpdkNic, pmds: CpuSet): CpuSet {
  const cpus = node === undefined ? undefined : hardware?.cpusOf(node);
  if (cpus === undefined || !isKnown(cpus)) return pmds;
  const near = cpus.intersection(pmds);
  return near.size > 0 ? near : pmds;
}
