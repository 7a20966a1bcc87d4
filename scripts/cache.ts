/** What tests and the demo fetch or build once lives here, outside the repository; all of it can be deleted at any time. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export function cacheDirectory(...names: string[]): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'cdktf-dataplane', ...names);
}

/**
 * The directory `path`, made by `make` when it is absent. It is made beside its place and renamed, so a broken run
 * leaves nothing half done, and of two runs at the same time the first to finish wins.
 */
export async function makeOnce(path: string, make: (directory: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  try {
    await make(unfinished);
    mkdirSync(dirname(path), { recursive: true });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  return path;
}

/** A name for what is made from these files (and these words): the same text, the same name. */
export function sourcesHash(files: readonly string[], ...words: string[]): string {
  const hash = createHash('sha256');
  for (const word of words) hash.update(word).update('\0');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}
