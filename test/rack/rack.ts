import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, makePrivateFolder, requireFreeSpace } from './folders';
import { ensureImage, type Image } from './image';
import { freeDatagramPort, freePort, Machine, type MachineContext } from './machine';
import { stopAtExit, stopsItself } from './lifetime';
import { check, processStartTime, RackError } from './process';
import { Progress } from './progress';
import type { Accelerator } from './qemu';
import type { Release } from './recipe';
import {
  listRuns,
  removeRun,
  removeStaleRuns,
  runFolder,
  type MachineRecord,
  type RunRecord,
  workFolder,
  writeRun,
} from './runs';
import { isSaved, savedFolder, savedMemory, saveMachines, takeSavedDisk, takeSavedFiles } from './saved';
import { seedOf, writeSeed } from './seed';
import { qemuVersion, setUpMachine } from './setup';
import { StallWatch } from './stall-watch';
import { identityFile, makeKeys, readKeys, writeClientFiles } from './ssh';
import { endsOf, type Topology, topologyNamed } from './topology';

export interface MachineOptions {
  /** The product's user-data, may be gzip; default: an empty cloud-config. */
  readonly userData?: string | Buffer;
  /** Default: DHCP on the management NIC, no other NIC. */
  readonly networkConfig?: string;
}

export interface RackOptions {
  readonly release?: Release;
  readonly machines?: Readonly<Record<string, MachineOptions>>;
  readonly progress?: Progress;
  /** The rack outlives this process, until `down` (`npx tsx test/rack/cli.ts down`). */
  readonly detach?: boolean;
  /** How far `up` waits: machines powered on, answering over SSH, or done with cloud-init (default). */
  readonly waitFor?: 'power' | 'ssh' | 'cloud-init';
}

export interface SavedOptions extends RackOptions {
  /** Another key is another saved rack; for instance a digest of what was deployed before it was saved. */
  readonly key?: string;
}

/** A topology of running virtual machines. What a rack starts it stops: on `down`, at exit, at Ctrl-C. */
export class Rack {
  readonly machines: readonly Machine[];
  readonly progress: Progress;
  private stallTimer: NodeJS.Timeout | undefined;

  private constructor(
    readonly topology: Topology,
    private readonly image: Image,
    private current: RunRecord,
    progress: Progress,
  ) {
    this.progress = progress;
    const context: MachineContext = {
      topology,
      accelerator: accelerator(),
      record: () => this.current,
      update: (machine: string, record: MachineRecord) => {
        this.current = { ...this.current, machines: { ...this.current.machines, [machine]: record } };
        writeRun(this.current);
      },
    };
    this.machines = topology.machines.map((spec) => new Machine(spec, context));
  }

  /** Boots every machine of a topology from a fresh disk. */
  static async up(topologyName: string, options: RackOptions = {}): Promise<Rack> {
    const rack = await Rack.make(topologyName, options);
    const waitFor = options.waitFor ?? 'cloud-init';
    return rack.orDown(async () => {
      await makeKeys(rack.keys, rack.machineNames);
      rack.writeClientFiles();
      for (const machine of rack.machines)
        await rack.makeDisk(machine, options.machines?.[machine.name] ?? {});
      await Promise.all(
        rack.machines.map((machine) =>
          rack.progress.step(`Boot ${machine.name}`, async (step) => {
            await rack.startOnFreePort(machine);
            if (waitFor === 'power') return;
            step.update('waiting for SSH');
            await machine.waitForBoot();
            if (waitFor === 'ssh') return;
            step.update('waiting for cloud-init');
            await machine.waitForCloudInit();
          }),
        ),
      );
    });
  }

