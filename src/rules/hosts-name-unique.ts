import { repeated, type Rule } from './rule';

export const hostsNameUnique: Rule = {
  id: 'hosts/name-unique',
  severity: 'error',
  statement: 'Two hosts of a stack have different names.',
  reason:
    'The name is the folder of the artifacts, the name in the inventory and the key of the Terraform resource.',
  check: ({ fleet }) =>
    repeated(
      fleet.hosts,
      ({ name }) => name,
      (again, first, name) => ({
        path: again.path,
        what: [`the host's name is '${name}', as is that of ${first.path}`],
        remedy: `give one of them another name: new DataplaneHost(scope, id, { hostname: '${name}-2' })`,
      }),
    ),
};
