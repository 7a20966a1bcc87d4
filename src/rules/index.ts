import type { FleetIntents } from '../plan/intents';
import type { FleetPlan } from '../plan/fleet-plan';
import { tunnelEnds, type TunnelEnd } from '../plan/tunnels';
import { bootArgumentOrder } from './boot-argument-order';
import { bootArgumentVoidsAnother } from './boot-argument-voids-another';
import { bootConsoleOrder } from './boot-console-order';
import { bootContradictingArguments } from './boot-contradicting-arguments';
import { bootIommuUselessArgument } from './boot-iommu-useless-argument';
import { bootLoaderUnsupported } from './boot-loader-unsupported';
import { bootManagedArgument } from './boot-managed-argument';
import { cpusAutoChoice } from './cpus-auto-choice';
import { cpusExist } from './cpus-exist';
import { cpusHousekeepingOnNode } from './cpus-housekeeping-on-node';
import { cpusOnePartition } from './cpus-one-partition';
import { cpusOverlap } from './cpus-overlap';
import { cpusPmdOnNicNode } from './cpus-pmd-on-nic-node';
import { cpusSiblingsSplit } from './cpus-siblings-split';
import { sortFindings, type Finding } from './finding';
import { hardwareUnchecked } from './hardware-unchecked';
import { hostsNameUnique } from './hosts-name-unique';
import { hostsPlatformDiffers } from './hosts-platform-differs';
import { hugepagesAutoSize } from './hugepages-auto-size';
import { hugepagesMixedPlacement } from './hugepages-mixed-placement';
import { hugepagesNodeBudget } from './hugepages-node-budget';
import { hugepagesNodeExists } from './hugepages-node-exists';
import { hugepagesNodeMemory } from './hugepages-node-memory';
import { hugepagesNodeReserve } from './hugepages-node-reserve';
import { hugepagesSizeUnsupported } from './hugepages-size-unsupported';
import { hugepagesSystemMemory } from './hugepages-system-memory';
import { nicsClaimedTwice } from './nics-claimed-twice';
import { nicsDriverUnsuited } from './nics-driver-unsuited';
import { nicsExist } from './nics-exist';
import { nicsIommuGroupShared } from './nics-iommu-group-shared';
import { nicsKernelDriverRequired } from './nics-kernel-driver-required';
import { nicsManagement } from './nics-management';
import { nicsNoIommu } from './nics-no-iommu';
import { nicsPlannedDevice } from './nics-planned-device';
import { nicsUioSecureBoot } from './nics-uio-secure-boot';
import { nicsUioVirtualFunction } from './nics-uio-virtual-function';
import { openVSwitchBridgeOfOtherHost } from './openvswitch-bridge-of-other-host';
import { openVSwitchLcoreMask } from './openvswitch-lcore-mask';
import { openVSwitchNameUnique } from './openvswitch-name-unique';
import { openVSwitchNicNotBound } from './openvswitch-nic-not-bound';
import { openVSwitchNicOfOtherHost } from './openvswitch-nic-of-other-host';
import { openVSwitchNicUsedTwice } from './openvswitch-nic-used-twice';
import { openVSwitchNoHugepages } from './openvswitch-no-hugepages';
import { openVSwitchOnePerHost } from './openvswitch-one-per-host';
import { openVSwitchPmdSleepUnsupported } from './openvswitch-pmd-sleep-unsupported';
import { openVSwitchQueuesAndPmds } from './openvswitch-queues-and-pmds';
import { openVSwitchSocketMemory } from './openvswitch-socket-memory';
import { ruleContext, type Rule } from './rule';
import { srv6FirstSegment } from './srv6-first-segment';
import { srv6SegmentListShortened } from './srv6-segment-list-shortened';
import { srv6SidUnique } from './srv6-sid-unique';
import { tunnelsAddressClash } from './tunnels-address-clash';
import { tunnelsDestinationTwice } from './tunnels-destination-twice';
import { tunnelsGreChecksum } from './tunnels-gre-checksum';
import { tunnelsGtpuIpv6 } from './tunnels-gtpu-ipv6';
import { tunnelsGtpuTtl } from './tunnels-gtpu-ttl';
import { tunnelsInnerMtu } from './tunnels-inner-mtu';
import { tunnelsLocalIp } from './tunnels-local-ip';
import { tunnelsLoop } from './tunnels-loop';
import { tunnelsNoRoute } from './tunnels-no-route';
import { tunnelsPlatform } from './tunnels-platform';
import { tunnelsSameConfig } from './tunnels-same-config';
import { tunnelsSharedListener } from './tunnels-shared-listener';
import { tunnelsTso } from './tunnels-tso';
import { tunnelsTwoHosts } from './tunnels-two-hosts';
import { tunnelsUnderlay } from './tunnels-underlay';