  /** Lets the machines go on where `save` found them, in seconds; null: nothing was saved under this name and key. */
  static async restore(name: string, topologyName: string, options: SavedOptions = {}): Promise<Rack | null> {
    const rack = await Rack.make(topologyName, options);
    const folder = await rack.savedFolder(name, options.key ?? '').catch(() => null);
    if (folder === null || !isSaved(folder)) {
      await rack.down();
      return null;
    }
    return rack.orDown(async () => {
      takeSavedFiles(folder, rack.id);
      rack.writeClientFiles();
      await rack.progress.step(`Go on with the saved rack "${name}"`, async () => {
        await Promise.all(
          rack.machines.map(async (machine) => {
            mkdirSync(machine.folder, { mode: 0o700 });
            await takeSavedDisk(folder, machine);
            await rack.startOnFreePort(machine, savedMemory(folder, machine.name));
          }),
        );
        await Promise.all(rack.machines.map((machine) => machine.resume()));
      });
    });
  }

  /** A rack in the state that `provision` gives it: saved from an earlier run, or made now and saved. */
  static async provisioned(
    name: string,
    topologyName: string,
    options: SavedOptions,
    provision: (rack: Rack) => Promise<void>,
  ): Promise<Rack> {
    const saved = await Rack.restore(name, topologyName, options);
    if (saved !== null) return saved;
    const rack = await Rack.up(topologyName, options);
    return rack.orDown(async () => {
      await provision(rack);
      await rack.save(name, options.key);
    });
  }

  /** A rack that another process started, and stops; the only one that runs, or the one with this id. */
  static async attach(id?: string): Promise<Rack> {
    const runs = listRuns().filter((run) => id === undefined || run.id === id);
    const [run, second] = runs;
    if (run === undefined) {
      throw new RackError(
        id === undefined
          ? 'no rack is up; start one with "up two-sites"'
          : `there is no run "${id}"; see "status"`,
      );
    }
    if (second !== undefined) {
      throw new RackError(
        `several racks are up (${runs.map((each) => each.id).join(', ')}); name one with --run`,
      );
    }
    const progress = new Progress();
    return new Rack(topologyNamed(run.topology), await ensureImage(run.release, progress), run, progress);
  }

  /** As on disk; another process can stop the run by it. */
  get record(): RunRecord {
    return this.current;
  }

  get id(): string {
    return this.current.id;
  }

  /** Private (0700): disks, seeds, keys, logs and captures of this run; gone after `down`. */
  get folder(): string {
    return runFolder(this.id);
  }

  /** Files that belong to what was done to the machines, as a stack's state: saved with them, and there again with them. */
  get workFolder(): string {
    return workFolder(this.id);
  }

  get knownHostsFile(): string {
    return join(this.folder, 'known_hosts');
  }

  /** Knows the machines by name: `ssh -F FILE east`. */
  get sshConfiguration(): string {
    return join(this.folder, 'ssh_config');
  }

  get identityFile(): string {
    return identityFile(this.keys);
  }

  get machineNames(): readonly string[] {
    return this.machines.map((machine) => machine.name);
  }

  machine(name: string): Machine {
    const machine = this.machines.find((candidate) => candidate.name === name);
    if (machine === undefined) {
      throw new RackError(
        `${this.topology.name} has no machine "${name}"; it has ${this.machineNames.join(', ')}`,
      );
    }
    return machine;
  }

  /** Path of the pcap file of a link, of the present power-on of the machine at its first end. */
  capture(link: string): string {
    const spec = this.topology.links.find((candidate) => candidate.name === link);
    const [end] = endsOf(this.topology, link);
    if (spec === undefined || end === undefined)
      throw new RackError(`${this.topology.name} has no link "${link}"`);
    if (!spec.capture) throw new RackError(`link "${link}" of ${this.topology.name} is not captured`);
    return this.machine(end.machine).captureOf(link);
  }

  /** A machine begins anew: a fresh disk, another seed, the keys that it had. Powers it on and doesn't wait for it. */
  async reinstall(name: string, options: MachineOptions): Promise<void> {
    const machine = this.machine(name);
    await machine.end();
    rmSync(machine.disk);
    await this.makeDisk(machine, options);
    await this.startOnFreePort(machine);
  }

