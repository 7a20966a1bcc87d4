/**
 * The flagship example on the rack, as its users live with it: first deploy, second deploy, reboot, change, refusals.
 * What fails and how it is undone: failures.rack.ts, which goes on from the pair that is saved here.
 */
import { FLAGSHIP, EDGE_PAIR_APP, changed, failsOnRack, onRack, recap } from './flagship';
import { farAddresses, hostEvidence, ping, routingHeaders } from './evidence';
import { Progress } from './progress';
import { freshPair, saveProvisionedPair } from './provisioned';
import type { Rack } from './rack';
import type { StackRun } from './stack-run';
import { ownFiles } from './host-state';

const progress = new Progress({ label: 'flagship' });

describe('the flagship example', () => {
  let rack: Rack;
  const racks: Rack[] = [];
  let run: StackRun;

  const expectPackets = async (): Promise<void> => {
    const east = rack.machine('east');
    // The very first packet is lost while Open vSwitch resolves the next hop; that is a warm-up, not the test.
    await ping(east, 'fd00:a::2', 3);
    for (const address of farAddresses(run.plan('east'))) {
      await ping(east, address, 3);
      const { sent, received } = await ping(east, address, 5, 1436);
      expect({ address, received }).toEqual({ address, received: sent });
    }
  };

  beforeAll(async () => {
    ({ rack, run } = await freshPair(progress));
    racks.push(rack);
  });

  afterAll(async () => {
    for (const each of racks) await each.down();
  });

  it('deploys: one reboot each, and packets with an SRv6 header', async () => {
    await onRack(progress, 'first deploy', () => run.deploy());
    for (const machine of rack.machines) {
      const evidence = await hostEvidence(machine, run.plan(machine.name));
      expect(evidence.boots).toBe(2);
      for (const argument of [
        'intel_iommu=on',
        'iommu=pt',
        'hugepages=0:1,1:1',
        'isolcpus=managed_irq,domain,1',
      ]) {
        expect(evidence.commandLine.split(' ')).toContain(argument);
      }
      for (const { asked, got } of evidence.hugepages) expect(got).toBe(asked);
      expect(evidence.nics).toMatchObject([{ address: '0000:00:04.0', driver: 'vfio-pci' }]);
      expect(evidence.nics[0]?.iommuGroup).toMatch(/^\d+$/);
      expect(evidence.dpdkInitialized).toBe(true);
      expect(evidence.pollModeDrivers).toMatch(/core_id 1:[^]*port: uplink/);
    }
    await expectPackets();
    expect((await ping(rack.machine('east'), '10.0.0.2', 2, 1437)).received).toBe(0);
    const packets = await routingHeaders(rack, 'underlay');
    expect(packets.length).toBeGreaterThan(0);
    expect(packets[0]).toMatch(/fd00:a::[12] > fd00:a::[12]: RT6 \(len=2, type=4, segleft=0/);
    await saveProvisionedPair(rack);
  });

  it('deploys again: nothing changes, and no host is contacted', async () => {
    const logins = await Promise.all(rack.machines.map(loginCount));
    const { stdout } = await onRack(progress, 'second deploy', () => run.deploy());
    expect(stdout).toMatch(/No changes|0 added, 0 changed, 0 destroyed/);
    expect(await Promise.all(rack.machines.map(loginCount))).toEqual(logins);
  });

  it('has nothing to change by playbook, and an apply by hand touches no file', async () => {
    const { stdout } = await onRack(progress, 'playbook by hand', () => run.playbook('site'));
    expect(recap(stdout)).toEqual([
      ['east', { changed: 0, failed: 0, unreachable: 0 }],
      ['west', { changed: 0, failed: 0, unreachable: 0 }],
    ]);
    const east = rack.machine('east');
    const files = await ownFiles(east);
    await east.run(['sudo', 'dataplane-host', 'apply']);
    expect(await ownFiles(east)).toEqual(files);
    await onRack(progress, 'verify', () => run.playbook('verify'));
  });

  it('carries packets again after a plain reboot, with nobody’s help', async () => {
    const east = rack.machine('east');
    await progress.step('reboot east', () => east.reboot());
    await east.run(['sudo', 'systemctl', 'start', 'dataplane-host.service']);
    await expectPackets();
    const { stdout } = await onRack(progress, 'playbook after the reboot', () =>
      run.playbook('site', ['--limit', 'east']),
    );
    expect(recap(stdout)).toEqual([['east', { changed: 0, failed: 0, unreachable: 0 }]]);
  });

  it('changes a tunnel and nothing else: no restart of Open vSwitch, no reboot', async () => {
    const marks = await Promise.all(rack.machines.map(daemonMark));
    run.useApp(EDGE_PAIR_APP, changed({ furtherAddress: true }));
    const { stdout: diff } = await run.diff();
    expect(diff).toMatch(/null_resource\.east/);
    expect(changedTriggers(diff)).toEqual(['network']);
    await onRack(progress, 'deploy with a further inner address', () => run.deploy());
    expect(await Promise.all(rack.machines.map(daemonMark))).toEqual(marks);
    expect((await ping(rack.machine('east'), '10.0.1.2', 5)).received).toBeGreaterThan(3);
    await expectPackets();
    run.useApp(FLAGSHIP.app);
    await onRack(progress, 'deploy the flagship again', () => run.deploy());
    expect(await Promise.all(rack.machines.map(daemonMark))).toEqual(marks);
    expect(
      (await rack.machine('east').run(['ip', '-4', 'addr', 'show', 'dev', 'tenants'])).includes('10.0.1.1'),
    ).toBe(false);
  });

  it('refuses the management NIC, and a device that is not the planned one, before anything changes', async () => {
    for (const [change, words] of [
      [
        { uplink: { east: '0000:00:03.0' }, device: { east: '1af4:1041' } },
        /0000:00:03\.0[^]*(default route|SSH)/,
      ],
      [{ uplink: { east: '0000:00:05.0' }, device: { east: '8086:1572' } }, /0000:00:05\.0[^]*8086:10d3/],
    ] as const) {
      run.useApp(EDGE_PAIR_APP, changed(change));
      expect(await failsOnRack(progress, 'deploy that is refused', () => run.deploy())).toMatch(words);
    }
    run.useApp(FLAGSHIP.app);
    await onRack(progress, 'deploy the flagship after the refusals', () => run.deploy());
    await expectPackets();
  });
});

/** How often sshd let somebody in. */
async function loginCount(machine: { run(words: readonly string[]): Promise<string> }): Promise<number> {
  const log = await machine.run([
    'sudo',
    'journalctl',
    '-q',
    '-o',
    'cat',
    '-t',
    'sshd-session',
    '-t',
    'sshd',
  ]);
  // The question itself comes over a connection that is open already.
  return log.split('\n').filter((line) => line.includes('Accepted publickey')).length;
}

/** Changes when Open vSwitch is restarted or the machine is rebooted. */
async function daemonMark(machine: { run(words: readonly string[]): Promise<string> }): Promise<string> {
  return machine.run([
    'sh',
    '-c',
    'cat /proc/sys/kernel/random/boot_id; pidof ovs-vswitchd ovs-vswitchd-dpdk',
  ]);
}

function changedTriggers(diff: string): string[] {
  const names = [...diff.matchAll(/^\s*~ "?([a-z]+)"?\s+= "[0-9a-f]{64}" -> /gm)].map(
    (match) => match[1] ?? '',
  );
  return [...new Set(names)].sort();
}
