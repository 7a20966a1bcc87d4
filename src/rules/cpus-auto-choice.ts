import { hostRule } from './rule';

export const cpusAutoChoice = hostRule({
  id: 'cpus/auto-choice',
  severity: 'error',
  statement:
    'What CpuPartition.auto asks for can be chosen: a hardware profile says which cores there are, and there are enough beside housekeeping.',
  reason:
    "Poll mode drivers are put on whole cores of the nodes of their NICs; each node keeps a whole core for housekeeping, as the kernel's guide asks for (admin-guide/cpu-isolation.rst), and CPU 0's core is never given away. Which cores those are only a profile says (docs/hardware-profiles.md).",
  check: ({ refusals }) => refusals.flatMap(({ of, ...violation }) => (of === 'cpus' ? [violation] : [])),
});
