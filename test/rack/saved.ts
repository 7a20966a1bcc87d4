import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, makePrivateFolder } from './folders';
import { check } from './process';
import type { Image } from './image';
import type { Machine } from './machine';
import { type Accelerator, qemuArguments } from './qemu';
import { Qmp } from './qmp';
import { runFolder, workFolder } from './runs';
import type { Topology } from './topology';

/** All that a saved rack depends on: with another of these its memory files can't be loaded. */
export interface SavedKey {
  readonly name: string;
  readonly topology: Topology;
  readonly image: Image;
  readonly qemuVersion: string;
  readonly accelerator: Accelerator;
  /** The caller's own, for instance a digest of what was deployed: another one is another saved rack. */
  readonly key: string;
}

export function savedFolder(saved: SavedKey): string {
  const { name, topology, image, qemuVersion, accelerator, key } = saved;
  // Memory can be loaded only under the command line that it was saved under; the paths and the port may differ.
  const files = { disk: '', seed: '', serialLog: '', captureFolder: '', socketFolder: '' };
  const launch = {
    runId: '',
    topology,
    files,
    sshPort: 0,
    linkPorts: {},
    start: 0,
    accelerator,
    memory: null,
  };
  const commandLines = topology.machines.map((machine) => qemuArguments({ ...launch, machine }));
  const all = JSON.stringify({ commandLines, image: image.key, qemuVersion, key });
  const digest = createHash('sha256').update(all).digest('hex').slice(0, 12);
  return cacheFolder('saved', `${name}-${digest}`);
}

/** Complete only with its last file: a save that broke off leaves nothing that looks like one. */
export const isSaved = (folder: string): boolean => existsSync(join(folder, 'saved.json'));

export const savedMemory = (folder: string, machine: string): string => join(folder, `${machine}.memory`);

/**
 * Freezes the machines together and writes memory, disk, seed, keys and work folder; then they go on. Earlier saves under the
 * same name, of other keys, are kept.
 */
export async function saveMachines(
  folder: string,
  runId: string,
  machines: readonly Machine[],
  image: Image,
): Promise<void> {
  makePrivateFolder(cacheFolder('saved'));
  const work = mkdtempSync(`${folder}.`);
  const all = <T>(step: (machine: Machine) => Promise<T>): Promise<T[]> => Promise.all(machines.map(step));
  try {
    await all((machine) => machine.run(['sync']));
    await all((machine) => Qmp.with(machine.monitor, (monitor) => monitor.execute('stop')));
    try {
      await all((machine) =>
        Qmp.with(machine.monitor, (monitor) => monitor.saveMemory(savedMemory(work, machine.name), 300_000)),
      );
      // The end of a migration gives the disks up, with everything written; until `cont` they don't change.
      for (const machine of machines) {
        await check('cp', ['--reflink=auto', '--sparse=always', machine.disk, savedDisk(work, machine.name)]);
        cpSync(machine.seed, savedSeed(work, machine.name));
      }
    } finally {
      await all((machine) => Qmp.with(machine.monitor, (monitor) => monitor.execute('cont')));
    }
    for (const machine of machines) await standAlone(savedDisk(work, machine.name), image);
    cpSync(join(runFolder(runId), 'keys'), join(work, 'keys'), { recursive: true });
    cpSync(workFolder(runId), join(work, 'work'), { recursive: true });
    writeFileSync(
      join(work, 'saved.json'),
      `${JSON.stringify({ machines: machines.map(({ name }) => name) })}\n`,
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}

/** A machine that went on from a saved one has its disk on top of that one's; what is saved stands on the image alone. */
async function standAlone(disk: string, image: Image): Promise<void> {
  const { stdout } = await check('qemu-img', ['info', '--output=json', disk]);
  const { 'full-backing-filename': backing } = JSON.parse(stdout) as { 'full-backing-filename'?: string };
  if (backing !== image.disk) await check('qemu-img', ['rebase', '-b', image.disk, '-F', 'raw', disk]);
}

/** Gives a new machine the saved one's seed, and a disk of its own on top of the frozen one. */
export async function takeSavedDisk(folder: string, machine: Machine): Promise<void> {
  cpSync(savedSeed(folder, machine.name), machine.seed);
  await check('qemu-img', [
    ...['create', '-q', '-f', 'qcow2', '-F', 'qcow2'],
    ...['-b', savedDisk(folder, machine.name), machine.disk],
  ]);
}

/** The keys that the machines know, and what was kept beside them. */
export function takeSavedFiles(folder: string, runId: string): void {
  cpSync(join(folder, 'keys'), join(runFolder(runId), 'keys'), { recursive: true });
  cpSync(join(folder, 'work'), workFolder(runId), { recursive: true });
}

const savedDisk = (folder: string, machine: string): string => join(folder, `${machine}.qcow2`);
const savedSeed = (folder: string, machine: string): string => join(folder, `${machine}.seed.iso`);
