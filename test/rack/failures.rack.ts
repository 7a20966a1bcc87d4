/**
 * What goes wrong on a host, what the deploy says of it, and how a host comes back: reboots that aren't allowed, hugepages
 * that aren't there, DPDK that doesn't start, boot arguments that don't boot, undo. Goes on from the provisioned pair.
 */
import { farAddresses, ping } from './evidence';
import { FLAGSHIP, EDGE_PAIR_APP, changed, failsOnRack, onRack, recap } from './flagship';
import { hostSnapshot, type HostSnapshot } from './host-state';
import type { Machine } from './machine';
import { Progress } from './progress';
import { provisionedPair } from './provisioned';
import type { Rack } from './rack';
import type { StackRun } from './stack-run';

const progress = new Progress({ label: 'failures' });

const NODE_1_PAGES = '/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages';

describe('a provisioned pair', () => {
  let rack: Rack | undefined;
  let run: StackRun;
  let before: ReadonlyMap<string, HostSnapshot>;
  let east: Machine;
  let west: Machine;

  beforeAll(async () => {
    const pair = await provisionedPair(progress);
    ({ rack, run, before } = pair);
    [east, west] = [pair.rack.machine('east'), pair.rack.machine('west')];
    await onRack(progress, 'second deploy', () => run.deploy());
  });

  afterAll(async () => rack?.down());

  it('is not rebooted where the stack does not allow it; the deploy ends with who waits, and why', async () => {
    const boot = await west.bootId();
    run.useApp(EDGE_PAIR_APP, changed({ neverReboot: true, bootArguments: { west: ['nosoftlockup'] } }));
    const { stdout } = await onRack(progress, 'deploy a boot argument', () => run.deploy());
    expect(stdout).toMatch(/west waits for a reboot: boot arguments not in force: nosoftlockup/);
    expect(stdout).toContain('Reboot.whenNeeded()');
    expect(await west.bootId()).toBe(boot);
    run.useApp(FLAGSHIP.app);
    await onRack(progress, 'deploy the flagship again', () => run.deploy());
    const { stdout: again } = await onRack(progress, 'playbook', () => run.playbook('site'));
    expect(recap(again).map(([, { changed: changes }]) => changes)).toEqual([0, 0]);
    expect(await west.bootId()).toBe(boot);
  });

  it('says how many hugepages were asked and got on each node, and what DPDK says without them', async () => {
    await progress.step('take the hugepage of node 1 away', async () => {
      await west.run(['sudo', 'systemctl', 'stop', 'openvswitch-switch.service']);
      await west.run(['sudo', 'sh', '-c', `rm -f /dev/hugepages/rtemap_*; echo 0 >${NODE_1_PAGES}`]);
      // Of node 1's two whole GiB the kernel is in one; now there are files in the other, of a kind that it can't move.
      await west.run(['sudo', 'mkdir', '/run/files']);
      await west.run(['sudo', 'mount', '-t', 'ramfs', 'files', '/run/files']);
      const files = ['dd', 'if=/dev/zero', 'of=/run/files/zeros', 'bs=1M', 'count=1300', 'status=none'];
      await west.run(['sudo', 'numactl', '--membind=1', ...files]);
    });
    const site = await failsOnRack(progress, 'playbook without the page', () =>
      run.playbook('site', ['--limit', 'west']),
    );
    expect(site).toMatch(/pages asked: 1, got: 0/);
    expect(site).toMatch(/node 0: 1, node 1: 0/);

    const apply = await progress.step('apply without the page', () =>
      west.ssh(['sudo', 'dataplane-host', 'apply', '--stage', 'dataplane']),
    );
    expect(apply.exitCode).toBe(1);
    // Which of the two it is, is Open vSwitch's own choice; the words are its own, too.
    expect(apply.stderr).toMatch(/DPDK didn't start in Open vSwitch|Open vSwitch doesn't run/);
    expect(apply.stderr).toMatch(/EAL: .*(memory|hugepages)/i);

    await progress.step('reboot west', () => west.reboot());
    await expectPackets();
  });

  it('comes back by itself from boot arguments that do not boot, and the deploy says so', async () => {
    run.useApp(EDGE_PAIR_APP, changed({ bootArguments: { west: ['init=/bin/false'] } }));
    const said = await failsOnRack(progress, 'deploy arguments that do not boot', () => run.deploy());
    expect(said).toContain('the boot arguments were tried and failed');
    expect(said).toContain('init=/bin/false');
    expect(await west.run(['cat', '/proc/cmdline'])).not.toContain('init=/bin/false');
    run.useApp(FLAGSHIP.app);
    await onRack(progress, 'deploy the flagship again', () => run.deploy());
    await expectPackets();
  });

  it('is given back: retired by a deploy, or destroyed; files, packages, boot entries, the NIC’s driver and name', async () => {
    // The stack asks for it before it is destroyed: the undo resource has to be there.
    run.useApp(EDGE_PAIR_APP, changed({ onDestroy: 'undo', retired: ['west'] }));
    await onRack(progress, 'deploy with west retired', () => run.deploy());
    await expectAsBefore(west);
    const boot = await west.bootId();
    await onRack(progress, 'cdktf destroy', () => run.destroy());
    await expectAsBefore(east);
    await expectAsBefore(west);
    expect(await west.bootId()).toBe(boot);
  });

  async function expectAsBefore(machine: Machine): Promise<void> {
    const earlier = before.get(machine.name);
    expect((await hostSnapshot(machine, earlier)).state).toEqual(earlier?.state);
  }

  async function expectPackets(): Promise<void> {
    // Waits for the unit that applies the plan at each boot.
    await west.run(['sudo', 'systemctl', 'start', 'dataplane-host.service']);
    await ping(east, 'fd00:a::2', 3);
    for (const address of farAddresses(run.plan('east'))) {
      await ping(east, address, 3);
      const { sent, received } = await ping(east, address, 5, 1436);
      expect({ address, received }).toEqual({ address, received: sent });
    }
  }
});