  /** Freezes memory and disks under a name; the machines go on. Returns where they were put. */
  async save(name: string, key = ''): Promise<string> {
    const folder = await this.savedFolder(name, key);
    requireFreeSpace(this.folder, 2 + 3 * this.machines.length, `saving the rack as "${name}"`);
    await this.progress.step(`Save the rack as "${name}"`, async () => {
      await saveMachines(folder, this.id, this.machines, this.image);
      await Promise.all(this.machines.map((machine) => machine.setClock()));
    });
    return folder;
  }

  /** Stops every machine and removes the run's files; `keepLogs`: copies logs and captures to that folder first. */
  async down(options: { readonly keepLogs?: string } = {}): Promise<void> {
    clearInterval(this.stallTimer);
    await Promise.all(this.machines.map((machine) => machine.end()));
    if (options.keepLogs !== undefined) this.copyLogs(options.keepLogs);
    await removeRun(this.current);
    stopsItself(this);
  }

  private static async make(topologyName: string, options: RackOptions): Promise<Rack> {
    const topology = topologyNamed(topologyName);
    const progress = options.progress ?? new Progress();
    const unknown = Object.keys(options.machines ?? {}).filter(
      (name) => !topology.machines.some((machine) => machine.name === name),
    );
    if (unknown.length > 0) throw new RackError(`${topologyName} has no machine "${unknown.join('", "')}"`);
    await setUpMachine(progress);
    const stale = await removeStaleRuns();
    if (stale.length > 0)
      progress.say(`  done  Clean up after ${stale.join(', ')}, whose process had been killed`);
    const image = await ensureImage(options.release ?? 'trixie', progress);
    makePrivateFolder(cacheFolder('runs'));
    requireFreeSpace(cacheFolder('runs'), 2 * topology.machines.length, `the topology ${topologyName}`);
    requireFreeMemory(2 * topology.machines.length);
    return new Rack(topology, image, await newRun(topology, image, options.detach ?? false), progress);
  }

  /** A hang of the emulator's isn't the product's: the reset button, as a person in front of the machine would press it. */
  private resetStalledMachines(): void {
    const watches = this.machines.map((machine) => ({ machine, watch: new StallWatch(machine.serialLog) }));
    this.stallTimer = setInterval(() => {
      for (const { machine, watch } of watches) {
        if (!watch.hangs() || !machine.isRunning) continue;
        this.progress.say(
          `  note  ${machine.name}: the emulator lost a CPU's timer; reset (${machine.serialLog})`,
        );
        machine
          .reset()
          .catch((error: unknown) => this.progress.say(`  note  ${machine.name}: ${String(error)}`));
      }
    }, 5_000);
    this.stallTimer.unref();
  }

  private get keys(): string {
    return join(this.folder, 'keys');
  }

  private async orDown(work: () => Promise<void>): Promise<Rack> {
    if (this.current.owner !== null) stopAtExit(this);
    this.resetStalledMachines();
    try {
      await work();
      return this;
    } catch (error) {
      const logs = cacheFolder('failed', this.id);
      await this.down({ keepLogs: logs });
      this.progress.say(`  logs  ${logs}`);
      throw error;
    }
  }

  private writeClientFiles(): void {
    writeClientFiles(
      { knownHosts: this.knownHostsFile, configuration: this.sshConfiguration, keys: this.keys },
      Object.fromEntries(this.machines.map((machine) => [machine.name, machine.sshTarget])),
    );
  }

  private async makeDisk(machine: Machine, options: MachineOptions): Promise<void> {
    makePrivateFolder(machine.folder);
    await check('qemu-img', [
      ...['create', '-q', '-f', 'qcow2', '-F', 'raw'],
      ...['-b', this.image.disk, machine.disk],
    ]);
    const seed = seedOf({
      topology: this.topology,
      machine: machine.spec,
      // Another seed is another instance, also on a machine that had one before.
      instanceId: `${this.id}-${machine.name}-${machine.starts}`,
      authorizedKey: readKeys(this.keys, 'id_ed25519').publicKey,
      hostKey: readKeys(this.keys, `${machine.name}.host_key`),
      userData: options.userData,
      networkConfig: options.networkConfig,
    });
    await writeSeed(seed, machine.seed);
  }

