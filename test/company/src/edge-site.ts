import { Construct } from 'constructs';
import {
  Connection,
  CpuPartition,
  DataplaneHost,
  HugepagePool,
  Iommu,
  NicBinding,
  OpenVSwitch,
  type OvsBridge,
  PageSize,
  Platform,
} from 'cdktf-dataplane';

export interface EdgeSiteProps {
  /** Number of the site in the company's address plan, 1 to 254. */
  readonly number: number;
  /** Where the site's host is managed. */
  readonly address: string;
  /** Pages of 1 GiB on each NUMA node. @default 2 */
  readonly hugepages?: number;
}

/** What a site of this company is: one host of the one model that it buys, cabled as it cables them all. */
export class EdgeSite extends Construct {
  readonly tenants: OvsBridge;

  constructor(scope: Construct, id: string, props: EdgeSiteProps) {
    super(scope, id);
    const host = new DataplaneHost(this, 'host', {
      platform: Platform.DEBIAN_13,
      connection: Connection.ssh({ address: props.address, user: 'netops' }),
    });
    new Iommu(host, 'iommu');
    const pages = props.hugepages ?? 2;
    new HugepagePool(host, 'hugepages', { pageSize: PageSize.GIB_1, perNode: { 0: pages, 1: pages } });
    new CpuPartition(host, 'cpus', { housekeeping: '0-1', dataplane: '2-3' });
    const line = new NicBinding(host, 'line', { nic: '0000:03:00.0' });
    const ovs = new OpenVSwitch(host, 'ovs');
    const net = `2001:db8:${props.number}`;
    const underlay = ovs.addBridge('underlay', { addresses: [`${net}::1/64`], gateway: `${net}::fe` });
    underlay.addDpdkPort(line);
    this.tenants = ovs.addBridge('tenants', { addresses: [`10.${props.number}.0.1/16`], underlay });
  }
}
