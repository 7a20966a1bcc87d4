/**
 * A host that nobody but cloud-init provisions, beside one that Ansible built: east boots from a fresh disk and the seed that a
 * synth of the flagship example wrote, reboots once, and is as complete as the east that it replaces.
 */
import { gzipSync } from 'node:zlib';
import { flagshipArtifacts } from '../../scripts/flagship-artifacts';
import { farAddresses, hostEvidence, ping } from './evidence';
import { onRack, recap } from './flagship';
import { Progress } from './progress';
import { provisionedPair } from './provisioned';
import type { Rack } from './rack';
import type { StackRun } from './stack-run';

const progress = new Progress({ label: 'cloud-init' });

describe('a host built by cloud-init alone', () => {
  let rack: Rack | undefined;
  let run: StackRun;

  beforeAll(async () => {
    const pair = await provisionedPair(progress);
    ({ rack, run } = pair);
    await run.synth();
    const [userData = ''] = flagshipArtifacts('hosts/east/user-data');
    // As most clouds take it: compressed.
    await pair.rack.reinstall('east', { userData: gzipSync(userData) });
  });

  afterAll(async () => rack?.down());

  it('reboots once and carries packets, without a login', async () => {
    if (rack === undefined) throw new Error('there is no rack');
    const east = rack.machine('east');
    await progress.step('first boot, reboot, dataplane', async () => {
      await east.waitForBoot({ boots: 2, timeoutSeconds: 1200 });
      await east.run(['sudo', 'systemctl', 'start', 'dataplane-host.service'], { timeoutSeconds: 600 });
    });
    const evidence = await hostEvidence(east, run.plan('east'));
    expect(evidence.boots).toBe(2);
    expect(evidence.dpdkInitialized).toBe(true);
    expect(evidence.nics).toMatchObject([{ address: '0000:00:04.0', driver: 'vfio-pci' }]);
    for (const { asked, got } of evidence.hugepages) expect(got).toBe(asked);
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
