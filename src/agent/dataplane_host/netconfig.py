"""Which interfaces the host's persistent configuration gives an address at boot, and how it stacks them.

For the guard: where nothing is up there is no route to follow, and still a NIC may be the management NIC. Read are
netplan, systemd-networkd, NetworkManager and ifupdown; of each only what names an interface, gives it an address
or puts it below another one.
"""
import fnmatch
import ipaddress
import re
import shlex

from .host import Problem

NETWORKD = ("/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
            "/usr/lib/systemd/network", "/lib/systemd/network")
NETPLAN = ("/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan")
NETWORK_MANAGER = ("/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections",
                   "/usr/lib/NetworkManager/system-connections")
YES = ("yes", "true", "1", "on", "y", "t")


class Configuration:
    """links: {name: {"macs": set, "kind": text or None, "driver": text or None, "wlan": bool}}.

    addressed: [(interface, text, named)]; named is False where only a pattern matched the interface.
    below: {interface: set of the interfaces that the configuration puts below it}.
    """

    def __init__(self, host, links):
        self.host, self.links = host, links
        self.addressed, self.below = [], {}
        for read in (self._netplan, self._networkd, self._network_manager, self._ifupdown):
            read()

    def _address(self, interfaces, named, file, ways):
        ways = [way for way in ways if way and not _local_only(way)]
        if ways:
            self.addressed += [(name, f"configured in {file} ({', '.join(ways)})", named) for name in interfaces]

    def _stack(self, upper, lowers):
        self.below.setdefault(upper, set()).update(lowers)

    def _files(self, directories, suffix):
        """Paths in the order of their names; of equal names the one in the first directory counts."""
        chosen = {}
        for directory in directories:
            for name in self.host.listdir(directory):
                if name.endswith(suffix) and not name.startswith("."):
                    chosen.setdefault(name, f"{directory}/{name}")
        return [chosen[name] for name in sorted(chosen)]

    def _matching(self, names=(), macs=(), drivers=(), kinds=(), types=()):
        """(interfaces, named): those that match each condition given; named: by a full name or a MAC."""
        names, macs = [str(name) for name in names], {str(mac).lower().replace("-", ":") for mac in macs}
        positive = [name for name in names if not name.startswith("!")]
        literal = bool(macs) or bool(positive) and not any(set("*?[") & set(name) for name in positive)
        found = [
            name for name, link in self.links.items()
            if (not positive or any(fnmatch.fnmatchcase(name, pattern) for pattern in positive))
            and not any(fnmatch.fnmatchcase(name, pattern[1:]) for pattern in names if pattern.startswith("!"))
            and (not macs or macs & link["macs"])
            and (not drivers or any(fnmatch.fnmatchcase(link["driver"] or "", pattern) for pattern in drivers))
            and (not kinds or link["kind"] in kinds)
            and (not types or link["wlan"] == ("wlan" in types)) and name != "lo"]
        if literal and not macs:  # what isn't there now may be stacked on something that is
            found += [name for name in positive if name not in self.links]
        return found, literal

    # netplan

    def _netplan(self):
        tree, files = {}, {}
        for file in self._files(NETPLAN, ".yaml"):
            try:
                document = read_yaml(self.host.read_text(file) or "")
                network = _dict(_dict(document).get("network"))
            except ValueError as error:
                raise Problem(f"can't be understood: {error}", file,
                              remedy="write it in netplan's plain block style, or look with `netplan get`") from None
            for section, entries in network.items():
                for name in _dict(entries):
                    files[name] = file
            _merge(tree, network)
        sections = [entries for entries in tree.values() if isinstance(entries, dict)]
        found = {}
        for name, entry in ((name, _dict(entry)) for entries in sections for name, entry in entries.items()):
            match = _dict(entry.get("match"))
            found[name] = self._matching(
                _list(match.get("name")) if match else [name], _list(match.get("macaddress")),
                _list(match.get("driver"))) if match else ([name], True)
            if match and entry.get("set-name") in self.links:  # renamed already
                found[name] = ([entry["set-name"]], True)
        for name, entry in ((name, _dict(entry)) for entries in sections for name, entry in entries.items()):
            addresses = [next(iter(text)) if isinstance(text, dict) else text for text in _list(entry.get("addresses"))]
            ways = [key for key in ("dhcp4", "dhcp6", "accept-ra") if str(entry.get(key)).lower() in YES]
            self._address(*found[name], files[name], ways + [f"address {text}" for text in addresses])
            lowers = _list(entry.get("interfaces")) + _list(entry.get("link"))
            self._stack(name, {real for lower in lowers for real in found.get(lower, ([lower],))[0]})

    # systemd-networkd

    def _networkd(self):
        claimed = set()
        for file in self._files(NETWORKD, ".network"):
            name = file.rsplit("/", 1)[1]
            dropins = self._files([f"{directory}/{name}.d" for directory in NETWORKD], ".conf")
            entries = [entry for part in [file] + dropins for entry in _ini(self.host.read_text(part) or "")]

            def words(section, *keys):
                return [word for where, key, value in entries if where == section and key in keys
                        for word in value.split()]

            match = [entry for entry in entries if entry[0] == "Match"]
            if not match:
                continue
            interfaces, named = self._matching(
                words("Match", "Name"), words("Match", "MACAddress", "PermanentMACAddress"),
                words("Match", "Driver"), words("Match", "Kind"), words("Match", "Type"))
            interfaces = [interface for interface in interfaces if interface not in claimed]  # the first file wins
            claimed.update(interfaces)
            if any(word.lower() in YES for word in words("Link", "Unmanaged")):
                continue
            dhcp = [f"DHCP={word}" for word in words("Network", "DHCP") if word.lower() not in ("no", "false", "0", "off", "none")]
            routers = [f"IPv6AcceptRA={word}" for word in words("Network", "IPv6AcceptRA") if word.lower() in YES]
            addresses = [f"address {word}" for section in ("Network", "Address") for word in words(section, "Address")]
            self._address(interfaces, named, file, dhcp + routers + addresses)
            for upper in words("Network", "VLAN", "Bond", "Bridge", "VRF", "MACVLAN", "MACVTAP", "IPVLAN", "IPVTAP",
                               "VXLAN", "Tunnel", "MACsec"):
                self._stack(upper, interfaces)

    # NetworkManager

    def _network_manager(self):
        profiles = []
        for file in self._files(NETWORK_MANAGER, ""):
            values = {(section, key): value for section, key, value in _ini(self.host.read_text(file) or "")}
            profiles.append((file, values, lambda section, *keys, values=values: next(
                (values[section, key] for key in keys if (section, key) in values), "")))
        names = {value("connection", "uuid"): value("connection", "interface-name") for _, _, value in profiles}
        for file, values, value in profiles:
            kind, name = value("connection", "type"), value("connection", "interface-name")
            mac = value("ethernet", "mac-address") or value("802-3-ethernet", "mac-address")
            patterns = [name] if name else value("match", "interface-name").replace(";", " ").split()
            interfaces, named = self._matching(patterns, [mac] if mac else ())
            if not patterns and not mac:  # a profile for whatever Ethernet NIC there is
                if kind not in ("ethernet", "802-3-ethernet"):
                    continue
                interfaces = [link for link in interfaces if self.links[link]["kind"] is None]
            upper = value("connection", "controller", "master")
            if upper:
                self._stack(names.get(upper) or upper, interfaces)
            for section in ("vlan", "macvlan", "ip-tunnel", "vxlan"):
                if value(section, "parent"):
                    self._stack(name, [names.get(value(section, "parent")) or value(section, "parent")])
            if value("connection", "autoconnect") == "false":
                continue
            ways = []
            for family, quiet in (("ipv4", ("disabled", "link-local")), ("ipv6", ("disabled", "link-local", "ignore"))):
                method = value(family, "method") or ("disabled" if upper else "auto")
                if method not in quiet:
                    given = [entry for (where, key), entry in sorted(values.items())
                             if where == family and re.fullmatch(r"address(es)?\d*", key)]
                    ways += [f"address {re.split('[,;]', entry)[0]}" for entry in given] or [f"{family} {method}"]
            if kind != "loopback":
                self._address(interfaces, named, file, ways)

    # ifupdown

    def _ifupdown(self):
        pending, seen = ["/etc/network/interfaces"], set()
        while pending:
            file = pending.pop(0)
            if file in seen or not self.host.exists(file):
                continue
            seen.add(file)
            interfaces, text = [], (self.host.read_text(file) or "").replace("\\\n", " ")
            for words in (line.split() for line in text.splitlines()):
                if not words or words[0].startswith("#"):
                    continue
                key, values = words[0].replace("_", "-"), words[1:]
                if key in ("source", "source-directory"):
                    for pattern in values:
                        directory, _, name = pattern.rstrip("/").rpartition("/")
                        if key == "source-directory":
                            directory, name = pattern.rstrip("/"), "*"
                        if not directory.startswith("/"):
                            directory = "/etc/network/" + directory
                        pending += [f"{directory}/{entry}" for entry in self.host.listdir(directory)
                                    if fnmatch.fnmatchcase(entry, name)]
                elif key == "iface" and values:
                    interfaces, named = self._matching([values[0]])
                    method = values[2] if len(values) > 2 else ""
                    # Files in /run are made for whatever NIC appears (Debian's cloud images).
                    if method and method not in ("manual", "loopback"):
                        self._address(interfaces, named and not file.startswith("/run/"), file, [" ".join(values[1:3])])
                    base = re.fullmatch(r"(.+)\.\d+", values[0])
                    if base:
                        self._stack(values[0], [base[1]])
                elif key in ("bridge-ports", "bond-slaves", "slaves", "vlan-raw-device", "bond-ports"):
                    for upper in interfaces:
                        self._stack(upper, [value for value in values if value not in ("none", "all", "regex")])
                elif key in ("bond-master", "vrf"):
                    for upper in values:
                        self._stack(upper, interfaces)


