import { hostRule, repeated } from './rule';

export const nicsClaimedTwice = hostRule({
  id: 'nics/claimed-twice',
  severity: 'error',
  statement: 'A NIC has one NicBinding.',
  reason: 'A PCI function has one driver at a time.',
  check: (host) =>
    repeated(
      host.nicBindings,
      ({ address }) => address,
      (again, first, address) => ({
        path: again.path,
        what: [`binds ${address}, which ${first.path} binds already`],
        remedy: 'take one of them out, or correct its PCI address (`lspci -D` on the host shows them)',
      }),
    ),
});
