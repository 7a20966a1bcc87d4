import { cpusOfMask, pmdCpus } from '../plan/pmd-cpus';
import { hostRule } from './rule';

export const openVSwitchLcoreMask = hostRule({
  id: 'openvswitch/lcore-mask',
  severity: 'error',
  statement: 'dpdk-lcore-mask names no CPU of a poll mode driver.',
  reason:
    "It pins all other threads of Open vSwitch to the lowest CPU of the mask (vswitch.xml): there they stand still behind a poll mode driver that never gives the CPU back, and flows aren't updated.",
  check(host) {
    const pmds = pmdCpus(host);
    if (!pmds) return [];
    return host.openVSwitches.flatMap(({ path, otherConfig }) => {
      const mask = otherConfig['dpdk-lcore-mask'];
      const cpus = mask === undefined ? undefined : cpusOfMask(mask);
      const shared = cpus?.intersection(pmds.cpus);
      if (!cpus || !shared || shared.size === 0) return [];
      return [
        {
          path,
          what: [
            `otherConfig['dpdk-lcore-mask'] is '${mask ?? ''}', CPU ${cpus}; CPU ${shared} is for poll mode drivers (${pmds.prop} of ${pmds.path})`,
          ],
          remedy: "take 'dpdk-lcore-mask' out: Open vSwitch then uses the CPUs that are not isolated",
        },
      ];
    });
  },
});
