import type { HostPlan } from '../plan/host-plan';
import { canonicalJson } from '../values/canonical-json';

/** The plan as a file for people and for Ansible. */
export function planText(plan: HostPlan): string {
  return `${canonicalJson(plan, 1)}\n`;
}

/**
 * The plan as it stands on the host, whoever carried it (`installed_text` of src/agent/dataplane_host/install.py):
 * in one line of ASCII, without what only Terraform and people look at, as user-data has no room for it.
 */
export function installedPlanText(plan: HostPlan): string {
  const text = canonicalJson({ ...plan, digests: undefined, host: undefined });
  const escaped = text.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}