export { acknowledge, ACKNOWLEDGEMENT_RULE, STALE_RULE, type Acknowledgement } from './acknowledgements';
export { formatFinding, ruleAnchor, sortFindings, type Finding, type Severity } from './finding';
export { NICS_SELECTION_RULE } from './nics-selection';
export type { Rule } from './rule';

/** What is asked of a plan, by id. */
const CHECKS: readonly Rule[] = [
  bootArgumentOrder,
  bootArgumentVoidsAnother,
  bootConsoleOrder,
  bootContradictingArguments,
  bootIommuUselessArgument,
  bootLoaderUnsupported,
  bootManagedArgument,
  cpusAutoChoice,
  cpusExist,
  cpusHousekeepingOnNode,
  cpusOnePartition,
  cpusOverlap,
  cpusPmdOnNicNode,
  cpusSiblingsSplit,
  hostsNameUnique,
  hostsPlatformDiffers,
  hugepagesAutoSize,
  hugepagesMixedPlacement,
  hugepagesNodeBudget,
  hugepagesNodeExists,
  hugepagesNodeMemory,
  hugepagesNodeReserve,
  hugepagesSizeUnsupported,
  hugepagesSystemMemory,
  nicsClaimedTwice,
  nicsDriverUnsuited,
  nicsExist,
  nicsIommuGroupShared,
  nicsKernelDriverRequired,
  nicsManagement,
  nicsNoIommu,
  nicsPlannedDevice,
  nicsUioSecureBoot,
  nicsUioVirtualFunction,
  openVSwitchBridgeOfOtherHost,
  openVSwitchLcoreMask,
  openVSwitchNameUnique,
  openVSwitchNicNotBound,
  openVSwitchNicOfOtherHost,
  openVSwitchNicUsedTwice,
  openVSwitchNoHugepages,
  openVSwitchOnePerHost,
  openVSwitchPmdSleepUnsupported,
  openVSwitchQueuesAndPmds,
  openVSwitchSocketMemory,
  srv6FirstSegment,
  srv6SegmentListShortened,
  srv6SidUnique,
  tunnelsAddressClash,
  tunnelsDestinationTwice,
  tunnelsGreChecksum,
  tunnelsGtpuIpv6,
  tunnelsGtpuTtl,
  tunnelsInnerMtu,
  tunnelsLocalIp,
  tunnelsLoop,
  tunnelsNoRoute,
  tunnelsPlatform,
  tunnelsSameConfig,
  tunnelsSharedListener,
  tunnelsTso,
  tunnelsTwoHosts,
  tunnelsUnderlay,
];

/** Every rule, by id. */
export const RULES: readonly Rule[] = [...CHECKS, hardwareUnchecked(CHECKS)].sort((a, b) =>
  a.id < b.id ? -1 : 1,
);

/** Said by the constructs of their own props, before there is a plan. */
export const PROPS_RULE: Omit<Rule, 'check'> = {
  id: 'props/invalid',
  severity: 'error',
  statement: 'The props of a construct can be read.',
  reason:
    'What stands in a file at synth must be known then: a value of another form, or a Terraform reference, would reach the host as it is.',
};

/** All that is wrong with a plan: every rule, all findings at once. */
export function checkFleet(
  fleet: FleetIntents,
  plan: FleetPlan,
  ends: readonly TunnelEnd[] = tunnelEnds(fleet),
): Finding[] {
  const context = ruleContext(fleet, plan, ends);
  return sortFindings(
    RULES.flatMap((rule) =>
      rule.check(context).map((violation) => ({ rule: rule.id, severity: rule.severity, ...violation })),
    ),
  );
}
