import fc from 'fast-check';
import { CpuSet } from '../../src/values/cpu-set';
import { ValueError } from '../../src/values/value-error';

const cpus = fc.uniqueArray(fc.integer({ min: 0, max: 8191 }), { maxLength: 60 });

describe('CpuSet', () => {
  test.each([
    ['', [], ''],
    ['0', [0], '0'],
    ['2-5,34-37', [2, 3, 4, 5, 34, 35, 36, 37], '2-5,34-37'],
    [' 3,1,2 ', [1, 2, 3], '1-3'],
    ['0-0,8191', [0, 8191], '0,8191'],
    ['007', [7], '7'],
  ])("reads '%s'", (list, expected, printed) => {
    const set = CpuSet.of(list);
    expect(set.cpus).toEqual(expected);
    expect(set.size).toBe(expected.length);
    expect(set.toString()).toBe(printed);
  });

  test.each([
    ['1,2,1', "expected a CPU list like '2-5,34-37', got '1,2,1': CPU 1 is named twice"],
    ['0-3,2', "expected a CPU list like '2-5,34-37', got '0-3,2': CPU 2 is named twice"],
    ['5-2', "expected a CPU list like '2-5,34-37', got '5-2': range 5-2 runs backwards"],
    ['8192', "expected a CPU list like '2-5,34-37', got '8192': CPU 8192 is above 8191"],
    ['0-99999999999999999999', /: CPU 100000000000000000000 is above 8191$/],
    ['1, 2', "expected a CPU list like '2-5,34-37', got '1, 2'"],
    ['a', "expected a CPU list like '2-5,34-37', got 'a'"],
    ['-1', "expected a CPU list like '2-5,34-37', got '-1'"],
    ['1,', "expected a CPU list like '2-5,34-37', got '1,'"],
    ['0x3', "expected a CPU list like '2-5,34-37', got '0x3'"],
    // Forms of the kernel whose meaning depends on the machine.
    ['0-N', "expected a CPU list like '2-5,34-37', got '0-N'"],
    ['0-9:1/2', "expected a CPU list like '2-5,34-37', got '0-9:1/2'"],
  ])("refuses '%s'", (list, message) => {
    expect(() => CpuSet.of(list)).toThrow(ValueError);
    expect(() => CpuSet.of(list)).toThrow(message);
  });

  test('what it prints, it reads back as the same', () => {
    fc.assert(
      fc.property(cpus, (list) => {
        const set = CpuSet.ofCpus(list);
        expect(CpuSet.of(set.toString()).cpus).toEqual(set.cpus);
        expect(set.cpus).toEqual([...list].sort((a, b) => a - b));
      }),
    );
  });

  test('its list is the shortest: no two parts touch', () => {
    fc.assert(
      fc.property(cpus, (list) => {
        const parts = CpuSet.ofCpus(list).toString().split(',').filter(Boolean);
        const ranges = parts.map((part) => part.split('-').map(Number));
        for (const [index, range] of ranges.slice(1).entries()) {
          expect(Number(range[0])).toBeGreaterThan(Number(ranges[index]?.at(-1)) + 1);
        }
      }),
    );
  });

  test('its mask has the bit of each CPU and no other', () => {
    fc.assert(
      fc.property(cpus, (list) => {
        const mask = CpuSet.ofCpus(list).toMask();
        expect(mask).toMatch(/^0x[0-9a-f]+$/);
        let expected = 0n;
        for (const cpu of list) expected += 2n ** BigInt(cpu);
        expect(BigInt(mask)).toBe(expected);
      }),
    );
    expect(CpuSet.EMPTY.toMask()).toBe('0x0');
    expect(CpuSet.of('2-5').toMask()).toBe('0x3c');
    expect(CpuSet.of('1,65').toMask()).toBe('0x20000000000000002');
  });

  test('union and intersection are those of sets', () => {
    const small = fc.uniqueArray(fc.integer({ min: 0, max: 15 }));
    fc.assert(
      fc.property(small, small, (a, b) => {
        const [setA, setB] = [CpuSet.ofCpus(a), CpuSet.ofCpus(b)];
        const all = Array.from({ length: 16 }, (_, cpu) => cpu);
        expect(setA.union(setB).cpus).toEqual(all.filter((cpu) => a.includes(cpu) || b.includes(cpu)));
        expect(setA.intersection(setB).cpus).toEqual(all.filter((cpu) => a.includes(cpu) && b.includes(cpu)));
      }),
    );
  });
});
