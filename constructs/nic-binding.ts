import type { Construct } from 'constructs';
import { NicSelector } from '../src/hardware/nic-selector';
import { isKnown } from '../src/hardware/unknown';
import { NICS_SELECTION_RULE } from '../src/rules';
import { MacAddress } from '../src/values/mac-address';
import { PciAddress, PciDeviceId } from '../src/values/pci-address';
import { ValueError } from '../src/values/value-error';
import { Findings } from './findings';
import { HostPart } from './host-part';
import { markAs } from './kind';
import { choice, leaf, object, readProps, value } from './props';

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
  /**
   * PCI address, `0000:03:00.0` (`lspci -D`); or a NicSelector, `NicSelector.mac('52:54:00:12:34:56')`, where the host's
   * hardware profile says which address that is.
   */
  readonly nic: string | NicSelector;
  /** @default NicDriver.VFIO_PCI */
  readonly driver?: NicDriver;
  /** MAC address that the NIC must have; another one is refused before anything is changed. @default that of NicSelector.mac; else not checked */
  readonly macAddress?: string;
  /** Vendor and device id that the NIC must have, `8086:10d3` (`lspci -n`); another one is refused. @default with a NicSelector, the profile's; else not checked */
  readonly device?: string;
}

const NIC = "a PCI address like '0000:03:00.0', or a NicSelector";

const schema = object({
  nic: leaf<string | NicSelector, string | NicSelector>(NIC, readNic),
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
  /** PCI address; undefined: the props are wrong, or the selector means no NIC, which findings() says. */
  readonly address: string | undefined;

  constructor(scope: Construct, id: string, props: NicBindingProps) {
    super(scope, id);
    markAs('NicBinding', this);
    const read = readProps(this, schema, props);
    const nic = read && this.selected(read.nic);
    this.address = nic?.address;
    if (!nic) return;
    const driver = read.driver ?? NicDriver.VFIO_PCI;
    this.host._add('nicBindings', {
      path: this.node.path,
      name: id,
      address: nic.address,
      driver: driver === NicDriver.KERNEL ? null : driver,
      macAddress: read.macAddress ?? nic.macAddress,
      device: read.device ?? nic.device,
    });
  }

  private selected(nic: string | NicSelector): Identity | undefined {
    if (typeof nic === 'string') return { address: nic, macAddress: null, device: null };
    const found = nic.select(this.host.hostname, this.host.hardware);
    if (!('what' in found) && isKnown(found.address)) {
      return {
        address: found.address.toString(),
        macAddress: nic.macAddress ?? null,
        device: isKnown(found.device) ? found.device.toString() : null,
      };
    }
    const { what, remedy } =
      'what' in found
        ? found
        : {
            what: `${this.host.hardware?.source ?? ''} doesn't say the PCI address of ${found.toString()}`,
            remedy: 'make the profile with `npx cdktf-dataplane inspect`, or say the PCI address here',
          };
    Findings.of(this).report({
      rule: NICS_SELECTION_RULE.id,
      severity: NICS_SELECTION_RULE.severity,
      path: this.node.path,
      what: [`nic is ${nic.toString()}, but ${what}`],
      remedy,
    });
    return undefined;
  }
}

/** What the host checks before it binds anything. */
interface Identity {
  readonly address: string;
  readonly macAddress: string | null;
  readonly device: string | null;
}

function readNic(input: unknown): string | NicSelector {
  if (NicSelector.isNicSelector(input)) {
    input.check();
    return input;
  }
  if (typeof input !== 'string') throw new ValueError(NIC, input);
  return PciAddress.parse(input).toString();
}
