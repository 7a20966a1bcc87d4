import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LinkPorts } from './runs';
import { endsOf, macAddress, MANAGEMENT, type MachineSpec, type NicSpec, type Topology } from './topology';

export type Accelerator = 'tcg' | 'kvm';

export interface MachineFiles {
  /** qcow2, the machine's own. */
  readonly disk: string;
  /** ISO image of the NoCloud seed. */
  readonly seed: string;
  readonly serialLog: string;
  /** Where links' captures go; `<link>-<start>.pcap`, since QEMU begins a new file at each start. */
  readonly captureFolder: string;
  /** For QEMU's monitors. Short and private: unix sockets' paths may have 107 bytes. */
  readonly socketFolder: string;
}

export interface MachineLaunch {
  readonly runId: string;
  readonly topology: Topology;
  readonly machine: MachineSpec;
  readonly files: MachineFiles;
  readonly sshPort: number;
  readonly linkPorts: LinkPorts;
  /** Counts the starts of this machine's QEMU, from 1. */
  readonly start: number;
  readonly accelerator: Accelerator;
  /** Memory file of a saved machine; null: a machine that boots. */
  readonly memory: string | null;
}

/** In QEMU's command line, and so in /proc/PID/cmdline: tells our machine from anybody else's process. */
export const processName = (runId: string, machine: string): string =>
  `guest=dataplane-rack-${runId}-${machine}`;

export const qmpSocket = (socketFolder: string, machine: string): string =>
  join(socketFolder, `${machine}.qmp`);

export const captureFile = (folder: string, link: string, start: number): string =>
  join(folder, `${link}-${start}.pcap`);

export function qemuArguments(launch: MachineLaunch): readonly string[] {
  const { machine, files } = launch;
  const cpus = machine.numaNodes.reduce((sum, node) => sum + node.cores, 0) * machine.threadsPerCore;
  const memory = machine.numaNodes.reduce((sum, node) => sum + node.memoryMebibytes, 0);
  return [
    '-nodefaults',
    ...['-name', processName(launch.runId, machine.name)],
    ...['-uuid', machineUuid(launch.topology.name, machine.name)],
    ...['-machine', 'q35,kernel-irqchip=split'],
    ...acceleratorArguments(machine, launch.accelerator),
    ...['-device', 'intel-iommu,intremap=on,caching-mode=on'],
    ...['-smp', `${cpus},sockets=${machine.numaNodes.length},threads=${machine.threadsPerCore}`],
    ...['-m', `${memory}M`],
    ...numaArguments(machine),
    ...['-drive', `if=none,id=system,file=${escape(files.disk)},format=qcow2,cache=unsafe`],
    ...['-device', 'virtio-blk-pci,drive=system,bootindex=1,addr=0x10'],
    ...['-drive', `if=none,id=seed,file=${escape(files.seed)},format=raw,readonly=on`],
    ...['-device', 'virtio-blk-pci,drive=seed,addr=0x11'],
    ...machine.nics.flatMap((nic) => nicArguments(launch, nic)),
    ...['-device', 'i6300esb,addr=0x12', '-watchdog-action', 'reset'],
    ...['-display', 'none', '-vga', 'none'],
    ...['-chardev', `file,id=serial,path=${escape(files.serialLog)},append=on`, '-serial', 'chardev:serial'],
    ...['-qmp', `unix:${escape(qmpSocket(files.socketFolder, machine.name))},server=on,wait=off`],
    ...(launch.memory === null ? [] : ['-incoming', `file:${launch.memory}`]),
  ];
}

