import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './folders';
import { processArguments, processStartTime, sleep } from './process';
import { processName } from './qemu';
import type { Release } from './recipe';

/** A process for good: a pid alone may be somebody else's by now. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: number;
}

export interface MachineRecord {
  readonly process: ProcessIdentity | null;
  readonly sshPort: number;
  readonly starts: number;
}

/** UDP ports on 127.0.0.1 of a link's two ends, by the link's name. */
export type LinkPorts = Readonly<Record<string, readonly [number, number]>>;

/** What a run leaves on disk, so that another process can reach it, or clean up after it. */
export interface RunRecord {
  readonly version: 1;
  readonly id: string;
  readonly topology: string;
  readonly release: Release;
  /** Who stops the run; null: it was detached and stays until `down`. */
  readonly owner: ProcessIdentity | null;
  readonly socketFolder: string;
  readonly linkPorts: LinkPorts;
  readonly machines: Readonly<Record<string, MachineRecord>>;
}

export const runFolder = (id: string): string => cacheFolder('runs', id);

export const workFolder = (id: string): string => join(runFolder(id), 'work');

const recordFile = (id: string): string => join(runFolder(id), 'run.json');

export function writeRun(record: RunRecord): void {
  const file = recordFile(record.id);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function listRuns(): readonly RunRecord[] {
  const folder = cacheFolder('runs');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .filter((id) => existsSync(recordFile(id)))
    .map((id) => JSON.parse(readFileSync(recordFile(id), 'utf8')) as RunRecord);
}

export const isAlive = (identity: ProcessIdentity | null): boolean =>
  identity !== null && processStartTime(identity.pid) === identity.startTime;

/** Is this process, still, the QEMU of that machine? Nothing else is ever ended. */
export function isMachineProcess(identity: ProcessIdentity | null, runId: string, machine: string): boolean {
  return (
    identity !== null &&
    isAlive(identity) &&
    processArguments(identity.pid).includes(processName(runId, machine))
  );
}

export function runningMachines(record: RunRecord): readonly string[] {
  return Object.entries(record.machines)
    .filter(([name, machine]) => isMachineProcess(machine.process, record.id, name))
    .map(([name]) => name);
}

/** Nobody will stop this run any more: its owner has ended, or it was detached and its machines have. */
export function isStale(record: RunRecord): boolean {
  return record.owner === null ? runningMachines(record).length === 0 : !isAlive(record.owner);
}

/** Ends the QEMU of one machine and waits until it is gone. */
export async function endMachine(record: RunRecord, machine: string): Promise<void> {
  const identity = record.machines[machine]?.process ?? null;
  for (const [signal, patience] of [
    ['SIGTERM', 5_000],
    ['SIGKILL', 10_000],
  ] as const) {
    if (!signalMachine(record, machine, signal)) return;
    const end = Date.now() + patience;
    while (Date.now() < end && isAlive(identity)) await sleep(50);
  }
}

/** False: the machine isn't running, and nothing was signalled. */
export function signalMachine(record: RunRecord, machine: string, signal: NodeJS.Signals): boolean {
  const identity = record.machines[machine]?.process ?? null;
  if (identity === null || !isMachineProcess(identity, record.id, machine)) return false;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  return true;
}

/** Ends a run's machines and removes its files. */
export async function removeRun(record: RunRecord): Promise<void> {
  await Promise.all(Object.keys(record.machines).map((machine) => endMachine(record, machine)));
  removeRunFiles(record);
}

export function removeRunFiles(record: RunRecord): void {
  rmSync(record.socketFolder, { recursive: true, force: true });
  rmSync(runFolder(record.id), { recursive: true, force: true });
}

/** Cleans up after runs whose owner was killed before it could do so itself. */
export async function removeStaleRuns(): Promise<readonly string[]> {
  const stale = listRuns().filter(isStale);
  for (const record of stale) await removeRun(record);
  return stale.map((record) => record.id);
}