def _local_only(way):
    try:
        return ipaddress.ip_interface(way.split()[-1]).is_link_local
    except ValueError:
        return False


def _dict(value):
    return value if isinstance(value, dict) else {}


def _list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def _merge(tree, other):
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        elif isinstance(value, list) and isinstance(tree.get(key), list):
            tree[key] = tree[key] + value
        else:
            tree[key] = value


def _ini(text):
    """[(section, key, value)], repeated ones included."""
    found, section = [], ""
    for line in (line.strip() for line in text.replace("\\\n", " ").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line and line[0] not in "#;":
            key, _, value = line.partition("=")
            found.append((section, key.strip(), value.strip()))
    return found


# The YAML that netplan files are written in: block mappings and lists, flow ones in one piece, plain and quoted
# scalars (as text). Anything else is a ValueError: the guard refuses rather than guesses.

_FLOW = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[][{},]|:(?=[\s\]},]|$)|(?:[^][{},:\s]|:(?![\s\]},]|$)|\s(?=[^][{},\s]))+)""")
_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'\[{#&*!|>%@`-][^#]*?|-[^\s#:]+)\s*:(?:\s+(.*)|$)""")
_COMMENT = re.compile(r"""((?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^"'#]|(?<=\w)['"]|(?<=\S)#)*?)(?:(?<!\S)#.*)?$""")


