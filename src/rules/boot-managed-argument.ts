import { argumentKey, isHugepageKey } from '../plan/kernel-arguments';
import { hostRule } from './rule';

export const bootManagedArgument = hostRule({
  id: 'boot/managed-argument',
  severity: 'error',
  statement: 'Hugepages are asked for by HugepagePool, not by BootParameters.',
  reason:
    'The kernel pairs each hugepages= with the hugepagesz= before it and ignores a repeated pair, so the list can have one author only.',
  check: (host) =>
    host.bootParameters.flatMap(({ path, arguments: texts }) =>
      texts
        .filter((text) => isHugepageKey(argumentKey(text)))
        .map((text) => ({
          path,
          what: [`asks for '${text}'`],
          remedy:
            'use a HugepagePool: it writes the arguments in their order, and checks after each boot what the kernel gave',
        })),
    ),
});
