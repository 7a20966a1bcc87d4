import { createHash } from 'node:crypto';
import type { FleetPlan } from '../plan/fleet-plan';
import { canonicalJson } from '../values/canonical-json';
import { fullAgentBundle } from './agent-bundle';
import { ansibleProject } from './ansible';
import type { ArtifactFile } from './artifact-file';
import { hostArtifacts } from './host-artifacts';
import { fleetSummary } from './summary';

export { agentDigest, fullAgentBundle, installedAgentProgram } from './agent-bundle';
export type { ArtifactFile } from './artifact-file';
export {
  cloudInit,
  gzipUserData,
  USER_DATA_LIMIT,
  userDataParts,
  USER_DATA_RULE,
  userDataFindings,
} from './cloud-init';
export { installedPlanText, planText } from './plan-text';
export { fleetSummary, hostSummary } from './summary';

/** Every file of a fleet, sorted by path, with index.json (each file's SHA-256) as the first. Equal fleets, equal bytes. */
export function artifacts(fleet: FleetPlan): ArtifactFile[] {
  const files = [
    ...ansibleProject(fleet),
    ...fleet.hosts.flatMap(hostArtifacts),
    { path: 'agent/dataplane-host', content: fullAgentBundle(), executable: true as const },
    { path: 'summary.txt', content: fleetSummary(fleet) },
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  return [{ path: 'index.json', content: index(files) }, ...files];
}

function index(files: readonly ArtifactFile[]): string {
  const sha256 = ({ content }: ArtifactFile) => createHash('sha256').update(content).digest('hex');
  return `${canonicalJson({ files: files.map((file) => ({ path: file.path, sha256: sha256(file) })) }, 1)}\n`;
}
