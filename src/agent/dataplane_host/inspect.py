"""What this host has, as one JSON document: docs/hardware-profile.schema.json. A property that is missing isn't known,
null says that there is none; what can't be read is never an exception."""
import os
import platform
import re

from . import guard, sysfs
from .host import Problem

SCHEMA_VERSION = 1
# There is none, and that is known. None is what isn't known; `written` puts both into JSON.
NOTHING = object()
CPUS, NODES, HUGEPAGES = "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/kernel/mm/hugepages"
GROUPS = "/sys/kernel/iommu_groups"
EFI_VARIABLES = "/sys/firmware/efi/efivars"
# Such a kernel argument's value isn't for a file that people pass on: rd.iscsi.password=, netroot=iscsi:user:word@host.
SECRET = re.compile(r"(?i)([^=]*(?:password|passwd|secret|token)[^=]*=).+|(netroot=iscsi:)[^@]+(?=@)")
ETHERNET = re.compile(r"(?i)([0-9a-f]{2}:){5}[0-9a-f]{2}")


def report(host):
    numa = nodes(host)
    return written({
        "schemaVersion": SCHEMA_VERSION,
        "source": "dataplane-host inspect",
        "privileged": os.geteuid() == 0,
        "hostName": safe(lambda: host.read_value("/proc/sys/kernel/hostname")),
        "distribution": safe(lambda: distribution(host)),
        "kernel": {
            "release": safe(lambda: host.read_value("/proc/sys/kernel/osrelease")),
            "machine": platform.machine() or None,
            "arguments": safe(lambda: [SECRET.sub(r"\1\2…", word) for word in host.read_text("/proc/cmdline").split()]),
        },
        "boot": {
            "firmware": firmware(host),
            "secureBoot": safe(lambda: secure_boot(host)),
            "loader": safe(lambda: boot_loader(host)),
        },
        "cpu": safe(lambda: processor(host, numa)),
        "nodes": numa,
        "memory": {"totalKib": safe(lambda: meminfo(host, "/proc/meminfo", "MemTotal")), "hugepages": safe(lambda: hugepages(host, HUGEPAGES)) if host.is_dir("/sys/kernel") else None},
        "iommu": safe(lambda: iommu(host)),
        **((host.is_dir("/sys/bus") and safe(lambda: {"nics": nics(host), "nicsComplete": True})) or {}),
    })


