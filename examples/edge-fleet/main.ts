import { App, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import {
  Deployment,
  HostClass,
  NicDriver,
  NicRole,
  OvsBridge,
  PageSize,
  Rollout,
  Srv6Tunnel,
  type HostPropsOf,
} from 'cdktf-dataplane';

/** What all edge hosts have alike. */
const edge = new HostClass({
  ssh: { user: 'operator' },
  iommu: {},
  hugepages: { dpdk: { pageSize: PageSize.GIB_1, perNode: { 0: 2, 1: 2 } } },
  cpus: { housekeeping: '0-1,16-17', dataplane: '2-3,18-19' },
  bootArguments: ['mitigations=off'],
  nics: {
    uplink: NicRole.perHost({ device: '8086:1572' }),
    storage: NicRole.at('0000:5e:00.0', { device: '15b3:1017', driver: NicDriver.KERNEL }),
  },
  openVSwitch: { pmdSleepMax: 500 },
});

/** One line a host; the compiler knows what a host may say. */
const HOSTS: Readonly<Record<string, HostPropsOf<typeof edge>>> = {
  hub: {
    address: '192.0.2.10',
    nics: { uplink: '0000:3b:00.0' },
    deviations: { openVSwitch: { pmdSleepMax: 0 } },
  },
  'edge-1': { address: '192.0.2.11', nics: { uplink: '0000:3b:00.0' } },
  'edge-2': { address: '192.0.2.12', nics: { uplink: '0000:af:00.0', storage: '0000:5f:00.0' } },
  // An older board: fewer cores, less memory.
  'edge-3': {
    address: '192.0.2.13',
    nics: { uplink: '0000:3b:00.1' },
    deviations: { cpus: { dataplane: '2,18' }, hugepages: { dpdk: { perNode: { 0: 2 } } } },
  },
};

class EdgeFleet extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    Deployment.of(this).configure({ rollout: Rollout.inBatchesOf(20) });
    const tenants: OvsBridge[] = [];
    for (const [index, [name, props]] of Object.entries(HOSTS).entries()) {
      const { nics, openVSwitch } = edge.host(this, name, props);
      const underlay = openVSwitch.addBridge('underlay', { addresses: [`fd00:a::${index + 1}/64`] });
      underlay.addDpdkPort(nics.uplink);
      tenants.push(openVSwitch.addBridge('tenants', { addresses: [`10.0.0.${index + 1}/24`], underlay }));
    }
    const [hub, ...spokes] = tenants;
    if (!hub) return;
    for (const spoke of spokes) new Srv6Tunnel(this, `to-${spoke.host.hostname}`, { between: [hub, spoke] });
  }
}

const app = new App();
new EdgeFleet(app, 'edge-fleet');
app.synth();
