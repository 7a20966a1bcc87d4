import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './folders';
import { check, processArguments, processStartTime, sleep } from './process';
import { Progress } from './progress';
import { untouchedPair } from './provisioned';
import { Rack } from './rack';
import { listRuns, runFolder } from './runs';

const BOOT_ARGUMENTS = 'intel_iommu=on iommu=pt default_hugepagesz=1G hugepagesz=1G hugepages=0:1,1:1';
const progress = new Progress({ label: 'rack' });

/** Pids of the QEMU processes of a run, by their command line: not what the rack believes, what is there. */
const machineProcesses = (id: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => processArguments(pid).some((word) => word.startsWith(`guest=dataplane-rack-${id}-`)));

describe('the rack', () => {
  let rack: Rack;
  const racks: Rack[] = [];
  let saved: string | undefined;

  beforeAll(async () => {
    rack = await untouchedPair(progress);
    racks.push(rack);
  });

  afterAll(async () => {
    for (const each of racks) await each.down();
    if (saved !== undefined) rmSync(saved, { recursive: true, force: true });
  });

  it('logs in on both machines, with their hardware as the topology says', async () => {
    for (const machine of rack.machines) {
      expect((await machine.run(['hostname'])).trim()).toBe(machine.name);
      expect(await machine.run(['lspci', '-n', '-s', '00:04.0'])).toContain('8086:10d3');
      expect((await machine.run(['ls', '/sys/class/iommu'])).trim()).toBe('dmar0');
      const nodes = await machine.run(['sh', '-c', 'cat /sys/devices/system/node/node[01]/cpulist']);
      expect(nodes).toBe('0\n1\n');
      // Only the management NIC is anybody's: the data NICs are the product's to take.
      expect(
        await machine.run([
          'sh',
          '-c',
          'cat /etc/netplan/*.yaml 2>/dev/null || sudo cat /etc/netplan/*.yaml',
        ]),
      ).not.toContain('enp0s4');
      expect(
        (await machine.ssh(['sh', '-c', 'dpkg -l | grep -E "openvswitch|dpdk|driverctl"'])).exitCode,
      ).toBe(1);
      expect(await machine.bootCount()).toBe(1);
    }
  });

  it('hands arguments over as they are, and exit codes back', async () => {
    const east = rack.machine('east');
    expect(await east.run(['printf', '%s|', 'a b', "it's", '$HOME', '*', ''])).toBe("a b|it's|$HOME|*||");
    expect((await east.ssh(['sh', '-c', 'cat >&2; exit 7'], { input: 'from here' })).exitCode).toBe(7);
    await expect(east.run(['ls', '/nowhere'])).rejects.toThrow(
      /east: ls \/nowhere: exit code 2\n.*No such file/,
    );
  });

  it('boots with what a grub.d drop-in says, one 1 GiB page on each node', async () => {
    await Promise.all(
      rack.machines.map(async (machine) => {
        await progress.step(`Reboot ${machine.name} with boot arguments`, async () => {
          await machine.run(['sudo', 'tee', '/etc/default/grub.d/50-test.cfg'], {
            input: `GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${BOOT_ARGUMENTS}"\n`,
          });
          await machine.run(['sudo', 'update-grub']);
          await machine.reboot();
        });
        expect(await machine.run(['cat', '/proc/cmdline'])).toContain(BOOT_ARGUMENTS);
        const pages = '/sys/devices/system/node/node[01]/hugepages/hugepages-1048576kB/nr_hugepages';
        expect(await machine.run(['sh', '-c', `cat ${pages}`])).toBe('1\n1\n');
        expect(
          (await machine.run(['readlink', '/sys/bus/pci/devices/0000:00:04.0/iommu_group'])).trim(),
        ).toMatch(/\d$/);
        expect(await machine.bootCount()).toBe(2);
        expect((await machine.waitForCloudInit()).errors).toEqual([]);
      }),
    );
  });

  it('joins the machines by a link whose packets are in the capture', async () => {
    const link = (address: string): readonly string[] => [
      'sudo',
      'sh',
      '-c',
      `ip link set enp0s4 up && ip -6 addr replace ${address}/64 dev enp0s4 nodad`,
    ];
    await rack.machine('east').run(link('fd00:a::1'));
    await rack.machine('west').run(link('fd00:a::2'));
    await rack.machine('east').run(['ping', '-c', '2', '-w', '30', 'fd00:a::2']);
    const { stdout } = await check('tcpdump', ['-nr', rack.capture('underlay'), 'icmp6 and ip6[40] == 129']);
    expect(stdout).toContain('fd00:a::2 > fd00:a::1: ICMP6, echo reply');
  });

  it('goes on from a saved state, with its memory, its clock set, while the saved rack lives', async () => {
    const [east] = rack.machines;
    await east?.run([
      'sh',
      '-c',
      'echo in memory >/dev/shm/mark; sleep infinity >/dev/null 2>&1 & echo $! >/dev/shm/pid',
    ]);
    const before = await east?.bootId();
    const folder = await rack.save('rack-test', 'one');
    saved = folder;
    expect(await rack.machine('east').bootId()).toBe(before);
    await expect(Rack.restore('rack-test', 'two-sites', { progress, key: 'another' })).resolves.toBeNull();
    // Both at once would need twice the memory: the first one rests.
    await rack.down();
    expect(machineProcesses(rack.id)).toEqual([]);

    const restored = await Rack.restore('rack-test', 'two-sites', { progress, key: 'one' });
    if (restored === null) throw new Error(`nothing was restored from ${folder}`);
    rack = restored;
    racks.push(rack);
    const again = rack.machine('east');
    expect(await again.bootId()).toBe(before);
    expect(
      await again.run(['sh', '-c', 'cat /dev/shm/mark; kill -0 $(cat /dev/shm/pid) && echo alive']),
    ).toBe('in memory\nalive\n');
    expect(await again.bootCount()).toBe(2);
    const drift = Math.abs(Number(await again.run(['date', '+%s'])) - Date.now() / 1000);
    expect(drift).toBeLessThan(10);
    await again.run(['ping', '-c', '1', '-w', '30', 'fd00:a::2']);
    // The frozen disk is not written to by who goes on from it.
    const frozen = join(folder, 'east.qcow2');
    const { mtimeMs } = statSync(frozen);
    await again.run(['sh', '-c', 'dd if=/dev/urandom of=~/junk bs=1M count=8 status=none; sync']);
    expect(statSync(frozen).mtimeMs).toBe(mtimeMs);
  });

  it('comes back after the reset button and after a power cut', async () => {
    const [east, west] = [rack.machine('east'), rack.machine('west')];
    const [eastBefore, westBefore] = [await east.bootId(), await west.bootId()];
    await west.run(['sh', '-c', 'echo kept >~/kept && sync']);
    await progress.step('Reset east, cut the power of west', async () => {
      await east.reset();
      await west.powerCut();
      expect(west.isRunning).toBe(false);
      await west.start();
      await Promise.all([east.waitForBoot({ after: eastBefore }), west.waitForBoot({ after: westBefore })]);
    });
    expect(await east.bootId()).not.toBe(eastBefore);
    expect(await east.bootCount()).toBe(3);
    expect(await west.run(['sh', '-c', 'cat ~/kept'])).toBe('kept\n');
  });

  it('shows the end of the console when a machine does not come up', async () => {
    const east = rack.machine('east');
    await expect(east.waitForBoot({ boots: 99, timeoutSeconds: 5 })).rejects.toThrow(
      /^east: not up for its boot 99 within 5 s \(last seen: .*\n--- .*serial console/s,
    );
  });

  it('is gone after down, files and processes', async () => {
    expect(machineProcesses(rack.id)).toHaveLength(2);
    const { socketFolder } = rack.record;
    await rack.down();
    expect(machineProcesses(rack.id)).toEqual([]);
    expect(existsSync(rack.folder)).toBe(false);
    expect(existsSync(socketFolder)).toBe(false);
  });
});

describe('the command line', () => {
  // Runs of its own: another rack on this machine cleans up after killed ones too.
  const cache = mkdtempSync(join(tmpdir(), 'rack-cache-'));
  const usersCache = process.env['XDG_CACHE_HOME'];

  beforeAll(() => {
    const images = cacheFolder('images');
    process.env['XDG_CACHE_HOME'] = cache;
    mkdirSync(cacheFolder(), { recursive: true });
    symlinkSync(images, cacheFolder('images'));
  });

  afterAll(() => {
    if (usersCache === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = usersCache;
    rmSync(cache, { recursive: true, force: true });
  });

  const children: ChildProcess[] = [];

  afterEach(() => {
    // One that a failed test left would hold the whole test run up.
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function cli(...words: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', 'test/rack/cli.ts', ...words], {
      // Not the default: to jest's tests process.env is a copy, which spawn doesn't know.
      env: process.env,
      stdio: 'ignore',
    });
    children.push(child);
    return child;
  }

  /** The run that this process owns, as soon as its machines are powered on. */
  async function runOf(owner: number | undefined): Promise<string> {
    for (let attempt = 0; attempt < 1200; attempt++) {
      const run = listRuns().find((each) => each.owner?.pid === owner);
      if (run !== undefined && machineProcesses(run.id).length > 0) return run.id;
      await sleep(100);
    }
    throw new Error(`process ${owner} has powered on no machine`);
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('leaves nothing behind when %s ends it while it boots', async (signal, exitCode) => {
    const child = cli('up', 'single');
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const id = await runOf(child.pid);
    child.kill(signal);
    expect(await ended).toBe(exitCode);
    await sleep(500);
    expect(machineProcesses(id)).toEqual([]);
    expect(existsSync(runFolder(id))).toBe(false);
  });

  it('loses its machines even when it is killed, and the next one cleans up the files', async () => {
    const child = cli('up', 'single');
    const id = await runOf(child.pid);
    const [machine] = machineProcesses(id);
    child.kill('SIGKILL');
    await sleep(1_000);
    expect(processStartTime(machine ?? 0)).toBeNull();
    expect(existsSync(runFolder(id))).toBe(true);
    const { stdout } = await check(process.execPath, ['--require', 'tsx/cjs', 'test/rack/cli.ts', 'down']);
    expect(stdout).toContain(`stopped ${id}\n`);
    expect(existsSync(runFolder(id))).toBe(false);
  });
});
