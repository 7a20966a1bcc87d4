import type { PlannedHost } from '../plan/fleet-plan';
import type { TextFile } from './artifact-file';
import { cloudInit, userDataBeginning } from './cloud-init';
import { planText } from './plan-text';

/** A host's own files: its plan, and the seed from which it builds itself. */
export function hostArtifacts(host: PlannedHost): TextFile[] {
  const { userData, metaData, networkConfig } = cloudInit(host);
  const directory = `hosts/${host.plan.host.name}`;
  return [
    { path: `${directory}/meta-data`, content: metaData },
    { path: `${directory}/network-config`, content: networkConfig },
    { path: `${directory}/plan.json`, content: planText(host.plan) },
    { path: `${directory}/user-data`, content: userData, beginning: userDataBeginning() },
  ];
}
