import { hostRule } from './rule';

export const openVSwitchPmdSleepUnsupported = hostRule({
  id: 'openvswitch/pmd-sleep-unsupported',
  severity: 'error',
  statement: 'pmdSleepMax is asked for only where Open vSwitch has it.',
  reason: 'pmd-sleep-max came with Open vSwitch 3.2; older ones ignore it in silence.',
  check: (host) =>
    host.platform.hasPmdSleep
      ? []
      : host.openVSwitches
          .filter(({ pmdSleepMax }) => pmdSleepMax !== undefined)
          .map(({ path, pmdSleepMax }) => ({
            path,
            what: [
              `pmdSleepMax is ${pmdSleepMax}, but ${host.platform} has Open vSwitch ${host.platform.openVSwitchVersion}`,
            ],
            remedy:
              'take it out, or use a platform with Open vSwitch 3.2 or newer: Platform.DEBIAN_13, Platform.UBUNTU_24_04',
          })),
});
