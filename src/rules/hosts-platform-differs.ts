import { isKnown } from '../hardware/unknown';
import { ownedArguments } from '../plan/kernel-arguments';
import { Platform } from '../platforms/platform';
import { hardwareRule } from './hardware-rule';
import { fileOf } from '../values/text';

export const hostsPlatformDiffers = hardwareRule({
  id: 'hosts/platform-differs',
  severity: 'warning',
  statement: "A host's distribution is the platform that it is planned for.",
  reason:
    "Packages, their names and what Open vSwitch can do there are the platform's; on another one the deploy fails at its packages, or a feature isn't there. It is no error because a host may be installed anew after its profile was made.",
  facts: ['distribution'],
  // What the platform changes: packages, and the kernel's boot arguments.
  concerns: (host) => host.openVSwitches.length > 0 || ownedArguments(host).length > 0,
  check(host, { distribution: { id, version, name }, source }) {
    if (!isKnown(id) || !isKnown(version) || id === null || version === null) return [];
    const present = `${id}-${version}`;
    if (present === host.platform.id) return [];
    const same = Platform.ALL.find((platform) => platform.id === present);
    const shown = isKnown(name) && name !== null && name !== '' ? name : `${id} ${version}`;
    return [
      {
        path: host.path,
        what: [`is planned for ${host.platform}, but ${host.name} has ${shown} (${fileOf(source)})`],
        remedy: same
          ? `say platform: Platform.${same.id.toUpperCase().replaceAll(/[-.]/g, '_')}, or install ${host.platform}`
          : `install ${host.platform}, or another of ${Platform.ALL.map(String).join(', ')}`,
      },
    ];
  },
});
