/**
 * The flagship example on the emulated rack, from nothing to packets:
 *
 *     npm run demo             # and everything it started is gone at the end
 *     npm run demo -- --keep   # the rack goes on running
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  farAddresses,
  hostEvidence,
  ping,
  routingHeaders,
  type HostEvidence,
  type Ping,
} from '../test/rack/evidence';
import { lastLines, RackError } from '../test/rack/process';
import { Progress } from '../test/rack/progress';
import { Rack } from '../test/rack/rack';
import { StackRun } from '../test/rack/stack-run';
import { agentIsCurrent, buildAgent } from './agent';
import { flagshipArtifacts } from './flagship-artifacts';

const USAGE = `usage: npm run demo [-- --keep]

Boots two virtual machines, deploys examples/srv6-two-sites to them with cdktf, and shows what they became.

  --keep   leave the rack running at the end, and say how to log in
  --help   this text
`;

const FLAGSHIP = { app: 'examples/srv6-two-sites/main.ts', stackId: 'two-sites' };

/** What a deploy prints that is worth a place on the progress line. */
const TELLING_LINE = /^(?:\s*\S+\s+)?(?:null_resource\.\S+ \(local-exec\): )?(?:TASK|PLAY) \[(.*)\]/;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const progress = new Progress();
  if (!agentIsCurrent()) await progress.step('Build the agent', buildAgent);
  console.log('\nWhat each host will get (examples/srv6-two-sites):\n');
  console.log(flagshipArtifacts('summary.txt').join(''));
  setUp();
  const rack = await Rack.up('two-sites', { progress, detach: values.keep ?? false });
  // A rack to keep doesn't end with this process; until the demo is through, Ctrl-C ends it all the same.
  const interrupted = (): void => void rack.down().then(() => process.exit(130));
  if (values.keep) process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  let failed = true;
  try {
    const run = new StackRun(rack, FLAGSHIP);
    if (run.note !== undefined) progress.say(`  note  ${run.note}`);
    await deploy(progress, run);
    await show(progress, rack, run);
    failed = false;
  } finally {
    if (values.keep && !failed)
      console.log(
        `\nThe rack is up: npx tsx test/rack/cli.ts ssh east (or west); npx tsx test/rack/cli.ts down ends it.`,
      );
    else await rack.down(failed ? { keepLogs: join(rack.folder, '..', '..', 'failed', rack.id) } : {});
  }
  return 0;
}

/** Everything that isn't an npm package, with its own progress. */
function setUp(): void {
  const { status } = spawnSync(process.execPath, [join(__dirname, 'setup.mjs'), '--for', 'demo'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new RackError('the set-up failed; see above');
}

async function deploy(progress: Progress, run: StackRun): Promise<void> {
  await progress.step('cdktf deploy two-sites', async (step) => {
    const { exitCode, stdout, stderr } = await run.deploy((line) => {
      const telling = TELLING_LINE.exec(line)?.[1];
      if (telling !== undefined) step.update(telling);
    });
    if (exitCode !== 0)
      throw new RackError(`cdktf deploy ended with ${exitCode}\n${lastLines(stdout + stderr, 60)}`);
  });
}

async function show(progress: Progress, rack: Rack, run: StackRun): Promise<void> {
  const [evidence, pings, packets] = await progress.step('Look at the hosts', async () => {
    const hosts = await Promise.all(
      rack.machines.map((machine) => hostEvidence(machine, run.plan(machine.name))),
    );
    const east = rack.machine('east');
    const results: Ping[] = [];
    // Open vSwitch drops the first packet to a next hop while it resolves its address: that one is not the tunnel's.
    for (const address of farAddresses(run.plan('east'))) await ping(east, address, 2);
    for (const address of farAddresses(run.plan('east'))) results.push(await ping(east, address));
    return [hosts, results, await routingHeaders(rack, 'underlay')] as const;
  });
  console.log();
  for (const host of evidence) console.log(hostText(host));
  console.log('tunnel');
  for (const { address, sent, received, times } of pings) {
    console.log(`  east → ${address}: ${received} of ${sent} answered  ${times}`);
  }
  const [packet] = packets;
  console.log(`  on the underlay, ${packets.length} packets with a routing header of type 4; the first:`);
  console.log(`    ${packet ?? 'none'}`);
  console.log('steps');
  for (const { title, seconds } of progress.finished)
    console.log(`  ${seconds.toFixed(1).padStart(7)} s  ${title}`);
  if (pings.some(({ sent, received }) => received < sent) || packet === undefined) {
    throw new RackError('the tunnel does not carry packets');
  }
}

function hostText(host: HostEvidence): string {
  const reboots = host.boots - 1;
  return [
    host.name,
    `  boot      ${host.commandLine}`,
    ...host.hugepages.map(({ place, asked, got }) => `  hugepages ${place}: asked ${asked}, got ${got}`),
    ...host.nics.map(
      ({ address, driver, iommuGroup }) => `  NIC       ${address}: ${driver}, IOMMU group ${iommuGroup}`,
    ),
    `  switch    Open vSwitch ${host.openVSwitch} with ${host.dpdk}, initialized: ${host.dpdkInitialized ? 'yes' : 'NO'}`,
    ...host.pollModeDrivers.split('\n').map((line) => `  PMD       ${line}`),
    `  reboots   ${reboots}`,
    '',
  ].join('\n');
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof RackError ? `demo: ${error.message}` : error);
    process.exitCode = 1;
  },
);
