import type { FleetPlan } from '../plan/fleet-plan';
import type { FleetIntents, HostIntents } from '../plan/intents';
import type { TunnelEnd } from '../plan/srv6';
import type { Finding, Severity } from './finding';

/** All that a rule may look at. */
export interface RuleContext {
  readonly fleet: FleetIntents;
  readonly plan: FleetPlan;
  readonly ends: readonly TunnelEnd[];
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
  check(context: RuleContext): Violation[];
}

/** A rule that looks at one host at a time. */
export function hostRule(
  rule: Omit<Rule, 'check'> & { check(host: HostIntents, context: RuleContext): Violation[] },
): Rule {
  return { ...rule, check: (context) => context.fleet.hosts.flatMap((host) => rule.check(host, context)) };
}

/** Items that share a key, for rules about things that may stand only once. */
export function groupsBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

/** One violation for each item behind the first of its group. */
export function repeated<T>(
  items: readonly T[],
  key: (item: T) => string,
  violation: (again: T, first: T, key: string) => Violation,
): Violation[] {
  return [...groupsBy(items, key)].flatMap(([shared, [first, ...others]]) =>
    first === undefined ? [] : others.map((again) => violation(again, first, shared)),
  );
}
