"""NIC drivers: the right device, never management's, and back to its kernel driver with its name."""
import re

from . import FULL, sysfs
from .host import Problem, log
from .resources import Resource
from .stages import load

# With these vendors DPDK works on top of the kernel driver (mlx4, mlx5, mana).
BIFURCATED = {"15b3": "NVIDIA/Mellanox", "1414": "Microsoft"}
# Where the network is configured for the next boot: whatever names the NIC there, may want it.
CONFIGURATION = ("/etc/netplan", "/etc/systemd/network", "/run/systemd/network", "/etc/network", "/etc/network/interfaces.d",
                 "/etc/NetworkManager/system-connections")
LOCKDOWN = "/sys/kernel/security/lockdown"


def interface_of(host, address):
    return next((name for name, device in sorted(sysfs.interfaces(host).items()) if device == address), None)


def mac_of(host, interface):
    permanent = host.run(["ip", "-j", "link", "show", "dev", interface], check=False).stdout if interface else ""
    found = re.search(r'"permaddr":\s*"([0-9a-f:]{17})"', permanent)
    return found.group(1) if found else interface and host.read_value(f"{sysfs.NETDEVS}/{interface}/address")


def addresses_of(host, interface):
    """Static addresses, as `ip address replace` takes them (what DHCP or a router gave comes back by itself)."""
    links = host.json(["ip", "-j", "address", "show", "dev", interface], check=False) if interface else []
    return [f"{info['local']}/{info['prefixlen']}" for link in links for info in link.get("addr_info", [])
            if info.get("scope") != "link" and not info.get("dynamic")]


def before_of(host, address):
    """What the NIC was before we bound it, from the record; None: we didn't."""
    record = host.state.find("nic-driver", address)
    return record and record["before"]


def use_of(host, address):
    """What uses the NIC, another endpoint of its IOMMU group, or a VF of it, and by which interface; empty: nothing."""
    group = sysfs.iommu_group(host, address)
    names = [name for name, device in sysfs.interfaces(host).items() if device in (group[1] if group else [address])]
    uses = [(f"virtual function {other}", address) for other in host.listdir(sysfs.PCI_DEVICES)
            if sysfs.physical_function(host, other) == address]
    if not names and sysfs.driver(host, address) not in (None, *sysfs.USERSPACE_DRIVERS):
        uses.append(("no interface here: in another network namespace?", address))
    texts = [host.read_text(f"{folder}/{name}") for folder in CONFIGURATION for name in host.listdir(folder)
             if not host.is_dir(f"{folder}/{name}")]
    for link in host.json(["ip", "-j", "-d", "address", "show"]):
        name = link["ifname"]
        words = "|".join(map(re.escape, filter(None, [name, link.get("address"), link.get("permaddr"), *link.get("altnames", [])])))
        uses += [(name, link.get("link")), *((f"{key} {link[key]}", name) for key in ("master", "xdp") if key in link)]
        uses += [(f"address {info['local']}", name) for info in link.get("addr_info", []) if info.get("scope") not in ("link", "host")]
        uses += [("persistent configuration", name) for text in texts if re.search(rf"\b({words})\b", text, re.I)]
    for words in (["-4", "route", "show", "table", "all"], ["-6", "route", "show", "table", "all"], ["nexthop", "show"]):
        uses += [(f"route {route.get('dst', 'group')}", hop.get("dev")) for route in host.json(["ip", "-j", *words])
                 for hop in [route, *route.get("nexthops", [])]
                 if not route.get("dst", "").startswith(("fe80:", "ff00:")) and route.get("type") != "local"]
    sessions = host.run(["ss", "-Htn", "state", "established"], check=False).stdout
    pppoe = host.read_text("/proc/net/pppoe") or ""
    switch = host.run(["ovs-vsctl", "--timeout=10", "--columns=name,options", "list", "Interface"], check=False)
    unknown = "database connection failed" in switch.stderr and host.exists("/etc/openvswitch/conf.db")
    # Its port that names the NIC by its PCI address is ours once we have bound the NIC.
    for name in names if before_of(host, address) else [*names, address]:
        uses += [("session over a link-local address", name)] * (f"%{name}]" in sessions)
        uses += [(what, name) for what, text in (("PPPoE", pppoe), ("Open vSwitch", switch.stdout))
                 if re.search(rf"\b{re.escape(name)}\b", text)]
        uses += [("Open vSwitch doesn't answer", name)] * unknown
    return next(([what, name, f"PCI {address}"] for what, name in uses if name in [*names, address]), [])


