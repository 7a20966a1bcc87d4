import type { HostIntents } from '../plan/intents';
import { CpuSet } from '../values/cpu-set';
import { hostRule } from './rule';

/** What an argument takes away. */
interface Victim {
  readonly path: string;
  /** Behind "asks for 'x', and <path> …". */
  readonly wants: string;
  /** What happens. */
  readonly effect: string;
}

/** A key of the kernel command line whose value can void what other constructs ask for. */
type Voids = (value: string, host: HostIntents) => readonly Victim[];

const GIGANTIC_KIB = 1024 * 1024;

const VOIDING: Readonly<Record<string, Voids>> = {
  hugetlb_cma: (value, { hugepagePools }) =>
    /^0[kmgtpe]?$/i.test(value)
      ? []
      : hugepagePools
          .filter(({ pageSize }) => pageSize.kibibytes >= GIGANTIC_KIB)
          .map(({ path, pageSize }) => ({
            path,
            wants: `for pages of ${pageSize} at boot`,
            effect: 'with a CMA area the kernel takes none of them at boot',
          })),
  numa: (value, { hugepagePools }) =>
    value !== 'off'
      ? []
      : hugepagePools.flatMap(({ path, pages }) => {
          const nodes = 'perNode' in pages ? [...pages.perNode.keys()].filter((node) => node > 0) : [];
          if (nodes.length === 0) return [];
          const effect =
            'the host then has node 0 only, and pages of one node that is missing void all of them';
          return [{ path, wants: `for pages on node ${nodes.join(', ')}`, effect }];
        }),
  nr_cpus: (value, host) =>
    cpusBeyond(
      value,
      host,
      'the kernel drops a whole CPU list with one CPU that it lacks, and isolates nothing',
    ),
  possible_cpus: (value, host) =>
    cpusBeyond(
      value,
      host,
      'the kernel drops a whole CPU list with one CPU that it lacks, and isolates nothing',
    ),
  maxcpus: (value, host) => cpusBeyond(value, host, 'those stay offline, and nothing runs there'),
  amd_iommu: (value, { iommus, hardware }) =>
    value !== 'off'
      ? []
      : iommus
          .filter(({ vendor }) => (vendor ?? hardware?.iommuKind) === 'amd')
          .map(({ path }) => ({
            path,
            wants: 'for the IOMMU of AMD',
            effect: 'it is off then, and vfio-pci takes no device',
          })),
  intremap: (value, host) => {
    const unsafe = host.bootParameters.some(({ arguments: texts }) =>
      texts.some((text) => /^vfio_iommu_type1\.allow_unsafe_interrupts=(1|y|yes|on)$/i.test(text)),
    );
    if (value !== 'off' || unsafe) return [];
    return host.nicBindings
      .filter(({ driver }) => driver === 'vfio-pci')
      .map(({ path }) => ({
        path,
        wants: 'to use its NIC by vfio-pci',
        effect: 'vfio refuses every device without interrupt remapping',
      }));
  },
  module_blacklist: (value, { nicBindings }) => {
    const refused = value.split(',').map((module) => module.replaceAll('-', '_'));
    return nicBindings.flatMap(({ path, driver }) =>
      driver !== null && refused.includes(driver.replaceAll('-', '_'))
        ? [{ path, wants: `to bind its NIC to ${driver}`, effect: 'the kernel then refuses to load it' }]
        : [],
    );
  },
};

export const bootArgumentVoidsAnother = hostRule({
  id: 'boot/argument-voids-another',
  severity: 'error',
  statement: 'No extra boot argument takes away what another construct asks for.',
  reason:
    'hugetlb_cma= makes the kernel skip gigantic pages at boot, numa=off leaves one node, nr_cpus= and maxcpus= leave CPUs out, amd_iommu=off and intremap=off leave vfio without what it needs, module_blacklist= keeps a driver out (kernel-parameters.txt, mm/hugetlb.c, drivers/vfio/vfio_iommu_type1.c). None of them is an error to the kernel.',
  check: (host) =>
    host.bootParameters.flatMap(({ path, arguments: texts }) =>
      texts.flatMap((text) => {
        const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
        const voids = Object.hasOwn(VOIDING, key) ? VOIDING[key] : undefined;
        return (voids?.(value, host) ?? []).map((victim) => ({
          path,
          what: [`asks for '${text}', and ${victim.path} asks ${victim.wants}: ${victim.effect}`],
          remedy: `take '${text}' out, or change ${victim.path}`,
        }));
      }),
    ),
});

/** The partitions with CPUs that a host of this many wouldn't have. */
function cpusBeyond(value: string, host: HostIntents, effect: string): Victim[] {
  if (!/^[1-9]\d*$/.test(value)) return [];
  return host.cpuPartitions.flatMap(({ path, housekeeping, dataplane, workload }) => {
    const beyond = housekeeping
      .union(dataplane)
      .union(workload)
      .cpus.filter((cpu) => cpu >= Number(value));
    return beyond.length === 0 ? [] : [{ path, wants: `for CPU ${CpuSet.ofCpus(beyond)}`, effect }];
  });
}
