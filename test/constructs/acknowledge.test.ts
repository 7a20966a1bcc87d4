import { App, TerraformStack, TerraformVariable } from 'cdktf';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Acknowledge, DataplaneHost, NicBinding, type Finding } from '../../constructs';
import { acknowledge, formatFinding } from '../../src/rules';
import { findingsOf, plainHost } from '../rules/fixtures';

const NO_IOMMU = 'nics/no-iommu';
/** What is said of a host's hardware profile is not what these tests are about. */
const found = (build: (stack: TerraformStack) => void): readonly Finding[] =>
  findingsOf(build).filter(({ severity }) => severity !== 'note');

/** A host with a warning: its NIC has no IOMMU. */
function warned(stack: TerraformStack, id: string): DataplaneHost {
  const host = plainHost(stack, id);
  new NicBinding(host, 'nic', { nic: '0000:03:00.0' });
  return host;
}

/** Path and reason of what was found. */
const reasons = (findings: readonly Finding[]): [string, string | undefined][] =>
  findings.map(({ path, acknowledgement }) => [path, acknowledgement?.reason]);

describe('a warning is acknowledged', () => {
  test('on its construct, and on any above; not on one beside, whatever its name', () =>
    expect(
      reasons(
        found((stack) => {
          Acknowledge.rule(warned(stack, 'a'), NO_IOMMU, 'of a');
          warned(stack, 'ab');
          Acknowledge.rule(warned(stack, 'c').node.findChild('nic'), NO_IOMMU, 'of the NIC');
        }),
      ),
    ).toEqual([
      ['lab/a/nic', 'of a'],
      ['lab/ab/nic', undefined],
      ['lab/c/nic', 'of the NIC'],
    ]));

  test('before what has it is made, and after', () => {
    const before = found((stack) => {
      Acknowledge.rule(stack, NO_IOMMU, 'a lab');
      warned(stack, 'a');
    });
    const after = found((stack) => {
      warned(stack, 'a');
      Acknowledge.rule(stack, NO_IOMMU, 'a lab');
    });
    expect(reasons(before)).toEqual([['lab/a/nic', 'a lab']]);
    expect(after).toEqual(before);
  });

  test('twice: the nearest reason is shown, and neither is stale', () =>
    expect(
      reasons(
        found((stack) => {
          Acknowledge.rule(stack, NO_IOMMU, 'a lab');
          Acknowledge.rule(warned(stack, 'a'), NO_IOMMU, 'no IOMMU\n  in this machine ');
        }),
      ),
    ).toEqual([['lab/a/nic', 'no IOMMU in this machine']]));

  test('of that rule only, and no error ever', () => {
    const error: Finding = { rule: 'a/b', severity: 'error', path: 'lab/a', what: ['x'], remedy: 'y' };
    const other: Finding = { ...error, rule: 'c/d', severity: 'warning' };
    const given = [{ rule: 'a/b', path: 'lab', reason: 'z' }];
    expect(acknowledge([error, other], given, false)).toEqual([error, other]);
    const note: Finding = { ...error, severity: 'note' };
    expect(acknowledge([note], given)).toEqual([{ ...note, acknowledgement: { path: 'lab', reason: 'z' } }]);
  });

  test('and is no annotation then, and says so where it is shown', () => {
    const outdir = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-'));
    try {
      const app = new App({ outdir });
      const stack = new TerraformStack(app, 'lab');
      const [quiet, loud] = [warned(stack, 'quiet'), warned(stack, 'loud')];
      Acknowledge.rule(quiet, NO_IOMMU, 'a lab');
      app.synth();
      const annotations = (host: DataplaneHost) => host.node.findChild('nic').node.metadata.length;
      expect([annotations(quiet), annotations(loud)]).toEqual([0, 1]);
    } finally {
      rmSync(outdir, { recursive: true });
    }
    const [finding] = found((stack) => Acknowledge.rule(warned(stack, 'a'), NO_IOMMU, 'a lab'));
    expect(finding && formatFinding(finding)).toMatch(/^ {2}acknowledged by lab\/a: a lab$/m);
  });
});

