import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceLocation } from '../src/artifacts';

const CREATION = Symbol.for('cdktf-dataplane/Creation');

interface Created {
  [CREATION]?: { readonly stack?: string };
}

/** Enough for a construct that a company's own package makes, a few calls deep. */
const FRAMES = 25;

/** What belongs to this package, compiled or not; tests and examples beside it don't. */
const OWN_FOLDERS = ['constructs', 'src'].map((folder) => join(dirname(__dirname), folder) + sep);

/** Asks for the place of every construct: it has to be kept while it is made, before anybody knows of a finding. */
export const SOURCE_LOCATIONS = 'CDKTF_DATAPLANE_SOURCE_LOCATIONS';

export function areSourcesWanted(): boolean {
  return SOURCES_WANTED;
}

/** Read once: the environment is slow to ask, and each construct does. */
const SOURCES_WANTED = !['', '0', 'false'].includes(process.env[SOURCE_LOCATIONS] ?? '');

/**
 * Keeps where a construct is made. The engine keeps the frames, and makes text of them (through source maps, where there
 * are any) only when it is asked where the construct of a finding is from. What that costs: docs/benchmarks.md.
 */
export function keepSource(construct: object): void {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const created: { readonly stack?: string } = {};
  Error.captureStackTrace(created, keepSource);
  Error.stackTraceLimit = limit;
  Object.defineProperty(construct, CREATION, { value: created, configurable: true });
}

export function isSourceKept(construct: object): boolean {
  return CREATION in construct;
}

/** The line below a folder that made a construct; undefined: not known, or it was made from elsewhere. */
export function sourceOf(construct: object, root: string): SourceLocation | undefined {
  const lines = (construct as Created)[CREATION]?.stack?.split('\n') ?? [];
  for (const line of lines) {
    const frame = frameOf(line);
    if (!frame || isForeign(frame.file)) continue;
    const file = relative(root, frame.file);
    if (file.startsWith('..') || isAbsolute(file)) continue;
    return { ...frame, file: file.split(sep).join('/') };
  }
  return undefined;
}

/** The repository that the working directory is in, as a CI names files; without one, the working directory. */
export function sourceRoot(): string {
  const here = process.cwd();
  for (let directory = here; ; directory = dirname(directory)) {
    if (existsSync(join(directory, '.git'))) return directory;
    if (dirname(directory) === directory) return here;
  }
}

/** Of `at new X (/a/main.ts:3:5)`, `at /a/main.ts:3:5`, `at file:///a/main.mjs:3:5`. */
function frameOf(line: string): SourceLocation | undefined {
  const match =
    /^\s*at (?:(?:async |new |get |set )*[^\s()]+ (?:\[as [^\]]+\] )?\()?(.+):(\d+):(\d+)\)?$/.exec(line);
  const [, place = '', lineNumber, column] = match ?? [];
  const file = place.startsWith('file://') ? fileURLToPath(place) : place;
  if (!isAbsolute(file)) return undefined;
  return { column: Number(column), file, line: Number(lineNumber) };
}

function isForeign(file: string): boolean {
  return file.split(sep).includes('node_modules') || OWN_FOLDERS.some((folder) => file.startsWith(folder));
}
