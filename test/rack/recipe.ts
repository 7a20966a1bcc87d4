import { createHash } from 'node:crypto';

export const RELEASES = ['trixie', 'bookworm'] as const;
export type Release = (typeof RELEASES)[number];

/** All that decides what an image holds. Another recipe is another image, made and cached beside the first. */
export interface Recipe {
  readonly release: Release;
  /** Installed. Open vSwitch, DPDK and driverctl are missing on purpose: the product installs what it needs. */
  readonly packages: readonly string[];
  /** Downloaded with their dependencies, not installed: apt-get finds them in /var/cache/apt/archives. */
  readonly downloads: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** systemd units that would only use up the emulated CPU, or wait for what never comes. */
  readonly maskedUnits: readonly string[];
  readonly diskGibibytes: number;
  /** To be raised when image.ts makes another image of the same recipe. */
  readonly revision: number;
}

const PACKAGES = [
  'linux-image-amd64',
  'systemd',
  'systemd-sysv',
  'systemd-resolved',
  'udev',
  'dbus',
  'kmod',
  'grub-pc',
  'openssh-server',
  'sudo',
  'cloud-init',
  'cloud-guest-utils',
  'python3',
  'netplan.io',
  'iproute2',
  'iputils-ping',
  'ethtool',
  'pciutils',
  'tcpdump',
  'iperf3',
  'parted',
  'e2fsprogs',
  'procps',
  'less',
  'numactl',
  'ca-certificates',
] as const;

/** The drivers that Open vSwitch needs for the rack's NICs; Debian only recommends them. */
const DPDK_DRIVERS = [
  'librte-bus-pci',
  'librte-bus-vdev',
  'librte-mempool-ring',
  'librte-net-e1000',
  'librte-net-virtio',
] as const;

/** The ABI number of the release's DPDK, which ends the names of its driver packages. */
const DPDK_ABI: Readonly<Record<Release, string>> = { trixie: '25', bookworm: '23' };

/**
 * `no_timer_check`: an emulated timer is late on a busy machine, and the kernel then panics ("timer doesn't work through
 * Interrupt-remapped IO-APIC").
 * `nokaslr`: the kernel otherwise lands at a random address, sometimes on NUMA node 1, which then has no whole
 * free GiB for a 1 GiB page (seen at 3 of 10 boots; none of 5 with it).
 * No `quiet`: the serial log shows how far a boot came, and how many there were.
 */
const GRUB = `GRUB_TIMEOUT=1
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=ttyS0,115200 nokaslr no_timer_check"
GRUB_TERMINAL="serial console"
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
`;

export const FIRST_BOOT_UNIT = 'rack-first-boot.service';
/** What the first boot writes to the serial console when all went well. */
export const FIRST_BOOT_DONE = 'RACK-IMAGE-IS-READY';

/** GRUB finds its disk and update-grub its root only from inside; the unit removes all traces of this boot. */
const FIRST_BOOT = `[Unit]
Description=Install the boot loader (once, while the rack's image is made)
DefaultDependencies=no

[Service]
Type=oneshot
StandardOutput=journal+console
StandardError=journal+console
ExecStart=grub-install /dev/vda
ExecStart=update-initramfs -u
ExecStart=update-grub
ExecStart=/usr/lib/systemd/systemd-update-done
ExecStart=/bin/sh -ec 'rm -rf /etc/systemd/system/${FIRST_BOOT_UNIT} /var/log/journal/* /var/lib/systemd/random-seed; : >/etc/machine-id; sync; echo ${FIRST_BOOT_DONE} >/dev/ttyS0'
ExecStopPost=systemctl --force poweroff
`;

/** Only from Debian 13 on: the kernel settings that let everybody ping. */
const SYSCTL_DEFAULTS: Readonly<Record<Release, readonly string[]>> = {
  trixie: ['linux-sysctl-defaults'],
  bookworm: [],
};

export function recipeFor(release: Release): Recipe {
  return {
    release,
    packages: [...PACKAGES, ...SYSCTL_DEFAULTS[release]],
    downloads: [
      'openvswitch-switch-dpdk',
      'openvswitch-common',
      // As Debian names libraries: a hyphen before the ABI number only where the name itself ends in a digit.
      ...DPDK_DRIVERS.map((name) => `${name}${/\d$/.test(name) ? '-' : ''}${DPDK_ABI[release]}`),
    ],
    files: {
      '/etc/default/grub.d/00-rack.cfg': GRUB,
      // A tenth of the modules: the emulated machine reads its initial RAM disk three times as fast.
      '/etc/initramfs-tools/conf.d/rack': 'MODULES=dep\n',
      [`/etc/systemd/system/${FIRST_BOOT_UNIT}`]: FIRST_BOOT,
      '/etc/hostname': 'localhost\n',
      '/etc/hosts': '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n',
    },
    maskedUnits: [
      'apt-daily.service',
      'apt-daily.timer',
      'apt-daily-upgrade.service',
      'apt-daily-upgrade.timer',
      'dpkg-db-backup.timer',
      'e2scrub_all.timer',
      'e2scrub_reap.service',
      'fstrim.timer',
      'man-db.timer',
      'systemd-networkd-wait-online.service',
    ],
    diskGibibytes: 8,
    revision: 2,
  };
}

/** Names an image: release and the first 12 hex digits of its recipe's SHA-256. */
export function recipeKey(recipe: Recipe): string {
  return `${recipe.release}-${createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12)}`;
}
