import type { TerraformStack } from 'cdktf';
import {
  BootParameters,
  CpuPartition,
  HugepagePool,
  Iommu,
  IommuVendor,
  NicBinding,
  NicDriver,
  OpenVSwitch,
  PageSize,
  Platform,
  Srv6Tunnel,
  type DataplaneHost,
  type HardwareProfile,
} from '../../constructs';
import type { Case } from './case';
import { plainHost, site } from './fixtures';
import { machine, machineWith, machineWithNics, nic } from './machines';

const UIO = NicDriver.UIO_PCI_GENERIC;

/** Hosts of which more is known than what the stack says. */
function on(hardware: HardwareProfile, stack: TerraformStack, id = 'edge'): DataplaneHost {
  return plainHost(stack, id, { hardware });
}

/** A host that polls NICs, with the pages and the CPUs that a case is about. */
function polling(
  host: DataplaneHost,
  options: {
    readonly mtus?: readonly number[];
    readonly queues?: number;
    readonly pages?: Readonly<Record<number, number>>;
    readonly otherConfig?: Readonly<Record<string, string>>;
    readonly pmdCpus?: string;
  } = {},
): void {
  new Iommu(host, 'iommu');
  new HugepagePool(host, 'hugepages', { perNode: options.pages ?? { 0: 2, 1: 2 } });
  const ovs = new OpenVSwitch(host, 'ovs', {
    otherConfig: options.otherConfig,
    pmdCpus: options.pmdCpus,
  });
  const bridge = ovs.addBridge('bridge');
  for (const [index, mtu] of (options.mtus ?? [1500]).entries()) {
    const binding = new NicBinding(host, `nic${index}`, { nic: `0000:0${4 + index}:00.0` });
    bridge.addDpdkPort(binding, { name: `dpdk${index}`, mtu, queues: options.queues });
  }
}

