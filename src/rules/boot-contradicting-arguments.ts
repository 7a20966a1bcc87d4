import { argumentKey, isHugepageKey, ownedArguments } from '../plan/kernel-arguments';
import { groupsBy } from '../plan/groups';
import { hostRule } from './rule';

/** Keys that the kernel reads as often as they stand. Source: kernel-parameters.txt. */
const REPEATABLE = new Set([
  'console',
  'earlycon',
  'netconsole',
  'dyndbg',
  'memmap',
  'pci',
  'module_blacklist',
]);

export const bootContradictingArguments = hostRule({
  id: 'boot/contradicting-arguments',
  severity: 'error',
  statement: 'No two constructs ask for different values of one boot argument.',
  reason:
    'The kernel keeps the first or the last of them, depending on the argument (a second isolcpus= is dropped in silence).',
  check(host) {
    const groups = groupsBy(ownedArguments(host), ({ text }) => argumentKey(text));
    return [...groups].flatMap(([key, asked]) => {
      const [first, ...others] = asked;
      if (!first || isHugepageKey(key) || REPEATABLE.has(key)) return [];
      return others
        .filter(({ text }) => text !== first.text)
        .map(({ path, text }) => ({
          path,
          what: [`asks for '${text}', but ${first.path} asks for '${first.text}'`],
          remedy: 'take one of the two out',
        }));
    });
  },
});
