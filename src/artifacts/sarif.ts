import type { Log, LogicalLocation, PhysicalLocation, ReportingDescriptor, Suppression } from 'sarif';
import { ruleAnchor, type Finding, type Rule } from '../rules';
import { packageFacts } from './package-facts';
import { digest } from '../values/canonical-json';
import type { FindingsReport, SourceLocation } from './findings';
import { RULE_CATALOGUE } from './rule-catalogue';

/**
 * Names the folder that files are relative to, without saying where it is: equal stacks give equal bytes wherever they
 * are synthesized. It is the customary name of the repository.
 */
const SOURCE_ROOT = '%SRCROOT%';

/** What was found, as a log of the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0). Keys in canonical order. */
export function sarifLog({ stack, findings, sourceOf }: FindingsReport): Log {
  const ruleIndexes = new Map(RULE_CATALOGUE.map(({ id }, index) => [id, index]));
  const { name, version, homepage } = packageFacts();
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    runs: [
      {
        // One analysis a stack: without this, a viewer takes the results of the last stack for those of all.
        automationDetails: { id: `${name}/${stack}/` },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => ({
          level: finding.severity,
          locations: [
            {
              logicalLocations: [logicalLocation(finding.path)],
              physicalLocation: physicalLocation(sourceOf(finding.path)),
            },
          ],
          message: { text: [...finding.what, finding.remedy].join('\n') },
          partialFingerprints: { 'finding/v1': digest([finding.rule, finding.path, finding.what]) },
          ruleId: finding.rule,
          ruleIndex: ruleIndexes.get(finding.rule),
          suppressions: suppressions(finding),
        })),
        tool: {
          driver: {
            informationUri: homepage,
            name,
            rules: RULE_CATALOGUE.map((rule) => reportingDescriptor(rule, homepage)),
            semanticVersion: version,
          },
        },
      },
    ],
    version: '2.1.0',
  };
}

function logicalLocation(path: string): LogicalLocation {
  return { fullyQualifiedName: path, kind: 'object', name: path.slice(path.lastIndexOf('/') + 1) };
}

function physicalLocation(source: SourceLocation | undefined): PhysicalLocation | undefined {
  if (!source) return undefined;
  return {
    artifactLocation: {
      uri: source.file.split('/').map(encodeURIComponent).join('/'),
      uriBaseId: SOURCE_ROOT,
    },
    region: { startColumn: source.column, startLine: source.line },
  };
}

/** An empty list says that the result isn't suppressed; where any result of a run has a list, each has to have one. */
function suppressions({ acknowledgement }: Finding): Suppression[] {
  if (!acknowledgement) return [];
  return [
    {
      justification: acknowledgement.reason,
      kind: 'inSource',
      location: { logicalLocations: [logicalLocation(acknowledgement.path)] },
      status: 'accepted',
    },
  ];
}

function reportingDescriptor(
  { id, severity, statement, reason }: Omit<Rule, 'check'>,
  homepage: string | undefined,
): ReportingDescriptor {
  const page = `docs/rules.md#${ruleAnchor(id)}`;
  return {
    defaultConfiguration: { level: severity },
    fullDescription: { text: reason },
    help: { text: `${statement}\nWhy: ${reason}\nSee ${page} of the package.` },
    // Has to be a whole address.
    helpUri: homepage === undefined ? undefined : `${homepage.replace(/\/$/, '')}/${page}`,
    id,
    shortDescription: { text: statement },
  };
}
