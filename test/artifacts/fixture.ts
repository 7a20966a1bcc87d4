import type { FindingsReport } from '../../src/artifacts';
import type { FleetPlan, PlannedHost } from '../../src/plan/fleet-plan';
import { STAGE_NAMES, type HostPlan, type StageName, type Stages } from '../../src/plan/host-plan';
import { digest } from '../../src/values/canonical-json';

/** Of a stack that nothing is wrong with. */
export const NOTHING_FOUND: FindingsReport = { stack: 'sample', findings: [], sourceOf: () => undefined };

/** Two edge hosts with everything that a plan can have, and a tunnel between them; a third that only cloud-init reaches. */
export function sampleFleet(): FleetPlan {
  return {
    hosts: [
      fullHost('east', 1, 2, {
        address: '192.0.2.1',
        port: 2201,
        user: 'operator',
        identityFile: '~/.ssh/rack key',
        knownHostsFile: '/etc/ssh/rack known_hosts',
        rebootTimeoutSeconds: 900,
      }),
      { ...fullHost('seed', 3, 1, null), reboot: 'never' },
      {
        ...fullHost('west', 2, 1, {
          address: { environmentVariable: 'DATAPLANE_ADDRESS_WEST' },
          port: null,
          user: 'root',
          identityFile: null,
          knownHostsFile: null,
          rebootTimeoutSeconds: 600,
        }),
        reboot: 'never',
        management: {
          macAddress: '52:54:00:12:34:00',
          addresses: ['192.0.2.2/24', '2001:db8::2/64'],
          gateway: '192.0.2.254',
          nameservers: ['192.0.2.53'],
        },
      },
    ],
    batches: [['east'], ['seed', 'west']],
  };
}

function fullHost(
  name: string,
  site: number,
  peer: number,
  connection: PlannedHost['connection'],
): PlannedHost {
  return {
    plan: hostPlan(name, fullStages(site, peer)),
    connection,
    reboot: 'whenNeeded',
    management: { macAddress: `52:54:00:00:00:0${site}`, addresses: [], gateway: null, nameservers: [] },
    derived: [],
  };
}

export function hostPlan(name: string, stages: Stages): HostPlan {
  return {
    version: 1,
    host: { name, path: `TwoSites/${name}/host`, platform: 'debian-13' },
    retired: false,
    agentModules: ['packages', 'boot', 'hugepages', 'nics', 'guard', 'openvswitch', 'network'],
    stages,
    digests: Object.fromEntries(STAGE_NAMES.map((stage) => [stage, digest(stages[stage])])) as Record<
      StageName,
      string
    >,
  };
}

function fullStages(site: number, peer: number): Stages {
  const flow = { bridge: 'tenants', cookie: '0xd9a7000000000001', table: 0 };
  return {
    packages: {
      packages: [
        { name: 'openvswitch-switch-dpdk' },
        { prefix: 'librte-mempool-ring' },
        {
          driverOf: '0000:04:00.0',
          prefixByKernelDriver: {
            e1000e: 'librte-net-e1000',
            ice: 'librte-net-ice',
            igb: 'librte-net-e1000',
          },
        },
      ],
    },
    boot: {
      arguments: [
        { text: 'intel_iommu=on', whenAcpiTable: 'DMAR' },
        { text: 'iommu=pt', whenMachine: 'x86_64' },
        { text: 'default_hugepagesz=1G' },
        { text: 'hugepagesz=1G' },
        { text: 'hugepages=0:1,1:1' },
        { text: 'hugepagesz=2M' },
        { text: 'hugepages=1024' },
        { text: 'isolcpus=managed_irq,domain,1' },
        { text: 'nohz_full=1' },
        { text: 'irqaffinity=0' },
      ],
      modules: ['vfio-pci'],
    },
    devices: {
      hugepages: [
        { pageSizeKib: 1048576, node: 0, count: 1 },
        { pageSizeKib: 1048576, node: 1, count: 1 },
        { pageSizeKib: 2048, node: null, count: 1024 },
      ],
      nics: [
        {
          name: 'uplink',
          address: '0000:04:00.0',
          driver: 'vfio-pci',
          macAddress: '52:54:00:12:34:00',
          device: '8086:10d3',
        },
      ],
    },
    dataplane: {
      openVSwitch: {
        dpdk: true,
        alternative: { name: 'ovs-vswitchd', path: '/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk' },
        service: 'openvswitch-switch.service',
        daemonService: 'ovs-vswitchd.service',
        otherConfig: { 'dpdk-init': 'true', 'dpdk-socket-mem': '1024,1024', 'pmd-cpu-mask': '0x2' },
        restartKeys: ['dpdk-init', 'dpdk-socket-mem'],
        bridges: [
          {
            name: 'underlay',
            hardwareAddress: null,
            failMode: 'standalone',
            ports: [
              {
                name: 'uplink',
                type: 'dpdk',
                options: { 'dpdk-devargs': '0000:04:00.0', n_rxq: '1' },
                otherConfig: {},
                mtuRequest: 1600,
                openFlowPort: null,
              },
            ],
          },
          {
            name: 'tenants',
            hardwareAddress: `02:00:00:00:00:0${site}`,
            failMode: 'secure',
            ports: [
              {
                name: 'east-west',
                type: 'srv6',
                options: {
                  remote_ip: `fc00::${peer}`,
                  local_ip: `fc00::${site}`,
                  srv6_segs: `fc00::${peer}`,
                },
                otherConfig: {},
                mtuRequest: null,
                openFlowPort: 10,
              },
            ],
          },
        ],
      },
    },
    network: {
      sysctls: { 'net.ipv6.conf.all.seg6_enabled': '1' },
      links: [
        { name: 'underlay', mtu: 1600, addresses: [`fc00::${site}/64`] },
        { name: 'tenants', mtu: 1500, addresses: [`10.0.0.${site}/24`, `fd00::${site}/64`] },
      ],
      routes: [{ destination: `fc00::${peer}/128`, via: null, device: 'underlay' }],
      neighbours: [
        { address: `10.0.0.${peer}`, hardwareAddress: `02:00:00:00:00:0${peer}`, device: 'tenants' },
        { address: `fd00::${peer}`, hardwareAddress: `02:00:00:00:00:0${peer}`, device: 'tenants' },
      ],
      flows: [
        { ...flow, priority: 100, match: `ip,nw_dst=10.0.0.${peer}`, actions: 'output:east-west' },
        { ...flow, priority: 100, match: `ipv6,ipv6_dst=fd00::${peer}`, actions: 'output:east-west' },
        { ...flow, priority: 110, match: 'in_port=east-west', actions: 'LOCAL' },
      ],
    },
  };
}
