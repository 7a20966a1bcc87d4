import { hostRule, repeated } from './rule';

export const openVSwitchOnePerHost = hostRule({
  id: 'openvswitch/one-per-host',
  severity: 'error',
  statement: 'A host has one OpenVSwitch.',
  reason: 'A host runs one ovs-vswitchd with one database.',
  check: (host) =>
    repeated(
      host.openVSwitches,
      () => host.path,
      (again, first) => ({
        path: again.path,
        what: [`the host has an OpenVSwitch already: ${first.path}`],
        remedy: 'give the bridges to that one',
      }),
    ),
});
