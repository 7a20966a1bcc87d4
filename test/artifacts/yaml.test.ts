import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { yamlLines, yamlText } from '../../src/artifacts/yaml';
import { ask, python, testWith } from '../tools';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-yaml-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What PyYAML, which cloud-init and Ansible use, reads from each document. */
function readByPyYaml(command: string, documents: readonly string[]): unknown[] {
  const file = join(directory, 'documents.json');
  writeFileSync(file, JSON.stringify(documents));
  const program =
    'import json,sys,yaml; print(json.dumps([yaml.safe_load(d) for d in json.load(open(sys.argv[1]))]))';
  const { code, stdout, stderr } = ask(command, ['-c', program, file]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as unknown[];
}

/** What a YAML 1.1 reader takes for a number, a boolean, null, a date, a merge or an error when it isn't quoted. */
const TRAPS = [
  '0000:04:00.0',
  '0000:18:00.0',
  '52:54:00:12:34:00',
  '12:30',
  '190:20:30',
  '0644',
  '0o17',
  '0x1f',
  '0b1',
  '1_000',
  '1e3',
  '.5',
  '.inf',
  '.nan',
  '-',
  '=',
  '<<',
  '~',
  'null',
  'Null',
  'on',
  'Off',
  'yes',
  'NO',
  'y',
  'n',
  'True',
  'false',
  '2001-12-14',
  '2001-12-14t21:59:43.10-05:00',
  '',
  ' ',
  ' a',
  'a ',
  '\ta',
  'a: b',
  'a #b',
  '#a',
  '- a',
  '? a',
  '&a',
  '*a',
  '!a',
  '%a',
  '@a',
  '`a',
  '"a"',
  "'a'",
  '{a}',
  '[a]',
  'a\nb\n',
  '\n\n',
  'a\r\nb',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\u007f',
  '\u0000',
  '\u001b[0m',
  'é',
  '日本',
  '😀',
  '\ufffe',
  '{{ 7 * 7 }}',
  '${a}',
  '\\n',
  '---',
  '...',
  'a\\',
];

const text = fc.oneof(
  fc.constantFrom(...TRAPS),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  words(),
);
const scalar = fc.oneof(text, fc.boolean(), fc.integer(), fc.constant(null));
const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('node'),
      { maxKeys: 4 },
    ),
  ),
})).node;

function words(): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom('a', 'word', 'lo\\ng', '"', ' ', '  ', '\n', 'x'.repeat(40)), { maxLength: 30 })
    .map((parts) => parts.join(' '));
}

describe('YAML', () => {
  testWith(python())(
    'a YAML 1.1 reader gives every value back, however long its lines are',
    ({ command }) => {
      fc.assert(
        fc.property(
          fc.array(value, { minLength: 200, maxLength: 200 }),
          fc.integer({ min: 1, max: 60 }),
          (values, width) => {
            expect(
              readByPyYaml(
                command,
                values.map((one) => yamlText(one)),
              ),
            ).toEqual(values);
            expect(
              readByPyYaml(
                command,
                values.map((one) => yamlText(one, width)),
              ),
            ).toEqual(values);
          },
        ),
        { numRuns: 5 },
      );
    },
    120_000,
  );

  testWith(python())('every trap, as a value and as a key', ({ command }) => {
    const documents = TRAPS.map((trap) => yamlText({ [trap]: trap }));
    expect(readByPyYaml(command, documents)).toEqual(TRAPS.map((trap) => ({ [trap]: trap })));
  });

  test('strings are quoted, plain words as keys are not, numbers and booleans stay what they are', () => {
    expect(yamlText({ path: '/etc', on: true, 'a b': [1, null, '0644'], empty: {} })).toBe(
      'path: "/etc"\n"on": true\n"a b":\n  - 1\n  - null\n  - "0644"\nempty: {}\n',
    );
  });

  test('a long string goes on in the next line where it has spaces', () => {
    expect(yamlText({ key: 'one two three four' }, 10)).toBe('key: "one two\\\n  \\ three\\\n  \\ four"\n');
    expect(yamlText({ key: 'x'.repeat(50) }, 10)).toBe(`key: "${'x'.repeat(50)}"\n`);
  });

  test('the lines of a flat mapping are those of the whole document', () => {
    const key = fc.oneof(fc.constantFrom(...TRAPS.filter((trap) => trap !== '')), words()).filter(Boolean);
    const scalarValue = fc.oneof(text, fc.boolean(), fc.integer());
    fc.assert(
      fc.property(
        fc.dictionary(key, scalarValue, { minKeys: 1, maxKeys: 6 }),
        fc.integer({ min: 1, max: 60 }),
        (mapping, width) =>
          expect(`hosts:\n  a:\n${yamlLines(mapping, '    ', width)}`).toBe(
            yamlText({ hosts: { a: mapping } }, width),
          ),
      ),
    );
  });
});
