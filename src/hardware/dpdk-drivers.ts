/**
 * Which of DPDK's poll mode drivers serves a NIC, as the prefix of the Debian package that holds it.
 * Source: DPDK doc/guides/nics, and the package lists of Debian's dpdk source package.
 */

/** By the kernel driver that has the device before it is bound for DPDK. */
export const PREFIX_BY_KERNEL_DRIVER: Readonly<Record<string, string>> = {
  atlantic: 'librte-net-atlantic',
  bnxt_en: 'librte-net-bnxt',
  e1000: 'librte-net-e1000',
  e1000e: 'librte-net-e1000',
  ena: 'librte-net-ena',
  enic: 'librte-net-enic',
  i40e: 'librte-net-i40e',
  iavf: 'librte-net-iavf',
  ice: 'librte-net-ice',
  igb: 'librte-net-e1000',
  igbvf: 'librte-net-e1000',
  igc: 'librte-net-igc',
  ixgbe: 'librte-net-ixgbe',
  ixgbevf: 'librte-net-ixgbe',
  mlx4_core: 'librte-net-mlx4',
  mlx5_core: 'librte-net-mlx5',
  'virtio-pci': 'librte-net-virtio',
  vmxnet3: 'librte-net-vmxnet3',
};

/** By vendor:device, for the devices that are common enough to be known without asking the host. */
const PREFIX_BY_DEVICE: Readonly<Record<string, string>> = {
  '8086:100e': 'librte-net-e1000', // 82540EM
  '8086:10d3': 'librte-net-e1000', // 82574L
  '8086:10c9': 'librte-net-e1000', // 82576
  '8086:10ca': 'librte-net-e1000', // 82576 VF
  '8086:1521': 'librte-net-e1000', // I350
  '8086:10fb': 'librte-net-ixgbe', // 82599ES
  '8086:10ed': 'librte-net-ixgbe', // 82599 VF
  '8086:1528': 'librte-net-ixgbe', // X540-AT2
  '8086:1563': 'librte-net-ixgbe', // X550
  '8086:1572': 'librte-net-i40e', // X710
  '8086:1583': 'librte-net-i40e', // XL710 QSFP+
  '8086:158b': 'librte-net-i40e', // XXV710
  '8086:154c': 'librte-net-iavf', // X710 VF
  '8086:1889': 'librte-net-iavf', // adaptive VF
  '8086:1592': 'librte-net-ice', // E810-C QSFP
  '8086:1593': 'librte-net-ice', // E810-C SFP
  '8086:159b': 'librte-net-ice', // E810-XXV SFP
  '8086:15f2': 'librte-net-igc', // I225-LM
  '15b3:1017': 'librte-net-mlx5', // ConnectX-5
  '15b3:1019': 'librte-net-mlx5', // ConnectX-5 Ex
  '15b3:101d': 'librte-net-mlx5', // ConnectX-6 Dx
  '15b3:1021': 'librte-net-mlx5', // ConnectX-7
  '1af4:1000': 'librte-net-virtio', // transitional
  '1af4:1041': 'librte-net-virtio', // virtio 1.0
  '15ad:07b0': 'librte-net-vmxnet3',
  '1d0f:ec20': 'librte-net-ena', // ENA VF
};

/** Prefix of the driver's package for a device id; undefined: ask the host which kernel driver the device has. */
export function dpdkDriverPrefix(device: string | null): string | undefined {
  return device === null ? undefined : PREFIX_BY_DEVICE[device];
}

/** Mellanox and NVIDIA NICs: DPDK works beside the kernel driver (DPDK linux_gsg/linux_drivers.rst, "Bifurcated Driver"). */
export function isBifurcated(device: string | null): boolean {
  return device?.startsWith('15b3:') ?? false;
}
