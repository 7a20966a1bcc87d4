/** The gravest first. */
export const SEVERITIES = ['error', 'warning', 'note'] as const;

/**
 * error: the plan can't work, and the synth stops; warning: it works badly, or not everywhere; note: nothing is wrong,
 * but something is tight or couldn't be checked: it stands in `findings()` and in JSON, and isn't printed.
 */
export type Severity = (typeof SEVERITIES)[number];

/** Something that is wrong with a plan: structured first, text last. */
export interface Finding {
  /** Stable id of the rule, `hugepages/mixed-placement`. */
  readonly rule: string;
  readonly severity: Severity;
  /** Path of the construct that it is about. */
  readonly path: string;
  /** What is wrong, with the values; a line each. */
  readonly what: readonly string[];
  /** What to change. */
  readonly remedy: string;
  /** By Acknowledge.rule: why it may stay, and the path of the construct that says so. */
  readonly acknowledgement?: { readonly reason: string; readonly path: string };
}

/** A finding as a person reads it. */
export function formatFinding({ rule, severity, path, what, remedy, acknowledgement }: Finding): string {
  const acknowledged = acknowledgement
    ? [`acknowledged by ${acknowledgement.path}: ${acknowledgement.reason}`]
    : [];
  const lines = [...what, remedy, ...acknowledged, `rule: docs/rules.md#${ruleAnchor(rule)}`];
  return [`${severity} ${rule}  ${path}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** The anchor that GitHub gives to the rule's heading in docs/rules.md: without punctuation. */
export function ruleAnchor(rule: string): string {
  return rule.toLowerCase().replaceAll(/[^a-z0-9 -]/g, '');
}

/** Errors first, notes last, then by path and rule, so that equal plans give equal text. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings
    .map((finding) => {
      const { severity, path, rule, what } = finding;
      return { key: [SEVERITIES.indexOf(severity), path, rule, ...what].join('\0'), finding };
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ finding }) => finding);
}
