import { App, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import {
  Deployment,
  HostClass,
  NicDriver,
  NicRole,
  PageSize,
  Rollout,
  Srv6Tunnel,
  type HostOf,
  type HostPropsOf,
  type OvsBridge,
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

/** What each of them says of itself; the compiler knows what a host may say. */
const SITES: Readonly<Record<string, HostPropsOf<typeof edge>>> = {
  'edge-1': { address: '192.0.2.11', nics: { uplink: '0000:3b:00.0' } },
  'edge-2': { address: '192.0.2.12', nics: { uplink: '0000:af:00.0', storage: '0000:5f:00.0' } },
  // Another board: its cores are numbered otherwise, and it has less memory.
  'edge-3': {
    address: '192.0.2.13',
    nics: { uplink: '0000:3b:00.1' },
    deviations: { cpus: { dataplane: '4-5,20-21' }, hugepages: { dpdk: { perNode: { 0: 2 } } } },
  },
};

/** A host of the class is a DataplaneHost: bridges, tunnels and anything else are added as to any other. */
function addBridges({ nics, openVSwitch }: HostOf<typeof edge>, site: number): OvsBridge {
  const underlay = openVSwitch.addBridge('underlay', { addresses: [`fd00:a::${site}/64`] });
  underlay.addDpdkPort(nics.uplink, { queues: 4 });
  return openVSwitch.addBridge('tenants', { addresses: [`10.0.0.${site}/24`], underlay });
}

class EdgeFleet extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    Deployment.of(this).configure({ rollout: Rollout.inBatchesOf(20) });
    const hub = edge.host(this, 'hub', { address: '192.0.2.10', nics: { uplink: '0000:3b:00.0' } });
    const tenants = addBridges(hub, 1);
    for (const [index, [name, props]] of Object.entries(SITES).entries()) {
      const spoke = addBridges(edge.host(this, name, props), index + 2);
      new Srv6Tunnel(this, `to-${name}`, { between: [tenants, spoke] });
    }
  }
}

const app = new App();
new EdgeFleet(app, 'edge-fleet');
app.synth();
