import { isKnown } from '../hardware/unknown';
import { ownedArguments } from '../plan/kernel-arguments';
import { hardwareRule } from './hardware-rule';
import { fileOf } from '../values/text';

export const bootLoaderUnsupported = hardwareRule({
  id: 'boot/loader-unsupported',
  severity: 'error',
  statement: 'A host that needs boot arguments boots by GRUB, as Debian and Ubuntu set it up.',
  reason:
    'The agent writes boot arguments for update-grub only, and refuses other boot loaders: what it wrote would be ignored, and the host would reboot without hugepages or IOMMU.',
  facts: ['boot loader'],
  concerns: (host) => ownedArguments(host).length > 0,
  check(host, { bootLoader, source }) {
    if (!isKnown(bootLoader) || bootLoader === 'grub') return [];
    const owned = ownedArguments(host);
    return [
      {
        path: host.path,
        what: [
          `${host.name} boots by ${bootLoader} (${fileOf(source)})`,
          `boot arguments are asked for by ${[...new Set(owned.map(({ path }) => path))].join(', ')}`,
        ],
        remedy:
          'install GRUB there (grub-efi or grub-pc), or take these constructs out and set the arguments by the means of that boot loader',
      },
    ];
  },
});
