import type { HostPlan } from '../plan/host-plan';
import { canonicalJson, canonicalObject, rememberedJson } from '../values/canonical-json';
import { remembered } from '../values/remembered';

/** The plan as a file for people and for Ansible. */
export function planText(plan: HostPlan): string {
  return `${canonicalJson(plan, 1)}\n`;
}

/**
 * The plan as it stands on the host, whoever carried it (`installed_text` of src/agent/dataplane_host/install.py):
 * in one line of ASCII, without what only Terraform and people look at, as user-data has no room for it.
 */
export const installedPlanText = remembered((plan: HostPlan): string => {
  const { digests: _digests, host: _host, stages, ...others } = plan;
  // The stages, most of the text, were written for their digests already.
  const text = canonicalObject({
    ...mapped(others, canonicalJson),
    stages: canonicalObject(mapped(stages, rememberedJson)),
  });
  const escaped = text.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
});

function mapped<T extends object>(
  record: T,
  text: (member: T[keyof T]) => string,
): Readonly<Record<string, string>> {
  const members = Object.entries(record) as [string, T[keyof T]][];
  return Object.fromEntries(members.map(([key, member]) => [key, text(member)]));
}