def written(value):
    """As JSON has it."""
    if isinstance(value, dict):
        return {key: written(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [written(member) for member in value]
    return None if value is NOTHING else value


def safe(read):
    try:
        return read()
    except (Problem, OSError, ValueError, KeyError, IndexError, AttributeError, TypeError):
        return None


def distribution(host):
    text = host.read_text("/etc/os-release") or host.read_text("/usr/lib/os-release")
    values = {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in text.splitlines())}
    return {"id": values.get("ID", NOTHING), "version": values.get("VERSION_ID", NOTHING),
            "name": values.get("PRETTY_NAME", NOTHING), "like": values.get("ID_LIKE", "").split()}


def firmware(host):
    for name, path in (("uefi", "/sys/firmware/efi"), ("device-tree", "/sys/firmware/devicetree"), ("bios", "/sys/firmware")):
        if host.exists(path):
            return name
    return None


def secure_boot(host):
    for name in host.listdir(EFI_VARIABLES):
        if name.startswith("SecureBoot-"):
            return host.read_bytes(f"{EFI_VARIABLES}/{name}")[4] == 1  # four bytes of attributes come first
    return False if firmware(host) in ("bios", "device-tree") else None


def boot_loader(host):
    """The loader that the running system was started by, as far as it tells."""
    variables = " ".join(host.listdir(EFI_VARIABLES))
    if host.exists("/run/ostree-booted"):
        return "ostree"
    if "StubInfo-" in variables:
        return "unified-kernel-image"
    grub = [path for path in ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg") if host.exists(path)]
    entries = any(name.endswith(".conf") for name in host.listdir("/boot/loader/entries"))
    if grub:
        return "grub-bls" if entries and grub[0].startswith("/boot/grub2") else "grub"
    if "LoaderInfo-" in variables or any(host.exists(f"{path}/loader/loader.conf") for path in ("/boot", "/boot/efi", "/efi")):
        return "systemd-boot"
    return "zipl" if host.exists("/etc/zipl.conf") else None


def meminfo(host, file, key):
    return int(re.search(rf"\b{key}:\s+(\d+)", host.read_text(file))[1])


def hugepages(host, directory):
    return [{"pageSizeKib": int(size[1]), "total": sysfs.number(host, f"{directory}/{size[0]}/nr_hugepages"),
             "free": sysfs.number(host, f"{directory}/{size[0]}/free_hugepages")}
            for size in sorted((re.fullmatch(r"hugepages-(\d+)kB", name) for name in host.listdir(directory)
                                if re.fullmatch(r"hugepages-(\d+)kB", name)), key=lambda size: -int(size[1]))]


def numbered(host, directory, prefix):
    """The numbers of `node0`, `node3`: ids may have gaps."""
    names = safe(lambda: host.listdir(directory)) or []
    return sorted(int(name[len(prefix):]) for name in names if re.fullmatch(rf"{prefix}\d+", name))


def nodes(host):
    """Empty on a kernel without NUMA."""
    return None if not host.is_dir("/sys/devices/system") else [{"id": node, "cpus": safe(lambda: sysfs.cpu_list(sysfs.cpus(host.read_text(f"{NODES}/node{node}/cpulist")))),
             "memoryKib": safe(lambda: meminfo(host, f"{NODES}/node{node}/meminfo", "MemTotal")),
             "freeKib": safe(lambda: meminfo(host, f"{NODES}/node{node}/meminfo", "MemFree")),
             "distances": safe(lambda: [int(word) for word in host.read_text(f"{NODES}/node{node}/distance").split()]),
             "hugepages": safe(lambda: hugepages(host, f"{NODES}/node{node}/hugepages"))}
            for node in numbered(host, NODES, "node")]


def processor(host, numa):
    first = {}
    for line in (host.read_text("/proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        first.setdefault(key.strip(), value.strip())
    online = sysfs.cpus(host.read_text(f"{CPUS}/online"))
    kinds = {kind: sysfs.cpus(host.read_text(f"/sys/devices/cpu_{name}/cpus")) or []
             for kind, name in (("performance", "core"), ("efficiency", "atom"))}
    cpus = []
    for cpu in numbered(host, CPUS, "cpu"):
        topology = f"{CPUS}/cpu{cpu}/topology"
        siblings = sysfs.cpus(host.read_text(f"{topology}/thread_siblings_list"))
        socket = sysfs.number(host, f"{topology}/physical_package_id")
        # By the kernel's own link; firmware that puts every CPU in every node leaves it open.
        links = numbered(host, f"{CPUS}/cpu{cpu}", "node") or [
            node["id"] for node in numa or [] if cpu in (sysfs.cpus(node["cpus"]) or [])]
        cpus.append({"id": cpu, "online": None if online is None else cpu in online,
                     "node": links[0] if len(links) == 1 else None, "socket": None if socket == -1 else socket,
                     "core": sysfs.number(host, f"{topology}/core_id"),
                     "siblings": sysfs.cpu_list(siblings) if siblings else None,
                     "capacity": sysfs.number(host, f"{CPUS}/cpu{cpu}/cpu_capacity"),
                     "kind": next((kind for kind, members in kinds.items() if cpu in members), None)})
    sockets = {cpu["socket"] for cpu in cpus} - {None}
    return {"vendor": first.get("vendor_id") or first.get("CPU implementer"),
            "model": first.get("model name") or first.get("CPU part"),
            "flags": sorted(set((first.get("flags") or first.get("Features") or "").split())) or None,
            "sockets": len(sockets) or None,
            "online": cpu_list(host, "online"), "present": cpu_list(host, "present"), "cpus": cpus,
            "isolated": cpu_list(host, "isolated", NOTHING), "nohzFull": cpu_list(host, "nohz_full", NOTHING)}


def cpu_list(host, name, absent=None):
    """absent: what it means where this kernel has no such list."""
    text = host.read_value(f"{CPUS}/{name}")
    # nohz_full of a kernel that was given none is "(null)".
    listed = [] if text == "(null)" else sysfs.cpus(text)
    return absent if text is None else None if listed is None else sysfs.cpu_list(listed)


def iommu(host):
    if not host.is_dir("/sys/kernel"):
        return None
    groups = [group for group in host.listdir(GROUPS) if not unprotected(host, group)]
    tables = host.listdir("/sys/firmware/acpi/tables")
    return {"acpiTables": [name for name in ("DMAR", "IORT", "IVRS") if name in tables],
            "units": host.listdir("/sys/class/iommu"), "groups": len(groups), "enabled": bool(groups)}


def unprotected(host, group):
    """Such a group stands for no IOMMU: vfio made it, in its unsafe mode without one."""
    return host.read_value(f"{GROUPS}/{group}/name") == "vfio-noiommu"


def nics(host):
    names = safe(lambda: sysfs.interfaces(host)) or {}
    chains = safe(lambda: guard.protected(host))
    permanent = safe(lambda: {link["ifname"]: link.get("permaddr") for link in host.json(["ip", "-j", "-d", "link", "show"])}) or {}
    return [nic(host, address, sorted(name for name, device in names.items() if device == address), chains, permanent)
            for address in sysfs.nics(host)]


def iommu_group(host, address):
    group = sysfs.iommu_group(host, address)
    return NOTHING if group is None or unprotected(host, group[0]) else {"id": group[0], "members": group[1]}


def nic(host, address, names, chains, permanent):
    def number(part):
        """NOTHING: the kernel has no such attribute for it."""
        path = sysfs.pci(address, part)
        return sysfs.number(host, path) if host.exists(path) else NOTHING

    node, total, group = number("numa_node"), number("sriov_totalvfs"), safe(lambda: iommu_group(host, address))
    chain = None if chains is None else chains.get(address, [])
    unknown = chain is None or chain[:1] and chain[0].startswith(guard.UNKNOWN)
    return {
        "address": address, "device": sysfs.device_id(host, address), "driver": sysfs.driver(host, address) or NOTHING,
        "interfaces": [interface(host, name, permanent.get(name)) for name in names],
        "node": NOTHING if node == -1 else node if node is NOTHING or (node or 0) >= 0 else None,
        "iommuGroup": group,
        "sriov": total if total in (None, NOTHING) else {"total": total, "configured": number("sriov_numvfs")},
        "physicalFunction": sysfs.physical_function(host, address) or NOTHING,
        "management": None if unknown else bool(chain), "managementChain": chain or [],
    }


def interface(host, name, permanent):
    """One function may have several interfaces (dual-port cards)."""
    def value(part):
        # A link that is down has no speed: the kernel answers with an error, or -1.
        return safe(lambda: host.read_value(f"{sysfs.NETDEVS}/{name}/{part}")) or None

    def mac(text):
        return text and (text.lower() if ETHERNET.fullmatch(text) else NOTHING)

    speed, carrier = value("speed"), value("carrier")
    address = mac(value("address"))
    return {"name": name, "macAddress": address,
            # A bond gives its own address to all its ports: what the card itself has is this one.
            "permanentMacAddress": mac(value("bonding_slave/perm_hwaddr")) or mac(permanent) or address,
            "mtu": safe(lambda: int(value("mtu"))), "state": value("operstate"),
            "carrier": NOTHING if carrier is None else carrier == "1",
            "speedMbps": int(speed) if speed and speed.isdigit() and speed != "0" else NOTHING}
