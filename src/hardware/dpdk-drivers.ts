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

/** PCI vendors whose NICs DPDK drives beside the kernel driver (DPDK linux_gsg/linux_drivers.rst, "Bifurcated Driver"; nics/mana.rst). */
const BIFURCATED_VENDORS = ['15b3' /* Mellanox, NVIDIA */, '1414' /* Microsoft: MANA */];
/** The same by the kernel driver. */
const BIFURCATED_DRIVERS = ['mlx4_core', 'mlx5_core', 'mana'];

export function isBifurcated(device: string | null): boolean {
  return device !== null && BIFURCATED_VENDORS.includes(device.slice(0, 4));
}

export function isBifurcatedDriver(kernelDriver: string | null): boolean {
  return kernelDriver !== null && BIFURCATED_DRIVERS.includes(kernelDriver);
}

/**
 * Devices whose INTx can't be masked, so that uio_pci_generic refuses them: the X710 family.
 * Source: kernel, drivers/pci/quirks.c (quirk_broken_intx_masking) and drivers/uio/uio_pci_generic.c (probe).
 */
const WITHOUT_INTX_MASKING = [
  '8086:1572',
  '8086:1574',
  '8086:1580',
  '8086:1581',
  '8086:1583',
  '8086:1584',
  '8086:1585',
  '8086:1586',
  '8086:1587',
  '8086:1588',
  '8086:1589',
  '8086:158a',
  '8086:158b',
  '8086:37d0',
  '8086:37d1',
  '8086:37d2',
];

export function hasBrokenInterruptMasking(device: string): boolean {
  return WITHOUT_INTX_MASKING.includes(device);
}

/** Virtual functions by their id alone, of those that are known by it. They have no INTx at all. */
const VIRTUAL_FUNCTIONS = ['8086:10ca', '8086:10ed', '8086:1515', '8086:1520', '8086:154c', '8086:1889'];

export function isVirtualFunction(device: string): boolean {
  return VIRTUAL_FUNCTIONS.includes(device);
}
