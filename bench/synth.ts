/**
 * How long a synth takes and how much memory, for stacks of 10, 100 and 1,000 hosts; beside the floor: cdktf
 * synthesizing as many null_resources with as many triggers, and writing the same files. Each figure is the median of
 * several runs, each in a process of its own, ours and the floor's alternating, because the machine is noisy.
 *
 *     npm run bench:synth            # tables as in docs/benchmarks.md
 *     npm run bench:synth -- 10 100  # these sizes only
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measurement } from './synth-once';

const RUNS = 5;
const sizes = process.argv.slice(2).map(Number);

function once(subject: 'dataplane' | 'floor', hosts: number, folder: string): Measurement {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'synth-once.ts'), subject, `${hosts}`, folder],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${subject} with ${hosts} hosts ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout) as Measurement;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function measure(hosts: number): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'bench-synth-'));
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
      ((seconds / hosts) * 1000).toFixed(1),
      median(runs.map(({ ours }) => ours.peakMib)).toFixed(0),
      median(runs.map((run) => run.floor.peakMib)).toFixed(0),
      ((runs[0]?.ours.bytes ?? 0) / 1e6).toFixed(1),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const columns = ['hosts', 'seconds', 'floor', 'ratio', 'ms a host', 'peak MiB', 'floor MiB', 'written MB'];
console.log(
  `median of ${RUNS} runs; Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}`,
);
console.log(`| ${columns.join(' | ')} |`);
console.log(`|${columns.map(() => ' ---: |').join('')}`);
for (const hosts of sizes.length > 0 ? sizes : [10, 100, 1000])
  console.log(`| ${measure(hosts).join(' | ')} |`);
