import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { zipSync, type Zippable } from 'fflate';
import { AGENT_MODULES, type AgentModule } from '../plan/host-plan';

/** What scripts/build-agent.py wrote. */
interface BuiltAgent {
  /** Module name to source, without comments. */
  readonly modules: Readonly<Record<string, string>>;
  readonly coreModules: readonly string[];
  readonly optionalModules: readonly string[];
  /** The Ansible role and configuration: path below `ansible/` to text. */
  readonly ansible: Readonly<Record<string, string>>;
  readonly digest: string;
}

const INTERPRETER = '#!/usr/bin/python3\n';
// A zip file has local time and no zone: parts of a date, the same everywhere. Zip begins in 1980.
const FIXED_TIME = new Date(1980, 0, 2, 12);
const UNIX = 3;
const REGULAR_FILE_0644 = 0o100644 << 16;

const bundles = new Map<string, Buffer>();
let built: BuiltAgent | undefined;

/**
 * The agent as one executable file (Python's zipapp form) with the core modules and the chosen optional ones. Equal
 * modules, equal bytes. Stored, not compressed: whoever carries it compresses all of it at once, which gives less.
 */
export function agentBundle(modules: readonly AgentModule[]): Buffer {
  const key = [...new Set(modules)].sort().join(' ');
  const known = bundles.get(key);
  if (known) return known;
  const { modules: sources, coreModules, optionalModules } = builtAgent();
  const missing = modules.filter((name) => !optionalModules.includes(name));
  if (missing.length > 0) {
    throw new Error(`the agent as built has no module ${missing.join(', ')}: run \`npm run build\``);
  }
  const files: Zippable = {};
  for (const name of [...new Set([...coreModules, ...modules])].sort()) {
    const path = name === '__main__' ? '__main__.py' : `dataplane_host/${name}.py`;
    files[path] = [Buffer.from(sources[name] ?? ''), { os: UNIX, attrs: REGULAR_FILE_0644 }];
  }
  const archive = zipSync(files, { level: 0, mtime: FIXED_TIME });
  const bundle = Buffer.concat([Buffer.from(INTERPRETER), archive]);
  bundles.set(key, bundle);
  return bundle;
}

/** The agent with every module: what Ansible brings, and what installs each host's part of it. */
export function fullAgentBundle(): Buffer {
  const { optionalModules } = builtAgent();
  return agentBundle(AGENT_MODULES.filter((name) => optionalModules.includes(name)));
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

/** The directory of package.json: two above the sources, three above what is built from them. */
function packageRoot(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no package.json above ${__dirname}`);
    directory = parent;
  }
  return directory;
}
