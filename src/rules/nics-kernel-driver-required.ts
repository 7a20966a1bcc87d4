import { isBifurcated } from '../hardware/dpdk-drivers';
import { hostRule } from './rule';

export const nicsKernelDriverRequired = hostRule({
  id: 'nics/kernel-driver-required',
  severity: 'error',
  statement: 'NICs of Mellanox, NVIDIA and Microsoft (MANA) stay on their kernel driver.',
  reason:
    'Their poll mode driver works through the kernel driver (DPDK, linux_gsg/linux_drivers.rst); bound to vfio-pci they fail with "No Verbs device matches".',
  check: (host) =>
    host.nicBindings
      .filter(({ device, driver }) => driver !== null && isBifurcated(device))
      .map(({ path, address, device, driver }) => ({
        path,
        what: [`binds ${address} (${device}) to ${driver}`],
        remedy: 'use driver: NicDriver.KERNEL',
      })),
});
