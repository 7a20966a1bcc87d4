import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ArtifactFile } from '../../src/artifacts';

/** Writes files into a new directory below the system's temporary one, which the caller removes. */
export function writeFiles(files: Iterable<ArtifactFile>): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-artifacts-'));
  for (const { path, content } of files) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return directory;
}
