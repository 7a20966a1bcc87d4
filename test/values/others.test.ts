import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { escapeTerraform } from '../../constructs/terraform-text';
import { canonicalJson, digest } from '../../src/values/canonical-json';
import { PageSize } from '../../src/values/page-size';
import { SegmentList } from '../../src/values/segment-list';
import { showValue, ValueError } from '../../src/values/value-error';

describe('PageSize', () => {
  test.each([
    ['1G', 1048576, 1024, '1 GiB'],
    ['2M', 2048, 2, '2 MiB'],
    ['64K', 64, 0.0625, '64 KiB'],
    ['16G', 16777216, 16384, '16 GiB'],
  ])('%s', (name, kibibytes, mebibytes, printed) => {
    const size = PageSize.of(name);
    expect(size).toMatchObject({ kibibytes, mebibytes, kernelName: name });
    expect(size.toString()).toBe(printed);
  });

  test.each(['', '4K', '1g', '1GB', '3M', 'toString', '__proto__'])("refuses '%s'", (name) =>
    expect(() => PageSize.of(name)).toThrow(
      `expected a hugepage size (64K, 1M, 2M, 16M, 32M, 512M, 1G, 2G, 16G), got '${name}'`,
    ),
  );
});

describe('SegmentList', () => {
  const segments = (count: number): string[] => Array.from({ length: count }, (_, i) => `FD00:0::${i + 1}`);

  test.each([1, 2, 3, 4, 5, 6])('%i segments', (count) => {
    const list = SegmentList.of(segments(count));
    expect(list.first.toString()).toBe('fd00::1');
    expect(list.toString()).toBe(Array.from({ length: count }, (_, i) => `fd00::${i + 1}`).join(','));
  });

  test('keeps the order of travel', () =>
    expect(SegmentList.of(['fd00::3', 'fd00::1', 'fd00::2']).toString()).toBe('fd00::3,fd00::1,fd00::2'));

  test.each([
    [[], 'expected 1 to 6 segments, got []'],
    [segments(7), /7 segments; Open vSwitch would use the first 6 only$/],
    [['fd00::1', 'ff02::1'], /got 'ff02::1': this is the multicast range$/],
    [['fd00::1', ''], "expected an IPv6 unicast address like 'fd00:a::1', got ''"],
  ])('refuses %j', (list, message) => expect(() => SegmentList.of(list)).toThrow(message));
});

describe('canonicalJson', () => {
  const shuffled = (value: unknown, random: () => number): unknown => {
    if (Array.isArray(value)) return value.map((member) => shuffled(member, random));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, member]) => ({ key, member: shuffled(member, random), at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ key, member }) => [key, member]),
    );
  };

  test('is the same whatever the order in which keys were set, and means the same', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (value, stream) => {
          const other = shuffled(value, () => Number(stream.next().value));
          expect(canonicalJson(other)).toBe(canonicalJson(value));
          expect(canonicalJson(other, 1)).toBe(canonicalJson(value, 1));
          expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
          expect(digest(other)).toBe(digest(value));
        },
      ),
    );
  });

  test('sorts keys at each depth, keeps lists, leaves out what is undefined', () =>
    expect(canonicalJson({ b: [{ z: 1, a: 2 }, 'y', 'x'], a: undefined, B: null })).toBe(
      '{"B":null,"b":[{"a":2,"z":1},"y","x"]}',
    ));

  test('the digest is SHA-256 of that text', () =>
    expect(digest({ b: 1, a: 2 })).toBe(createHash('sha256').update('{"a":2,"b":1}').digest('hex')));
});

describe('escapeTerraform', () => {
  /** How Terraform reads a quoted template without interpolations (its own grammar: `$${` is `${`, `%%{` is `%{`). */
  const asTerraformReads = (text: string): string => text.replace(/([$%])\1\{/g, (match) => match.slice(1));

  test.each([
    ['echo ${HOME}', 'echo $${HOME}'],
    ['%{if x}', '%%{if x}'],
    ['$${X}', '$$${X}'],
    ['$HOME $(x) $$ 50% {}', '$HOME $(x) $$ 50% {}'],
  ])('%s', (text, escaped) => expect(escapeTerraform(text)).toBe(escaped));

  test('leaves no beginning of a template, and Terraform reads back what was there', () => {
    const text = fc.string({ unit: fc.constantFrom('$', '%', '{', '}', 'a', '\n'), maxLength: 30 });
    fc.assert(
      fc.property(text, (input) => {
        const escaped = escapeTerraform(input);
        expect(escaped).not.toMatch(/(?<!\$)\$\{|(?<!%)%\{/);
        expect(asTerraformReads(escaped)).toBe(input);
      }),
      { numRuns: 500 },
    );
  });
});

describe('showValue', () => {
  test.each([
    ['a', "'a'"],
    ['a\nb', '"a\\nb"'],
    [undefined, 'undefined'],
    [null, 'null'],
    [1.5, '1.5'],
    [10n, '10n'],
    [true, 'true'],
    [['a', 1, ['b']], "['a', 1, a list]"],
    [{ a: 1 }, 'an object (Object)'],
    [new Map(), 'an object (Map)'],
    [Symbol('x'), 'a symbol'],
    [() => 1, 'a function'],
  ])('%p', (value, shown) => expect(showValue(value)).toBe(shown));

  test('any value is one line of readable length', () => {
    const self: unknown[] = [];
    self.push(self, Object.create(null));
    expect(showValue(self)).toBe('[a list, an object (Object)]');
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
        const shown = showValue(value);
        expect(shown).not.toMatch(/\n/);
        expect(shown.length).toBeLessThan(125);
        expect(new ValueError('x', value).message).toBe(`expected x, got ${shown}`);
      }),
    );
  });
});
