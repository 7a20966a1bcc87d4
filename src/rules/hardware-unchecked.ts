import { MAKE_PROFILE } from '../plan/choice';
import { groupsBy } from '../plan/groups';
import type { HostIntents } from '../plan/intents';
import { knows } from './hardware-rule';
import type { Rule, RuleContext, Violation } from './rule';

/** Hosts named in a message; a fleet may have thousands. */
const MOST_NAMES = 8;

/** Says once a stack which rules, of those given, couldn't look at which hosts. */
export function hardwareUnchecked(rules: readonly Rule[]): Rule {
  return {
    id: 'hardware/unchecked',
    severity: 'note',
    statement: 'Each host has a hardware profile that says all that the rules ask.',
    reason:
      'A rule about CPUs, memory or NICs can look only at what a profile says; what it would have found is otherwise found on the host, by the agent, before it changes anything or after the boot (docs/hardware-profiles.md).',
    check: (context) => unchecked(rules, context),
  };
}

/** A rule that looks at profiles. */
type Asking = Pick<Rule, 'id'> & NonNullable<Rule['hardware']>;

interface Gap {
  readonly host: HostIntents;
  /** What isn't known; null: nothing is, there is no profile. */
  readonly facts: readonly string[] | null;
  readonly rules: readonly string[];
}

function unchecked(rules: readonly Rule[], { fleet }: RuleContext): Violation[] {
  const asking = rules.flatMap(({ id, hardware }) => (hardware ? [{ id, ...hardware }] : []));
  const gaps = fleet.hosts.flatMap((host) => gapOf(host, asking) ?? []);
  if (gaps.length === 0) return [];
  const what = [...groupsBy(gaps, ({ facts }) => facts?.join() ?? '')].flatMap(([, alike]) => {
    const [{ facts } = { facts: null }] = alike;
    const ids = [...new Set(alike.flatMap((gap) => gap.rules))].sort();
    const names = someOf(alike.map(({ host }) => host.name));
    return [
      facts === null
        ? `without a hardware profile: ${names}`
        : `the hardware profile doesn't say ${facts.join(', ')}: ${names}`,
      `  not checked there, or in part only: ${ids.join(', ')}`,
    ];
  });
  return [
    {
      path: commonPath(gaps.map(({ host }) => host.path)),
      what,
      remedy: MAKE_PROFILE,
    },
  ];
}

function gapOf(host: HostIntents, asking: readonly Asking[]): Gap | undefined {
  const { hardware: profile } = host;
  const unknown = new Set<string>();
  const ids: string[] = [];
  for (const { id, facts, concerns } of asking) {
    if (!concerns(host)) continue;
    const missing = profile ? facts.filter((fact) => !knows(profile, fact)) : facts;
    if (missing.length > 0) ids.push(id);
    for (const fact of missing) unknown.add(fact);
  }
  if (ids.length === 0) return undefined;
  return { host, facts: profile ? [...unknown] : null, rules: ids };
}

function someOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(', ')} and ${more} more` : names.join(', ');
}

/** The construct that has all of them below it. */
function commonPath(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  const ids = first.split('/');
  const isCommon = (count: number): boolean => {
    const start = `${ids.slice(0, count).join('/')}/`;
    return others.every((path) => `${path}/`.startsWith(start));
  };
  let count = ids.length;
  while (count > 1 && !isCommon(count)) count--;
  return ids.slice(0, count).join('/');
}
