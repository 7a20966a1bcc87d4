import { hostRule, repeated } from './rule';

export const cpusOnePartition = hostRule({
  id: 'cpus/one-partition',
  severity: 'error',
  statement: 'A host has one CpuPartition.',
  reason: 'The sets of a partition are all the CPUs of a host; a second isolcpus= is dropped by the kernel.',
  check: (host) =>
    repeated(
      host.cpuPartitions,
      () => host.path,
      (again, first) => ({
        path: again.path,
        what: [`the host has a CpuPartition already: ${first.path}`],
        remedy: 'put all sets into one of them',
      }),
    ),
});
