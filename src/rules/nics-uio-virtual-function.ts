import { isVirtualFunction } from '../hardware/dpdk-drivers';
import { isKnown } from '../hardware/unknown';
import type { HostIntents, NicBindingIntent } from '../plan/intents';
import { profiledNic } from '../plan/dpdk-nics';
import { hostRule } from './rule';
import { fileOf } from '../values/text';

export const nicsUioVirtualFunction = hostRule({
  id: 'nics/uio-virtual-function',
  severity: 'warning',
  statement: 'Virtual functions are bound to vfio-pci, not to uio_pci_generic.',
  reason:
    'They have no INTx interrupt: older kernels refuse them ("No IRQ assigned to device"), later ones give DPDK no interrupt of them, so that a link that goes down or a reset may stay unseen (DPDK, linux_gsg/linux_drivers.rst; kernel, drivers/uio/uio_pci_generic.c).',
  hardware: {
    facts: ['devices of NICs'],
    concerns: (host) => host.nicBindings.some(({ driver }) => driver === 'uio_pci_generic'),
  },
  check: (host) =>
    host.nicBindings
      .filter(({ driver }) => driver === 'uio_pci_generic')
      .flatMap((binding) => {
        const why = virtualFunction(host, binding);
        if (why === undefined) return [];
        return [
          {
            path: binding.path,
            what: [`binds ${binding.address} to uio_pci_generic, but ${why}`],
            remedy: 'use driver: NicDriver.VFIO_PCI',
          },
        ];
      }),
});

function virtualFunction(host: HostIntents, binding: NicBindingIntent): string | undefined {
  const nic = profiledNic(host, binding);
  const source = host.hardware ? ` (${fileOf(host.hardware.source)})` : '';
  const physical = nic?.physicalFunction;
  if (physical !== undefined && isKnown(physical) && physical !== null) {
    return `it is a virtual function of ${physical}${source}`;
  }
  const device = nic && isKnown(nic.device) ? nic.device.toString() : binding.device;
  return device !== null && isVirtualFunction(device) ? `${device} is a virtual function` : undefined;
}
