import type { Construct } from 'constructs';
import { MacAddress } from '../src/values/mac-address';
import { PciAddress, PciDeviceId } from '../src/values/pci-address';
import { HostPart } from './host-part';
import { markAs } from './kind';
import { choice, object, readProps, value } from './props';

/** Which driver has a NIC. */
export enum NicDriver {
  /** For DPDK, through the IOMMU. The one to take wherever an IOMMU is. */
  VFIO_PCI = 'vfio-pci',
  /** For DPDK on hosts without an IOMMU: any device the NIC is told to write to, it writes to. Not with secure boot. */
  UIO_PCI_GENERIC = 'uio_pci_generic',
  /** Stays where it is: Mellanox and NVIDIA NICs (whose DPDK driver works through the kernel's), AF_XDP. */
  KERNEL = 'kernel',
}

export interface NicBindingProps {
  /** PCI address, `0000:03:00.0` (`lspci -D`). */
  readonly nic: string;
  /** @default NicDriver.VFIO_PCI */
  readonly driver?: NicDriver;
  /** MAC address that the NIC must have; another one is refused before anything is changed. @default not checked */
  readonly macAddress?: string;
  /** Vendor and device id that the NIC must have, `8086:10d3` (`lspci -n`); another one is refused. @default not checked */
  readonly device?: string;
}

const schema = object({
  nic: value((input) => PciAddress.parse(input).toString(), "a PCI address like '0000:03:00.0'"),
  driver: choice('NicDriver', NicDriver).optional(),
  macAddress: value(
    (input) => MacAddress.parse(input).toString(),
    "a MAC address like '52:54:00:12:34:56'",
  ).optional(),
  device: value(
    (input) => PciDeviceId.parse(input).toString(),
    "a vendor:device id like '8086:10d3'",
  ).optional(),
});

/**
 * Binds a NIC to a driver at each boot, and gives it back with its name and settings on undo. The host refuses a NIC that
 * carries management, however hidden (VLAN, bond, bridge, VRF …), and one that isn't the device that was planned.
 */
export class NicBinding extends HostPart {
  constructor(scope: Construct, id: string, props: NicBindingProps) {
    super(scope, id);
    markAs('NicBinding', this);
    const read = readProps(this, schema, props);
    if (!read) return;
    const driver = read.driver ?? NicDriver.VFIO_PCI;
    this.host._add('nicBindings', {
      path: this.node.path,
      name: id,
      address: read.nic,
      driver: driver === NicDriver.KERNEL ? null : driver,
      macAddress: read.macAddress ?? null,
      device: read.device ?? null,
    });
  }
}
