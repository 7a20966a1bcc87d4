"""Which interfaces the host's persistent configuration gives an address at boot, and how it stacks them.

For the guard: where nothing is up there is no route to follow, and still a NIC may be the management NIC. Read are
netplan, systemd-networkd, NetworkManager and ifupdown; of each only what names an interface, gives it an address
or puts it below another one.
"""
import fnmatch
import re

from .host import Problem

# What systemd itself brings in /usr/lib/systemd/network is for containers, not for NICs.
NETWORKD = ("/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network")
NETPLAN = ("/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan")
NETWORK_MANAGER = ("/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections",
                   "/usr/lib/NetworkManager/system-connections")
INTERFACES = "/etc/network/interfaces"
UPPERS = ("VLAN", "Bond", "Bridge", "VRF", "MACVLAN", "MACVTAP", "IPVLAN", "VXLAN", "Tunnel")
LOWERS = ("bridge-ports", "bond-slaves", "slaves", "vlan-raw-device")
YES = re.compile(r"(?i)y|yes|true|on|1|t|(ip)?v[46]|both")
# Link-local addresses lead to nobody but the neighbours.
LOCAL = re.compile(r"(?i).* (fe[89ab]|169\.254\.)")


class Configuration:
    """links: {interface: MAC}. addressed: [(interface, text, named)]; named is False where only a pattern matched.
    below: {interface: the interfaces that the configuration puts below it}."""

    def __init__(self, host, links):
        self.host, self.links, self.addressed, self.below = host, links, [], {}
        self._netplan()
        self._networkd()
        self._network_manager()
        self._ifupdown()

    def _interfaces(self, names, macs):
        """(interfaces, named) that are meant; a name that isn't there now may be stacked on one that is."""
        if any(macs):
            macs = {mac.lower().replace("-", ":") for mac in macs}
            return [name for name, mac in self.links.items() if mac in macs], True
        found = [name for name in self.links if name != "lo" and any(fnmatch.fnmatchcase(name, each) for each in names)]
        literal = [name for name in names if not set("*?[!") & set(name)]
        return found + [name for name in literal if name not in found], bool(literal)

    def _note(self, file, meant, ways):
        # In /run are what NetworkManager and Debian's cloud images make up for whatever NIC appears.
        made_up = file.startswith("/run/") and "netplan" not in file
        ways = [way for way in ways if way and not LOCAL.match(way)]
        if ways:
            text = f"configured in {file} ({', '.join(ways)})"
            self.addressed += [(name, text, meant[1] and not made_up) for name in meant[0]]

    def _stack(self, upper, lowers):
        self.below.setdefault(upper, set()).update(lowers)

    def _files(self, directories, suffix=""):
        """In the order of their names; of equal names the one in the first directory counts."""
        chosen = {name: f"{directory}/{name}" for directory in reversed(directories)
                  for name in self.host.listdir(directory) if name.endswith(suffix) and name[0] != "."}
        return [chosen[name] for name in sorted(chosen)]

    def _netplan(self):
        files = self._files(NETPLAN, ".yaml")
        try:
            import yaml  # netplan and cloud-init bring it
        except ImportError:
            # What netplan made of it at boot is read below.
            made = self._files(("/run/systemd/network", "/run/NetworkManager/system-connections"))
            if files and not any("netplan-" in file for file in made):
                raise Problem("can't be read without PyYAML", files[0], remedy="install python3-yaml") from None
            return
        entries = {}
        for file in files:
            try:
                network = (yaml.load(self.host.read_text(file), yaml.BaseLoader) or {}).get("network") or {}
                for section in network.values():
                    for name, entry in section.items() if isinstance(section, dict) else ():
                        entries.setdefault(name, {}).update(entry or {}, file=file)
            except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
                raise Problem("netplan's configuration can't be understood", file, error, "see `netplan get`") from None
        meant = {}
        for name, entry in entries.items():
            match = entry.get("match") or {"name": name}
            names = [entry["set-name"]] if entry.get("set-name") in self.links else match.get("name", [])
            meant[name] = self._interfaces([names] if isinstance(names, str) else names, [match.get("macaddress", "")])
        for name, entry in entries.items():
            ways = [key for key in ("dhcp4", "dhcp6", "accept-ra") if YES.fullmatch(entry.get(key) or "")]
            ways += ["address " + "".join(list(address)[:1] if isinstance(address, dict) else address)
                     for address in entry.get("addresses") or []]
            self._note(entry["file"], meant[name], ways)
            for lower in [*(entry.get("interfaces") or []), *([entry["link"]] if entry.get("link") else [])]:
                self._stack(name, meant[lower][0] if lower in meant else [lower])

    def _networkd(self):
        claimed = set()
        for file in self._files(NETWORKD, ".network"):
            parts = [file, *self._files([f"{each}/{file.rpartition('/')[2]}.d" for each in NETWORKD], ".conf")]
            entries = [entry for part in parts for entry in self._ini(part)]

            def words(*keys, entries=entries):
                return [word for _, key, value in entries if key in keys for word in value.split()]

            interfaces, named = self._interfaces(words("Name", "OriginalName") or ["*"], words("MACAddress", "PermanentMACAddress"))
            interfaces = [name for name in interfaces if name not in claimed]  # the first file that matches counts
            claimed.update(interfaces)
            ways = [f"{key}={value}" for _, key, value in entries if key in ("DHCP", "IPv6AcceptRA") and YES.fullmatch(value)]
            self._note(file, (interfaces, named), ways + [f"address {word}" for word in words("Address")])
            for upper in words(*UPPERS):
                self._stack(upper, interfaces)

    def _network_manager(self):
        profiles = [(file, {f"{section}.{key}": value for section, key, value in self._ini(file)})
                    for file in self._files(NETWORK_MANAGER)]
        names = {values.get("connection.uuid"): values.get("connection.interface-name") for _, values in profiles}
        for file, values in profiles:
            name, kind = values.get("connection.interface-name"), values.get("connection.type", "")
            patterns = [name] if name else re.split("[; ]+", values.get("match.interface-name", "*"))
            if kind == "loopback" or patterns == ["*"] and not kind.endswith("ethernet"):
                continue
            meant = self._interfaces(patterns, [values.get("ethernet.mac-address", "")])
            upper = values.get("connection.controller") or values.get("connection.master")
            if upper:
                self._stack(names.get(upper) or upper, meant[0])
            for key, lower in values.items():
                if key.endswith(".parent"):
                    self._stack(name, [names.get(lower) or lower])
            ways = [f"{key[:4]} {value.split(',')[0]}" for key, value in sorted(values.items())
                    if re.fullmatch(r"ipv[46]\.address(es)?\d*", key)]
            for family in ("ipv4", "ipv6"):
                method = values.get(f"{family}.method", "" if upper else "auto")
                ways += [f"{family} {method}"] if method in ("auto", "dhcp", "shared") else []
            if values.get("connection.autoconnect") != "false":
                self._note(file, meant, ways)

    def _ifupdown(self):
        pending = [INTERFACES]
        for file in pending:
            meant = [], False
            for line in (self.host.read_text(file) or "").replace("\\\n", " ").splitlines():
                key, *values = line.split() or [""]
                key = key.replace("_", "-")
                if key in ("source", "source-directory"):
                    for value in values:
                        value = value + "/*" * (key != "source")
                        directory, name = (value if value[0] == "/" else f"/etc/network/{value}").rsplit("/", 1)
                        pending += [path for each in self.host.listdir(directory) if fnmatch.fnmatchcase(each, name)
                                    for path in [f"{directory}/{each}"] if path not in pending]
                elif key == "iface":
                    meant = self._interfaces(values[:1], [])
                    if values[2:] and values[2] not in ("manual", "loopback"):
                        self._note(file, meant, [" ".join(values[1:3])])
                    if re.search(r"\.\d+$", values[0]):
                        self._stack(values[0], [values[0].rpartition(".")[0]])
                elif key in LOWERS:
                    for upper in meant[0]:
                        self._stack(upper, values)
                elif key in ("bond-master", "vrf"):
                    for upper in values:
                        self._stack(upper, meant[0])

    def _ini(self, file):
        """[(section, key, value)], repeated ones included."""
        found, section = [], ""
        for line in (self.host.read_text(file) or "").splitlines():
            key, equals, value = line.strip().partition("=")
            if key.startswith("["):
                section = key.strip("[]")
            elif equals and key[:1] not in "#;":
                found.append((section, key.strip(), value.strip()))
        return found
