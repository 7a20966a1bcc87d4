/** The agent as the artifacts take it: lib/agent/agent.json, packed from src/agent by build-agent.py. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../test/rack/process';

const PROJECT = join(__dirname, '..');
const SOURCES = join(PROJECT, 'src', 'agent');
const BUILDER = join(__dirname, 'build-agent.py');
const BUILDER_PARTS = join(__dirname, 'agent_build');
const BUILT = join(PROJECT, 'lib', 'agent', 'agent.json');

/** Is what was packed as new as its sources? A folder's own time tells of files that were removed. */
export function agentIsCurrent(): boolean {
  if (!existsSync(BUILT)) return false;
  const sources = [SOURCES, BUILDER_PARTS].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/__pycache__|\.pyc$/.test(name))
      .map((name) => join(folder, name)),
  );
  const packed = statSync(BUILT).mtimeMs;
  return [BUILDER, ...sources].every((path) => statSync(path).mtimeMs <= packed);
}

export async function buildAgent(): Promise<void> {
  await check('python3', [BUILDER]);
}
