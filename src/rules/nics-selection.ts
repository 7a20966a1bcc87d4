import type { Rule } from './rule';

/** Said by a NicBinding while it looks for its NIC: without an address there is nothing to plan. */
export const NICS_SELECTION_RULE: Omit<Rule, 'check'> = {
  id: 'nics/selection',
  severity: 'error',
  statement: "A NicSelector means exactly one NIC of the host's hardware profile.",
  reason:
    'The PCI address stands in the plan, so it must be known at synth; the first of several, or one that may not be there, could be a NIC that carries something else.',
};