describe('an acknowledgement of nothing', () => {
  const stale = (build: (stack: TerraformStack) => void): string =>
    found(build)
      .filter(({ rule }) => rule === 'acknowledgements/stale')
      .map(formatFinding)
      .join('\n');

  test('is a warning, with its reason', () =>
    expect(stale((stack) => Acknowledge.rule(plainHost(stack, 'a'), NO_IOMMU, 'a lab')))
      .toMatchInlineSnapshot(`
     "warning acknowledgements/stale  lab/a
       nics/no-iommu is acknowledged here ('a lab'), and there is no such finding at or below
       take the acknowledgement out, or put it on the construct that has the finding
       rule: docs/rules.md#acknowledgementsstale"
    `));

  test('is acknowledged like others, by what is made for many stacks', () =>
    expect(
      reasons(
        found((stack) => {
          Acknowledge.rule(plainHost(stack, 'a'), NO_IOMMU, 'a lab');
          Acknowledge.rule(stack, 'acknowledgements/stale', 'some machines have one');
        }),
      ),
    ).toEqual([['lab/a', 'some machines have one']]));

  test('is one even there', () =>
    expect(stale((stack) => Acknowledge.rule(stack, 'acknowledgements/stale', 'x'))).toContain(
      'acknowledgements/stale is acknowledged here',
    ));

  test('is not known while a construct can not be read', () =>
    expect(
      stale((stack) => {
        const host = plainHost(stack, 'a');
        new NicBinding(host, 'nic', { nic: '3:0.0' });
        Acknowledge.rule(host, NO_IOMMU, 'a lab');
      }),
    ).toBe(''));
});

describe('what can not be acknowledged is an error', () => {
  type Wrong = [what: string, id: unknown, reason: unknown, says: string, remedy: string];
  const reference = (stack: TerraformStack) => new TerraformVariable(stack, 'v', {}).stringValue;
  const noReason = 'say why the finding may stay';

  test.each<Wrong>([
    [
      'an error',
      'nics/claimed-twice',
      'x',
      "'nics/claimed-twice', whose findings are errors",
      'change what it finds',
    ],
    [
      'wrong props',
      'props/invalid',
      'x',
      "'props/invalid', whose findings are errors",
      'change what it finds',
    ],
    [
      'a misspelt rule',
      'nics/no-iomu',
      'x',
      "the rule is 'nics/no-iomu', and there is none",
      'a rule that warns: nics/no-iommu',
    ],
    ['an unknown rule', 'x', 'x', "the rule is 'x'", 'acknowledgements/stale'],
    ['no rule', undefined, 'x', 'the rule is missing', 'say the id of a rule'],
    ['no reason', NO_IOMMU, undefined, 'the reason is missing', noReason],
    ['an empty reason', NO_IOMMU, ' \n', 'the reason is', noReason],
    ['a number for a reason', NO_IOMMU, 7, 'the reason is 7', noReason],
  ])('%s', (_what, id, reason, says, remedy) => {
    const findings = found((stack) => Acknowledge.rule(stack, id as never, reason as never));
    expect(findings.map(({ rule, severity, path }) => [rule, severity, path])).toEqual([
      ['acknowledgements/invalid', 'error', 'lab'],
    ]);
    expect(findings[0]?.what[0]).toContain(says);
    expect(findings[0]?.remedy).toContain(remedy);
  });

  test('rule and reason, both at once', () =>
    expect(found((stack) => Acknowledge.rule(stack, 'x', '')).map(({ what }) => what[0])).toEqual([
      "Acknowledge.rule: the reason is ''",
      "Acknowledge.rule: the rule is 'x', and there is none of that id",
    ]));

  test('a Terraform reference', () =>
    expect(
      found((stack) => Acknowledge.rule(stack, NO_IOMMU, reference(stack))).map(({ what }) => what[0]),
    ).toEqual(['Acknowledge.rule: the reason is a Terraform reference']));

  test('whatever is given: a finding, never an exception', () => {
    const wild = fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true, maxDepth: 2 });
    fc.assert(
      fc.property(wild, wild, (id, reason) => {
        const findings = found((stack) => Acknowledge.rule(stack, id as never, reason as never));
        expect(findings.length).toBeGreaterThan(0);
        for (const { what, remedy } of findings) {
          for (const line of [...what, remedy]) expect(line).toMatch(/^[^\n]{3,}$/);
        }
      }),
      { numRuns: 100 },
    );
  });
});
