"""The management guard: which PCI devices carry management, and by which chain. It can't be switched off.

It begins at everything by which somebody reaches the host or the host reaches its root file system (SSH sessions,
default routes of all tables, addresses, persistent configuration), and follows each way down, through VLAN, bond,
bridge, VRF, macvlan, tunnels, PPPoE and Open vSwitch, to PCI devices, their physical functions and IOMMU groups.
What can't be found out is a Problem, and then everything is refused: a wrong "allowed" locks the user out.
"""
import ipaddress
import json
import re
import sys
from typing import NamedTuple

from . import sysfs
from .host import Problem
from .netconfig import Configuration
from .state import State

# Signs of Open vSwitch; the last ones stay behind when it is removed.
OVS_SOCKET, OVS_DATABASE = "/run/openvswitch/db.sock", "/etc/openvswitch/conf.db"
# How a chain begins where there is no answer.
UNKNOWN = "can't tell what carries management"
NETWORK_FILE_SYSTEMS = re.compile(r"nfs\d?|cifs|smb3|ceph|9p|afs|lustre|fuse\.(glusterfs|sshfs|ceph)")


class Own(NamedTuple):
    """What dataplane-host itself made, so that a second apply isn't refused for what the first one did. Only its
    addresses are overlooked: a default route or an SSH session over our own bridge is management all the same."""

    interfaces: frozenset = frozenset()
    addresses: frozenset = frozenset()  # (interface, "fc00::1/64")
    devices: frozenset = frozenset()  # PCI addresses that we bound, when it could be seen what management is


def own(host):
    """From the state."""
    records = (host.state or State(host)).records

    def keys(*kinds):
        return [record["key"] for record in records if record["kind"] in kinds]

    return Own(frozenset(key.rpartition("/")[2] for key in keys("ovs-bridge", "ovs-port")),
               frozenset(tuple(key.split(" ", 1)) for key in keys("address")), frozenset(keys("nic-driver")))


def protected(host, mine=None):
    """{PCI address: the chain by which it carries management, root first}."""
    try:
        return Guard(host, own(host) if mine is None else mine).chains()
    except Exception as problem:  # also an answer in a shape that nobody foresaw: refused, never a crash
        reason = [f"{UNKNOWN}: {problem if isinstance(problem, Problem) else repr(problem)}"]
        return {address: reason for address in host.listdir(sysfs.PCI_DEVICES)}


def verdicts(host, addresses=()):
    """[{"address", "allowed", "chain"}] of the devices named, or of all NICs."""
    wanted = [address.lower() for address in addresses] or sysfs.nics(host)
    unknown = [address for address in wanted if not host.exists(sysfs.pci(address))]
    if unknown:
        raise Problem("no such PCI device", host.path(sysfs.PCI_DEVICES), ", ".join(unknown),
                      "give addresses as in `lspci -D`: 0000:03:00.0")
    chains = protected(host)
    return [{"address": address, "allowed": address not in chains, "chain": chains.get(address, [])}
            for address in wanted]


