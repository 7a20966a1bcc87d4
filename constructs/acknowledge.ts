import { Token } from 'cdktf';
import type { IConstruct } from 'constructs';
import { RULE_CATALOGUE } from '../src/artifacts';
import { ACKNOWLEDGEMENT_RULE, type Finding } from '../src/rules';
import { showValue } from '../src/values/value-error';
import { Deployment } from './deployment';
import { Findings } from './findings';
import { areSourcesWanted, isSourceKept, keepSource } from './source-location';

/**
 * Says that a warning was looked at and may stay. It isn't printed any more, and stands in `Deployment.findings()`,
 * findings.json and findings.sarif with the reason.
 */
export class Acknowledge {
  /**
   * Acknowledges the warnings and notes of a rule on a construct and everything below it, made before or later. An error
   * can't be acknowledged; what there is nothing to acknowledge for is a warning itself.
   *
   * @param scope the stack, or a construct in it
   * @param id the rule, as findings and docs/rules.md name it: `nics/no-iommu`
   * @param reason why it may stay, for who reads it next
   */
  static rule(scope: IConstruct, id: string, reason: string): void {
    const deployment = Deployment.of(scope);
    const problems = [...problemsOfRule(id), ...problemsOfReason(reason)];
    // Of the constructs of others, the stack's own for one, this line is the only one known.
    if ((problems.length > 0 || areSourcesWanted()) && !isSourceKept(scope)) keepSource(scope);
    for (const problem of problems) {
      const { id: rule, severity } = ACKNOWLEDGEMENT_RULE;
      Findings.of(scope).report({ rule, severity, path: scope.node.path, ...problem });
    }
    if (problems.length > 0) return;
    deployment._acknowledge({ rule: id, reason: oneLine(reason), path: scope.node.path });
  }

  private constructor() {}
}

type Problem = Pick<Finding, 'what' | 'remedy'>;

/** A user of JavaScript may give anything. */
function problemsOfRule(id: unknown): Problem[] {
  const rule = RULE_CATALOGUE.find((each) => each.id === id);
  if (rule?.severity === 'error') {
    return [
      {
        what: [`Acknowledge.rule: the rule is '${rule.id}', whose findings are errors`],
        remedy: 'change what it finds: a plan with an error can not work, and errors can not be acknowledged',
      },
    ];
  }
  if (rule) return [];
  const all = RULE_CATALOGUE.filter(({ severity }) => severity !== 'error').map((each) => each.id);
  const group = typeof id === 'string' ? id.slice(0, id.indexOf('/') + 1) : '';
  const near = all.filter((each) => group !== '' && each.startsWith(group));
  return [
    {
      what: [`Acknowledge.rule: the rule is ${shown(id)}, and there is none of that id`],
      remedy: `say the id of a rule that warns: ${(near.length > 0 ? near : all).join(', ')}`,
    },
  ];
}

function problemsOfReason(reason: unknown): Problem[] {
  if (typeof reason === 'string' && !Token.isUnresolved(reason) && oneLine(reason) !== '') return [];
  return [
    {
      what: [`Acknowledge.rule: the reason is ${shown(reason)}`],
      remedy: 'say why the finding may stay, in words for who reads it next',
    },
  ];
}

function shown(input: unknown): string {
  if (input === undefined) return 'missing';
  return Token.isUnresolved(input) ? 'a Terraform reference' : showValue(input);
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}
