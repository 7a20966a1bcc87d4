import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder } from './folders';
import { ensureImage } from './image';
import { RackError } from './process';
import { clock, Progress } from './progress';
import { Rack } from './rack';
import { recipeFor, recipeKey, RELEASES, type Release } from './recipe';
import { isStale, listRuns, removeRun, runFolder, runningMachines, type RunRecord } from './runs';
import { setUpMachine } from './setup';
import { quoteForShell } from './ssh';
import { TOPOLOGIES, topologyNamed } from './topology';

const HELP = `rack: virtual machines with an IOMMU, NUMA nodes and PCI NICs, for tests and for trying things out

usage: npx tsx test/rack/cli.ts COMMAND

  setup                     install what is missing on this machine (Debian packages; root)
  image [--release R]       make the image if it isn't in the cache; prints its path
  up TOPOLOGY               boot a topology, print how to log in, stop everything at Ctrl-C
       --release R          ${RELEASES.join(' or ')} (default: ${RELEASES[0]})
       --detach             come back when the machines are up; they run until "down"
       --keep               at the end, keep serial logs and captures
  status                    what is up
  ssh MACHINE [COMMAND...]  log in, or run a command there and exit with its exit code; one word is a
                            command line for the shell there, several are a command and its arguments
       --run RUN            where several racks are up
  down [RUN]                stop detached racks and clean up after killed ones; RUN: that one, whoever's it is
  clean                     remove saved racks, logs of failed and kept runs, and images of older recipes
  --help                    this text

topologies
${TOPOLOGIES.map((topology) => `  ${topology.name.padEnd(24)}  ${topology.description}`).join('\n')}

environment
  XDG_CACHE_HOME            images, saved racks and runs are below cdktf-dataplane/rack/ there (default: ~/.cache)
  DATAPLANE_RACK_ACCELERATOR  tcg (default) or kvm

exit codes: 0 done, 1 failed, 2 wrong usage; ssh: the command's own
`;

class UsageError extends RackError {}

