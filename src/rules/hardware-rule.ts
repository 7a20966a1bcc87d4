import type { HardwareProfile } from '../hardware/hardware-profile';
import type { Nic } from '../hardware/nic';
import { isKnown } from '../hardware/unknown';
import type { HostIntents } from '../plan/intents';
import { hostRule, type Rule, type RuleContext, type Violation } from './rule';

/** What a rule must know of a host: by the words of a message, whether a profile says it. */
const FACTS = {
  CPUs: ({ cpus }) => isKnown(cpus),
  'SMT siblings': ({ cores }) => isKnown(cores),
  'NUMA nodes': ({ nodes }) => isKnown(nodes) && nodes.every(({ cpus }) => isKnown(cpus)),
  'memory of nodes': ({ nodes }) => isKnown(nodes) && nodes.every(({ memoryKib }) => isKnown(memoryKib)),
  'hugepage sizes': ({ pageSizes, cpuFlags }) => isKnown(pageSizes) || isKnown(cpuFlags),
  'maker of the CPU': ({ cpuVendor }) => isKnown(cpuVendor),
  IOMMU: ({ iommuEnabled }) => isKnown(iommuEnabled),
  'secure boot': ({ secureBoot }) => isKnown(secureBoot),
  'boot loader': ({ bootLoader }) => isKnown(bootLoader),
  distribution: ({ distribution: { id, version } }) => isKnown(id) && isKnown(version),
  NICs: (profile) => profile.nicsComplete && ofNics(profile, ({ address }) => isKnown(address)),
  'devices of NICs': (profile) => ofNics(profile, ({ device }) => isKnown(device)),
  'nodes of NICs': (profile) => ofNics(profile, ({ node }) => isKnown(node)),
  'IOMMU groups': (profile) => ofNics(profile, ({ iommuGroup }) => isKnown(iommuGroup)),
  'which NICs carry management': (profile) => ofNics(profile, ({ management }) => isKnown(management)),
} as const satisfies Readonly<Record<string, (profile: HardwareProfile) => boolean>>;

export type HardwareFact = keyof typeof FACTS;

export function knows(profile: HardwareProfile, fact: HardwareFact): boolean {
  return FACTS[fact](profile);
}

function ofNics(profile: HardwareProfile, known: (nic: Nic) => boolean): boolean {
  return isKnown(profile.nics) && profile.nics.every(known);
}

/** A rule about what a host has: it looks at hosts with a profile, and at what that says. */
export function hardwareRule(
  rule: Omit<Rule, 'check' | 'hardware'> & {
    readonly facts: readonly HardwareFact[];
    /** The host has something that the rule is about. */
    readonly concerns: (host: HostIntents) => boolean;
    readonly check: (host: HostIntents, profile: HardwareProfile, context: RuleContext) => Violation[];
  },
): Rule {
  const { facts, concerns, check, ...rest } = rule;
  return hostRule({
    ...rest,
    hardware: { facts, concerns },
    check: (host, context) => (host.hardware && concerns(host) ? check(host, host.hardware, context) : []),
  });
}
