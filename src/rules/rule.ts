import type { FleetPlan } from '../plan/fleet-plan';
import type { FleetIntents, HostIntents } from '../plan/intents';
import { groupsBy } from '../plan/groups';
import { bridgeIndex, type BridgeIndex, type TunnelEnd } from '../plan/tunnels';
import type { Finding, Severity } from './finding';
import type { HardwareFact } from './hardware-rule';

/** All that a rule may look at. What would have to be searched for in a large fleet stands here by its key. */
export interface RuleContext {
  readonly fleet: FleetIntents;
  readonly plan: FleetPlan;
  readonly ends: readonly TunnelEnd[];
  readonly endsByHost: ReadonlyMap<HostIntents, readonly TunnelEnd[]>;
  readonly bridges: BridgeIndex;
  /** The host that has a part, by the part's path. */
  readonly owners: ReadonlyMap<string, HostIntents>;
}

export function ruleContext(fleet: FleetIntents, plan: FleetPlan, ends: readonly TunnelEnd[]): RuleContext {
  const owners = new Map<string, HostIntents>();
  for (const host of fleet.hosts) {
    for (const parts of [host.openVSwitches, host.bridges, host.nicBindings]) {
      for (const { path } of parts) owners.set(path, host);
    }
  }
  return {
    fleet,
    plan,
    ends,
    endsByHost: groupsBy(ends, ({ host }) => host),
    bridges: bridgeIndex(fleet),
    owners,
  };
}

/** What a rule says of one construct; id and severity are the rule's. */
export type Violation = Pick<Finding, 'path' | 'what' | 'remedy'>;

/** One thing that must hold, as a pure function. */
export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What must hold, as one sentence, for the catalogue. */
  readonly statement: string;
  /** Why: what happens on the host otherwise, with the source. */
  readonly reason: string;
  /** Of rules that look at hardware profiles: what they must know, and of which hosts. */
  readonly hardware?: {
    readonly facts: readonly HardwareFact[];
    readonly concerns: (host: HostIntents) => boolean;
  };
  check(context: RuleContext): Violation[];
}

/** A rule that looks at one host at a time. */
export function hostRule(
  rule: Omit<Rule, 'check'> & { check(host: HostIntents, context: RuleContext): Violation[] },
): Rule {
  return { ...rule, check: (context) => context.fleet.hosts.flatMap((host) => rule.check(host, context)) };
}

/** One violation for each item behind the first of its group. */
export function repeated<T>(
  items: readonly T[],
  key: (item: T) => string,
  violation: (again: T, first: T, key: string) => Violation,
): Violation[] {
  if (new Set(items.map(key)).size === items.length) return [];
  return [...groupsBy(items, key)].flatMap(([shared, [first, ...others]]) =>
    first === undefined ? [] : others.map((again) => violation(again, first, shared)),
  );
}