export const HARDWARE_CASES: Readonly<Record<string, Case>> = {
  'boot/iommu-useless-argument': {
    holds(stack) {
      new Iommu(on(machine(), stack), 'iommu', { vendor: IommuVendor.INTEL });
      const amd = on(machineWith('iommu', { acpiTables: ['IVRS'] }), stack, 'amd');
      new Iommu(amd, 'iommu');
      new BootParameters(amd, 'extra', { arguments: ['amd_iommu=force_enable'] });
      new BootParameters(plainHost(stack, 'unknown'), 'extra', { arguments: ['intel_iommu=on'] });
    },
    broken(stack) {
      const amd = on(machineWith('iommu', { acpiTables: ['IVRS'] }), stack, 'amd');
      new Iommu(amd, 'iommu', { vendor: IommuVendor.INTEL });
      const arm = machine({ iommu: { acpiTables: [] }, cpu: { vendor: '0x41' } });
      new BootParameters(on(arm, stack, 'arm'), 'extra', { arguments: ['iommu=pt', 'intel_iommu=on'] });
      new BootParameters(plainHost(stack, 'unknown'), 'extra', { arguments: ['amd_iommu=on'] });
    },
    paths: ['lab/amd/iommu', 'lab/arm/extra', 'lab/arm/extra', 'lab/unknown/extra'],
    says: [
      "vendor is IommuVendor.INTEL, but amd has AMD's AMD-Vi (hardware/edge.json)",
      "'intel_iommu=on', but the host has Arm's SMMU",
      "'iommu=pt', which is of x86 only, but the host has Arm's SMMU",
      "'amd_iommu=on', which no kernel knows",
    ],
    remedy: 'vendor: IommuVendor.AMD',
  },
  'boot/loader-unsupported': {
    holds(stack) {
      new Iommu(on(machine(), stack), 'iommu');
      on(machineWith('boot', { loader: 'systemd-boot' }), stack, 'without-arguments');
    },
    broken(stack) {
      const host = on(machineWith('boot', { loader: 'systemd-boot' }), stack);
      new Iommu(host, 'iommu');
      new HugepagePool(host, 'pool', { perNode: { 0: 1 } });
    },
    paths: ['lab/edge'],
    says: ['edge boots by systemd-boot (hardware/edge.json)', 'asked for by lab/edge/iommu, lab/edge/pool'],
    remedy: 'install GRUB',
  },
  'cpus/auto-choice': {
    holds(stack) {
      const host = on(machine(), stack);
      CpuPartition.auto(host, 'cpus', { dataplaneCores: 2 });
      new NicBinding(host, 'east', { nic: '0000:04:00.0', driver: NicDriver.KERNEL });
      new NicBinding(host, 'west', { nic: '0000:05:00.0', driver: NicDriver.KERNEL });
    },
    broken(stack) {
      const host = on(machine(), stack);
      CpuPartition.auto(host, 'cpus', { dataplaneCores: 2 });
      new NicBinding(host, 'east', { nic: '0000:04:00.0', driver: NicDriver.KERNEL });
      CpuPartition.auto(plainHost(stack, 'unknown'), 'cpus', { dataplaneCores: 1 });
    },
    paths: ['lab/edge/cpus', 'lab/unknown/cpus'],
    says: [
      'dataplaneCores is 2, but edge has 1 whole core to give next to the NICs that it binds (hardware/edge.json)',
      'node 0 has 2 whole cores (0,4; 1,5), 1 stays for housekeeping: 1 can be given; for 0000:04:00.0',
      'asks for 1 whole core for the dataplane, but unknown has no hardware profile that says which cores there are',
    ],
    remedy: 'say dataplaneCores: 1 at most, or name the CPUs: new CpuPartition(',
  },
  'cpus/exist': {
    holds(stack) {
      const host = on(machine(), stack);
      new CpuPartition(host, 'cpus', { housekeeping: '0-2,4-6', dataplane: '3,7' });
    },
    broken(stack) {
      const host = on(machineWith('cpu', { present: '0-9' }), stack);
      new CpuPartition(host, 'cpus', { housekeeping: '0-2,4-6', dataplane: '3,7,9-12' });
      new OpenVSwitch(host, 'ovs', { pmdCpus: '3,32' });
    },
    paths: ['lab/edge/cpus', 'lab/edge/ovs'],
    says: [
      "dataplane is '3,7,9-12', but edge has no CPU 9-12 that is online (9 is there, but offline)",
      "pmdCpus is '3,32', but edge has no CPU 32",
      'its CPUs are 0-7 (hardware/edge.json)',
    ],
    remedy: 'take 9-12 out of dataplane',
  },
  'cpus/housekeeping-on-node': {
    holds: (stack) =>
      new CpuPartition(on(machine(), stack), 'cpus', { housekeeping: '0,4', dataplane: '1,5,3,7' }),
    broken: (stack) =>
      new CpuPartition(on(machine(), stack), 'cpus', {
        housekeeping: '0,4',
        dataplane: '1,5,3,7',
        workload: '2,6',
      }),
    paths: ['lab/edge/cpus'],
    says: ["all CPUs of node 1 are isolated: 2-3,6-7 (hardware/edge.json); housekeeping is '0,4'"],
    remedy: 'put one of them into housekeeping',
  },
  'cpus/pmd-on-nic-node': {
    holds: (stack) => polling(on(machine(), stack), { mtus: [1500, 1500], pmdCpus: '1,3' }),
    broken: (stack) => polling(on(machine(), stack), { mtus: [1500, 1500], pmdCpus: '1,5' }),
    paths: ['lab/edge/ovs'],
    says: [
      "pmdCpus is '1,5', none of them on node 1, where dpdk1 (0000:05:00.0) is",
      'node 1 has the CPUs 2-3,6-7 (hardware/edge.json)',
    ],
    remedy: 'add a CPU of 2-3,6-7 to pmdCpus',
  },
  'cpus/siblings-split': {
    holds: (stack) =>
      new CpuPartition(on(machine(), stack), 'cpus', { housekeeping: '0,4', dataplane: '1,5' }),
    broken: (stack) =>
      new CpuPartition(on(machine(), stack), 'cpus', { housekeeping: '0,4-5', dataplane: '1,3' }),
    paths: ['lab/edge/cpus'],
    says: ["dataplane is '1,3': CPU 1,3 shares its core with CPU 5,7, which is for housekeeping"],
    remedy: "say dataplane: '1,3,5,7'",
  },
  'hardware/unchecked': {
    holds(stack) {
      polling(on(machine(), stack), { pmdCpus: '1' });
      plainHost(stack, 'nothing-to-check');
    },
    broken(stack) {
      for (const id of ['a', 'b']) new HugepagePool(plainHost(stack, id), 'pool', { pages: 1 });
      const lscpu = machine({ nics: undefined, nicsComplete: undefined, iommu: undefined });
      polling(on(lscpu, stack, 'c'));
    },
    paths: ['lab'],
    says: [
      'without a hardware profile: a, b',
      'in part only: boot/loader-unsupported, hosts/platform-differs, hugepages/node-memory,',
      "the hardware profile doesn't say NICs, nodes of NICs,",
      'which NICs carry management: c',
      'in part only: hugepages/node-budget, nics/driver-unsuited, nics/exist, nics/iommu-group-shared, nics/management',
    ],
    remedy: 'npx cdktf-dataplane inspect',
  },
  'hosts/platform-differs': {
    holds: (stack) => new Iommu(on(machine(), stack), 'iommu'),
    broken(stack) {
      const distribution = { id: 'ubuntu', version: '24.04', name: 'Ubuntu 24.04.1 LTS', like: ['debian'] };
      new Iommu(on(machine({ distribution }), stack), 'iommu');
      new Iommu(plainHost(stack, 'older', { hardware: machine(), platform: Platform.DEBIAN_12 }), 'iommu');
    },
    paths: ['lab/edge', 'lab/older'],
    says: [
      'is planned for Debian 13, but edge has Ubuntu 24.04.1 LTS (hardware/edge.json)',
      'is planned for Debian 12, but older has Debian GNU/Linux 13 (trixie)',
    ],
    remedy: 'say platform: Platform.UBUNTU_24_04',
  },
  'hugepages/auto-size': {
    holds(stack) {
      const host = on(machine(), stack);
      HugepagePool.auto(host, 'hugepages');
      new Iommu(host, 'iommu');
      const bridge = new OpenVSwitch(host, 'ovs').addBridge('bridge');
      bridge.addDpdkPort(new NicBinding(host, 'uplink', { nic: '0000:04:00.0' }));
    },
    broken(stack) {
      const host = on(machine(), stack);
      HugepagePool.auto(host, 'hugepages', { extraPerNode: { 0: 1024, 9: 1024 } });
      HugepagePool.auto(host, 'again', { extraPerNode: { 0: 1024 } });
      HugepagePool.auto(on(machine(), stack, 'idle'), 'hugepages');
      const unknown = plainHost(stack, 'unknown');
      HugepagePool.auto(unknown, 'hugepages');
      new OpenVSwitch(unknown, 'ovs');
    },
    paths: ['lab/edge/again', 'lab/edge/hugepages', 'lab/idle/hugepages', 'lab/unknown/hugepages'],
    says: [
      'the consumers of edge are counted by lab/edge/hugepages already',
      'extraPerNode names node 9, but edge has node 0 and 1 (hardware/edge.json)',
      'nothing on idle takes hugepages: it has no Open vSwitch, and extraPerNode asks for none',
      'unknown has no hardware profile that says on which node its NICs are',
    ],
    remedy: 'add its extraPerNode to the other',
  },
  'hugepages/node-budget': {
    holds(stack) {
      polling(on(machine(), stack), { mtus: [1500, 9000], pages: { 0: 1, 1: 3 } });
      // Nobody knows where the NICs are: together they fit on no node, each alone does.
      polling(plainHost(stack, 'unknown'), { mtus: [1500, 9000], pages: { 0: 1, 1: 3 } });
      polling(on(machine(), stack, 'per-port'), {
        mtus: [9000],
        pages: { 0: 1 },
        otherConfig: { 'per-port-memory': 'true' },
      });
    },
    broken(stack) {
      const sameNode = machineWithNics(nic({ address: '0000:05:00.0' }));
      polling(on(sameNode, stack, 'a'), { mtus: [1500, 9000], pages: { 0: 2, 1: 8 } });
      polling(on(machine(), stack, 'b'), { mtus: [1500, 1600], pages: { 0: 2 } });
      polling(plainHost(stack, 'c'), { mtus: [1500, 9000], pages: { 0: 2, 1: 2 } });
      polling(plainHost(stack, 'd'), { mtus: [1500, 2500, 9000], pages: { 0: 3 } });
      polling(on(machine(), stack, 'e'), {
        mtus: [1500],
        pages: { 0: 2, 1: 1 },
        otherConfig: { 'shared-mempool-config': '9000:0,1500:1' },
      });
    },
    paths: ['lab/a/hugepages', 'lab/b/hugepages', 'lab/c/hugepages', 'lab/d/hugepages', 'lab/e/hugepages'],
    says: [
      'node 0 needs 3,296 MiB for packet buffers: 752 MiB (dpdk0, MTU 1500, 1 queue) + 2,544 MiB (dpdk1, MTU 9000, 1 queue)',
      'with 512 MiB for DPDK itself (rings, queues, heap) that is 3,808 MiB',
      'node 0 has 2,048 MiB: 2 pages of 1 GiB',
      'node 1 needs 752 MiB for packet buffers (dpdk1, MTU 1600, 1 queue)',
      'node 1 has no hugepages',
      'node 0 has 2,048 MiB: 2 pages of 1 GiB, the most of any node',
      "which node a NIC is on isn't known",
      'Open vSwitch needs 4,304 MiB for packet buffers',
      '2,544 MiB for packet buffers (dpdk0, MTU 1500, 1 queue; made for MTU 9000)',
    ],
    remedy: 'ask for 4 pages of 1 GiB on node 0 (perNode: { 0: 4, … }), or lower the MTU',
  },
  'hugepages/node-exists': {
    holds: (stack) => new HugepagePool(on(machine(), stack), 'pool', { perNode: { 0: 1, 1: 1 } }),
    broken: (stack) => new HugepagePool(on(machine(), stack), 'pool', { perNode: { 0: 1, 7: 1 } }),
    paths: ['lab/edge/pool'],
    says: ['perNode names node 7, but edge has node 0, 1 (hardware/edge.json)'],
    remedy: 'take 7 out of perNode',
  },
  'hugepages/node-memory': {
    holds: (stack) => new HugepagePool(on(machine(), stack), 'pool', { perNode: { 0: 15, 1: 15 } }),
    broken(stack) {
      const host = on(machine(), stack);
      new HugepagePool(host, 'pool', { perNode: { 0: 12, 1: 15 } });
      new HugepagePool(host, 'small', { pageSize: PageSize.MIB_2, perNode: { 1: 1024 } });
      new HugepagePool(on(machine(), stack, 'whole'), 'pool', { pages: 33 });
    },
    paths: ['lab/edge/pool', 'lab/whole/pool'],
    says: [
      'asks node 1 for 17,408 MiB: 15 pages of 1 GiB + 1,024 pages of 2 MiB',
      'node 1 has 16,384 MiB of memory (hardware/edge.json)',
      'the host is asked for 33,792 MiB: 33 pages of 1 GiB',
    ],
    remedy: 'ask for at most 16 pages of 1 GiB there',
  },
  'hugepages/node-reserve': {
    holds: (stack) => polling(on(machine(), stack), { pages: { 0: 2 } }),
    broken: (stack) => polling(on(machine(), stack), { pages: { 0: 1 } }),
    paths: ['lab/edge/hugepages'],
    says: ['node 0 has 1,024 MiB: 1 page of 1 GiB', '272 MiB are left for DPDK itself'],
    remedy: 'ask for another page there',
  },
  'hugepages/size-unsupported': {
    holds(stack) {
      const host = plainHost(stack);
      new HugepagePool(host, 'large', { pageSize: PageSize.GIB_1, pages: 4 });
      new HugepagePool(host, 'small', { pageSize: PageSize.MIB_2, pages: 1024 });
      const arm = machine({
        cpu: { flags: ['asimd', 'fp'] },
        memory: { totalKib: 33554432, hugepages: [{ pageSizeKib: 524288 }] },
      });
      new HugepagePool(on(arm, stack, 'arm'), 'pool', { pageSize: PageSize.of('512M'), pages: 4 });
    },
    broken(stack) {
      new HugepagePool(plainHost(stack), 'pool', { pageSize: PageSize.of('512M'), pages: 4 });
      const guest = machine({ cpu: { flags: ['fpu', 'pse'] }, memory: {} });
      new HugepagePool(on(guest, stack, 'guest'), 'pool', { pages: 4 });
      const small = machine({ memory: { hugepages: [{ pageSizeKib: 2048 }] } });
      new HugepagePool(on(small, stack, 'small'), 'pool', { pages: 4 });
    },
    paths: ['lab/edge/pool', 'lab/guest/pool', 'lab/small/pool'],
    says: [
      '512 MiB; Debian 13 on x86-64 has 1 GiB and 2 MiB',
      'the CPU of guest lacks the flag pdpe1gb (hardware/edge.json)',
      'asks for pages of 1 GiB; small has 2 MiB (hardware/edge.json)',
    ],
    remedy: 'say pageSize: PageSize.MIB_2',
  },
  'hugepages/system-memory': {
    holds: (stack) => new HugepagePool(on(machine(), stack), 'pool', { perNode: { 0: 15, 1: 16 } }),
    broken: (stack) =>
      new HugepagePool(on(machine(), stack), 'pool', {
        pageSize: PageSize.MIB_2,
        perNode: { 0: 8192, 1: 8000 },
      }),
    paths: ['lab/edge/pool'],
    says: [
      'hugepages take 32,384 MiB: 8,192 pages of 2 MiB + 8,000 pages of 2 MiB',
      'the host has 32,768 MiB of memory (hardware/edge.json); 384 MiB are left for the system',
    ],
    remedy: 'ask for 640 MiB less of hugepages',
  },
  'nics/driver-unsuited': {
    holds(stack) {
      const hardware = machineWithNics(
        nic({ address: '0000:06:00.0', device: '15b3:1017', driver: 'mlx5_core' }),
        nic({ address: '0000:07:02.0', device: '8086:154c', physicalFunction: '0000:07:00.0' }),
      );
      const host = on(hardware, stack);
      new Iommu(host, 'iommu');
      new NicBinding(host, 'mellanox', { nic: '0000:06:00.0', driver: NicDriver.KERNEL });
      new NicBinding(host, 'vf', { nic: '0000:07:02.0' });
      new NicBinding(host, 'plain', { nic: '0000:04:00.0', driver: UIO });
    },
    broken(stack) {
      const hardware = machineWithNics(
        nic({ address: '0000:06:00.0', device: '15b3:1017', driver: 'mlx5_core' }),
        nic({ address: '0000:07:00.0', device: '1414:00ba', driver: 'mana' }),
      );
      const host = on(hardware, stack, 'a');
      new Iommu(host, 'iommu');
      new NicBinding(host, 'mana', { nic: '0000:07:00.0' });
      new NicBinding(host, 'mellanox', { nic: '0000:06:00.0' });
      const guest = machine({
        iommu: { acpiTables: [], enabled: false },
        nics: [nic({ address: '0000:04:00.0', device: '1af4:1041', driver: 'virtio-pci', iommuGroup: null })],
      });
      new NicBinding(on(guest, stack, 'b'), 'virtio', { nic: '0000:04:00.0' });
      new NicBinding(plainHost(stack, 'c'), 'x710', {
        nic: '0000:04:00.0',
        device: '8086:1572',
        driver: UIO,
      });
    },
    paths: ['lab/a/mana', 'lab/a/mellanox', 'lab/b/virtio', 'lab/c/x710'],
    says: [
      '1414:00ba (mana) works through its kernel driver only',
      '15b3:1017 (mlx5_core) works through its kernel driver only (hardware/edge.json)',
      'binds 0000:04:00.0 to vfio-pci, but the host has no IOMMU',
      '8086:1572 is of the X710 family',
      'choose NicDriver.UIO_PCI_GENERIC, which lets the NIC write to all of the memory',
      'use driver: NicDriver.VFIO_PCI',
    ],
    remedy: 'use driver: NicDriver.KERNEL',
  },
  'nics/exist': {
    holds(stack) {
      const host = on(machine(), stack);
      new Iommu(host, 'iommu');
      new NicBinding(host, 'nic', { nic: '0000:04:00.0' });
      // Not all of its NICs are known.
      const some = on(machine({ nicsComplete: false }), stack, 'some');
      new Iommu(some, 'iommu');
      new NicBinding(some, 'nic', { nic: '0000:3b:00.0' });
    },
    broken: (stack) => new NicBinding(on(machine(), stack), 'nic', { nic: '0000:3b:00.0' }),
    paths: ['lab/edge/nic'],
    says: [
      'binds 0000:3b:00.0, where edge has no NIC (hardware/edge.json)',
      '0000:01:00.0 (8086:1521, igb, management)',
    ],
    remedy: 'say one of those that it has',
  },
  'nics/iommu-group-shared': {
    holds(stack) {
      const group = { id: 9, members: ['0000:00:1c.0', '0000:09:00.0', '0000:09:00.1'] };
      const hardware = machineWithNics(
        nic({ address: '0000:09:00.0', iommuGroup: group }),
        nic({ address: '0000:09:00.1', iommuGroup: group }),
      );
      const host = on(hardware, stack);
      new Iommu(host, 'iommu');
      new NicBinding(host, 'a', { nic: '0000:09:00.0' });
      new NicBinding(host, 'b', { nic: '0000:09:00.1' });
    },
    broken(stack) {
      const group = { id: 9, members: ['0000:00:1c.0', '0000:09:00.0', '0000:09:00.1', '0000:09:00.2'] };
      const hardware = machineWithNics(
        nic({ address: '0000:09:00.0', iommuGroup: group }),
        nic({ address: '0000:09:00.1', iommuGroup: group }),
        nic({ address: '0000:09:00.2', iommuGroup: group, driver: null }),
      );
      new NicBinding(on(hardware, stack), 'a', { nic: '0000:09:00.0' });
    },
    paths: ['lab/edge/a'],
    says: ['its IOMMU group 9 has 0000:09:00.1 (ixgbe) as well (hardware/edge.json)'],
    remedy: 'bind 0000:09:00.1 to vfio-pci as well',
  },
  'nics/management': {
    holds(stack) {
      const host = on(machine(), stack);
      new Iommu(host, 'iommu');
      new NicBinding(host, 'dataplane', { nic: '0000:04:00.0' });
      new NicBinding(host, 'management', { nic: '0000:01:00.0', driver: NicDriver.KERNEL });
    },
    broken: (stack) => new NicBinding(on(machine(), stack), 'nic', { nic: '0000:01:00.0' }),
    paths: ['lab/edge/nic'],
    says: [
      'binds 0000:01:00.0, which carries management of edge (hardware/edge.json)',
      'default route → bond0 → eno1 → PCI 0000:01:00.0',
    ],
    remedy: 'take another NIC',
  },
  'nics/planned-device': {
    holds(stack) {
      const host = on(machine(), stack);
      new Iommu(host, 'iommu');
      new NicBinding(host, 'nic', {
        nic: '0000:04:00.0',
        device: '8086:10FB',
        macAddress: '3C-FD-FE-00-00-04',
      });
    },
    broken: (stack) =>
      new NicBinding(on(machine(), stack), 'nic', {
        nic: '0000:04:00.0',
        device: '8086:1521',
        macAddress: '3c:fd:fe:00:00:05',
      }),
    paths: ['lab/edge/nic', 'lab/edge/nic'],
    says: [
      "device is '8086:1521', but 0000:04:00.0 is 8086:10fb (hardware/edge.json)",
      'the address of a 8086:1521: 0000:01:00.0',
      "macAddress is '3c:fd:fe:00:00:05', but 0000:04:00.0 has 3c:fd:fe:00:00:04",
      'the NIC that has 3c:fd:fe:00:00:05: 0000:05:00.0',
    ],
    remedy: "say device: '8086:10fb'",
  },
  'nics/uio-secure-boot': {
    holds(stack) {
      new NicBinding(on(machine(), stack), 'nic', { nic: '0000:04:00.0', driver: UIO });
      const secure = on(machineWith('boot', { secureBoot: true }), stack, 'secure');
      new Iommu(secure, 'iommu');
      new NicBinding(secure, 'nic', { nic: '0000:04:00.0' });
    },
    broken(stack) {
      const secure = on(machineWith('boot', { secureBoot: true }), stack, 'a');
      new NicBinding(secure, 'nic', { nic: '0000:04:00.0', driver: UIO });
      const locked = on(machineWith('kernel', { arguments: ['lockdown=integrity'] }), stack, 'b');
      new NicBinding(locked, 'nic', { nic: '0000:04:00.0', driver: UIO });
      const asked = plainHost(stack, 'c');
      new BootParameters(asked, 'extra', { arguments: ['lockdown=confidentiality'] });
      new NicBinding(asked, 'nic', { nic: '0000:04:00.0', driver: UIO });
    },
    paths: ['lab/a/nic', 'lab/b/nic', 'lab/c/nic'],
    says: [
      'a has secure boot (hardware/edge.json)',
      "b was booted with 'lockdown=integrity' (hardware/edge.json)",
      "lab/c/extra asks for 'lockdown=confidentiality'",
    ],
    remedy: 'use driver: NicDriver.VFIO_PCI with an Iommu',
  },
  'nics/uio-virtual-function': {
    holds(stack) {
      const virtual = nic({ address: '0000:07:02.0', device: '8086:154c', physicalFunction: '0000:07:00.0' });
      const host = on(machineWithNics(virtual), stack);
      new Iommu(host, 'iommu');
      new NicBinding(host, 'vf', { nic: '0000:07:02.0' });
      new NicBinding(host, 'plain', { nic: '0000:04:00.0', driver: UIO });
    },
    broken(stack) {
      const virtual = nic({ address: '0000:07:02.0', device: '8086:ffff', physicalFunction: '0000:07:00.0' });
      new NicBinding(on(machineWithNics(virtual), stack, 'a'), 'vf', { nic: '0000:07:02.0', driver: UIO });
      new NicBinding(plainHost(stack, 'b'), 'vf', {
        nic: '0000:04:10.0',
        device: '8086:10ed',
        driver: UIO,
      });
    },
    paths: ['lab/a/vf', 'lab/b/vf'],
    says: [
      'binds 0000:07:02.0 to uio_pci_generic, but it is a virtual function of 0000:07:00.0 (hardware/edge.json)',
      '8086:10ed is a virtual function',
    ],
    remedy: 'use driver: NicDriver.VFIO_PCI',
  },
  'openvswitch/lcore-mask': {
    holds: (stack) => polling(plainHost(stack), { pmdCpus: '1', otherConfig: { 'dpdk-lcore-mask': '0x1' } }),
    broken: (stack) =>
      polling(plainHost(stack), { pmdCpus: '1-2', otherConfig: { 'dpdk-lcore-mask': '0x6' } }),
    paths: ['lab/edge/ovs'],
    says: ["otherConfig['dpdk-lcore-mask'] is '0x6', CPU 1-2; CPU 1-2 is for poll mode drivers (pmdCpus"],
    remedy: "take 'dpdk-lcore-mask' out",
  },
  'openvswitch/queues-and-pmds': {
    holds: (stack) => polling(plainHost(stack), { queues: 2, pmdCpus: '1,5' }),
    broken(stack) {
      polling(on(machine(), stack, 'a'), { queues: 3, pmdCpus: '1,3,7' });
      polling(plainHost(stack, 'b'), { pmdCpus: '1-4' });
    },
    paths: ['lab/a/ovs/bridge/dpdk0', 'lab/b/ovs'],
    says: [
      'has 3 queues, for 1 poll mode driver of node 0: CPU 1 (pmdCpus of lab/a/ovs)',
      "pmdCpus is '1-4': 4 poll mode drivers for 1 queue",
      'queues: 4',
    ],
    remedy: 'say queues: 1',
  },
  'openvswitch/socket-memory': {
    holds(stack) {
      const host = on(machine(), stack);
      new HugepagePool(host, 'pool', { perNode: { 0: 2, 1: 1 } });
      new OpenVSwitch(host, 'ovs', { socketMemory: [2048, 1024] });
    },
    broken(stack) {
      const a = on(machine(), stack, 'a');
      new HugepagePool(a, 'pool', { perNode: { 0: 2 } });
      new OpenVSwitch(a, 'ovs', { socketMemory: [2048, 1024, 512] });
      const b = plainHost(stack, 'b');
      new HugepagePool(b, 'pool', { perNode: { 0: 2 } });
      new OpenVSwitch(b, 'ovs', { otherConfig: { 'dpdk-socket-mem': '4096' } });
    },
    paths: ['lab/a/ovs', 'lab/a/ovs', 'lab/b/ovs'],
    says: [
      'socketMemory is [2048, 1024, 512]: 1,024 MiB of node 1',
      'node 1 has no hugepages',
      '512 MiB of node 2, but a has node 0, 1',
      "otherConfig['dpdk-socket-mem'] is [4096]: 4,096 MiB of node 0",
    ],
    remedy: 'leave socketMemory out',
  },
  'tunnels/tso': {
    holds(stack) {
      site(stack, 'east', 1, { ovs: { otherConfig: { 'userspace-tso-enable': 'true' } } });
      const { tenants } = site(stack, 'west', 2, {
        ovs: { otherConfig: { 'userspace-tso-enable': 'false' } },
      });
      new Srv6Tunnel(stack, 'tunnel', {
        from: tenants,
        remoteIp: 'fd00:a::9',
        destinations: ['10.9.9.9'],
      });
    },
    broken(stack) {
      const { tenants } = site(stack, 'east', 1, {
        ovs: { otherConfig: { 'userspace-tso-enable': 'true' } },
      });
      new Srv6Tunnel(stack, 'tunnel', {
        from: tenants,
        remoteIp: 'fd00:a::9',
        destinations: ['10.9.9.9'],
      });
    },
    paths: ['lab/east/ovs'],
    says: ["'userspace-tso-enable'] is 'true', and east is an end of lab/tunnel"],
    remedy: "take 'userspace-tso-enable' out",
  },
};
