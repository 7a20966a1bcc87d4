import {
  BootParameters,
  CpuIsolation,
  CpuPartition,
  DpdkPort,
  HugepagePool,
  Iommu,
  IommuVendor,
  NicBinding,
  NicDriver,
  OpenVSwitch,
  OvsBridge,
  PageSize,
  Platform,
  Srv6Tunnel,
} from '../../constructs';
import { formatFinding, RULES, ruleAnchor } from '../../src/rules';
import type { Case } from './case';
import { findingsOf, plainHost, site } from './fixtures';
import { HARDWARE_CASES } from './hardware-cases';
import { TUNNEL_CASES } from './tunnel-cases';

const { GIB_1, MIB_2 } = PageSize;
const far = { remoteIp: 'fd00:a::9', destinations: ['10.9.9.9'] };

const CASES: Readonly<Record<string, Case>> = {
  ...HARDWARE_CASES,
  ...TUNNEL_CASES,
  'boot/argument-order': {
    holds(stack) {
      const host = plainHost(stack);
      new Iommu(host, 'iommu');
      new BootParameters(host, 'extra', { arguments: ['iommu.passthrough=1', '--', 'single'] });
    },
    broken(stack) {
      const host = plainHost(stack);
      new Iommu(host, 'iommu');
      new BootParameters(host, 'rescue', { arguments: ['iommu.passthrough=0', '--', 'single'] });
      new BootParameters(host, 'extra', { arguments: ['mitigations=off', 'quiet'] });
    },
    paths: ['lab/edge/rescue', 'lab/edge/rescue'],
    says: [
      "asks for '--', and lab/edge/extra for 'mitigations=off' behind it, and 1 more behind it",
      "asks for 'iommu.passthrough=0', behind 'iommu=pt' of lab/edge/iommu",
    ],
    remedy: "take '--' out, or make lab/edge/extra before this construct",
  },
  'boot/argument-voids-another': {
    holds(stack) {
      const host = plainHost(stack);
      new Iommu(host, 'iommu', { vendor: IommuVendor.INTEL });
      new HugepagePool(host, 'large', { pageSize: GIB_1, perNode: { 0: 1 } });
      new CpuPartition(host, 'cpus', { housekeeping: '0-1', dataplane: '2-3' });
      new NicBinding(host, 'nic', { nic: '0000:04:00.0' });
      new BootParameters(host, 'extra', {
        arguments: [
          'hugetlb_cma=0',
          'numa=off',
          'nr_cpus=4',
          'maxcpus=64',
          'amd_iommu=off',
          'intremap=off',
          'vfio_iommu_type1.allow_unsafe_interrupts=1',
          'module_blacklist=nouveau,uio_pci_generic',
          'quiet',
        ],
      });
    },
    broken(stack) {
      const host = plainHost(stack);
      new Iommu(host, 'iommu', { vendor: IommuVendor.AMD });
      new HugepagePool(host, 'large', { pageSize: GIB_1, perNode: { 0: 1, 1: 2 } });
      new CpuPartition(host, 'cpus', { housekeeping: '0-1', dataplane: '2-5' });
      new NicBinding(host, 'nic', { nic: '0000:04:00.0' });
      new BootParameters(host, 'extra', {
        arguments: [
          'hugetlb_cma=4G',
          'numa=off',
          'nr_cpus=4',
          'maxcpus=5',
          'amd_iommu=off',
          'intremap=off',
          'module_blacklist=nouveau,vfio_pci',
        ],
      });
    },
    paths: Array.from({ length: 7 }, () => 'lab/edge/extra'),
    says: [
      "asks for 'hugetlb_cma=4G', and lab/edge/large asks for pages of 1 GiB at boot",
      "asks for 'numa=off', and lab/edge/large asks for pages on node 1",
      "asks for 'nr_cpus=4', and lab/edge/cpus asks for CPU 4-5",
      "asks for 'maxcpus=5', and lab/edge/cpus asks for CPU 5",
      "asks for 'amd_iommu=off', and lab/edge/iommu asks for the IOMMU of AMD",
      "asks for 'intremap=off', and lab/edge/nic asks to use its NIC by vfio-pci",
      "asks for 'module_blacklist=nouveau,vfio_pci', and lab/edge/nic asks to bind its NIC to vfio-pci",
    ],
    remedy: "take 'hugetlb_cma=4G' out, or change lab/edge/large",
  },
  'boot/console-order': {
    holds: (stack) =>
      new BootParameters(plainHost(stack), 'extra', {
        arguments: ['console=tty0', 'quiet', 'console=ttyS0,115200'],
      }),
    broken(stack) {
      const host = plainHost(stack);
      new BootParameters(host, 'screen', { arguments: ['console=tty0'] });
      new BootParameters(host, 'serial', { arguments: ['quiet', 'console=ttyS0,115200'] });
    },
    paths: ['lab/edge/serial'],
    says: [
      "asks for 'console=ttyS0,115200', and lab/edge/screen for 'console=tty0': /dev/console is 'console=ttyS0,115200', because lab/edge/serial was made last",
    ],
    remedy: 'say all of them in one BootParameters',
  },
  'boot/contradicting-arguments': {
    holds(stack) {
      const host = plainHost(stack);
      new BootParameters(host, 'a', { arguments: ['quiet', 'console=tty0', 'panic=10', 'console=ttyS0'] });
      new BootParameters(host, 'b', { arguments: ['panic=10'] });
    },
    broken(stack) {
      const host = plainHost(stack);
      new CpuPartition(host, 'cpus', { housekeeping: '0-1', dataplane: '2-3' });
      new BootParameters(host, 'extra', { arguments: ['isolcpus=3', 'quiet', 'nohz_full=2-3'] });
    },
    paths: ['lab/edge/extra'],
    says: ["'isolcpus=3'", "lab/edge/cpus asks for 'isolcpus=managed_irq,domain,2-3'"],
    remedy: 'take one of the two out',
  },
  'boot/managed-argument': {
    holds: (stack) => new BootParameters(plainHost(stack), 'extra', { arguments: ['mitigations=off'] }),
    broken(stack) {
      new BootParameters(plainHost(stack), 'extra', { arguments: ['hugepagesz=1G', 'hugepages=4'] });
      const host = plainHost(stack, 'pooled');
      new HugepagePool(host, 'pool', { pageSize: GIB_1, perNode: { 0: 1 } });
      new BootParameters(host, 'extra', {
        arguments: ['hugepages=4', 'default_hugepagesz=2M', 'hugepagesz=1G', 'hugepagesz=2M', 'hugepages=9'],
      });
    },
    paths: [
      ...Array.from({ length: 2 }, () => 'lab/edge/extra'),
      ...Array.from({ length: 5 }, () => 'lab/pooled/extra'),
    ],
    says: [
      "asks for 'hugepages=4'\n",
      "asks for 'hugepages=4', which the kernel pairs with 'hugepagesz=1G': lab/pooled/pool has said the count of that size already",
      "asks for 'default_hugepagesz=2M', and lab/pooled/pool for 'default_hugepagesz=1G': the kernel keeps the first",
      "asks for 'hugepagesz=1G', and lab/pooled/pool for 'hugepagesz=1G': the kernel keeps the first",
      "asks for 'hugepages=9'\n",
    ],
    remedy: 'use a HugepagePool',
  },
  'cpus/one-partition': {
    holds(stack) {
      new CpuPartition(plainHost(stack, 'a'), 'cpus', { housekeeping: '0', dataplane: '1' });
      new CpuPartition(plainHost(stack, 'b'), 'cpus', { housekeeping: '0', dataplane: '1' });
    },
    broken(stack) {
      const host = plainHost(stack);
      new CpuPartition(host, 'first', { housekeeping: '0', isolation: CpuIsolation.NONE });
      new CpuPartition(host, 'second', { housekeeping: '0', isolation: CpuIsolation.NONE });
    },
    paths: ['lab/edge/second'],
    says: ['lab/edge/first'],
    remedy: 'put all sets into one',
  },
  'cpus/overlap': {
    holds: (stack) =>
      new CpuPartition(plainHost(stack), 'cpus', { housekeeping: '0', dataplane: '1-2', workload: '3-4' }),
    broken: (stack) =>
      new CpuPartition(plainHost(stack), 'cpus', { housekeeping: '0-2', dataplane: '1-3', workload: '3,0' }),
    paths: ['lab/edge/cpus', 'lab/edge/cpus', 'lab/edge/cpus'],
    says: ["housekeeping '0-2' and dataplane '1-3' share CPU 1-2", 'share CPU 0', 'share CPU 3'],
    remedy: 'take 1-2 out of one of them',
  },
  'hosts/name-unique': {
    holds(stack) {
      plainHost(stack, 'a');
      plainHost(stack, 'b');
    },
    broken(stack) {
      plainHost(stack, 'a');
      plainHost(stack, 'b', { hostname: 'a' });
    },
    paths: ['lab/b'],
    says: ["'a'", 'lab/a'],
    remedy: "hostname: 'a-2'",
  },
  'hugepages/mixed-placement': {
    holds(stack) {
      const host = plainHost(stack);
      new HugepagePool(host, 'large', { pageSize: GIB_1, perNode: { 0: 4 } });
      new HugepagePool(host, 'small', { pageSize: MIB_2, pages: 1024 });
    },
    broken(stack) {
      const host = plainHost(stack);
      new HugepagePool(host, 'dataplane', { perNode: { 0: 4 } });
      new HugepagePool(host, 'guests', { pages: 8 });
    },
    paths: ['lab/edge/guests'],
    says: ['1 GiB', 'lab/edge/dataplane'],
    remedy: 'perNode: { 0: 2, 1: 2 }',
  },
  'nics/claimed-twice': {
    holds(stack) {
      const host = plainHost(stack);
      new Iommu(host, 'iommu');
      new NicBinding(host, 'a', { nic: '0000:04:00.0' });
      new NicBinding(host, 'b', { nic: '0000:04:00.1' });
      new NicBinding(plainHost(stack, 'other'), 'a', { nic: '0000:04:00.0', driver: NicDriver.KERNEL });
    },
    broken(stack) {
      const host = plainHost(stack);
      new NicBinding(host, 'a', { nic: '0000:3B:00.0' });
      new NicBinding(host, 'b', { nic: '3b:00.0', driver: NicDriver.KERNEL });
    },
    paths: ['lab/edge/b'],
    says: ['0000:3b:00.0', 'lab/edge/a'],
    remedy: 'correct its PCI address',
  },
  'nics/kernel-driver-required': {
    holds: (stack) =>
      new NicBinding(plainHost(stack), 'nic', {
        nic: '0000:04:00.0',
        device: '15b3:1017',
        driver: NicDriver.KERNEL,
      }),
    broken: (stack) =>
      new NicBinding(plainHost(stack), 'nic', {
        nic: '0000:04:00.0',
        device: '15B3:1017',
        driver: NicDriver.UIO_PCI_GENERIC,
      }),
    paths: ['lab/edge/nic'],
    says: ['0000:04:00.0 (15b3:1017)', 'uio_pci_generic'],
    remedy: 'driver: NicDriver.KERNEL',
  },
  'nics/no-iommu': {
    holds(stack) {
      const host = plainHost(stack);
      new NicBinding(host, 'a', { nic: '0000:04:00.0' });
      new Iommu(host, 'iommu');
      new NicBinding(plainHost(stack, 'b'), 'a', {
        nic: '0000:04:00.0',
        driver: NicDriver.UIO_PCI_GENERIC,
      });
    },
    broken: (stack) => new NicBinding(plainHost(stack), 'a', { nic: '0000:04:00.0' }),
    paths: ['lab/edge/a'],
    says: ['0000:04:00.0'],
    remedy: "new Iommu(host, 'iommu')",
  },
  'openvswitch/bridge-of-other-host': {
    holds: (stack) => site(stack, 'east', 1),
    broken(stack) {
      const east = site(stack, 'east', 1);
      const west = site(stack, 'west', 2);
      new OvsBridge(west.host, 'stray', { openVSwitch: east.ovs });
      const nic = new NicBinding(west.host, 'second', { nic: '0000:05:00.0' });
      new DpdkPort(west.host, 'port', { bridge: east.underlay, nic });
    },
    paths: ['lab/west/port', 'lab/west/stray'],
    says: ['is on west, but lab/east/ovs is on east', 'is on west, but lab/east/ovs/underlay is on east'],
    remedy: 'addBridge()',
  },
  'openvswitch/name-unique': {
    holds(stack) {
      site(stack, 'east', 1);
      site(stack, 'west', 2);
    },
    broken(stack) {
      const { ovs, tenants } = site(stack, 'east', 1);
      ovs.addBridge('again', { name: 'underlay' });
      new Srv6Tunnel(stack, 'uplink', { from: tenants, ...far });
    },
    paths: ['lab/east/ovs/again', 'lab/uplink'],
    says: [
      "the bridge 'underlay' has the name of the bridge of lab/east/ovs/underlay on east",
      "the port 'uplink' has the name of the port of lab/east/ovs/underlay/uplink on east",
    ],
    remedy: 'give one of them another name',
  },
  'openvswitch/nic-not-bound': {
    holds: (stack) => site(stack, 'east', 1, { nic: { driver: NicDriver.KERNEL, device: '15b3:1017' } }),
    broken: (stack) => site(stack, 'east', 1, { nic: { driver: NicDriver.KERNEL } }),
    paths: ['lab/east/ovs/underlay/uplink'],
    says: ['0000:04:00.0', 'lab/east/uplink'],
    remedy: 'driver: NicDriver.VFIO_PCI',
  },
  'openvswitch/nic-of-other-host': {
    holds(stack) {
      site(stack, 'east', 1);
      site(stack, 'west', 2);
    },
    broken(stack) {
      const west = site(stack, 'west', 2);
      site(stack, 'east', 1).tenants.addDpdkPort(west.uplink);
    },
    paths: ['lab/east/ovs/tenants/uplink'],
    says: ['is on east, but its NIC lab/west/uplink is of west'],
    remedy: 'bind a NIC on lab/east',
  },
  'openvswitch/nic-used-twice': {
    holds: (stack) => site(stack, 'east', 1),
    broken(stack) {
      const { tenants, uplink } = site(stack, 'east', 1);
      tenants.addDpdkPort(uplink, { name: 'again' });
    },
    paths: ['lab/east/ovs/tenants/again'],
    says: ['lab/east/uplink', 'lab/east/ovs/underlay/uplink'],
    remedy: 'take one of the two ports out',
  },
  'openvswitch/no-hugepages': {
    holds: (stack) => site(stack, 'east', 1),
    broken: (stack) => new OpenVSwitch(plainHost(stack), 'ovs'),
    paths: ['lab/edge/ovs'],
    says: ['no HugepagePool'],
    remedy: 'add a HugepagePool',
  },
  'openvswitch/one-per-host': {
    holds(stack) {
      site(stack, 'east', 1);
      site(stack, 'west', 2);
    },
    broken: (stack) => new OpenVSwitch(site(stack, 'east', 1).host, 'again'),
    paths: ['lab/east/again'],
    says: ['lab/east/ovs'],
    remedy: 'give the bridges to that one',
  },
  'openvswitch/pmd-sleep-unsupported': {
    holds(stack) {
      site(stack, 'new', 1, { ovs: { pmdSleepMax: 500 }, host: { platform: Platform.UBUNTU_24_04 } });
      site(stack, 'old', 2, { host: { platform: Platform.DEBIAN_12 } });
    },
    broken(stack) {
      site(stack, 'bookworm', 1, { ovs: { pmdSleepMax: 500 }, host: { platform: Platform.DEBIAN_12 } });
      site(stack, 'jammy', 2, { ovs: { pmdSleepMax: 0 }, host: { platform: Platform.UBUNTU_22_04 } });
    },
    paths: ['lab/bookworm/ovs', 'lab/jammy/ovs'],
    says: ['pmdSleepMax is 500', 'Debian 12 has Open vSwitch 3.1', 'Ubuntu 22.04 has Open vSwitch 2.17'],
    remedy: 'Platform.DEBIAN_13',
  },
  'tunnels/address-clash': {
    holds: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        between: [site(stack, 'east', 1).tenants, site(stack, 'west', 2).tenants],
      }),
    broken(stack) {
      const west = site(stack, 'west', 1, { tenants: { addresses: ['10.0.0.7/24', 'fd00:10::1/64'] } });
      new Srv6Tunnel(stack, 'tunnel', { between: [site(stack, 'east', 1).tenants, west.tenants] });
    },
    paths: ['lab/tunnel', 'lab/tunnel'],
    says: ['both ends have the address fd00:10::1', 'both ends have the address fd00:a::1'],
    remedy: 'give one of them another address',
  },
  'tunnels/destination-twice': {
    holds(stack) {
      const { tenants } = site(stack, 'east', 1);
      new Srv6Tunnel(stack, 'a', {
        from: tenants,
        remoteIp: 'fd00:a::8',
        destinations: ['10.0.0.8', '10.0.0.8'],
      });
      new Srv6Tunnel(stack, 'b', { from: tenants, remoteIp: 'fd00:a::9', destinations: ['10.0.0.9'] });
    },
    broken(stack) {
      const { tenants } = site(stack, 'east', 1);
      new Srv6Tunnel(stack, 'a', { from: tenants, remoteIp: 'fd00:a::8', destinations: ['fd00:10::9'] });
      new Srv6Tunnel(stack, 'b', { from: tenants, remoteIp: 'fd00:a::9', destinations: ['FD00:10:0::9'] });
    },
    paths: ['lab/b'],
    says: ['east reaches fd00:10::9 by lab/a already'],
    remedy: 'different inner addresses',
  },
  'srv6/first-segment': {
    holds: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'east', 1).tenants,
        ...far,
        segments: ['FD00:A::9', 'fd00:b::1'],
      }),
    broken: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'east', 1).tenants,
        ...far,
        segments: ['fd00:b::1', 'fd00:a::9'],
      }),
    paths: ['lab/tunnel'],
    says: ["'fd00:b::1,fd00:a::9'", "remoteIp 'fd00:a::9'"],
    remedy: "begin the segments with 'fd00:a::9'",
  },
  'tunnels/inner-mtu': {
    holds(stack) {
      const tight = { tenants: { addresses: ['10.0.0.1/24'] }, mtu: 1300 };
      new Srv6Tunnel(stack, 'ipv4', { from: site(stack, 'small', 3, tight).tenants, ...far });
      new Srv6Tunnel(stack, 'exact-tunnel', {
        from: site(stack, 'exact', 2, { tenants: { addresses: ['fd00:10::2/64'], mtu: 1436 } }).tenants,
        ...far,
      });
    },
    broken(stack) {
      new Srv6Tunnel(stack, 'asks', {
        from: site(stack, 'east', 1, { tenants: { addresses: ['10.0.0.1/24'], mtu: 1437 } }).tenants,
        ...far,
      });
      new Srv6Tunnel(stack, 'ipv6', { from: site(stack, 'west', 2, { mtu: 1343 }).tenants, ...far });
    },
    paths: ['lab/east/ovs/tenants', 'lab/ipv6'],
    says: [
      'asks for MTU 1437',
      'has MTU 1500; outer headers take 64 bytes (IPv6 40 + SRH 8 + 16 x 1); 1436 are left',
      'inner IPv6 needs an MTU of 1280',
      '1279 are left',
    ],
    remedy: 'say mtu: 1436',
  },
  'tunnels/local-ip': {
    holds: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'east', 1, { underlay: { addresses: ['fd00:a::1/64', 'fd00:c::1/128'] } }).tenants,
        localIp: 'FD00:C::1',
        ...far,
      }),
    broken: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', { from: site(stack, 'east', 1).tenants, localIp: 'fd00:c::1', ...far }),
    paths: ['lab/tunnel'],
    says: ["localIp is 'fd00:c::1', but lab/east/ovs/underlay on east has fd00:a::1/64"],
    remedy: "say localIp: 'fd00:a::1', or give that bridge the address: addresses: ['fd00:c::1/128', …]",
  },
  'tunnels/no-route': {
    holds(stack) {
      const addresses = ['fd00:a::1/64'];
      const to = { remoteIp: 'fd00:b::1', destinations: ['10.0.0.9'] };
      const global = site(stack, 'global', 1, { underlay: { addresses, gateway: 'fd00:a::fe' } });
      new Srv6Tunnel(stack, 'tunnel', { from: global.tenants, ...to });
      const local = site(stack, 'local', 2, {
        underlay: { addresses: ['fd00:a::2/64'], gateway: 'fe80::1' },
      });
      new Srv6Tunnel(stack, 'local-tunnel', { from: local.tenants, ...to });
    },
    broken(stack) {
      const to = { remoteIp: 'fd00:b::1', destinations: ['10.0.0.9'] };
      new Srv6Tunnel(stack, 'none', { from: site(stack, 'east', 1).tenants, ...to });
      const gateways = { foreign: 'fd00:c::fe', legacy: '192.0.2.254', own: 'fd00:a::1' };
      for (const [id, gateway] of Object.entries(gateways)) {
        const underlay = { addresses: [id === 'own' ? 'fd00:a::1/64' : `fd00:a::${id.length}/64`], gateway };
        const { tenants } = site(stack, `${id}-host`, id.length, { underlay });
        new Srv6Tunnel(stack, id, { from: tenants, ...to });
      }
    },
    paths: ['lab/foreign', 'lab/legacy', 'lab/none', 'lab/own'],
    says: [
      "east can't reach fd00:b::1: lab/east/ovs/underlay has fd00:a::1/64 and no gateway",
      'has fd00:a::7/64 and the gateway fd00:c::fe, which is on none of its links',
      'has fd00:a::6/64 and the gateway 192.0.2.254, which is IPv4',
      'has fd00:a::1/64 and the gateway fd00:a::1, which is its own address',
    ],
    remedy: 'give that bridge a gateway',
  },
  'tunnels/platform': {
    holds: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        between: [
          site(stack, 'east', 1).tenants,
          site(stack, 'west', 2, { host: { platform: Platform.UBUNTU_24_04 } }).tenants,
        ],
      }),
    broken: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        between: [
          site(stack, 'east', 1, { host: { platform: Platform.DEBIAN_12 } }).tenants,
          site(stack, 'west', 2, { host: { platform: Platform.UBUNTU_22_04 } }).tenants,
        ],
      }),
    paths: ['lab/tunnel', 'lab/tunnel'],
    says: [
      'lab/east is Debian 12, whose Open vSwitch 3.1 has no SRv6',
      'lab/west is Ubuntu 22.04, whose Open vSwitch 2.17 has no SRv6',
    ],
    remedy: 'Platform.DEBIAN_13, Platform.UBUNTU_24_04',
  },
  'tunnels/same-config': {
    holds(stack) {
      const { tenants } = site(stack, 'east', 1);
      new Srv6Tunnel(stack, 'a', { from: tenants, remoteIp: 'fd00:a::8', destinations: ['10.0.0.8'] });
      new Srv6Tunnel(stack, 'b', { from: tenants, remoteIp: 'fd00:a::9', destinations: ['10.0.0.9'] });
    },
    broken(stack) {
      const [east, west] = [site(stack, 'east', 1), site(stack, 'west', 2)];
      new Srv6Tunnel(stack, 'a', { between: [east.tenants, west.tenants] });
      new Srv6Tunnel(stack, 'b', { between: [west.tenants, east.tenants] });
    },
    paths: ['lab/b'],
    says: ['fd00:a::1', 'fd00:a::2', 'already: lab/a'],
    remedy: 'take one of the two out',
  },
  'srv6/segment-list-shortened': {
    holds: (stack) => new Srv6Tunnel(stack, 'tunnel', { from: site(stack, 'east', 1).tenants, ...far }),
    broken: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'east', 1).tenants,
        ...far,
        segments: ['fd00:a::9', 'fd00:b::1'],
      }),
    paths: ['lab/tunnel'],
    says: ['has 2 segments on east (Open vSwitch 3.5)'],
    remedy: 'use one segment if you can',
  },
  'srv6/sid-unique': {
    holds(stack) {
      const [east, west, south] = [site(stack, 'east', 1), site(stack, 'west', 2), site(stack, 'south', 3)];
      new Srv6Tunnel(stack, 'a', { between: [east.tenants, west.tenants] });
      new Srv6Tunnel(stack, 'b', { between: [east.tenants, south.tenants] });
    },
    broken(stack) {
      const [east, west] = [site(stack, 'east', 1), site(stack, 'west', 2)];
      new Srv6Tunnel(stack, 'tunnel', { between: [east.tenants, west.tenants] });
      // Not an end of any tunnel, and written in another way.
      site(stack, 'copy', 7, {
        underlay: { addresses: ['FD00:A:0::2/64'] },
        tenants: { addresses: ['10.0.0.7/24'] },
      });
    },
    paths: ['lab/copy/ovs/underlay'],
    says: [
      'has fd00:a::2 on copy, as has lab/west/ovs/underlay on west; it is a segment (SID) of lab/tunnel',
    ],
    remedy: 'give one of the two bridges another address',
  },
  'tunnels/two-hosts': {
    holds: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        between: [site(stack, 'east', 1).tenants, site(stack, 'west', 2).tenants],
      }),
    broken(stack) {
      const { ovs, tenants, underlay } = site(stack, 'east', 1);
      const other = ovs.addBridge('other', { addresses: ['10.1.0.1/24'], underlay });
      new Srv6Tunnel(stack, 'inside', { between: [tenants, other] });
      new Srv6Tunnel(stack, 'loop', { between: [tenants, tenants] });
    },
    paths: ['lab/inside', 'lab/loop'],
    says: [
      'lab/east/ovs/tenants and lab/east/ovs/other are both on east',
      'lab/east/ovs/tenants is both of its ends',
    ],
    remedy: 'name a bridge of another host',
  },
  'tunnels/underlay': {
    holds: (stack) =>
      new Srv6Tunnel(stack, 'tunnel', {
        from: site(stack, 'east', 1, { underlay: { addresses: ['192.0.2.1/24', 'fd00:a::1/64'] } }).tenants,
        ...far,
      }),
    broken(stack) {
      const east = site(stack, 'east', 1);
      new Srv6Tunnel(stack, 'none', { from: east.underlay, ...far });
      const legacy = site(stack, 'legacy', 2, { underlay: { addresses: ['192.0.2.1/24'] } });
      new Srv6Tunnel(stack, 'ipv4', { from: legacy.tenants, ...far });
      const stray = site(stack, 'stray', 3, {
        tenants: { addresses: ['10.0.0.3/24'], underlay: east.underlay },
      });
      new Srv6Tunnel(stack, 'other', { from: stray.tenants, ...far });
    },
    paths: ['lab/ipv4', 'lab/none', 'lab/other'],
    says: [
      'the bridge lab/east/ovs/underlay has no underlay',
      'lab/legacy/ovs/underlay has no IPv6 address (192.0.2.1/24)',
      'the underlay of lab/stray/ovs/tenants is lab/east/ovs/underlay, on another host',
    ],
    remedy: 'give the bridge an underlay with an IPv6 address',
  },
};

