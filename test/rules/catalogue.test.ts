import { RULE_CATALOGUE } from '../../src/artifacts';
import { readFileSync } from 'node:fs';
import { CATALOGUE_PATH, rulesCatalogue } from '../../scripts/rules-catalogue';
import { formatFinding } from '../../src/rules';

test('docs/rules.md is up to date (npx tsx scripts/rules-catalogue.ts writes it)', () =>
  expect(readFileSync(CATALOGUE_PATH, 'utf8')).toBe(rulesCatalogue()));

test('the last line of a finding is the anchor of a heading, as GitHub makes it', () => {
  // GitHub: lower case, punctuation but hyphens dropped, spaces to hyphens.
  const anchors = [...readFileSync(CATALOGUE_PATH, 'utf8').matchAll(/^## (.*)$/gm)].map(
    ([, heading]) =>
      `#${(heading ?? '')
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')}`,
  );
  const links = RULE_CATALOGUE.map(({ id, severity }) => {
    const text = formatFinding({ rule: id, severity, path: 'a', what: ['b'], remedy: 'c' });
    expect(text).toMatch(new RegExp(`^${severity} ${id}  a\n  b\n  c\n  rule: docs/rules\\.md#[a-z0-9-]+$`));
    return text.slice(text.lastIndexOf('#'));
  });
  expect(links.sort()).toEqual(anchors.sort());
});

test('every rule says what must hold and why, in whole sentences', () => {
  for (const { statement, reason } of RULE_CATALOGUE) {
    expect(statement).toMatch(/^\S.{20,}\.$/);
    expect(reason).toMatch(/^\S.{20,}\.$/);
  }
});
