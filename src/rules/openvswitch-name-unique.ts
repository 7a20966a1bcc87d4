import { hostRule, repeated } from './rule';

export const openVSwitchNameUnique = hostRule({
  id: 'openvswitch/name-unique',
  severity: 'error',
  statement: 'Bridges and ports of a host have different names.',
  reason:
    'Open vSwitch names a bridge, its port and its interface alike, and each name is given once a host.',
  check(host, { endsByHost }) {
    const named = [
      ...host.bridges.map(({ path, name }) => ({ path, name, what: 'bridge' })),
      ...host.dpdkPorts.map(({ path, name }) => ({ path, name, what: 'port' })),
      ...(endsByHost.get(host) ?? []).flatMap(({ tunnel, ports }) =>
        ports.map(({ name }) => ({ path: tunnel.path, name, what: 'port' })),
      ),
    ];
    return repeated(
      named,
      ({ name }) => name,
      (again, first, name) => ({
        path: again.path,
        what: [
          `the ${again.what} '${name}' has the name of the ${first.what} of ${first.path} on ${host.name}`,
        ],
        remedy: 'give one of them another name',
      }),
    );
  },
});
