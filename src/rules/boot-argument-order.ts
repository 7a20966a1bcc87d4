import { ownedArguments, type OwnedArgument } from '../plan/kernel-arguments';
import { hostRule, type Violation } from './rule';

export const bootArgumentOrder = hostRule({
  id: 'boot/argument-order',
  severity: 'error',
  statement:
    "No boot argument changes, by where it stands, what another construct's arguments before or behind it mean.",
  reason:
    'The kernel reads its command line from left to right: what is behind `--` is for init (kernel-parameters.rst), and of iommu=pt and iommu.passthrough= the last one holds (drivers/iommu/iommu.c). BootParameters stand in the order in which they are made, behind the arguments of the other constructs.',
  check(host) {
    const owned = ownedArguments(host);
    return owned.flatMap((argument, index) => [
      ...ofEnd(argument, owned.slice(index + 1)),
      ...ofPassthrough(argument, owned.slice(0, index)),
    ]);
  },
});

/** `--` and what its own construct has behind it are meant together; what others have there isn't read any more. */
function ofEnd({ path, text }: OwnedArgument, behind: readonly OwnedArgument[]): Violation[] {
  const others = behind.filter((argument) => argument.path !== path);
  const [first] = others;
  if (text !== '--' || !first) return [];
  const more = others.length > 1 ? `, and ${others.length - 1} more behind it` : '';
  return [
    {
      path,
      what: [
        `asks for '--', and ${first.path} for '${first.text}' behind it${more}: init gets it, and the kernel doesn't read it`,
      ],
      remedy: `take '--' out, or make ${first.path} before this construct`,
    },
  ];
}

function ofPassthrough({ path, text }: OwnedArgument, before: readonly OwnedArgument[]): Violation[] {
  if (!/^iommu\.passthrough=(0|n|no|off)$/i.test(text)) return [];
  const undone = before.find((argument) => argument.text === 'iommu=pt');
  if (!undone) return [];
  return [
    {
      path,
      what: [
        `asks for '${text}', behind 'iommu=pt' of ${undone.path}: the last one holds, and the host's own devices pay for a translation of each access`,
      ],
      remedy: `take '${text}' out, or take ${undone.path} out and say all of the IOMMU's arguments here`,
    },
  ];
}
