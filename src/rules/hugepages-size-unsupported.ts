import type { HardwareProfile } from '../hardware/hardware-profile';
import { isKnown } from '../hardware/unknown';
import type { HostIntents, HugepagePoolIntent } from '../plan/intents';
import { PageSize } from '../values/page-size';
import { hostRule, type Violation } from './rule';
import { fileOf } from '../values/text';

/** Flags of x86 CPUs that have the size. Source: DPDK, linux_gsg/sys_reqs.rst. */
const FLAGS: Readonly<Record<string, string>> = { '1G': 'pdpe1gb', '2M': 'pse' };

export const hugepagesSizeUnsupported = hostRule({
  id: 'hugepages/size-unsupported',
  severity: 'error',
  statement: 'Platform and CPU have hugepages of the size that a pool asks for.',
  reason:
    'The kernel ignores an unknown hugepagesz= together with its hugepages= (hugetlbpage.rst); pages of 1 GiB need a CPU with the flag pdpe1gb, which virtual machines often lack.',
  hardware: {
    facts: ['hugepage sizes'],
    concerns: (host) => host.hugepagePools.length > 0,
  },
  check: (host) =>
    host.hugepagePools.flatMap(
      (pool) => (host.hardware ? ofCpu(host, host.hardware, pool) : undefined) ?? ofPlatform(host, pool),
    ),
});

/** undefined: the profile doesn't say. */
function ofCpu(
  host: HostIntents,
  { pageSizes, cpuFlags, source }: HardwareProfile,
  { path, pageSize }: HugepagePoolIntent,
): Violation[] | undefined {
  const flag = FLAGS[pageSize.kernelName];
  if (isKnown(pageSizes)) {
    if (pageSizes.some(({ kibibytes }) => kibibytes === pageSize.kibibytes)) return [];
    const has = pageSizes.length > 0 ? pageSizes.join(' and ') : 'no hugepages';
    return [
      {
        path,
        what: [`asks for pages of ${pageSize}; ${host.name} has ${has} (${fileOf(source)})`],
        remedy: pageSizes.length > 0 ? `say pageSize: ${spelled(pageSizes.at(-1))}` : 'take the pool out',
      },
    ];
  }
  // Every x86 CPU has the flag fpu, and no other does.
  if (flag === undefined || !isKnown(cpuFlags) || !cpuFlags.has('fpu')) return undefined;
  if (cpuFlags.has(flag)) return undefined;
  return [
    {
      path,
      what: [
        `asks for pages of ${pageSize}; the CPU of ${host.name} lacks the flag ${flag} (${fileOf(source)})`,
      ],
      remedy:
        'say pageSize: PageSize.MIB_2; of a virtual machine, give it a CPU model with that flag (host-passthrough)',
    },
  ];
}

function ofPlatform(host: HostIntents, { path, pageSize }: HugepagePoolIntent): Violation[] {
  const sizes = host.platform.hugepageSizesKib;
  if (sizes.includes(pageSize.kibibytes)) return [];
  const names = [PageSize.GIB_1, PageSize.MIB_2]
    .filter(({ kibibytes }) => sizes.includes(kibibytes))
    .join(' and ');
  return [
    {
      path,
      what: [`asks for pages of ${pageSize}; ${host.platform} on x86-64 has ${names}`],
      remedy: 'use PageSize.GIB_1 or PageSize.MIB_2',
    },
  ];
}

function spelled(size: PageSize | undefined): string {
  if (size?.kibibytes === PageSize.GIB_1.kibibytes) return 'PageSize.GIB_1';
  if (size?.kibibytes === PageSize.MIB_2.kibibytes) return 'PageSize.MIB_2';
  return `PageSize.of('${size?.kernelName ?? '2M'}')`;
}
