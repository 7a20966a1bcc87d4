import { argumentKey, isHugepageKey, ownedArguments, type OwnedArgument } from '../plan/kernel-arguments';
import { hostRule } from './rule';

export const bootManagedArgument = hostRule({
  id: 'boot/managed-argument',
  severity: 'error',
  statement: 'Hugepages are asked for by HugepagePool, not by BootParameters.',
  reason:
    'The kernel pairs each hugepages= with the hugepagesz= before it, and of a size, or of default_hugepagesz=, that is said twice it keeps the first (hugetlbpage.rst), so the list can have one author only.',
  check(host) {
    const owned = ownedArguments(host);
    const extra = new Set(host.bootParameters.map(({ path }) => path));
    return owned.flatMap((argument, index) => {
      const { path, text } = argument;
      if (!extra.has(path) || !isHugepageKey(argumentKey(text))) return [];
      const effect = effectOf(argument, owned.slice(0, index));
      return [
        {
          path,
          what: [`asks for '${text}'${effect}`],
          remedy:
            'use a HugepagePool: it writes the arguments in their order, and checks after each boot what the kernel gave',
        },
      ];
    });
  },
});

/** What the kernel makes of it behind the arguments of others; empty: nothing of others is touched. */
function effectOf({ path, text }: OwnedArgument, before: readonly OwnedArgument[]): string {
  const key = argumentKey(text);
  if (key === 'hugepages') {
    const size = before.findLast((other) => argumentKey(other.text) === 'hugepagesz');
    if (size === undefined) return '';
    const owner = before.find((other) => other.text === size.text && other.path !== path);
    if (owner === undefined) return '';
    return `, which the kernel pairs with '${size.text}': ${owner.path} has said the count of that size already, and this one is ignored`;
  }
  const first = before.find(
    (other) =>
      other.path !== path && (key === 'hugepagesz' ? other.text === text : argumentKey(other.text) === key),
  );
  return first ? `, and ${first.path} for '${first.text}': the kernel keeps the first` : '';
}
