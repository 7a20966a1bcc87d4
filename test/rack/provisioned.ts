import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flagshipArtifacts } from '../../scripts/flagship-artifacts';
import { FLAGSHIP, onRack } from './flagship';
import { hostState, type HostState } from './host-state';
import type { Progress } from './progress';
import { Rack } from './rack';
import { StackRun } from './stack-run';

/** Two machines that the flagship example was deployed to, and the stack with its state. */
export interface ProvisionedFlagship {
  readonly rack: Rack;
  readonly run: StackRun;
  /** By machine: what was there before the deploy, so what undo must give back. */
  readonly before: ReadonlyMap<string, HostState>;
}

const SAVED = 'flagship';
const BEFORE = 'before.json';

/** Machines that nobody has touched, and the stack that is about to be deployed to them. */
export async function freshPair(progress: Progress): Promise<ProvisionedFlagship> {
  const rack = await Rack.booted('two-sites', { progress });
  return { rack, run: new StackRun(rack, FLAGSHIP), before: await rememberState(rack) };
}

/** For those that need the pair as it is now; see `provisionedPair`. */
export async function saveProvisionedPair(rack: Rack): Promise<void> {
  await rack.save(SAVED, provisionedKey());
}

/** The pair as the first deploy leaves it: a saved one where there is one of this agent and this plan, or made now. */
export async function provisionedPair(progress: Progress): Promise<ProvisionedFlagship> {
  const options = { progress, key: provisionedKey() };
  const rack = await Rack.provisioned(SAVED, 'two-sites', options, async (fresh) => {
    await rememberState(fresh);
    await onRack(progress, 'first deploy', () => new StackRun(fresh, FLAGSHIP).deploy());
  });
  const before = JSON.parse(readFileSync(join(rack.workFolder, BEFORE), 'utf8')) as Record<string, HostState>;
  return { rack, run: new StackRun(rack, FLAGSHIP), before: new Map(Object.entries(before)) };
}

async function rememberState(rack: Rack): Promise<ReadonlyMap<string, HostState>> {
  const before = new Map<string, HostState>();
  for (const machine of rack.machines) before.set(machine.name, await hostState(machine));
  writeFileSync(join(rack.workFolder, BEFORE), JSON.stringify(Object.fromEntries(before)));
  return before;
}

/** Other artifacts (the agent's files are among them), other machines: index.json has the SHA-256 of each. */
function provisionedKey(): string {
  return createHash('sha256').update(flagshipArtifacts('index.json').join('')).digest('hex');
}
