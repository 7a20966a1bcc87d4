/** Set-up, second half: everything that is not an npm package. Started by setup.mjs; quick when all is there. */
import { existsSync } from 'node:fs';
import { Progress } from '../test/rack/progress';
import { agentIsCurrent, buildAgent } from './agent';
import { findAnsible } from './ansible';
import { CLOUD_INIT_SUITES } from './cloud-init';
import { installPackages, missingPackages, unpackPackages, unpackedPackages } from './debian-packages';
import { buildNullProvider, nullProviderConfiguration } from './null-provider';
import { ask } from './processes';
import { environmentIsCurrent, makeEnvironment, packagesForEnvironment } from './python-environment';
import { findTerraform, registryFailure, terraformVersion } from './terraform';

interface Job {
  readonly title: string;
  readonly isNeeded: () => boolean;
  readonly work: (note: (text: string) => void) => Promise<unknown>;
  /** Debian packages that this job itself needs, where there is nothing else on the machine that will do. */
  readonly packages?: () => readonly string[];
}

/** What the agent's bench calls on this machine (namespaces, a Debian root); the rack installs its own packages. */
const PACKAGES_FOR_TEST = ['iproute2', 'mmdebstrap'];

const AGENT: Job = {
  title: 'agent (lib/agent)',
  isNeeded: () => !agentIsCurrent(),
  work: buildAgent,
  packages: () => (ask('python3', ['--version']).code === 0 ? [] : ['python3']),
};

const NULL_PROVIDER: Job = {
  title: "stand-in for hashicorp/null (Terraform's registry can't be reached)",
  isNeeded: () =>
    nullProviderConfiguration() === undefined &&
    terraformVersion().available &&
    registryFailure() !== undefined,
  work: buildNullProvider,
};

const FOR_DEMO: readonly Job[] = [
  AGENT,
  {
    title: 'Python environment with Ansible (.venv)',
    isNeeded: () => !findAnsible().available,
    work: makeEnvironment,
    packages: packagesForEnvironment,
  },
  NULL_PROVIDER,
];

const FOR_TEST: readonly Job[] = [
  AGENT,
  {
    title: 'Python environment with Ansible and ansible-lint (.venv)',
    isNeeded: () => !environmentIsCurrent(),
    work: makeEnvironment,
    packages: packagesForEnvironment,
  },
  NULL_PROVIDER,
  ...CLOUD_INIT_SUITES.map((suite) => ({
    title: `cloud-init's schemas of Debian ${suite}`,
    isNeeded: () => !existsSync(unpackedPackages(suite, ['cloud-init'])),
    work: () => unpackPackages(suite, ['cloud-init']),
  })),
];

async function main(): Promise<number> {
  const started = Date.now();
  const progress = new Progress();
  const forDemo = process.argv.includes('demo');
  const jobs = (forDemo ? FOR_DEMO : FOR_TEST).filter((job) => job.isNeeded());
  const failures: string[] = [];
  const attempt = async (title: string, work: Job['work']) => {
    try {
      await progress.step(title, (step) => work((text) => step.update(text)));
    } catch (error) {
      failures.push(`setup: ${title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const packages = await missingPackages([
    ...new Set([...(forDemo ? [] : PACKAGES_FOR_TEST), ...jobs.flatMap((job) => job.packages?.() ?? [])]),
  ]);
  if (packages.length > 0) await attempt(`apt: ${packages.join(' ')}`, () => installPackages(packages));
  // Two at a time: they share two cores, and one often waits for the network.
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await attempt(job.title, job.work);
  };
  await Promise.all([worker(), worker()]);
  for (const failure of failures) console.error(failure);
  const terraform = findTerraform();
  if (!terraform.available) console.error(`setup: no Terraform for this run: ${terraform.reason}`);
  else if (terraform.note !== undefined) console.error(`setup: ${terraform.note}`);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.error(
    failures.length > 0 ? `setup: ${failures.length} failed, ${seconds} s` : `setup: complete, ${seconds} s`,
  );
  return failures.length > 0 ? 1 : 0;
}

void main().then((code) => (process.exitCode = code));
