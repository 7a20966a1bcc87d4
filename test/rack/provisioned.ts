import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flagshipArtifacts } from '../../scripts/flagship-artifacts';
import { FLAGSHIP, onRack } from './flagship';
import { hostSnapshot, type HostSnapshot } from './host-state';
import type { Progress } from './progress';
import { Rack } from './rack';
import { StackRun } from './stack-run';

/** Two machines that the flagship example was deployed to, and the stack with its state. */
export interface ProvisionedFlagship {
  readonly rack: Rack;
  readonly run: StackRun;
  /** By machine: what was there before the deploy, so what undo must give back. */
  readonly before: ReadonlyMap<string, HostSnapshot>;
}

const SAVED = 'flagship';
const BEFORE = 'before.json';

/** Machines that were booted from fresh disks and then left alone: in seconds where some earlier run has saved them so. */
export function untouchedPair(progress: Progress): Promise<Rack> {
  return Rack.provisioned('untouched', 'two-sites', { progress }, rememberState);
}

/** Such machines, and the stack that is about to be deployed to them. */
export async function freshPair(progress: Progress): Promise<ProvisionedFlagship> {
  return flagshipOn(await untouchedPair(progress));
}

/** For those that need the pair as it is now; see `provisionedPair`. */
export async function saveProvisionedPair(rack: Rack): Promise<void> {
  await rack.save(SAVED, provisionedKey());
}

/** The pair as the first deploy leaves it: a saved one where there is one of this agent and this plan, or made now. */
export async function provisionedPair(progress: Progress): Promise<ProvisionedFlagship> {
  const options = { progress, key: provisionedKey() };
  return flagshipOn(
    await Rack.provisioned(SAVED, 'two-sites', options, async (fresh) => {
      await rememberState(fresh);
      await onRack(progress, 'first deploy', () => new StackRun(fresh, FLAGSHIP).deploy());
    }),
  );
}

function flagshipOn(rack: Rack): ProvisionedFlagship {
  const text = readFileSync(join(rack.workFolder, BEFORE), 'utf8');
  const before = JSON.parse(text) as Record<string, HostSnapshot>;
  return { rack, run: new StackRun(rack, FLAGSHIP), before: new Map(Object.entries(before)) };
}

async function rememberState(rack: Rack): Promise<void> {
  const snapshots = rack.machines.map(
    async (machine) => [machine.name, await hostSnapshot(machine)] as const,
  );
  const before = Object.fromEntries(await Promise.all(snapshots));
  writeFileSync(join(rack.workFolder, BEFORE), JSON.stringify(before));
}

/** Other artifacts (the agent's files are among them), other machines: index.json has the SHA-256 of each. */
function provisionedKey(): string {
  return createHash('sha256').update(flagshipArtifacts('index.json').join('')).digest('hex');
}
