/**
 * Runs a set of test runners and ends with one line, the sum over all of them: `N passed, N failed, N skipped`.
 *
 *     tsx scripts/test.ts unit [FILTER…]    jest (test/), the agent's Python tests; a filter goes to jest alone
 *     tsx scripts/test.ts rack [FILTER…]    jest over the virtual machines (test/rack)
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyResult, readJest, readUnittest, sumLine, type Result } from './test-results';

interface Runner {
  readonly title: string;
  readonly command: string;
  /** Its report goes to the file at this path. */
  readonly args: (report: string) => readonly string[];
  readonly read: (report: string) => Result;
}

const jest = (title: string, ...args: string[]): Runner => ({
  title,
  command: process.execPath,
  args: (report) => [require.resolve('jest/bin/jest'), ...args, '--ci', '--json', `--outputFile=${report}`],
  read: readJest,
});

const AGENT: Runner = {
  title: 'agent (Python)',
  command: 'python3',
  args: (report) => ['-B', join(__dirname, 'run-unittest.py'), '--report', report, join('test', 'agent')],
  read: readUnittest,
};

async function main(set: string | undefined, filter: readonly string[]): Promise<number> {
  const runners =
    set === 'unit'
      ? [jest('jest', ...filter), ...(filter.length === 0 ? [AGENT] : [])]
      : set === 'rack'
        ? [jest('rack', '--config', 'jest.rack.config.js', ...filter)]
        : [];
  if (runners.length === 0) {
    console.error('usage: npm test [-- FILTER…], npm run test:rack [-- FILTER…]');
    return 2;
  }
  // Side by side: the agent's tests mostly wait for systemd and Open vSwitch. Only the first one's output is live.
  const results = await Promise.all(
    runners.map(async (runner, index): Promise<readonly [Runner, Result, number]> => {
      const started = Date.now();
      return [runner, await runOne(runner, index === 0), (Date.now() - started) / 1000];
    }),
  );

  const all = results.map(([, result]) => result);
  if (process.env['CDKTF_DATAPLANE_SETUP_FAILED'] === '1') {
    all.push({ ...emptyResult(), failed: ["set-up: see its message above; what needs it can't run"] });
  }
  const skipped = all.flatMap((result) => result.skipped);
  const failed = all.flatMap((result) => result.failed);
  console.log('');
  for (const [runner, result, seconds] of results) {
    console.log(`${runner.title.padEnd(16)} ${sumLine(result)} in ${seconds.toFixed(0)} s`);
  }
  if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((name) => `  ${name}`).join('\n')}`);
  if (failed.length > 0) console.log(`\nfailed:\n${failed.map((name) => `  ${name}`).join('\n')}`);
  console.log('');
  console.log(sumLine({ passed: all.reduce((sum, result) => sum + result.passed, 0), failed, skipped }));
  return failed.length > 0 ? 1 : 0;
}

/** A runner that crashes, hands back no report, or fails without naming a test, has one failure: itself. */
async function runOne(runner: Runner, live: boolean): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-report-'));
  const report = join(directory, 'report.json');
  try {
    const code = await runToEnd(runner.command, runner.args(report), live);
    let result: Result;
    try {
      result = runner.read(readFileSync(report, 'utf8'));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { ...emptyResult(), failed: [`${runner.title}: exit ${code} and no usable report (${why})`] };
    }
    const extra: string[] = [];
    if (code !== 0 && result.failed.length === 0) extra.push(`${runner.title}: exit ${code}, no test failed`);
    if (result.passed + result.failed.length === 0) extra.push(`${runner.title}: no test was run`);
    return { ...result, failed: [...result.failed, ...extra] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Exit code; 127 where the program isn't there. Ctrl-C reaches the runner too, which ends by itself. What isn't shown `live`
 * is shown at the end, in one piece.
 */
function runToEnd(command: string, args: readonly string[], live: boolean): Promise<number> {
  return new Promise((resolve) => {
    // A runner's report on standard output would stand beside the one on standard error.
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', live ? 'inherit' : 'pipe'],
      cwd: join(__dirname, '..'),
    });
    const said: Buffer[] = [];
    child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
    const wait = () => undefined;
    process.on('SIGINT', wait);
    child.on('error', () => resolve(127));
    child.on('close', (code) => {
      process.off('SIGINT', wait);
      process.stderr.write(Buffer.concat(said));
      resolve(code ?? -1);
    });
  });
}

void main(process.argv[2], process.argv.slice(3)).then((code) => (process.exitCode = code));