const OPTIONS = {
  release: { type: 'string' },
  run: { type: 'string' },
  detach: { type: 'boolean' },
  keep: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function main(words: readonly string[]): Promise<number> {
  // What comes after the machine's name belongs to the far command, options and all.
  const far = words[0] === 'ssh' ? splitFarCommand(words) : { own: words, command: [] };
  const { values, positionals } = parse(far.own);
  const [command, ...operands] = positionals;
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  switch (command) {
    case 'setup':
      await setUpMachine(new Progress());
      return 0;
    case 'image': {
      const release = releaseNamed(values.release);
      const { disk } = await ensureImage(release, new Progress());
      process.stdout.write(`${disk}\n`);
      return 0;
    }
    case 'up':
      return up(one(operands, 'up TOPOLOGY'), values);
    case 'status':
      return status();
    case 'ssh':
      return ssh(one(operands, 'ssh MACHINE'), far.command, values.run);
    case 'down':
      return down(operands[0] ?? values.run);
    case 'clean':
      return clean();
    default:
      throw new UsageError(
        command === undefined ? 'a command is missing' : `there is no command "${command}"`,
      );
  }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function splitFarCommand(words: readonly string[]): { own: readonly string[]; command: readonly string[] } {
  let index = 1;
  while (index < words.length && words[index]?.startsWith('-') === true) {
    index += words[index] === '--run' ? 2 : 1;
  }
  const rest = words.slice(index + 1);
  return { own: words.slice(0, index + 1), command: rest[0] === '--' ? rest.slice(1) : rest };
}

function one(operands: readonly string[], usage: string): string {
  const [operand, second] = operands;
  if (operand === undefined || second !== undefined) throw new UsageError(`usage: ${usage}`);
  return operand;
}

function releaseNamed(name: string | undefined): Release {
  const release = RELEASES.find((candidate) => candidate === (name ?? RELEASES[0]));
  if (release === undefined) {
    throw new UsageError(`there is no image of release "${name}"; there are: ${RELEASES.join(', ')}`);
  }
  return release;
}

async function up(
  topology: string,
  values: { readonly release?: string; readonly detach?: boolean; readonly keep?: boolean },
): Promise<number> {
  topologyNamed(topology);
  const begin = Date.now();
  const release = releaseNamed(values.release);
  const rack = await Rack.up(topology, { release, detach: values.detach ?? false });
  process.stdout.write(`\nrack ${rack.id} is up after ${clock(Date.now() - begin)}; log in with\n`);
  process.stdout.write(logins(rack));
  for (const link of rack.topology.links.filter((each) => each.capture)) {
    process.stdout.write(`  capture of ${link.name}: ${rack.capture(link.name)}\n`);
  }
  if (values.detach === true) {
    process.stdout.write('stop it with\n  npx tsx test/rack/cli.ts down\n');
    return 0;
  }
  process.stdout.write('Ctrl-C stops everything.\n');
  await interruption();
  const keepLogs = values.keep === true ? cacheFolder('kept', rack.id) : undefined;
  await rack.progress.step('Stop the machines', () => rack.down({ keepLogs }));
  if (keepLogs !== undefined) process.stdout.write(`logs and captures: ${keepLogs}\n`);
  return 0;
}

/** Ctrl-C, or the like, while the rack just stands there is the orderly end that was asked for. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.removeAllListeners(signal);
      process.on(signal, () => {
        clearInterval(timer);
        resolve();
      });
    }
  });
}

function logins(rack: Rack): string {
  return rack.machines
    .map((machine) => `  ssh -F ${quoteForShell([machine.sshConfiguration, machine.name])}\n`)
    .join('');
}

function status(): number {
  const runs = listRuns();
  if (runs.length === 0) process.stdout.write('no rack is up\n');
  for (const run of runs) {
    process.stdout.write(`${run.id}  ${run.release}  ${ownerOf(run)}  ${runFolder(run.id)}\n`);
    const running = runningMachines(run);
    for (const [name, { process: machine, sshPort }] of Object.entries(run.machines)) {
      const state = running.includes(name) ? `running  pid ${machine?.pid}  ssh port ${sshPort}` : 'off';
      process.stdout.write(`  ${name.padEnd(10)} ${state}\n`);
    }
  }
  for (const release of RELEASES) {
    const key = recipeKey(recipeFor(release));
    const made = existsSync(cacheFolder('images', key)) ? cacheFolder('images', key) : 'not made yet';
    process.stdout.write(`image ${key}: ${made}\n`);
  }
  return 0;
}

function ownerOf(run: RunRecord): string {
  if (run.owner === null) return isStale(run) ? 'detached, has ended' : 'detached';
  return isStale(run) ? `process ${run.owner.pid} was killed` : `belongs to process ${run.owner.pid}`;
}

async function ssh(name: string, command: readonly string[], run: string | undefined): Promise<number> {
  const rack = await Rack.attach(run);
  const machine = rack.machine(name);
  // As with ssh itself, a single word is a command line for the far shell; several are a command and its arguments.
  const [first, ...others] = command;
  const words = first === undefined ? [] : ['--', others.length === 0 ? first : quoteForShell(command)];
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', ['-F', machine.sshConfiguration, name, ...words], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 255));
  });
}

async function down(id: string | undefined): Promise<number> {
  const runs = listRuns();
  if (id !== undefined && !runs.some((run) => run.id === id)) {
    throw new RackError(`there is no run "${id}"; see "status"`);
  }
  for (const run of runs) {
    if (id === undefined ? run.owner === null || isStale(run) : run.id === id) {
      await removeRun(run);
      process.stdout.write(`stopped ${run.id}\n`);
    } else if (id === undefined) {
      process.stdout.write(`left ${run.id}: it ${ownerOf(run)}; stop it there, or with "down ${run.id}"\n`);
    }
  }
  return 0;
}

function clean(): number {
  const runs = listRuns();
  if (runs.length > 0) {
    throw new RackError(
      `${runs.map((run) => run.id).join(', ')} may need what would be removed; run "down" first`,
    );
  }
  const wanted = RELEASES.map((release) => recipeKey(recipeFor(release)));
  const folders = ['saved', 'failed', 'kept', 'images'].map((name) => cacheFolder(name));
  for (const folder of folders.filter((each) => existsSync(each))) {
    // A lock, and a folder with a dot in its name, belong to a build that is going on.
    for (const name of readdirSync(folder).filter((each) => !wanted.includes(each) && !each.includes('.'))) {
      rmSync(join(folder, name), { recursive: true, force: true });
      process.stdout.write(`removed ${join(folder, name)}\n`);
    }
  }
  return 0;
}

main(process.argv.slice(2)).then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    const known = error instanceof RackError;
    process.stderr.write(
      `rack: ${known ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    );
    if (error instanceof UsageError) process.stderr.write('see "npx tsx test/rack/cli.ts --help"\n');
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
