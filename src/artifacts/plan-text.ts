import type { HostPlan } from '../plan/host-plan';
import { canonicalJson } from '../values/canonical-json';

/** The plan as a file for people and for Ansible. */
export function planText(plan: HostPlan): string {
  return `${canonicalJson(plan, 1)}\n`;
}

/**
 * The plan as it stands on the host, whoever carried it (`installed_text` of src/agent/dataplane_host/install.py):
 * without what only Terraform and people look at, as user-data has no room for it.
 */
export function installedPlanText(plan: HostPlan): string {
  return `${canonicalJson({ ...plan, digests: undefined, host: undefined })}\n`;
}
