import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RULE_CATALOGUE } from '../src/artifacts';

/** Where the catalogue stands; every finding's last line names its rule there. */
export const CATALOGUE_PATH = join(__dirname, '..', 'docs', 'rules.md');

/** docs/rules.md: every rule, with what must hold and why. */
export function rulesCatalogue(): string {
  const head = [
    '# Rules',
    '<!-- Made from src/rules by `npx tsx scripts/rules-catalogue.ts`. -->',
    'What is checked of a stack at synth. An error stops the synth, a warning does not; all findings are shown at once. A note says what could not be checked: it stands in `Deployment.of(stack).findings()` and is not printed. How to acknowledge warnings, and how to show findings in a CI: [findings.md](findings.md).',
  ];
  const sections = RULE_CATALOGUE.flatMap(({ id, severity, statement, reason }) => [
    `## ${id}`,
    `${severity.charAt(0).toUpperCase()}${severity.slice(1)}. ${statement}`,
    `Why: ${reason}`,
  ]);
  return `${[...head, ...sections].join('\n\n')}\n`;
}

if (require.main === module) {
  writeFileSync(CATALOGUE_PATH, rulesCatalogue());
  process.stderr.write(`rules-catalogue: wrote ${CATALOGUE_PATH}\n`);
}
