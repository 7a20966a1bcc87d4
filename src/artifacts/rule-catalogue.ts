import {
  ACKNOWLEDGEMENT_RULE,
  NICS_SELECTION_RULE,
  PROPS_RULE,
  RULES,
  STALE_RULE,
  type Rule,
} from '../rules';
import { USER_DATA_PLATFORM_RULE, USER_DATA_RULE } from './user-data-size';

/** Every rule that a finding may name, by id: those of the plan, and those that are said elsewhere. */
export const RULE_CATALOGUE: readonly Omit<Rule, 'check'>[] = [
  ACKNOWLEDGEMENT_RULE,
  NICS_SELECTION_RULE,
  PROPS_RULE,
  STALE_RULE,
  USER_DATA_PLATFORM_RULE,
  USER_DATA_RULE,
  ...RULES,
].sort((a, b) => (a.id < b.id ? -1 : 1));
