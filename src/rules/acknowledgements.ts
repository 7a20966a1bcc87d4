import { groupsBy } from '../plan/groups';
import type { Finding } from './finding';
import type { Rule } from './rule';

/** Somebody has looked at the findings of a rule at or below a construct, and says why they may stay. */
export interface Acknowledgement {
  readonly rule: string;
  readonly reason: string;
  /** Path of the construct. */
  readonly path: string;
}

/** Said of what was given to Acknowledge.rule. */
export const ACKNOWLEDGEMENT_RULE: Omit<Rule, 'check'> = {
  id: 'acknowledgements/invalid',
  severity: 'error',
  statement: 'An acknowledgement names a rule whose findings are no errors, and says why they may stay.',
  reason:
    'A plan with an error can not work, whoever knows of it; and an acknowledgement of a misspelt rule or without a reason tells the next reader nothing.',
};

/** Said of acknowledgements that outlived what they were made for. */
export const STALE_RULE = {
  id: 'acknowledgements/stale',
  severity: 'warning',
  statement: 'There is something that an acknowledgement acknowledges.',
  reason:
    'What it was made for is gone, or never was below that construct; left in place, it would hide the next finding of that rule.',
} as const satisfies Omit<Rule, 'check'>;

/**
 * The findings, with their acknowledgements, and with a finding for each acknowledgement that has nothing to
 * acknowledge. Those can be acknowledged as well: by constructs that are made for many stacks.
 *
 * @param canBeStale false: not everything that could be found was
 */
export function acknowledge(
  findings: readonly Finding[],
  acknowledgements: readonly Acknowledgement[],
  canBeStale = true,
): Finding[] {
  const ofStale = acknowledgements.filter(({ rule }) => rule === STALE_RULE.id);
  const ofOthers = acknowledgements.filter(({ rule }) => rule !== STALE_RULE.id);
  const others = match(findings, ofOthers);
  if (!canBeStale) return others.findings;
  const stale = match(others.unused.map(staleFinding), ofStale);
  return [...others.findings, ...stale.findings, ...stale.unused.map(staleFinding)];
}

interface Matched {
  readonly findings: Finding[];
  readonly unused: Acknowledgement[];
}

/** The nearest acknowledgement is the one that is shown; those further up are used as well. */
function match(findings: readonly Finding[], acknowledgements: readonly Acknowledgement[]): Matched {
  if (acknowledgements.length === 0) return { findings: [...findings], unused: [] };
  const byPlace = groupsBy(acknowledgements, ({ rule, path }) => `${rule}\0${path}`);
  const used = new Set<Acknowledgement>();
  const matched = findings.map((finding) => {
    if (finding.severity === 'error') return finding;
    const found = placesAbove(finding.path).flatMap((path) => byPlace.get(`${finding.rule}\0${path}`) ?? []);
    for (const each of found) used.add(each);
    const [nearest] = found;
    return nearest
      ? { ...finding, acknowledgement: { path: nearest.path, reason: nearest.reason } }
      : finding;
  });
  return { findings: matched, unused: acknowledgements.filter((each) => !used.has(each)) };
}

/** The path, and those of the constructs above, the nearest first. */
function placesAbove(path: string): string[] {
  const ids = path.split('/');
  return ids.map((_, above) => ids.slice(0, ids.length - above).join('/'));
}

function staleFinding({ rule, reason, path }: Acknowledgement): Finding {
  return {
    rule: STALE_RULE.id,
    severity: STALE_RULE.severity,
    path,
    what: [`${rule} is acknowledged here ('${reason}'), and there is no such finding at or below`],
    remedy: 'take the acknowledgement out, or put it on the construct that has the finding',
  };
}
