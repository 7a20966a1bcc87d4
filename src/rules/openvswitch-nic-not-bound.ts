import { isBifurcated } from '../hardware/dpdk-drivers';
import { hostRule } from './rule';

export const openVSwitchNicNotBound = hostRule({
  id: 'openvswitch/nic-not-bound',
  severity: 'error',
  statement: 'The NIC of a DpdkPort is bound to a driver that DPDK works with.',
  reason:
    'DPDK finds a NIC on its kernel driver only where that driver is bifurcated (mlx4, mlx5): "Error attaching device".',
  check: (host) =>
    host.dpdkPorts.flatMap(({ path, nic }) => {
      const binding = host.nicBindings.find((candidate) => candidate.path === nic);
      if (!binding || binding.driver !== null || isBifurcated(binding.device)) return [];
      return [
        {
          path,
          what: [`uses ${binding.address}, which ${binding.path} keeps on its kernel driver`],
          remedy:
            'use driver: NicDriver.VFIO_PCI there; for a Mellanox or NVIDIA NIC say which it is: device: "15b3:…"',
        },
      ];
    }),
});
