import { App, TerraformStack } from 'cdktf';
import {
  Connection,
  DataplaneHost,
  Deployment,
  HugepagePool,
  Iommu,
  NicBinding,
  OpenVSwitch,
  type DataplaneHostProps,
  type Finding,
  type NicBindingProps,
  type OpenVSwitchProps,
  type OvsBridge,
  type OvsBridgeOptions,
} from '../../constructs';

/** What is found in a stack; nothing is written. */
export function findingsOf(build: (stack: TerraformStack) => void): readonly Finding[] {
  const stack = new TerraformStack(new App({ skipValidation: true }), 'lab');
  build(stack);
  return Deployment.of(stack).findings();
}

/** A host that no rule has anything to say about. */
export function plainHost(stack: TerraformStack, id = 'edge', props: DataplaneHostProps = {}): DataplaneHost {
  return new DataplaneHost(stack, id, {
    connection: Connection.ssh({ address: `${id}.example.org` }),
    ...props,
  });
}

export interface Site {
  readonly host: DataplaneHost;
  readonly ovs: OpenVSwitch;
  readonly uplink: NicBinding;
  readonly underlay: OvsBridge;
  readonly tenants: OvsBridge;
}

export interface SiteOptions {
  readonly host?: DataplaneHostProps;
  readonly nic?: Partial<NicBindingProps>;
  readonly ovs?: OpenVSwitchProps;
  readonly underlay?: OvsBridgeOptions;
  readonly tenants?: OvsBridgeOptions;
  /** Bytes, of the NIC's port. */
  readonly mtu?: number;
}

/** A whole edge host, again without any fault: an underlay with a NIC, and a bridge for tenants above it. */
export function site(stack: TerraformStack, id: string, number: number, options: SiteOptions = {}): Site {
  const host = plainHost(stack, id, options.host);
  new Iommu(host, 'iommu');
  new HugepagePool(host, 'hugepages', { perNode: { 0: 2 } });
  const uplink = new NicBinding(host, 'uplink', { nic: '0000:04:00.0', ...options.nic });
  const ovs = new OpenVSwitch(host, 'ovs', options.ovs);
  const underlay = ovs.addBridge('underlay', {
    addresses: [`fd00:a::${number}/64`],
    ...options.underlay,
  });
  underlay.addDpdkPort(uplink, { mtu: options.mtu });
  const tenants = ovs.addBridge('tenants', {
    addresses: [`10.0.0.${number}/24`, `fd00:10::${number}/64`],
    underlay,
    ...options.tenants,
  });
  return { host, ovs, uplink, underlay, tenants };
}