def read_yaml(text):
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        line = (_COMMENT.match(line) or [None, line])[1].rstrip()
        if not line.strip() or line in ("---", "...") or line.startswith("%"):
            continue
        if "\t" in line[:len(line) - len(line.lstrip())]:
            raise ValueError(f"line {number}: a tab indents it")
        if lines and _open(lines[-1][2]):
            lines[-1][2] += " " + line.strip()
        else:
            lines.append([number, len(line) - len(line.lstrip()), line.strip()])
    value = _block(lines, lines[0][1]) if lines else None
    if lines:
        raise ValueError(f"line {lines[0][0]}: it is indented unlike the lines above")
    return value


def _open(text):
    return sum(text.count(sign) for sign in "[{") > sum(text.count(sign) for sign in "]}")


def _block(lines, indent):
    """The value whose lines begin at this indentation; what is read is taken out of `lines`."""
    entries, mapping = [], {}
    while lines and lines[0][1] == indent:
        number, _, line = lines[0]
        if line == "-" or line.startswith("- "):
            if mapping:
                raise ValueError(f"line {number}: a list within a mapping")
            rest = line[1:].strip()
            if rest and (_KEY.fullmatch(rest) or rest.startswith("- ")):  # `- key: value`: a block that begins here
                lines[0] = [number, indent + len(line) - len(rest), rest]
                entries.append(_block(lines, lines[0][1]))
            else:
                lines.pop(0)
                entries.append(_flow(rest, number) if rest else _nested(lines, indent + 1))
            continue
        key = _KEY.fullmatch(line)
        if not key or entries:
            if not mapping and not entries and len(lines) == 1:
                return _flow(lines.pop(0)[2], number)
            raise ValueError(f"line {number}: {line!r} is neither a key nor a list entry")
        lines.pop(0)
        mapping[_scalar(key[1])] = _flow(key[2], number) if key[2] else _nested(lines, indent)
    return entries or mapping


def _nested(lines, least):
    """The block below a key: deeper, or a list at the key's own indentation."""
    if lines and (lines[0][1] > least or lines[0][1] == least and lines[0][2].startswith("-")):
        return _block(lines, lines[0][1])
    return None


def _scalar(text):
    text = text.strip()
    if text[:1] == '"':
        return text[1:-1].encode().decode("unicode_escape")
    if text[:1] == "'":
        return text[1:-1].replace("''", "'")
    if text[:1] and text[0] in "&*!|>%@`":
        raise ValueError(f"{text!r} is beyond the YAML that is read here")
    return None if text in ("", "~", "null") else text


def _flow(text, number):
    if text[:1] not in ("[", "{"):
        return _scalar(text)
    tokens, position = [], 0
    while position < len(text.rstrip()):
        match = _FLOW.match(text, position)
        if not match:
            raise ValueError(f"line {number}: {text[position:]!r}")
        tokens.append(match[1])
        position = match.end()

    def value():
        token = tokens.pop(0)
        if token not in ("[", "{"):
            return _scalar(token)
        close, found = "]" if token == "[" else "}", [] if token == "[" else {}
        while tokens[0] != close:
            if tokens[0] == ",":
                tokens.pop(0)
                continue
            entry = value()
            if close == "}":
                found[entry] = (tokens.pop(0) and value()) if tokens[0] == ":" else None
            else:
                found.append(entry)
        tokens.pop(0)
        return found

    try:
        whole = value()
    except IndexError:
        raise ValueError(f"line {number}: {text!r} has no end") from None
    if tokens:
        raise ValueError(f"line {number}: {text!r} goes on after its end")
    return whole
