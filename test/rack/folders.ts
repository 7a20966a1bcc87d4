import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { processStartTime, RackError, sleep } from './process';

/** Everything that may be thrown away and is made again: images, saved racks, runs. */
export function cacheFolder(...below: string[]): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'cdktf-dataplane', 'rack', ...below);
}

export function makePrivateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

export function requireFreeSpace(folder: string, gibibytes: number, purpose: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 2 ** 30;
  if (free < gibibytes) {
    throw new RackError(
      `${folder}: ${free.toFixed(1)} GiB free, ${purpose} needs ${gibibytes} GiB; ` +
        'free some space, or point XDG_CACHE_HOME at a larger file system',
    );
  }
}

/**
 * Only one process at a time does `work`; others wait, and `waiting` hears for whom. The lock of a process that
 * has ended is taken over.
 */
export async function withLock<T>(
  path: string,
  waiting: (holder: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const mine = `${process.pid} ${processStartTime(process.pid)}`;
  for (;;) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid, startTime] = readLock(path);
    if (pid === undefined || startTime === undefined) {
      await sleep(200);
    } else if (processStartTime(pid) !== startTime) {
      rmSync(path, { force: true });
    } else {
      waiting(pid);
      await sleep(1_000);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function readLock(path: string): readonly number[] {
  try {
    return readFileSync(path, 'utf8').split(' ').map(Number);
  } catch {
    return [];
  }
}
