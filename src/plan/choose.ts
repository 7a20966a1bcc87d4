import { chooseCpus } from './choose-cpus';
import { choosePages } from './choose-hugepages';
import type { AskedHost, HostIntents } from './intents';

/**
 * A host with everything chosen that its constructs left open: which CPUs, how many hugepages. Pure and total: what
 * can't be chosen is a refusal, which a rule makes a finding of.
 *
 * CPUs come first: how much memory Open vSwitch takes may depend on how many poll mode drivers it has.
 */
export function chooseParts({ cpuRequests, hugepageRequests, ...asked }: AskedHost): HostIntents {
  let host: HostIntents = { ...asked, chosen: [], refusals: [] };
  for (const request of cpuRequests) {
    const choice = chooseCpus(host, request);
    host = refused(choice)
      ? { ...host, refusals: [...host.refusals, choice.refusal] }
      : {
          ...host,
          cpuPartitions: [...host.cpuPartitions, choice.part],
          chosen: [...host.chosen, ...choice.values],
        };
  }
  for (const [index, request] of hugepageRequests.entries()) {
    const choice = choosePages(host, request, hugepageRequests[index - 1]);
    host = refused(choice)
      ? { ...host, refusals: [...host.refusals, choice.refusal] }
      : {
          ...host,
          hugepagePools: [...host.hugepagePools, choice.part],
          chosen: [...host.chosen, ...choice.values],
        };
  }
  return host;
}

function refused<T extends object, R extends object>(
  choice: T | R,
): choice is Extract<T | R, { refusal: unknown }> {
  return 'refusal' in choice;
}