test('every rule has a case, and every case a rule', () =>
  expect(Object.keys(CASES).sort()).toEqual(RULES.map(({ id }) => id).sort()));

test('rules have different ids and anchors, in the order of their ids', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(ids.map(ruleAnchor)).size).toBe(ids.length);
  expect(ids).toEqual([...ids].sort());
});

describe.each(RULES)('$id', (rule) => {
  const found = CASES[rule.id];
  if (!found) return;
  const { holds, broken, paths, says, remedy } = found;

  test('where it holds, nothing of any rule is an error', () => {
    const findings = findingsOf(holds);
    expect(findings.filter(({ rule: id }) => id === rule.id)).toEqual([]);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('where it is broken, the finding names construct, value and remedy', () => {
    const findings = findingsOf(broken).filter(({ rule: id }) => id === rule.id);
    expect(findings.map(({ path }) => path)).toEqual(paths);
    expect(new Set(findings.map(({ severity }) => severity))).toEqual(new Set([rule.severity]));
    const text = findings.map(formatFinding).join('\n');
    for (const part of [...says, remedy]) expect(text).toContain(part);
    expect(text).toMatch(new RegExp(`^  rule: docs/rules\\.md#${ruleAnchor(rule.id)}$`, 'm'));
    for (const finding of findings) {
      for (const line of [...finding.what, finding.remedy]) expect(line).not.toMatch(/\n|undefined|\[object/);
    }
  });
});

test('how all findings read', () =>
  expect(
    RULES.map(({ id }) =>
      findingsOf(CASES[id]?.broken ?? (() => undefined))
        .filter(({ rule }) => rule === id)
        .map(formatFinding)
        .join('\n'),
    ).join('\n\n'),
  ).toMatchSnapshot());
