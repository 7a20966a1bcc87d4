"""What the kernel says of PCI devices, network interfaces and CPU lists: readers shared by the guard and inspect."""
import os
import re

PCI_DEVICES = "/sys/bus/pci/devices"
PCI_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]")
NETDEVS = "/sys/class/net"
# With one of these a network device has no interface, wherever one looks.
USERSPACE_DRIVERS = ("vfio-pci", "uio_pci_generic", "igb_uio", "pci-stub", "pciback", "xen-pciback")


def number(host, name, base=10):
    """A kernel attribute as a number; None where absent or something else."""
    try:
        return int(host.read_value(name) or "", base)
    except ValueError:
        return None


def real(host, name):
    """Where a path leads, all links followed, as a path of the host."""
    path = os.path.realpath(host.path(name))
    root = os.path.realpath(host.root).rstrip("/")
    return path[len(root):] if path.startswith(root + "/") else path


def pci(address, part=""):
    return f"{PCI_DEVICES}/{address}{part and '/' + part}"


def is_nic(host, address):
    """Class 02: network controllers (Ethernet, InfiniBand, others)."""
    return (number(host, pci(address, "class"), 16) or 0) >> 16 == 2


def nics(host):
    return [address for address in host.listdir(PCI_DEVICES) if is_nic(host, address)]


def driver(host, address):
    return host.link_name(pci(address, "driver"))


def device_id(host, address):
    """vendor:device, `8086:10d3`."""
    words = [number(host, pci(address, part), 16) for part in ("vendor", "device")]
    return None if None in words else "{:04x}:{:04x}".format(*words)


def iommu_group(host, address):
    """(group, its members: PCI addresses and whatever else is in it), or None."""
    group = host.link_name(pci(address, "iommu_group"))
    if group is None:
        return None
    members = host.listdir(pci(address, "iommu_group/devices")) or host.listdir(
        f"/sys/kernel/iommu_groups/{group}/devices")
    return int(group), members or [address]


def is_endpoint(host, address):
    """Not a bridge (class 06): those stay with the kernel when a group is taken."""
    return (number(host, pci(address, "class"), 16) or 0) >> 16 != 6


def physical_function(host, address):
    return host.link_name(pci(address, "physfn"))


def interfaces(host):
    """{interface: the PCI address that it is on, or None}. Both ways are read: below a virtio device, an auxiliary
    device or a USB controller it is the last PCI address on the path."""
    found = {}
    for name in host.listdir(NETDEVS):
        # `bonding_masters` is a file.
        if host.is_dir(f"{NETDEVS}/{name}"):
            hops = PCI_ADDRESS.findall(real(host, f"{NETDEVS}/{name}/device"))
            found[name] = hops[-1] if hops and host.exists(f"{NETDEVS}/{name}/device") else None
    for address in host.listdir(PCI_DEVICES):
        below = [part for part in host.listdir(pci(address)) if part.startswith("virtio")]
        for part in ["net"] + [f"{part}/net" for part in below]:
            for name in host.listdir(pci(address, part)):
                found[name] = found.get(name) or address
    return found


def lowers(host, interface):
    """The interfaces directly below: VLAN, bond, bridge, macvlan and others name them in sysfs."""
    return [entry[6:] for entry in host.listdir(f"{NETDEVS}/{interface}") if entry.startswith("lower_")]


def cpus(text):
    """A Linux CPU list as numbers; None where it is none."""
    if text is None:
        return None
    try:
        ranges = [[int(end) for end in part.split("-")] for part in text.strip().split(",") if part]
        return sorted({cpu for ends in ranges for cpu in range(ends[0], ends[-1] + 1)})
    except ValueError:
        return None


def cpu_list(numbers):
    """The shortest Linux CPU list: [0, 1, 2, 5] is `0-2,5`."""
    parts = []
    for cpu in sorted(numbers):
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