class NicIdentity(Resource):
    """The device at the address is the planned one. wanted: {"device", "macAddress"}, those that are checked."""

    kind, stage, independent, recorded = "nic-identity", "devices", True, False

    def __init__(self, host, request):
        wanted = {key: request[key].lower() for key in ("device", "macAddress") if request[key]}
        super().__init__(host, request["address"], wanted)
        self.name = f"NIC {request['name']} ({self.key})"
        if FULL:
            self.keeps_driver = request["driver"] is None

    def read(self):
        if not self.host.exists(sysfs.pci(self.key)):
            return None
        present = {"device": sysfs.device_id(self.host, self.key)}
        if "macAddress" in self.wanted:
            recorded = before_of(self.host, self.key) or {}
            present["macAddress"] = mac_of(self.host, interface_of(self.host, self.key)) or recorded.get("macAddress")
        return {key: present[key] for key in self.wanted}

    def holds(self, present):
        return not self.problems(present)

    def problems(self, present):
        if present is None:
            return [Problem("there is no PCI device at this address", self.name,
                            remedy=f"the host has {', '.join(sysfs.nics(self.host)) or 'no NIC'}")]
        found = [Problem(f"another device than planned: {key} {self.wanted[key]} is planned, the host has", self.name,
                         present[key] or "none that can be read", "correct the address or the "
                         f"{key} in the stack: nothing was bound")
                 for key in sorted(self.wanted) if present[key] != self.wanted[key]]
        before, device = before_of(self.host, self.key), sysfs.device_id(self.host, self.key)
        if before and before["device"] != device:
            found.append(Problem(f"the device was {before['device']} when it was bound, now there is", self.name, device,
                                 "cards were moved: run `dataplane-host undo`, then apply a plan with the new address"))
        driver = FULL and sysfs.driver(self.host, self.key)
        if FULL and self.keeps_driver and not before and driver in (None, *sysfs.USERSPACE_DRIVERS):
            found.append(Problem("the plan keeps the kernel driver, but the device has", self.name, driver or "no driver",
                                 "give it back to its kernel driver (dpdk-devbind, driverctl unset-override)"))
        return found

    def change(self, present):
        raise self.problems(present)[0]


class NicDriver(Resource):
    """wanted: {"driver": name}."""

    kind, stage, independent = "nic-driver", "devices", True

    def __init__(self, host, request, planned):
        super().__init__(host, request["address"], {"driver": request["driver"]})
        self.name, self.driver = f"NIC {request['name']} ({self.key})", request["driver"]
        if FULL:
            self.planned = planned

    def read(self):
        return {"driver": sysfs.driver(self.host, self.key)}

    def problems(self, present):
        if not self.host.exists(sysfs.pci(self.key)):
            return []  # NicIdentity says it
        return self._management() + self._unsuited() if FULL else self._management()

    def _unsuited(self):
        found = []
        vendor = (sysfs.device_id(self.host, self.key) or "")[:4]
        if vendor in BIFURCATED:
            found.append(Problem(f"{BIFURCATED[vendor]} NICs stay on their kernel driver, also under DPDK", self.name,
                                 self.driver, "plan the NIC with its kernel driver kept"))
        lockdown = re.search(r"\[(integrity|confidentiality)\]", self.host.read_text(LOCKDOWN) or "")
        if self.driver == "uio_pci_generic" and lockdown:
            found.append(Problem("the kernel forbids UIO drivers (lockdown, as under Secure Boot)", self.name,
                                 lockdown.group(1), "use vfio-pci"))
        return found

    def _management(self):
        """The guard of the full edition follows each way down from management. The installed one looks up from the NIC,
        which is little code, and refuses more: a NIC that anything uses."""
        if FULL:
            verdict = load("guard").verdicts(self.host, [self.key])[0]
            chain = [] if verdict["allowed"] else verdict["chain"]
        else:
            chain = use_of(self.host, self.key)
        return [Problem(f"refused: this NIC {'carries management' if FULL else 'is in use'}", self.name, " <- ".join(chain),
                        "choose another NIC; `dataplane-host guard` shows which may be taken")] if chain else []

    def _group(self):
        """vfio needs an IOMMU group in which no other endpoint belongs to the kernel."""
        group = sysfs.iommu_group(self.host, self.key)
        if group is None:
            raise Problem("the device has no IOMMU group", self.name, remedy="switch on the IOMMU: VT-d or AMD-Vi in the "
                          "firmware, and intel_iommu=on among the boot arguments on Intel")
        kept = {other: sysfs.driver(self.host, other) for other in group[1]
                if other != self.key and other not in self.planned and sysfs.is_endpoint(self.host, other)}
        kept = [f"{other} ({driver})" for other, driver in sorted(kept.items()) if driver not in (None, "vfio-pci")]
        if kept:
            raise Problem(f"IOMMU group {group[0]} has other devices on kernel drivers", self.name, ", ".join(kept),
                          "bind the whole group, or move the card to another slot")

    def before(self):
        interface = interface_of(self.host, self.key)
        flags = int(self.host.read_value(f"{sysfs.NETDEVS}/{interface}/flags") or "0", 16)
        return {"driver": sysfs.driver(self.host, self.key), "device": sysfs.device_id(self.host, self.key),
                "interface": interface, "macAddress": mac_of(self.host, interface),
                "addresses": addresses_of(self.host, interface), "up": bool(flags & 1),
                "override": self.host.read_value(sysfs.pci(self.key, "driver_override"))}

    def change(self, present):
        refused = self._management()
        if refused:
            raise refused[0]
        if FULL and self.driver == "vfio-pci":
            self._group()
        bind(self.host, self.key, self.driver)

    def summary(self, present):
        return f"bound to {self.driver}"

    @classmethod
    def undo(cls, host, key, record):
        before = record["before"]
        if not host.exists(sysfs.pci(key)):
            log("devices", key, "the device is gone; nothing to give back")
            return
        if before["device"] != sysfs.device_id(host, key):
            raise Problem("another device than the recorded one", f"NIC {key}", sysfs.device_id(host, key),
                          f"{before['device']} was bound; put it back, or give this one its driver by hand")
        override = before["override"] if before["override"] not in (None, "", "(null)") else None
        bind(host, key, before["driver"], override)
        if before["interface"]:
            _give_interface_back(host, key, before)


