import { createHash, type Hash } from 'node:crypto';
import type { FleetPlan } from '../plan/fleet-plan';
import { canonicalJson } from '../values/canonical-json';
import { fullAgentBundle } from './agent-bundle';
import { ansibleProject } from './ansible';
import type { ArtifactFile, TextFile } from './artifact-file';
import { findingsFiles, type FindingsReport } from './findings';
import { hostArtifacts } from './host-artifacts';
import { fleetSummary } from './summary';

export { agentDigest, fullAgentBundle, installedAgentProgram } from './agent-bundle';
export type { ArtifactFile } from './artifact-file';
export { cloudInit, gzipUserData, userDataParts } from './cloud-init';
export { findingsFiles, type FindingsReport, type SourceLocation } from './findings';
export { installedPlanText, planText } from './plan-text';
export { RULE_CATALOGUE } from './rule-catalogue';
export { fleetSummary, hostSummary } from './summary';
export { LEAST_PLATFORM, userDataFindings } from './user-data-size';

/** Of the list of all files. */
export const INDEX_PATH = 'index.json';

/**
 * Every file of a fleet, one after the other, so that nobody has to hold the text of all of them; the last is index.json
 * with each file's SHA-256, sorted by path, and with what was derived for each host and why. Equal fleets, equal bytes.
 */
export function* artifacts(fleet: FleetPlan, findings: FindingsReport): Generator<ArtifactFile, void> {
  const index: { readonly path: string; readonly sha256: string }[] = [];
  const hash = fileHash();
  for (const file of files(fleet, findings)) {
    index.push({ path: file.path, sha256: hash(file) });
    yield file;
  }
  index.sort((a, b) => (a.path < b.path ? -1 : 1));
  yield {
    path: INDEX_PATH,
    content: `${canonicalJson({ derived: derivedValues(fleet), files: index }, 1)}\n`,
  };
}

/** Host after host, as in the summary. */
function derivedValues(fleet: FleetPlan): readonly unknown[] {
  return fleet.hosts.flatMap(({ plan, derived }) =>
    derived.map((value) => ({ host: plan.host.name, ...value })),
  );
}

/** SHA-256 (hex) of one file after the other; a beginning that many of them have is hashed once. */
function fileHash(): (file: ArtifactFile | TextFile) => string {
  const begun = new Map<string, Hash>();
  return (file) => {
    const beginning = 'beginning' in file ? file.beginning : undefined;
    if (beginning === undefined) return createHash('sha256').update(file.content).digest('hex');
    const state = begun.get(beginning) ?? createHash('sha256').update(beginning);
    begun.set(beginning, state);
    return state.copy().update(file.content.slice(beginning.length)).digest('hex');
  };
}

function* files(fleet: FleetPlan, findings: FindingsReport): Generator<ArtifactFile | TextFile, void> {
  yield { path: 'agent/dataplane-host', content: fullAgentBundle(), executable: true };
  yield* ansibleProject(fleet);
  for (const host of fleet.hosts) yield* hostArtifacts(host);
  yield* findingsFiles(findings);
  yield { path: 'summary.txt', content: fleetSummary(fleet) };
}
