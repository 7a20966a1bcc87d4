/**
 * The flagship example with what tests change in it, as JSON in the environment variable EDGE_PAIR. With nothing
 * changed its plans are those of examples/srv6-two-sites, byte for byte (test/rack/stacks/edge-pair.test.ts).
 */
import { App, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import {
  BootParameters,
  Connection,
  CpuPartition,
  DataplaneHost,
  Deployment,
  HugepagePool,
  Iommu,
  NicBinding,
  OnDestroy,
  OpenVSwitch,
  OvsBridge,
  PageSize,
  Platform,
  Reboot,
  Srv6Tunnel,
} from '../../../constructs';

export interface EdgePair {
  /** Inner addresses of the tenants' bridges beside the flagship's. */
  readonly furtherAddress?: boolean;
  /** Extra boot arguments of one host. */
  readonly bootArguments?: Readonly<Record<string, readonly string[]>>;
  /** PCI address of the uplink of one host. */
  readonly uplink?: Readonly<Record<string, string>>;
  /** Expected device of the uplink of one host. */
  readonly device?: Readonly<Record<string, string>>;
  /** 1 GiB pages on node 0 of one host. */
  readonly pages?: Readonly<Record<string, number>>;
  readonly retired?: readonly string[];
  readonly onDestroy?: OnDestroy;
  readonly neverReboot?: boolean;
  /** Only this host. */
  readonly only?: string;
}

const change = JSON.parse(process.env.EDGE_PAIR ?? '{}') as EdgePair;

class EdgeHost extends Construct {
  readonly tenants: OvsBridge;

  constructor(scope: Construct, id: string, { site }: { site: number }) {
    super(scope, id);
    const host = new DataplaneHost(this, 'host', {
      platform: Platform.DEBIAN_13,
      connection: Connection.ssh({ address: id, user: 'operator' }),
      retired: change.retired?.includes(id),
    });
    new Iommu(host, 'iommu');
    new HugepagePool(host, 'hugepages', {
      pageSize: PageSize.GIB_1,
      perNode: { 0: change.pages?.[id] ?? 1, 1: 1 },
    });
    new CpuPartition(host, 'cpus', { housekeeping: '0', dataplane: '1' });
    const extra = change.bootArguments?.[id];
    if (extra) new BootParameters(host, 'boot', { arguments: extra });
    const uplink = new NicBinding(host, 'uplink', {
      nic: change.uplink?.[id] ?? '0000:00:04.0',
      device: change.device?.[id] ?? '8086:10d3',
    });
    const ovs = new OpenVSwitch(host, 'ovs', { pmdSleepMax: 5000 });
    const underlay = ovs.addBridge('underlay', { addresses: [`fd00:a::${site}/64`] });
    underlay.addDpdkPort(uplink);
    this.tenants = ovs.addBridge('tenants', {
      addresses: [
        `10.0.0.${site}/24`,
        `fd00:10::${site}/64`,
        ...(change.furtherAddress ? [`10.0.1.${site}/24`] : []),
      ],
      underlay,
    });
  }
}

class TwoSites extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    Deployment.of(this).configure({
      reboot: change.neverReboot ? Reboot.never() : Reboot.whenNeeded(),
      onDestroy: change.onDestroy,
    });
    const sites = { east: 1, west: 2 };
    const [first, second] = Object.entries(sites)
      .filter(([name]) => change.only === undefined || change.only === name)
      .map(([name, site]) => new EdgeHost(this, name, { site }));
    if (first && second) new Srv6Tunnel(this, 'east-west', { between: [first.tenants, second.tenants] });
  }
}

const app = new App();
new TwoSites(app, 'two-sites');
app.synth();
