import { ValueError } from './value-error';

/** The kernel's own bound on x86-64 distributions (CONFIG_NR_CPUS=8192). */
const CPU_LIMIT = 8192;
const EXPECTED = "a CPU list like '2-5,34-37'";

/**
 * A set of logical CPUs, written as a Linux CPU list.
 * Source of the format: kernel, Documentation/admin-guide/kernel-parameters.rst, "cpu lists" (without its `N` and `:used/group` forms,
 * whose meaning depends on the machine).
 */
export class CpuSet {
  static readonly EMPTY = new CpuSet([]);

  private constructor(
    /** Ascending, each once. */
    readonly cpus: readonly number[],
  ) {}

  /** @throws ValueError where the text is no CPU list, names a CPU twice or one above 8191 */
  static of(list: string): CpuSet {
    const text = list.trim();
    if (text === '') return CpuSet.EMPTY;
    const seen = new Set<number>();
    for (const part of text.split(',')) {
      const match = /^(\d+)(?:-(\d+))?$/.exec(part);
      if (!match) throw new ValueError(EXPECTED, list);
      const first = Number(match[1]);
      const last = Number(match[2] ?? match[1]);
      if (last < first) throw new ValueError(EXPECTED, list, `range ${part} runs backwards`);
      if (last >= CPU_LIMIT) throw new ValueError(EXPECTED, list, `CPU ${last} is above ${CPU_LIMIT - 1}`);
      for (let cpu = first; cpu <= last; cpu++) {
        if (seen.has(cpu)) throw new ValueError(EXPECTED, list, `CPU ${cpu} is named twice`);
        seen.add(cpu);
      }
    }
    return CpuSet.ofCpus([...seen]);
  }

  static ofCpus(cpus: readonly number[]): CpuSet {
    return new CpuSet([...new Set(cpus)].sort((a, b) => a - b));
  }

  /** From a hexadecimal mask as `toMask` writes it. @throws ValueError where the text is none */
  static ofMask(mask: string): CpuSet {
    if (!/^0x[0-9a-f]+$/i.test(mask)) throw new ValueError("a hexadecimal CPU mask like '0x3c'", mask);
    const bits = BigInt(mask).toString(2);
    return CpuSet.ofCpus([...bits].flatMap((bit, index) => (bit === '1' ? [bits.length - 1 - index] : [])));
  }

  get size(): number {
    return this.cpus.length;
  }

  union(other: CpuSet): CpuSet {
    return CpuSet.ofCpus([...this.cpus, ...other.cpus]);
  }

  intersection(other: CpuSet): CpuSet {
    const others = new Set(other.cpus);
    return CpuSet.ofCpus(this.cpus.filter((cpu) => others.has(cpu)));
  }

  /** The shortest Linux CPU list: `2-5,34`. */
  toString(): string {
    const runs: [number, number][] = [];
    for (const cpu of this.cpus) {
      const run = runs.at(-1);
      if (run && run[1] === cpu - 1) run[1] = cpu;
      else runs.push([cpu, cpu]);
    }
    return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
  }

  /** Hexadecimal mask as Open vSwitch reads it (`pmd-cpu-mask`): `0x3c`, without commas at any length. */
  toMask(): string {
    return `0x${this.cpus.reduce((mask, cpu) => mask | (1n << BigInt(cpu)), 0n).toString(16)}`;
  }
}
