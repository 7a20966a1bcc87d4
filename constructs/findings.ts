import type { IConstruct } from 'constructs';
import type { Finding } from '../src/rules';

const FINDINGS = Symbol.for('cdktf-dataplane/Findings');

/** What constructs found wrong with their own props, kept with the tree's root until the synth. */
export class Findings {
  static of(scope: IConstruct): Findings {
    const root = scope.node.root as IConstruct & { [FINDINGS]?: Findings };
    return (root[FINDINGS] ??= new Findings());
  }

  private readonly reported: Finding[] = [];

  private constructor() {}

  report(finding: Finding): void {
    this.reported.push(finding);
  }

  /** Those at or below a construct. */
  below(scope: IConstruct): readonly Finding[] {
    const { path } = scope.node;
    return this.reported.filter(
      (finding) => finding.path === path || finding.path.startsWith(`${path}/`) || path === '',
    );
  }
}
