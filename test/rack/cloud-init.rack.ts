/**
 * Two hosts that nobody but cloud-init provisions: each boots from a fresh disk and the seed that a synth of the flagship
 * example wrote, reboots once, and is as complete as one that Ansible built.
 */
import { gzipSync } from 'node:zlib';
import { flagshipArtifacts } from '../../scripts/flagship-artifacts';
import { farAddresses, hostEvidence, ping } from './evidence';
import { FLAGSHIP, onRack, recap } from './flagship';
import { Progress } from './progress';
import { Rack } from './rack';
import { StackRun } from './stack-run';

const progress = new Progress({ label: 'cloud-init' });

describe('hosts built by cloud-init alone', () => {
  let rack: Rack;
  let run: StackRun;
  const racks: Rack[] = [];

  beforeAll(async () => {
    const [east = '', west = ''] = flagshipArtifacts('hosts/east/user-data', 'hosts/west/user-data');
    rack = await Rack.up('two-sites', {
      progress,
      // As most clouds take it: compressed.
      machines: { east: { userData: gzipSync(east) }, west: { userData: gzipSync(west) } },
      waitFor: 'ssh',
    });
    racks.push(rack);
    run = new StackRun(rack, FLAGSHIP);
    await run.synth();
  });

  afterAll(async () => {
    for (const each of racks) await each.down();
  });

  it('reboots once and carries packets, without a login', async () => {
    await progress.step('first boot, reboot, dataplane', async () => {
      await Promise.all(
        rack.machines.map(async (machine) => {
          await machine.waitForBoot({ boots: 2, timeoutSeconds: 1200 });
          await machine.run(['sudo', 'systemctl', 'start', 'dataplane-host.service'], {
            timeoutSeconds: 600,
          });
        }),
      );
    });
    for (const machine of rack.machines) {
      const evidence = await hostEvidence(machine, run.plan(machine.name));
      expect(evidence.boots).toBe(2);
      expect(evidence.dpdkInitialized).toBe(true);
      expect(evidence.nics).toMatchObject([{ address: '0000:00:04.0', driver: 'vfio-pci' }]);
      for (const { asked, got } of evidence.hugepages) expect(got).toBe(asked);
    }
    const east = rack.machine('east');
    await ping(east, 'fd00:a::2', 3);
    for (const address of farAddresses(run.plan('east'))) {
      await ping(east, address, 3);
      const { sent, received } = await ping(east, address, 5, 1436);
      expect({ address, received }).toEqual({ address, received: sent });
    }
  });

  it('leaves Ansible nothing to change, in check mode and for real', async () => {
    const nothing = { changed: 0, failed: 0, unreachable: 0 };
    for (const words of [['--check', '--diff'], []]) {
      const { stdout } = await onRack(progress, `playbook ${words.join(' ')}`, () =>
        run.playbook('site', words),
      );
      expect(recap(stdout)).toEqual([
        ['east', nothing],
        ['west', nothing],
      ]);
    }
    await onRack(progress, 'verify', () => run.playbook('verify'));
  });
});
