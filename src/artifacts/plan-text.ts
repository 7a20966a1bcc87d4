import type { HostPlan } from '../plan/host-plan';
import { canonicalJson } from '../values/canonical-json';

/** The plan as a file: the same text on the machine that made it and, whoever carried it, on the host. */
export function planText(plan: HostPlan): string {
  return `${canonicalJson(plan, 1)}\n`;
}