class Guard:
    def __init__(self, host, mine):
        self.host, self.own = host, mine
        self.links = {link["ifname"]: link for link in self._ip("-details", "link", "show")}
        self.by_index = {link["ifindex"]: name for name, link in self.links.items()}
        self.addresses = [
            (link["ifname"], ipaddress.ip_address(info["local"]), info) for link in self._ip("address", "show")
            for info in link.get("addr_info", []) if "local" in info]
        self.devices = sysfs.interfaces(host)
        self.routes = self._routes()
        self.configuration = Configuration(host, {
            name: link.get("permaddr") or link.get("address") for name, link in self.links.items()})
        self.ovs_ports, self.ovs_bridges = self._open_vswitch()

    def chains(self):
        """Root by root, each breadth first: shown is the shortest chain from the first root that leads to a device."""
        found = {}
        for root, nodes in self.roots():
            queue = [([root], node) for node in nodes]
            while queue:
                chain, node = queue.pop(0)
                if node not in found:
                    found[node] = chain = chain + [self.describe(*node)]
                    queue += [(chain + ([text] if text else []), lower) for text, lower in self.below(*node)]
        chains = {name: chain for (kind, name), chain in found.items() if kind == "pci"}
        visible = set(self.devices.values())
        for address in sysfs.nics(self.host):
            driver = sysfs.driver(self.host, address)
            if driver and address not in visible and address not in chains and not (
                    driver in sysfs.USERSPACE_DRIVERS or "vfio" in driver):
                chains[address] = [f"{UNKNOWN}: driver {driver} has it, but its interface is in no namespace seen here"]
        return chains

    # Where management begins: [(text, [node])], a node being ("link", name), ("ovs", bridge) or ("pci", address)

    def roots(self):
        live = list(self._sessions())
        live += [(f"default route ({where})", [("link", device)]) for where, network, device in self.routes
                 # 0.0.0.0/1 and 128.0.0.0/1, or 2000::/3, are default routes in disguise.
                 if network.prefixlen <= (1 if network.version == 4 else 3)]
        yield from live
        yield from self._root_file_system()
        for name, address, info in self.addresses:
            text = f"{address}/{info['prefixlen']}"
            if info.get("scope") in ("global", "site") and not address.is_link_local and name != "lo" and not (
                    name in self.own.interfaces or (name, text) in self.own.addresses):
                yield f"address {text} configured on {name}", [("link", name)]
        for name, text, named in self.configuration.addressed:
            # A pattern such as `en*` speaks of every NIC: it decides only where nothing live does, and not (at boot)
            # of a NIC that was found free when something did.
            free = live or self.devices.get(name) in self.own.devices
            if name not in self.own.interfaces and (named or not free):
                yield text, [("link", name)]

    def _sessions(self):
        mine = {address for _, address, _ in self.addresses}
        sockets = self._sockets(("sshd", "dropbear", "tinysshd"), lambda local, peer: local == 22)
        for local, peer in sorted(sockets):
            local, peer = _address(local), _address(peer)
            if not (peer.is_loopback or peer in mine):
                for text, node in self._way_to(peer, local):
                    yield f"SSH session from {peer} by {text}", [node]

    def _sockets(self, programs, ports):
        """{(local address, peer)} of established TCP connections: those of the programs, and those on such ports."""
        inodes = set()
        for process in self.host.listdir("/proc"):
            if process.isdigit():
                try:
                    name = self.host.read_value(f"/proc/{process}/comm") or ""
                    if name.startswith(programs):
                        inodes |= {self.host.readlink(f"/proc/{process}/fd/{file}")
                                   for file in self.host.listdir(f"/proc/{process}/fd")}
                except Problem:
                    if self.host.exists(f"/proc/{process}/comm"):  # else it has ended meanwhile
                        raise
        found = set()
        for file in ("/proc/net/tcp", "/proc/net/tcp6"):
            for words in map(str.split, self._lines(file)[1:]):
                (local, local_port), (peer, peer_port) = (_endpoint(word) for word in words[1:3])
                if words[3] == "01" and (f"socket:[{words[9]}]" in inodes or ports(local_port, peer_port)):
                    found.add((str(local), str(peer)))
        return found

    def _root_file_system(self):
        for line in self._lines("/proc/self/mountinfo"):
            fields, _, rest = line.partition(" - ")
            number, mount = fields.split()[2], fields.split()[4]
            if mount not in ("/", "/usr", "/var"):
                continue
            kind, source, options = rest.split()[:3]
            servers, way = set(), f"{source} ({kind})"
            if NETWORK_FILE_SYSTEMS.fullmatch(kind):
                servers = set(re.findall(r"\b(?:mount)?addr=([^,]+)", options) or [re.split(r":?/|:", source.lstrip("/"))[0]])
            elif source.startswith("/dev/") or not number.startswith("0:"):
                servers = self._disk_servers(number, source)
            for server in sorted(servers):
                try:
                    address = _address(server.strip("[]").split("%")[0])
                except ValueError:
                    raise Problem("the server of a file system can't be found", mount, f"{way}: {server}",
                                  "mount it by the server's address") from None
                for text, node in self._way_to(address):
                    yield f"file system {mount} on {way} of {address} by {text}", [node]

    def _disk_servers(self, number, source):
        """Addresses of the servers behind a block device: iSCSI, NVMe over fabrics, nbd, below dm and md as well."""
        device = sysfs.real(self.host, f"/sys/dev/block/{number}")
        if number.startswith("0:"):  # btrfs has a number of its own
            device = sysfs.real(self.host, "/sys/class/block/" + sysfs.real(self.host, source).rpartition("/")[2])
        lower, servers = self.host.listdir(f"{device}/slaves"), set()
        for name in lower:
            servers |= self._disk_servers("0:0", f"/dev/{name}")
        session = re.search(r"/session(\d+)/", device)
        if session:
            directory = "/sys/class/iscsi_connection"
            servers |= {self.host.read_value(f"{directory}/{name}/{attribute}") for name in self.host.listdir(directory)
                        if name.startswith(f"connection{session[1]}:") for attribute in ("persistent_address", "address")}
        for controller in re.findall(r"(.*/nvme-(?:fabrics/ctl|subsystem)/[^/]+)", device):
            below = [controller] + [f"{controller}/{name}" for name in self.host.listdir(controller)
                                    if re.fullmatch(r"nvme\d+", name)]
            servers |= {address for path in below for address in re.findall(
                r"traddr=([^,\s]+)", self.host.read_value(f"{path}/address") or "")}
        if re.match(r".*/(nbd|rbd|drbd)\d", device):
            peers = {peer for _, peer in self._sockets(("nbd-client",), lambda local, peer: peer == 10809)}
            servers |= peers or {f"unknown, of {device}"}
        return servers - {None, "", "none", "(null)"}

    # The way to an address

    def _routes(self):
        """[(text, network, interface)] of each unicast route in each table; a group of next hops gives several."""
        hops, found, encapsulated = {}, [], []
        shown = {version: self._ip(f"-{version}", "route", "show", "table", "all") for version in (4, 6)}
        if any("nhid" in route for routes in shown.values() for route in routes):
            hops = {hop["id"]: hop for hop in self._ip("nexthop", "show")}

        def devices(route):
            for hop in [route] + route.get("nexthops", []):
                group = hops.get(hop.get("nhid"), {})
                members = [group] + [hops.get(member["id"], {}) for member in group.get("group", [])]
                yield from (part["dev"] for part in [hop] + members if part.get("dev", "lo") != "lo")

        for version, routes in shown.items():
            for route in routes:
                if route.get("type", "unicast") == "unicast":
                    network = ipaddress.ip_network(
                        {"default": "0.0.0.0/0" if version == 4 else "::/0"}.get(route["dst"], route["dst"]), strict=False)
                    where = f"IPv{version}, table {route.get('table', 'main')}"
                    found += [(where, network, device) for device in sorted(set(devices(route)))]
                    encapsulated += [(where, network, segment) for segment in route.get("segs", [])[:1]]
        # SRv6: the packet leaves where the route to its first segment points.
        return found + [(f"{where}, SRv6 to {segment}", network, device) for where, network, segment in encapsulated
                        for _, (_, device) in self._way_to(_address(segment), routes=found)]

    def _way_to(self, address, local=None, routes=None):
        """[(text, node)]: the best routes of every table, what the kernel itself would choose, and the link that has
        the local address. So policy rules and VRFs needn't be understood: whichever table they choose is here."""
        best = {}
        for where, network, device in self.routes if routes is None else routes:
            # A link-local address has a route on every link: only the one of the local address is meant.
            if network.version == address.version and address in network and not address.is_link_local:
                best.setdefault(where, []).append((network.prefixlen, str(network), device))
        ways = [(f"route {network if length else 'default'} ({where})", device) for where, found in sorted(best.items())
                for length, network, device in found if length == max(found)[0]]
        source = ["from", str(local)] if local else []
        answer = "" if address.is_link_local else self.host.run(
            ["ip", "-json", "route", "get", str(address), *source], check=False).stdout
        try:
            ways += [("the kernel's choice", route["dev"]) for route in json.loads(answer or "[]")]
        except (ValueError, KeyError):
            pass  # no route: the tables have said what there is
        ways += [(f"its local address {local}", name) for name, own_address, _ in self.addresses if own_address == local]
        return [(text, ("link", device)) for text, device in ways if device != "lo"]

    # From a node to those below

    def below(self, kind, name):
        """[(text or None, node)], in a stable order."""
        if kind == "pci":
            return list(self._pci_neighbours(name))
        if kind == "ovs":
            return [step for interface in sorted(self.ovs_bridges.get(name, {}).items()) for step in self._ovs_port(*interface)]
        steps = []
        if self.devices.get(name):
            steps.append((None, ("pci", self.devices[name])))
        if name in self.ovs_ports and self.ovs_bridges[self.ovs_ports[name]][name]["type"] == "internal":
            steps.append((None, ("ovs", self.ovs_ports[name])))
        if self._kind(name) == "veth":  # whatever the other end is plugged in to is below
            for peer in self._lowers(name):
                steps.append((None, ("link", peer)))
                if self.links[peer].get("master") in self.links and peer not in self.ovs_ports:
                    steps.append((None, ("link", self.links[peer]["master"])))
                if peer in self.ovs_ports:
                    steps.append((None, ("ovs", self.ovs_ports[peer])))
        steps += [(None, ("link", lower)) for lower in self._lowers(name)]
        for key in ("remote", "remote6", "group", "group6", "local", "local6"):
            steps += self._tunnel(key, self._data(name).get(key))
        if self._kind(name) == "wireguard":
            answer = self.host.run(["wg", "show", name, "endpoints"], check=False)
            if answer.rc:
                raise Problem("WireGuard's peers can't be read", name, answer.stderr, "install wireguard-tools")
            for line in answer.stdout.splitlines():
                steps += self._tunnel("endpoint", line.split()[-1].rpartition(":")[0].strip("[]"))
        if self._kind(name) == "ppp":
            steps += [("PPPoE", ("link", line.split()[2])) for line in self._lines("/proc/net/pppoe")[1:]]
        return steps

    def _lowers(self, name):
        link = self.links.get(name, {})
        lowers = set(sysfs.lowers(self.host, name)) | self.configuration.below.get(name, set())
        lowers |= {lower for lower, entry in self.links.items() if entry.get("master") == name}
        if "link_netnsid" not in link:
            lowers |= {link.get("link"), self.by_index.get(link.get("link_index")),
                       self._data(name).get("link")}
        return sorted(lowers & set(self.links) - {name})

    def _tunnel(self, what, text):
        try:
            address = _address(str(text).split("%")[0])
        except ValueError:
            return []  # any, none, flow
        if address.is_unspecified:
            return []
        if what.startswith("local"):
            return [(f"{what} {address}", ("link", name)) for name, mine, _ in self.addresses if mine == address and name != "lo"]
        return [(f"{what} {address} by {way}", node) for way, node in self._way_to(address)]

    def _pci_neighbours(self, address):
        parent = sysfs.physical_function(self.host, address)
        if parent:
            yield "its physical function", ("pci", parent)
        group = sysfs.iommu_group(self.host, address)
        for member in group[1] if group else []:
            if member != address and sysfs.PCI_ADDRESS.fullmatch(member) and sysfs.is_endpoint(self.host, member):
                yield f"IOMMU group {group[0]}", ("pci", member)

    def _ovs_port(self, name, interface):
        kind, options = interface["type"], interface["options"]
        if kind == "patch":
            peer = self.ovs_ports.get(options.get("peer"))
            yield from [(f"patch port {name}", ("ovs", peer))] if peer else []
        elif kind == "dpdk":
            arguments = options.get("dpdk-devargs", "")
            devices = re.findall(r"^(?:pci:)?((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7])", arguments.lower())
            nodes = [("pci", device if device.count(":") == 2 else f"0000:{device}") for device in devices]
            nodes += [("link", link) for link in re.findall(r"iface=([^,]+)", arguments)]
            nodes += [("pci", device) for mac in re.findall(r"mac=([0-9a-f:]{17})", arguments.lower())
                      for link, device in self.devices.items() if device and self.links.get(link, {}).get("address") == mac]
            if not nodes and not arguments.startswith(("vdev:", "net_")):
                raise Problem("the device of an Open vSwitch port can't be told", name, f"dpdk-devargs={arguments}",
                              "give its PCI address in options:dpdk-devargs")
            yield from [(f"dpdk port {name}", node) for node in nodes]
        elif kind != "internal":
            if name in self.links:
                yield None, ("link", name)
            for key in ("remote_ip", "local_ip"):
                for text, node in self._tunnel(key.replace("_ip", ""), options.get(key)):
                    yield f"{kind} port {name}: {text}", node

    # What a node is called

    def describe(self, kind, name):
        if kind == "pci":
            return f"PCI {name}"
        if kind == "ovs":
            return f"Open vSwitch bridge {name}"
        if self.devices.get(name):
            return name
        what, lowers = self._kind(name), ", ".join(self._lowers(name))
        of = " of " if what in ("", "bond", "bridge", "team", "vrf") else " to " if what == "veth" else " on "
        if what in ("vlan", "vrf", "ppp"):
            what = what.upper()
        if what == "VLAN":
            what += f" {self._data(name).get('id')}"
        text = f"{what}{of}{lowers}" if lowers else what
        return f"{name} ({text.strip()})" if text else name

    def _kind(self, name):
        link = self.links.get(name, {})
        return link.get("linkinfo", {}).get("info_kind") or ("ppp" if link.get("link_type") == "ppp" else "")

    def _data(self, name):
        return self.links.get(name, {}).get("linkinfo", {}).get("info_data", {})

    # Other programs' answers

    def _ip(self, *words):
        result = self.host.run(["ip", "-json", *words], check=False)
        try:
            if not result.rc:
                return json.loads(result.stdout or "[]")
        except ValueError:
            pass
        raise Problem("no answer", f"ip -json {' '.join(words)}", result.stderr, "the guard needs iproute2")

    def _lines(self, file):
        return (self.host.read_text(file) or "").splitlines()

    def _open_vswitch(self):
        """({interface: bridge}, {bridge: {interface: {"type", "options"}}}); empty where Open vSwitch isn't there."""
        result = self.host.run(["ovs-vsctl", "--timeout=10", "--format=json", "--", "--columns=_uuid,name,type,options",
                                "list", "Interface", "--", "--columns=_uuid,interfaces", "list", "Port", "--",
                                "--columns=name,ports", "list", "Bridge"], check=False)
        if result.rc:
            if self.host.exists(OVS_SOCKET) or "ovs-system" in self.links or (
                    result.rc != 127 and self.host.exists(OVS_DATABASE)):
                raise Problem("Open vSwitch is here, but doesn't answer", "ovs-vsctl", result.stderr,
                              "start it, or remove it")
            return {}, {}
        tables = [[dict(zip(table["headings"], row)) for row in table["data"]]
                  for table in map(json.loads, result.stdout.splitlines())]
        interfaces, ports = ({row["_uuid"][1]: row for row in rows} for rows in tables[:2])
        bridges = {bridge["name"]: {
            interfaces[interface]["name"]: {"type": interfaces[interface]["type"],
                                            "options": dict(interfaces[interface]["options"][1])}
            for port in _uuids(bridge["ports"]) for interface in _uuids(ports[port]["interfaces"])}
            for bridge in tables[2]}
        return {name: bridge for bridge, members in bridges.items() for name in members}, bridges


def _uuids(value):
    """OVSDB writes a set of one as the element itself."""
    return [value[1]] if value[0] == "uuid" else [entry[1] for entry in value[1]]


def _address(text):
    """IPv4 in IPv6's clothes is IPv4."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _endpoint(text):
    """`0100007F:0016` of /proc/net/tcp: 32-bit words in the machine's byte order."""
    digits, port = text.split(":")
    words = [bytes.fromhex(digits[start:start + 8]) for start in range(0, len(digits), 8)]
    data = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return _address(str(ipaddress.ip_address(data))), int(port, 16)
