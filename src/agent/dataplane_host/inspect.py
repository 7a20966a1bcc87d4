"""What this host has, as one JSON document (inspect.schema.json). What can't be read is null, never an exception."""
import platform
import re

from . import guard, sysfs
from .host import Problem

SCHEMA_VERSION = 1
CPUS, NODES, HUGEPAGES = "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/kernel/mm/hugepages"
EFI_VARIABLES = "/sys/firmware/efi/efivars"
# Such a kernel argument's value isn't for a file that people pass on: rd.iscsi.password=, netroot=iscsi:user:word@host.
SECRET = re.compile(r"(?i)([^=]*(?:password|passwd|secret|token)[^=]*=).+|(netroot=iscsi:)[^@]+(?=@)")


def report(host):
    numa, sizes = nodes(host), hugepages(host, HUGEPAGES)
    return {
        "schemaVersion": SCHEMA_VERSION,
        "hostName": safe(lambda: host.read_value("/proc/sys/kernel/hostname")),
        "distribution": safe(lambda: distribution(host)),
        "kernel": {
            "release": safe(lambda: host.read_value("/proc/sys/kernel/osrelease")),
            "machine": platform.machine() or None,
            "arguments": safe(lambda: [SECRET.sub(r"\1\2…", word) for word in host.read_text("/proc/cmdline").split()]),
        },
        "boot": {
            "firmware": "uefi" if host.exists("/sys/firmware/efi") else "bios" if host.exists("/sys/firmware") else None,
            "secureBoot": safe(lambda: secure_boot(host)),
            "loader": safe(lambda: boot_loader(host)),
        },
        "cpu": safe(lambda: processor(host, numa)),
        "nodes": numa,
        "memory": {"totalKib": safe(lambda: meminfo(host, "/proc/meminfo", "MemTotal")), "hugepages": sizes},
        "iommu": safe(lambda: iommu(host)),
        "nics": safe(lambda: nics(host)),
    }


def safe(read):
    try:
        return read()
    except (Problem, OSError, ValueError, KeyError, IndexError, AttributeError, TypeError):
        return None


def distribution(host):
    text = host.read_text("/etc/os-release") or host.read_text("/usr/lib/os-release")
    values = {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in text.splitlines())}
    return {"id": values.get("ID"), "version": values.get("VERSION_ID"), "name": values.get("PRETTY_NAME"),
            "like": values.get("ID_LIKE", "").split()}


def secure_boot(host):
    for name in host.listdir(EFI_VARIABLES):
        if name.startswith("SecureBoot-"):
            return host.read_bytes(f"{EFI_VARIABLES}/{name}")[4] == 1  # four bytes of attributes come first
    return None if host.exists("/sys/firmware/efi") else False


def boot_loader(host):
    """The loader that the running system was started by, as far as it tells; null where it doesn't."""
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
    return [{"id": node, "cpus": safe(lambda: sysfs.cpu_list(sysfs.cpus(host.read_text(f"{NODES}/node{node}/cpulist")))),
             "memoryKib": safe(lambda: meminfo(host, f"{NODES}/node{node}/meminfo", "MemTotal")),
             "freeKib": safe(lambda: meminfo(host, f"{NODES}/node{node}/meminfo", "MemFree")),
             "distances": safe(lambda: [int(word) for word in host.read_text(f"{NODES}/node{node}/distance").split()]),
             "hugepages": safe(lambda: hugepages(host, f"{NODES}/node{node}/hugepages")) or []}
            for node in numbered(host, NODES, "node")]


def processor(host, numa):
    first = {}
    for line in (host.read_text("/proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        first.setdefault(key.strip(), value.strip())
    lists = {name: sysfs.cpus(host.read_text(f"{CPUS}/{name}")) for name in ("online", "present", "isolated", "nohz_full")}
    cpus = []
    for cpu in numbered(host, CPUS, "cpu"):
        topology = f"{CPUS}/cpu{cpu}/topology"
        siblings = sysfs.cpus(host.read_text(f"{topology}/thread_siblings_list"))
        socket = sysfs.number(host, f"{topology}/physical_package_id")
        # By the kernel's own link; firmware that puts every CPU in every node leaves it open.
        links = numbered(host, f"{CPUS}/cpu{cpu}", "node") or [
            node["id"] for node in numa if cpu in (sysfs.cpus(node["cpus"]) or [])]
        cpus.append({"id": cpu, "online": None if lists["online"] is None else cpu in lists["online"],
                     "node": links[0] if len(links) == 1 else None, "socket": None if socket == -1 else socket,
                     "core": sysfs.number(host, f"{topology}/core_id"),
                     "siblings": sysfs.cpu_list(siblings) if siblings else None,
                     "capacity": sysfs.number(host, f"{CPUS}/cpu{cpu}/cpu_capacity")})
    sockets = {cpu["socket"] for cpu in cpus} - {None}
    return {"vendor": first.get("vendor_id") or first.get("CPU implementer"),
            "model": first.get("model name") or first.get("CPU part"),
            "flags": sorted(set((first.get("flags") or first.get("Features") or "").split())),
            "sockets": len(sockets) or None,
            **{key: None if lists[name] is None else sysfs.cpu_list(lists[name]) for key, name in (
                ("online", "online"), ("present", "present"), ("isolated", "isolated"), ("nohzFull", "nohz_full"))},
            "cpus": cpus}


def iommu(host):
    groups = host.listdir("/sys/kernel/iommu_groups")
    tables = host.listdir("/sys/firmware/acpi/tables")
    return {"acpiTables": [name for name in ("DMAR", "IORT", "IVRS") if name in tables],
            "units": host.listdir("/sys/class/iommu"), "groups": len(groups), "enabled": bool(groups)}


def nics(host):
    names = safe(lambda: sysfs.interfaces(host)) or {}
    chains = safe(lambda: guard.protected(host))
    return [nic(host, address, sorted(name for name, device in names.items() if device == address), chains)
            for address in sysfs.nics(host)]


def nic(host, address, names, chains):
    def number(part):
        return sysfs.number(host, sysfs.pci(address, part))

    node, total, group = number("numa_node"), number("sriov_totalvfs"), safe(lambda: sysfs.iommu_group(host, address))
    chain = None if chains is None else chains.get(address, [])
    unknown = chain is None or chain[:1] and chain[0].startswith(guard.UNKNOWN)
    return {
        "address": address, "device": sysfs.device_id(host, address), "driver": sysfs.driver(host, address),
        "interfaces": [interface(host, name) for name in names],
        "node": None if node is None or node < 0 else node,
        "iommuGroup": group and {"id": group[0], "members": group[1]},
        "sriov": None if total is None else {"total": total, "configured": number("sriov_numvfs")},
        "physicalFunction": sysfs.physical_function(host, address),
        "management": None if unknown else bool(chain), "managementChain": chain or [],
    }


def interface(host, name):
    """One function may have several interfaces (dual-port cards)."""
    def value(part):
        # A link that is down has no speed: the kernel answers with an error, or -1.
        return safe(lambda: host.read_value(f"{sysfs.NETDEVS}/{name}/{part}")) or None

    speed, carrier = value("speed"), value("carrier")
    return {"name": name, "macAddress": value("address"), "mtu": safe(lambda: int(value("mtu"))),
            "state": value("operstate"), "carrier": None if carrier is None else carrier == "1",
            "speedMbps": int(speed) if speed and speed.isdigit() and speed != "0" else None}
