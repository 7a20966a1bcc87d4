/**
 * How long a synth takes and how much memory, for stacks of 10, 100 and 1,000 hosts; beside the floor: cdktf
 * synthesizing the same null_resources (each with the triggers, the provisioner and the dependencies that it has in our
 * stack), and writing the same other files. Each figure is the median of several runs, each in a process of its own, ours
 * and the floor's alternating, because the machine is noisy.
 *
 * The package is compiled first and used from lib/, as users have it; the stack is run by tsx, as `cdktf synth` runs the
 * examples'. Files go to memory where the system has a place for that: a disk would take as long for both, or longer, and
 * would hide the difference. CPU seconds are of all threads, so more than the seconds: garbage collection and compilation
 * run beside the program.
 *
 *     npm run bench:synth            # tables as in docs/benchmarks.md
 *     npm run bench:synth -- 10 100  # these sizes only
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measurement } from './synth-once';

const RUNS = 5;
const ROOT = join(__dirname, '..');
const COMPILED = join(ROOT, 'tsconfig.build.json');
const IN_MEMORY = '/dev/shm';
const sizes = process.argv.slice(2).map(Number);

function once(subject: 'dataplane' | 'floor', hosts: number, folder: string): Measurement {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'synth-once.ts'), subject, `${hosts}`, folder],
    // This configuration has no paths: `cdktf-dataplane` is what package.json exports.
    { encoding: 'utf8', cwd: ROOT, env: { ...process.env, TSX_TSCONFIG_PATH: COMPILED } },
  );
  if (status !== 0) throw new Error(`${subject} with ${hosts} hosts ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout) as Measurement;
}

function compile(): void {
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const { status, stdout } = spawnSync(tsc, ['--project', COMPILED], { encoding: 'utf8', cwd: ROOT });
  if (status !== 0) throw new Error(`tsc ended with ${status}:\n${stdout}`);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function measure(hosts: number): string[] {
  const folder = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), 'bench-synth-'));
  try {
    const runs = Array.from({ length: RUNS }, () => ({
      ours: once('dataplane', hosts, folder),
      floor: once('floor', hosts, folder),
    }));
    const seconds = median(runs.map(({ ours }) => ours.seconds));
    const floor = median(runs.map((run) => run.floor.seconds));
    const ratio = median(runs.map((run) => run.ours.seconds / run.floor.seconds));
    return [
      `${hosts}`,
      seconds.toFixed(2),
      floor.toFixed(2),
      ratio.toFixed(2),
      median(runs.map(({ ours }) => ours.cpuSeconds)).toFixed(2),
      median(runs.map((run) => run.floor.cpuSeconds)).toFixed(2),
      median(runs.map((run) => run.ours.cpuSeconds / run.floor.cpuSeconds)).toFixed(2),
      ((seconds / hosts) * 1000).toFixed(1),
      median(runs.map(({ ours }) => ours.peakMib)).toFixed(0),
      median(runs.map((run) => run.floor.peakMib)).toFixed(0),
      ((runs[0]?.ours.bytes ?? 0) / 1e6).toFixed(1),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const columns = [
  ...['hosts', 'seconds', 'floor', 'ratio', 'CPU seconds', 'floor CPU', 'CPU ratio'],
  ...['ms a host', 'peak MiB', 'floor MiB', 'written MB'],
];
compile();
console.log(
  `median of ${RUNS} runs; Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}`,
);
console.log(`| ${columns.join(' | ')} |`);
console.log(`|${columns.map(() => ' ---: |').join('')}`);
for (const hosts of sizes.length > 0 ? sizes : [10, 100, 1000])
  console.log(`| ${measure(hosts).join(' | ')} |`);
