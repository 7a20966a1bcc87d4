import type { Finding, Severity } from '../rules';
import { canonicalJson } from '../values/canonical-json';
import type { TextFile } from './artifact-file';
import { sarifLog } from './sarif';

/** A place in the sources of a stack. */
export interface SourceLocation {
  /** Relative, with forward slashes. */
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/** What was found in a stack, in the order in which it is to be shown. */
export interface FindingsReport {
  readonly stack: string;
  readonly findings: readonly Finding[];
  /** Where the construct of a path was made; undefined: not known. */
  readonly sourceOf: (path: string) => SourceLocation | undefined;
}

/** For programs: one's own format, and SARIF, which the viewers of CIs and editors read. */
export function findingsFiles(report: FindingsReport): TextFile[] {
  return [
    { path: 'findings.json', content: `${canonicalJson(findingsDocument(report), 1)}\n` },
    { path: 'findings.sarif', content: `${canonicalJson(sarifLog(report), 1)}\n` },
  ];
}

/** Keys in canonical order, as they are written. */
function findingsDocument({ stack, findings, sourceOf }: FindingsReport): object {
  const open = findings.filter(({ acknowledgement }) => !acknowledgement);
  const count = (severity: Severity) => open.filter((each) => each.severity === severity).length;
  return {
    acknowledged: findings.length - open.length,
    findings: findings.map((finding) => ({
      acknowledgement: finding.acknowledgement,
      path: finding.path,
      remedy: finding.remedy,
      rule: finding.rule,
      severity: finding.severity,
      source: sourceOf(finding.path),
      what: finding.what,
    })),
    open: { error: count('error'), note: count('note'), warning: count('warning') },
    stack,
    version: 1,
  };
}
