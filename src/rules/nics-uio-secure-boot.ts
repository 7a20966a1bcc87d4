import type { HardwareProfile } from '../hardware/hardware-profile';
import { isKnown } from '../hardware/unknown';
import type { HostIntents } from '../plan/intents';
import { argumentKey } from '../plan/kernel-arguments';
import { hostRule } from './rule';
import { fileOf } from '../values/text';

export const nicsUioSecureBoot = hostRule({
  id: 'nics/uio-secure-boot',
  severity: 'error',
  statement: 'No NIC is bound to uio_pci_generic on a host with secure boot or a locked-down kernel.',
  reason:
    "A locked-down kernel gives no program a device that can write to all of the memory; with secure boot Debian's and Ubuntu's kernels lock themselves down (kernel_lockdown(7); DPDK, linux_gsg/linux_drivers.rst).",
  hardware: {
    facts: ['secure boot'],
    concerns: (host) => host.nicBindings.some(({ driver }) => driver === 'uio_pci_generic'),
  },
  check(host) {
    const why = lockedDown(host, host.hardware);
    if (why === undefined) return [];
    return host.nicBindings
      .filter(({ driver }) => driver === 'uio_pci_generic')
      .map(({ path, address }) => ({
        path,
        what: [`binds ${address} to uio_pci_generic, but ${why}`],
        remedy: 'use driver: NicDriver.VFIO_PCI with an Iommu, or turn secure boot (or lockdown=) off',
      }));
  },
});

function lockedDown(host: HostIntents, profile: HardwareProfile | null): string | undefined {
  for (const { path, arguments: texts } of host.bootParameters) {
    const own = texts.find(isLockdown);
    if (own !== undefined) return `${path} asks for '${own}'`;
  }
  if (!profile) return undefined;
  if (profile.secureBoot === true) return `${host.name} has secure boot (${fileOf(profile.source)})`;
  const present = isKnown(profile.kernelArguments) ? profile.kernelArguments.find(isLockdown) : undefined;
  return present === undefined
    ? undefined
    : `${host.name} was booted with '${present}' (${fileOf(profile.source)})`;
}

function isLockdown(text: string): boolean {
  return argumentKey(text) === 'lockdown' && text !== 'lockdown=none';
}