  /** Between choosing a port and QEMU's taking it somebody else may have; then another one will do. */
  private async startOnFreePort(machine: Machine, memory: string | null = null): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await machine.start(memory);
        return;
      } catch (error) {
        const log = existsSync(machine.qemuLog) ? readFileSync(machine.qemuLog, 'utf8') : '';
        if (attempt === 3 || !/host forwarding/i.test(log)) throw error;
        const record = this.current.machines[machine.name];
        if (record === undefined) throw error;
        const sshPort = await freePort(takenPorts());
        this.current = {
          ...this.current,
          machines: { ...this.current.machines, [machine.name]: { ...record, sshPort } },
        };
        writeRun(this.current);
        this.writeClientFiles();
      }
    }
  }

  private async savedFolder(name: string, key: string): Promise<string> {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
      throw new RackError(`"${name}" is no name for a saved rack: lower-case letters, digits and hyphens`);
    }
    return savedFolder({
      name,
      topology: this.topology,
      image: this.image,
      qemuVersion: (await qemuVersion()) ?? '',
      accelerator: accelerator(),
      key,
    });
  }

  private copyLogs(target: string): void {
    for (const machine of this.machines) {
      if (!existsSync(machine.folder)) continue;
      for (const name of readdirSync(machine.folder)) {
        if (!/\.(log|pcap)$/.test(name)) continue;
        makePrivateFolder(join(target, machine.name));
        cpSync(join(machine.folder, name), join(target, machine.name, name));
      }
    }
  }
}

async function newRun(topology: Topology, image: Image, detach: boolean): Promise<RunRecord> {
  const id = `${topology.name}-${randomBytes(3).toString('hex')}`;
  mkdirSync(runFolder(id), { mode: 0o700 });
  mkdirSync(workFolder(id), { mode: 0o700 });
  const taken = takenPorts();
  const machines: Record<string, MachineRecord> = {};
  for (const { name } of topology.machines) {
    const sshPort = await freePort(taken);
    taken.add(sshPort);
    machines[name] = { process: null, sshPort, starts: 0 };
  }
  const linkPorts: Record<string, readonly [number, number]> = {};
  for (const { name } of topology.links) {
    const ends: [number, number] = [0, 0];
    for (const end of [0, 1] as const) {
      ends[end] = await freeDatagramPort(taken);
      taken.add(ends[end]);
    }
    linkPorts[name] = ends;
  }
  const startTime = processStartTime(process.pid);
  const record: RunRecord = {
    version: 1,
    id,
    topology: topology.name,
    release: image.release,
    owner: detach || startTime === null ? null : { pid: process.pid, startTime },
    // A unix socket's path may have 107 bytes; the cache's own path may be longer.
    socketFolder: mkdtempSync(join(tmpdir(), 'rack-')),
    linkPorts,
    machines,
  };
  writeRun(record);
  return record;
}

const takenPorts = (): Set<number> =>
  new Set(
    listRuns().flatMap((run) => [
      ...Object.values(run.machines).map((machine) => machine.sshPort),
      ...Object.values(run.linkPorts).flat(),
    ]),
  );

/** KVM only where somebody says so: where it is there but broken, a guest hangs without a word. */
function accelerator(): Accelerator {
  const wanted = process.env['DATAPLANE_RACK_ACCELERATOR'] ?? 'tcg';
  if (wanted !== 'tcg' && wanted !== 'kvm') {
    throw new RackError(`DATAPLANE_RACK_ACCELERATOR is "${wanted}"; it may be tcg (default) or kvm`);
  }
  return wanted;
}

function requireFreeMemory(gibibytes: number): void {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  if (available !== undefined && Number(available) / 2 ** 20 < gibibytes) {
    const free = (Number(available) / 2 ** 20).toFixed(1);
    throw new RackError(
      `${free} GiB of memory are available, the rack needs ${gibibytes}; stop another rack first`,
    );
  }
}
