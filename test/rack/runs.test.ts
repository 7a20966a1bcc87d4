import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './folders';
import { processStartTime, sleep } from './process';
import { processName } from './qemu';
import {
  isMachineProcess,
  isStale,
  listRuns,
  removeStaleRuns,
  runFolder,
  type ProcessIdentity,
  type RunRecord,
  writeRun,
} from './runs';

const cache = mkdtempSync(join(tmpdir(), 'rack-test-'));
const cacheBefore = process.env['XDG_CACHE_HOME'];
const children: ChildProcess[] = [];

beforeAll(() => {
  process.env['XDG_CACHE_HOME'] = cache;
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  if (cacheBefore === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = cacheBefore;
  rmSync(cache, { recursive: true });
});

/** A real process that has these words on its command line. */
async function processWith(...words: readonly string[]): Promise<ProcessIdentity> {
  const child = spawn('sh', ['-c', 'while :; do sleep 1; done', ...words], { stdio: 'ignore' });
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  await sleep(50);
  const { pid } = child;
  const startTime = pid === undefined ? null : processStartTime(pid);
  if (pid === undefined || startTime === null) throw new Error('the process did not start');
  return { pid, startTime };
}

function makeRun(id: string, owner: ProcessIdentity | null, east: ProcessIdentity | null): RunRecord {
  mkdirSync(runFolder(id), { recursive: true });
  const record: RunRecord = {
    version: 1,
    id,
    topology: 'single',
    release: 'trixie',
    owner,
    socketFolder: mkdtempSync(join(cache, 'sockets-')),
    linkPorts: {},
    machines: { east: { process: east, sshPort: 20022, starts: 1 } },
  };
  writeRun(record);
  return record;
}

const myself = (): ProcessIdentity => ({ pid: process.pid, startTime: processStartTime(process.pid) ?? 0 });
const ended: ProcessIdentity = { pid: process.pid, startTime: 1 };

test('a process is a machine only with its start time and its name on the command line', async () => {
  const machine = await processWith(processName('run-1', 'east'));
  const other = await processWith('guest=something-else');
  expect(isMachineProcess(machine, 'run-1', 'east')).toBe(true);
  expect(isMachineProcess(machine, 'run-1', 'west')).toBe(false);
  expect(isMachineProcess({ ...machine, startTime: machine.startTime - 1 }, 'run-1', 'east')).toBe(false);
  expect(isMachineProcess(other, 'run-1', 'east')).toBe(false);
  expect(isMachineProcess(null, 'run-1', 'east')).toBe(false);
});

test('what a killed run left is ended and removed; a living run and a stranger with the same pid are left alone', async () => {
  const left = await processWith(processName('killed', 'east'));
  const living = await processWith(processName('living', 'east'));
  const stranger = await processWith('guest=something-else');
  const killedRun = makeRun('killed', ended, left);
  makeRun('living', myself(), living);
  makeRun('detached', null, await processWith(processName('detached', 'east')));
  makeRun('pid-used-again', ended, stranger);
  expect(
    listRuns()
      .filter(isStale)
      .map((run) => run.id),
  ).toEqual(['killed', 'pid-used-again']);

  await expect(removeStaleRuns()).resolves.toEqual(['killed', 'pid-used-again']);

  expect(processStartTime(left.pid)).toBeNull();
  expect(processStartTime(living.pid)).toBe(living.startTime);
  expect(processStartTime(stranger.pid)).toBe(stranger.startTime);
  expect(listRuns().map((run) => run.id)).toEqual(['detached', 'living']);
  expect(existsSync(killedRun.socketFolder)).toBe(false);
  expect(existsSync(runFolder('killed'))).toBe(false);
});

test('a lock lets one in at a time, and the lock of an ended process is taken over', async () => {
  const lock = join(cache, 'lock');
  writeFileSync(lock, `${ended.pid} ${ended.startTime}`);
  let inside = 0;
  const waited: number[] = [];
  const work = (): Promise<void> =>
    withLock(
      lock,
      (holder) => waited.push(holder),
      async () => {
        inside++;
        expect(inside).toBe(1);
        await sleep(100);
        inside--;
      },
    );
  await Promise.all([work(), work()]);
  expect(waited).toContain(process.pid);
  expect(existsSync(lock)).toBe(false);
});
