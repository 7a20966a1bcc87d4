import { App, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import {
  Connection,
  CpuPartition,
  DataplaneHost,
  Deployment,
  HugepagePool,
  Iommu,
  NicBinding,
  OpenVSwitch,
  OvsBridge,
  PageSize,
  Platform,
  Reboot,
  Srv6Tunnel,
} from 'cdktf-dataplane';

/** A host at the edge of a site: one NIC towards the other sites, and a bridge for the site's tenants. */
class EdgeHost extends Construct {
  readonly tenants: OvsBridge;

  constructor(scope: Construct, id: string, { site }: { site: number }) {
    super(scope, id);
    const host = new DataplaneHost(this, 'host', {
      platform: Platform.DEBIAN_13,
      connection: Connection.ssh({ address: id, user: 'operator' }),
    });
    new Iommu(host, 'iommu');
    new HugepagePool(host, 'hugepages', { pageSize: PageSize.GIB_1, perNode: { 0: 1, 1: 1 } });
    new CpuPartition(host, 'cpus', { housekeeping: '0', dataplane: '1' });
    const uplink = new NicBinding(host, 'uplink', { nic: '0000:00:04.0', device: '8086:10d3' });

    const ovs = new OpenVSwitch(host, 'ovs', { pmdSleepMax: 5000 });
    const underlay = ovs.addBridge('underlay', { addresses: [`fd00:a::${site}/64`] });
    underlay.addDpdkPort(uplink);
    this.tenants = ovs.addBridge('tenants', {
      addresses: [`10.0.0.${site}/24`, `fd00:10::${site}/64`],
      underlay,
    });
  }
}

class TwoSites extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    Deployment.of(this).configure({ reboot: Reboot.whenNeeded() });
    const east = new EdgeHost(this, 'east', { site: 1 });
    const west = new EdgeHost(this, 'west', { site: 2 });
    new Srv6Tunnel(this, 'east-west', { between: [east.tenants, west.tenants] });
  }
}

const app = new App();
new TwoSites(app, 'two-sites');
app.synth();