def _give_interface_back(host, address, before):
    name = host.wait_for(lambda: interface_of(host, address), 30)
    if not name:
        raise Problem(f"{before['driver']} has the device, but no interface came", f"NIC {address}",
                      before["interface"], "look at the kernel log")
    if host.has_command("udevadm"):
        host.run(["udevadm", "settle", "--timeout=30"], check=False)  # udev may be about to rename it
        name = interface_of(host, address) or name
    if name != before["interface"]:
        host.run(["ip", "link", "set", "dev", name, "down"])
        host.run(["ip", "link", "set", "dev", name, "name", before["interface"]])
    host.run(["ip", "link", "set", "dev", before["interface"], "up" if before["up"] else "down"])
    for static in before["addresses"]:
        host.run(["ip", "address", "replace", static, "dev", before["interface"]])


def detach_from_open_vswitch(host, address):
    """A device that ovs-vswitchd still has would hang the kernel at unbinding, for ever."""
    if not host.exists("/run/openvswitch/ovs-vswitchd.pid"):
        return
    answer = host.run(["ovs-appctl", "--timeout=30", "netdev-dpdk/detach", address], check=False, timeout=60)
    said = answer.stdout + answer.stderr
    # No such command: a daemon without DPDK. Not found: it doesn't have the device. No connection: it is dead.
    if answer.rc not in (0, 127) and not re.search(
            r"not a valid command|not found in DPDK|[Nn]o such device|cannot (connect|read pidfile)", said):
        raise Problem("Open vSwitch doesn't give the device back", f"NIC {address}", said.strip(),
                      "remove the port that uses it (`ovs-vsctl del-port`)")


def bind(host, address, driver, override=None):
    """driver None: unbound. The override outlasts the binding only for drivers that need one."""
    present = sysfs.driver(host, address)
    userspace = driver in sysfs.USERSPACE_DRIVERS
    text = override or (driver if userspace else None)
    current = host.read_value(sysfs.pci(address, "driver_override"))
    if driver and not host.exists(f"/sys/bus/pci/drivers/{driver}"):
        host.run(["modprobe", driver])
    if (current if current not in ("", "(null)") else None) != text:
        host.write_attribute(sysfs.pci(address, "driver_override"), f"{text or ''}\n")
    if present and present != driver:
        if FULL and present in sysfs.USERSPACE_DRIVERS:
            detach_from_open_vswitch(host, address)
        elif present in sysfs.USERSPACE_DRIVERS:
            raise Problem("another userspace driver has it", f"NIC {address}", present)
        host.write_attribute(f"/sys/bus/pci/drivers/{present}/unbind", address)
    if driver and present != driver:
        host.write_attribute("/sys/bus/pci/drivers_probe", address)
        host.wait_for(lambda: sysfs.driver(host, address), 10, 0.5)
    got = sysfs.driver(host, address)
    if got != driver:
        raise Problem(f"asked for driver {driver}, got {got}", f"NIC {address}",
                      remedy=f"look at the kernel log (`journalctl -k`) for {address}")


def resources(host, plan):
    requests = plan["stages"]["devices"]["nics"]
    planned = {request["address"] for request in requests if request["driver"] == "vfio-pci"}
    return ([NicIdentity(host, request) for request in requests]
            + [NicDriver(host, request, planned) for request in requests if request["driver"]])


def checks(host, plan):
    return [Problem("the device has no IOMMU group", f"NIC {request['name']} ({request['address']})",
                    remedy="switch on the IOMMU in the firmware and in the boot arguments")
            for request in plan["stages"]["devices"]["nics"]
            if request["driver"] == "vfio-pci" and sysfs.iommu_group(host, request["address"]) is None]
