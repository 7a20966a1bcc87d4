import type { TerraformStack } from 'cdktf';

/** A rule, shown by a stack that keeps it and one that breaks it. */
export interface Case {
  /** A stack in which the rule has something to look at, and nothing is wrong. */
  readonly holds: (stack: TerraformStack) => void;
  readonly broken: (stack: TerraformStack) => void;
  /** Of the rule's findings in the broken stack: paths, and what their text must have. */
  readonly paths: readonly string[];
  readonly says: readonly string[];
  readonly remedy: string;
}
