import type { HardwareProfile } from '../hardware/hardware-profile';
import { hasBrokenInterruptMasking, isBifurcated, isBifurcatedDriver } from '../hardware/dpdk-drivers';
import type { Nic } from '../hardware/nic';
import { isKnown } from '../hardware/unknown';
import type { NicBindingIntent } from '../plan/intents';
import { profiledNic } from '../plan/dpdk-nics';
import { hostRule } from './rule';
import { fileOf } from '../values/text';

export const nicsDriverUnsuited = hostRule({
  id: 'nics/driver-unsuited',
  severity: 'error',
  statement: 'The driver of a NicBinding works with the NIC, and on the host.',
  reason:
    'Mellanox, NVIDIA and MANA NICs work through their kernel driver only; uio_pci_generic refuses a NIC whose interrupt (INTx) can\'t be masked, as in the X710 family; vfio-pci refuses every NIC, virtio too, where no IOMMU is: "probe failed with error -22" (DPDK, linux_gsg/linux_drivers.rst; kernel, drivers/uio/uio_pci_generic.c).',
  hardware: {
    facts: ['devices of NICs', 'IOMMU'],
    concerns: (host) => host.nicBindings.some(({ driver }) => driver !== null),
  },
  check: (host) =>
    host.nicBindings.flatMap((binding) => {
      const problem = problemOf(binding, profiledNic(host, binding), host.hardware);
      if (!problem) return [];
      const source = host.hardware ? ` (${fileOf(host.hardware.source)})` : '';
      const { path, address, driver } = binding;
      return [
        {
          path,
          what: [`binds ${address} to ${driver ?? ''}, but ${problem.why}${source}`],
          remedy: problem.remedy,
        },
      ];
    }),
});

function problemOf(
  { driver, device: planned }: NicBindingIntent,
  nic: Nic | undefined,
  profile: HardwareProfile | null,
): { why: string; remedy: string } | undefined {
  if (driver === null) return undefined;
  const device = nic && isKnown(nic.device) ? nic.device.toString() : planned;
  const present = nic && isKnown(nic.driver) ? nic.driver : null;
  const name = device ?? 'it';
  // Where the stack itself names the device, nics/kernel-driver-required says it.
  if (!isBifurcated(planned) && (isBifurcated(device) || isBifurcatedDriver(present))) {
    return {
      why: `${name}${present === null ? '' : ` (${present})`} works through its kernel driver only`,
      remedy: 'use driver: NicDriver.KERNEL',
    };
  }
  if (driver === 'uio_pci_generic') return uioProblem(device);
  return profile && hasNoIommu(profile)
    ? {
        why: 'the host has no IOMMU: its firmware has neither a DMAR nor an IVRS table',
        remedy: device?.startsWith('1af4:')
          ? 'give the virtual machine an IOMMU (QEMU: -device intel-iommu,intremap=on with iommu_platform=on), or choose NicDriver.UIO_PCI_GENERIC, which lets the NIC write to all of the memory'
          : 'turn VT-d or AMD-Vi on in the firmware and make the profile again, or choose NicDriver.UIO_PCI_GENERIC, which lets the NIC write to all of the memory',
      }
    : undefined;
}

function uioProblem(device: string | null): { why: string; remedy: string } | undefined {
  return device !== null && hasBrokenInterruptMasking(device)
    ? {
        why: `${device} is of the X710 family, whose INTx interrupt can't be masked`,
        remedy: 'use driver: NicDriver.VFIO_PCI',
      }
    : undefined;
}

/** On x86: Arm's may stand in the device tree, and one that is in force is one. */
function hasNoIommu({ iommuEnabled, iommuKind, architecture }: HardwareProfile): boolean {
  return iommuEnabled === false && iommuKind === null && architecture === 'x86_64';
}