/** Equal for every run of the topology: a saved machine must be started with the command line that it had. */
function machineUuid(topology: string, machine: string): string {
  const digest = createHash('sha256').update(`dataplane-rack/${topology}/${machine}`).digest('hex');
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

function acceleratorArguments(machine: MachineSpec, accelerator: Accelerator): readonly string[] {
  // With 40 physical address bits an igb's root port lies above 4 GiB, where QEMU 10.0 maps VFs wrongly.
  const bits = machine.nics.some((nic) => nic.model === 'igb') ? ',phys-bits=39' : '';
  // One thread for all CPUs of a machine boots two machines a fifth faster on two CPUs, but a deploy, which is one machine
  // after the other, takes longer so.
  // Page tables of five levels and the protection bits are work at each access and each entry of the kernel when they are
  // emulated.
  return accelerator === 'tcg'
    ? [
        '-accel',
        'tcg,thread=multi,tb-size=256',
        '-cpu',
        `max,la57=off,smap=off,smep=off,pku=off,umip=off${bits}`,
      ]
    : ['-accel', 'kvm', '-cpu', `host${bits}`];
}

function numaArguments(machine: MachineSpec): readonly string[] {
  let cpu = 0;
  return machine.numaNodes.flatMap((node, id) => {
    const first = cpu;
    cpu += node.cores * machine.threadsPerCore;
    return [
      ...['-object', `memory-backend-ram,id=memory${id},size=${node.memoryMebibytes}M`],
      ...['-numa', `node,nodeid=${id},cpus=${first}-${cpu - 1},memdev=memory${id}`],
    ];
  });
}

function nicArguments(launch: MachineLaunch, nic: NicSpec): readonly string[] {
  const slot = `0x${nic.slot.toString(16)}`;
  const mac = macAddress(launch.topology, launch.machine.name, nic);
  // No boot ROM: the firmware would try to boot from the network.
  const device = `${nic.model},id=${nic.name},netdev=${nic.name},mac=${mac},romfile=`;
  return [
    ...netdevArguments(launch, nic),
    ...(nic.model === 'igb'
      ? [
          ...[
            '-device',
            `pcie-root-port,id=port-${nic.name},chassis=${nic.slot},slot=${nic.slot},addr=${slot}`,
          ],
          ...['-device', `${device},bus=port-${nic.name}`],
        ]
      : nic.model === 'virtio-net-pci' && nic.link !== MANAGEMENT
        ? // Only a modern virtio NIC that uses the IOMMU can be given to vfio-pci.
          ['-device', `${device},addr=${slot},disable-legacy=on,iommu_platform=on`]
        : ['-device', `${device},addr=${slot}`]),
  ];
}

function netdevArguments(launch: MachineLaunch, nic: NicSpec): readonly string[] {
  const { topology, machine, files } = launch;
  if (nic.link === MANAGEMENT) {
    return ['-netdev', `user,id=${nic.name},hostfwd=tcp:127.0.0.1:${launch.sshPort}-:22`];
  }
  const ends = endsOf(topology, nic.link);
  const self = ends.findIndex((end) => end.machine === machine.name && end.nic === nic.name);
  const peer = ends[1 - self];
  const ports = launch.linkPorts[nic.link] ?? [0, 0];
  const [own, other] = self === 0 ? ports : [ports[1], ports[0]];
  const capture = topology.links.some((link) => link.name === nic.link && link.capture) && self === 0;
  return [
    '-netdev',
    peer === undefined
      ? // Nobody at the other end: a hub of one port gives carrier.
        `hubport,id=${nic.name},hubid=${nic.slot}`
      : // Datagrams need no server side: the machines start, stop and start again in any order. UDP: while nobody reads
        // at the other end of a unix socket, QEMU tries again without pause and takes a whole CPU for it (10.0).
        `dgram,id=${nic.name},local.type=inet,local.host=127.0.0.1,local.port=${own},remote.type=inet,remote.host=127.0.0.1,remote.port=${other}`,
    ...(capture
      ? [
          '-object',
          `filter-dump,id=capture-${nic.name},netdev=${nic.name},file=${escape(captureFile(files.captureFolder, nic.link, launch.start))}`,
        ]
      : []),
  ];
}

/** QEMU's option lists take a comma for the end of a value; a doubled one is a comma. */
const escape = (path: string): string => path.replaceAll(',', ',,');
