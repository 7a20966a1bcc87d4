import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync, type Zippable } from 'fflate';
import { packageRoot } from './package-facts';

/** What scripts/build-agent.py wrote. */
interface BuiltAgent {
  /** The full edition: module name to source, without comments. */
  readonly modules: Readonly<Record<string, string>>;
  /** The installed edition as it stands on hosts: base64 of the zipapp. */
  readonly installed: string;
  /** The installed edition as cloud-init brings it: a small program that unpacks itself. */
  readonly installedProgram: string;
  /** The Ansible role and configuration: path below `ansible/` to text. */
  readonly ansible: Readonly<Record<string, string>>;
  readonly digest: string;
}

const INTERPRETER = '#!/usr/bin/python3\n';
// A zip file has local time and no zone: parts of a date, the same everywhere. Zip begins in 1980.
const FIXED_TIME = new Date(1980, 0, 2, 12);
const UNIX = 3;
const REGULAR_FILE_0644 = 0o100644 << 16;

let built: BuiltAgent | undefined;
let full: Buffer | undefined;

/**
 * The full edition of the agent as one executable file (Python's zipapp form): what Ansible brings, and what people can
 * copy to a host. It carries the installed edition. Stored, not compressed: whoever carries it compresses all of it at
 * once, which gives less.
 */
export function fullAgentBundle(): Buffer {
  if (full === undefined) {
    const { modules, installed } = builtAgent();
    const files: Zippable = {};
    const add = (path: string, data: Buffer) =>
      (files[path] = [data, { os: UNIX, attrs: REGULAR_FILE_0644 }]);
    for (const [name, source] of Object.entries(modules).sort(([a], [b]) => (a < b ? -1 : 1))) {
      add(name === '__main__' ? '__main__.py' : `dataplane_host/${name}.py`, Buffer.from(source));
    }
    add('dataplane_host/installed', Buffer.from(installed, 'base64'));
    full = Buffer.concat([Buffer.from(INTERPRETER), zipSync(files, { level: 0, mtime: FIXED_TIME })]);
  }
  return full;
}

/** The installed edition as cloud-init writes it to its place: text; at its first run it becomes the zipapp. */
export function installedAgentProgram(): string {
  return builtAgent().installedProgram;
}

/** SHA-256 (hex) of the agent's sources: another version of the agent is another digest. */
export function agentDigest(): string {
  return builtAgent().digest;
}

/** Files of the Ansible project that are the same for every fleet: path below `ansible/` to text. */
export function ansibleSources(): Readonly<Record<string, string>> {
  return builtAgent().ansible;
}

function builtAgent(): BuiltAgent {
  if (built === undefined) {
    const path = join(packageRoot(), 'lib', 'agent', 'agent.json');
    if (!existsSync(path)) throw new Error(`${path} is missing: run \`npm run build\` in ${packageRoot()}`);
    built = JSON.parse(readFileSync(path, 'utf8')) as BuiltAgent;
  }
  return built;
}
