import type { Construct } from 'constructs';
import { HostPart } from './host-part';
import { choice, object, readProps } from './props';

/** Maker of the IOMMU: what it needs on the kernel command line differs. */
export enum IommuVendor {
  /** VT-d: `intel_iommu=on iommu=pt`. */
  INTEL = 'intel',
  /** AMD-Vi is on by default: `iommu=pt`. */
  AMD = 'amd',
  /** Arm SMMU is on by default: nothing. */
  ARM = 'arm',
}

export interface IommuProps {
  /** @default what the host's firmware says (ACPI table DMAR: Intel) */
  readonly vendor?: IommuVendor;
}

const schema = object({ vendor: choice('IommuVendor', IommuVendor).optional() });

/**
 * Turns the IOMMU on, in pass-through mode for the host's own devices: vfio-pci needs it.
 * Source: kernel, Documentation/admin-guide/kernel-parameters.txt (`intel_iommu`, `iommu`); DPDK, linux_gsg/linux_drivers.rst.
 */
export class Iommu extends HostPart {
  constructor(scope: Construct, id: string, props: IommuProps = {}) {
    super(scope, id);
    const read = readProps(this, schema, props);
    if (read) this.host._add('iommus', { path: this.node.path, vendor: read.vendor });
  }
}
