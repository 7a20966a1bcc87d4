"""The stage `network`: sysctls, links, addresses, routes, permanent neighbours, OpenFlow flows, segment lists.

All but the sysctl file and an Open vSwitch port's MTU is gone after a reboot (and, on Open vSwitch's own ports, after
its restart): the unit applies the plan at each boot.
"""
import ipaddress
import json
import re

from .host import Problem
from .resources import File, Resource

STAGE = "network"
SYSCTL_FILE = "/etc/sysctl.d/60-dataplane-host.conf"
# ovs-ofctl writes the same flow in other words for another version of OpenFlow; bundles need 1.4.
OFCTL = ["ovs-ofctl", "--timeout=30", "-O", "OpenFlow14"]


def resources(host, plan):
    wanted, found = plan["stages"]["network"], []
    if wanted["sysctls"]:
        content = "".join(f"{key} = {value}\n" for key, value in sorted(wanted["sysctls"].items()))
        found.append(File(host, STAGE, SYSCTL_FILE, "# Written by dataplane-host; `dataplane-host undo` removes it.\n" + content))
        found += [Sysctl(host, key, value) for key, value in sorted(wanted["sysctls"].items())]
    for link in wanted["links"]:
        found.append(Link(host, link))
        found += [Address(host, link["name"], address) for address in link["addresses"]]
    found += [Route(host, route) for route in wanted["routes"]]
    found += [Neighbour(host, neighbour) for neighbour in wanted["neighbours"]]
    groups = {}
    for flow in wanted["flows"]:
        groups.setdefault((flow["bridge"], flow["cookie"]), []).append(flow)
    found += [Flows(host, bridge, cookie, flows) for (bridge, cookie), flows in groups.items()]
    if "openvswitch" in plan["agentModules"]:
        from . import openvswitch
        found += openvswitch.segment_lists(host, plan)
    return found


def ip(host, *words):
    """What `ip` answers; nothing where it refuses (no such device)."""
    answer = host.run(["ip", "-json", *words], check=False)
    return json.loads(answer.stdout or "[]") if answer.rc == 0 else []


def link_of(host, name):
    return next((link for link in ip(host, "address", "show", "dev", name) if link.get("ifname") == name), None)


class NetworkResource(Resource):
    stage = STAGE

    def change(self, present):
        self.host.network_changed = True  # Open vSwitch looks at its ports again: see SegmentList
        self.make(present)


class Sysctl(NetworkResource):
    kind = "sysctl"

    def read(self):
        return " ".join((self.host.read_text(self.path(self.key)) or "").split()) or None

    def make(self, present):
        self.host.write_attribute(self.path(self.key), self.wanted)

    def holds(self, present):
        return present == " ".join(self.wanted.split())

    @staticmethod
    def path(key):
        # As sysctl reads it: the first separator decides, the other one is then part of a name (eth0.5).
        swapped = re.match(r"[^/.]*\.", key)
        return "/proc/sys/" + (key.translate(str.maketrans("./", "/.")) if swapped else key)

    @classmethod
    def undo(cls, host, key, record):
        if record["before"] is not None and host.exists(cls.path(key)):
            host.write_attribute(cls.path(key), record["before"])


class Link(NetworkResource):
    """Up, and its MTU where one is planned. The MTU of Open vSwitch's own port is asked of Open vSwitch, which
    otherwise sets it back to the smallest of the bridge's ports whenever one of them changes."""

    kind = "link"

    def __init__(self, host, link):
        super().__init__(host, link["name"], {"up": True, "mtu": link["mtu"]})

    def read(self):
        link = link_of(self.host, self.key)
        return link and {"up": "UP" in link["flags"], "mtu": link["mtu"] if self.wanted["mtu"] is not None else None}

    def before(self):
        link = link_of(self.host, self.key)
        return link and {"up": "UP" in link["flags"], "mtu": link["mtu"],
                         "mtuRequest": (internal_port(self.host, self.key) or {}).get("mtu_request")}

    def make(self, present):
        mtu = self.wanted["mtu"]
        if present is None:
            raise Problem("there is no such link", f"{STAGE}: {self.key}", remedy=f"`ip link` on the host; {DATAPLANE_FIRST}")
        if mtu is not None and present["mtu"] != mtu:
            set_mtu(self.host, self.key, mtu, mtu)
        self.host.run(["ip", "link", "set", "dev", self.key, "up"])

    def summary(self, present):
        return "up" + (f", MTU {self.wanted['mtu']}" if self.wanted["mtu"] else "")

    @classmethod
    def undo(cls, host, key, record):
        before, link = record["before"], link_of(host, key)
        if not before or not link:
            return
        if record["wanted"]["mtu"] == link["mtu"] != before["mtu"]:
            set_mtu(host, key, before["mtu"], before["mtuRequest"])
        if not before["up"]:
            host.run(["ip", "link", "set", "dev", key, "down"])


DATAPLANE_FIRST = "a bridge's link is there when the stage `dataplane` has been applied and Open vSwitch runs"


def internal_port(host, name):
    """The database's row of a port that Open vSwitch itself makes; None: it is no such port."""
    try:
        row = switch(host).row("Interface", name)
    except ImportError:
        return None
    return row if row and row["type"] == "internal" else None


def set_mtu(host, name, mtu, mtu_request):
    port = internal_port(host, name)
    if port and port["mtu_request"] != mtu_request:
        switch(host).change(*(["set", "Interface", name, f"mtu_request={mtu_request}"] if mtu_request else
                              ["clear", "Interface", name, "mtu_request"]))
    host.run(["ip", "link", "set", "dev", name, "mtu", mtu])


class Address(NetworkResource):
    kind, wanted_text = "address", "present"

    def __init__(self, host, link, address):
        super().__init__(host, f"{link} {address}", self.wanted_text)

    def read(self):
        name, address = self.key.split(" ")
        return self.wanted_text if has_address(link_of(self.host, name), address) else None

    def make(self, present):
        name, address = self.key.split(" ")
        # nodad: usable at once; a tunnel's end doesn't wait for neighbours that may not be there yet.
        self.host.run(["ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else [])])

    def summary(self, present):
        return "added"

    @classmethod
    def undo(cls, host, key, record):
        name, address = key.split(" ")
        if has_address(link_of(host, name), address):
            host.run(["ip", "address", "del", address, "dev", name])


def has_address(link, address):
    wanted = ipaddress.ip_interface(address)
    return any(ipaddress.ip_interface(f"{entry['local']}/{entry['prefixlen']}") == wanted
               for entry in (link or {}).get("addr_info", []) if "local" in entry)


class Route(NetworkResource):
    kind = "route"

    def __init__(self, host, route):
        via = f" via {route['via']}" if route["via"] else ""
        super().__init__(host, f"{route['destination']}{via} dev {route['device']}", route)

    def read(self):
        return next((self.wanted for route in routes_to(self.host, self.wanted["destination"])
                     if route.get("dev") == self.wanted["device"] and route.get("gateway") == self.wanted["via"]), None)

    def problems(self, present):
        """Of the same metric there can be one route only; `ip` says `File exists`."""
        metric = 1024 if ":" in self.wanted["destination"] else 0
        recorded = [record["wanted"]["destination"] for record in self.host.state.of_kind(self.kind)]
        if self.wanted["destination"] in recorded:
            return []
        return [Problem("there is another route to this destination, which dataplane-host didn't make",
                        f"{STAGE}: {self.key}", f"via {route.get('gateway', '-')} dev {route.get('dev', '-')}",
                        "remove it, or take it into the stack")
                for route in routes_to(self.host, self.wanted["destination"]) if route.get("metric", 0) == metric]

    def make(self, present):
        self.host.run(["ip", "route", "add", *self.key.split(" "), "proto", "static"])

    @classmethod
    def undo(cls, host, key, record):
        if any(key == f"{record['wanted']['destination']}" + (f" via {route['gateway']}" if "gateway" in route else "")
               + f" dev {route.get('dev')}" for route in routes_to(host, record["wanted"]["destination"])):
            host.run(["ip", "route", "del", *key.split(" ")])


def routes_to(host, destination):
    return ip(host, "-6" if ":" in destination else "-4", "route", "show", "exact", destination)


class Neighbour(NetworkResource):
    """Permanent: nothing is asked on the link."""

    kind = "neighbour"

    def __init__(self, host, neighbour):
        super().__init__(host, f"{neighbour['address']} dev {neighbour['device']}", neighbour["hardwareAddress"])

    def read(self):
        entry = neighbour_of(self.host, self.key)
        return entry.get("lladdr") if entry and "PERMANENT" in entry["state"] else None

    def before(self):
        return None  # what the kernel learnt by itself, it learns again

    def problems(self, present):
        return [] if present is None or self.record else [Problem(
            "there is a permanent neighbour that dataplane-host didn't make, with another hardware address",
            f"{STAGE}: {self.key}", f"{present}, not {self.wanted}", f"`ip neighbour del {self.key}`")]

    def make(self, present):
        self.host.run(["ip", "neighbour", "replace", *self.key.split(" "), "lladdr", self.wanted, "nud", "permanent"])

    @classmethod
    def undo(cls, host, key, record):
        entry = neighbour_of(host, key)
        if entry and entry.get("lladdr") == record["wanted"] and "PERMANENT" in entry["state"]:
            host.run(["ip", "neighbour", "del", *key.split(" ")])


def neighbour_of(host, key):
    address, _, device = key.split(" ")
    return next(iter(ip(host, "neighbour", "show", "to", address, "dev", device)), None)


class Flows(NetworkResource):
    """The flows of one cookie on one bridge. Wanted and present are both in ovs-ofctl's own words, so that what
    differs, differs; only that is replaced, in one transaction, and the others keep their counters."""

    kind = "flows"

    def __init__(self, host, bridge, cookie, flows):
        self.bridge, self.cookie = bridge, cookie
        super().__init__(host, f"{bridge} {cookie}", sorted(
            ",".join(filter(None, [f"table={flow['table']},priority={flow['priority']}", flow["match"]]))
            + f" actions={flow['actions']}" for flow in flows))

    def read(self):
        present, wanted = self.present(), self.canonical()
        if present is None:
            return None
        # In the plan's words where it is as planned.
        words = {canonical: text for text, canonical in wanted.items()}
        return sorted(words.get(flow, " actions=".join(flow)) for flow in present) if present or wanted else []

    def present(self):
        answer = self.host.run([*OFCTL, "--no-names", "--no-stats", "dump-flows", self.bridge, f"cookie={self.cookie}/-1"],
                               check=False)
        return None if answer.rc else {split_flow(line) for line in answer.stdout.splitlines() if " actions=" in line}

    def canonical(self):
        """{flow as planned: (match, actions) as ovs-ofctl prints it}"""
        ports = port_numbers(self.host, self.bridge)
        text = "".join(f"{with_numbers(flow, ports)}\n" for flow in self.wanted)
        answer = self.host.run([*OFCTL, "--no-names", "parse-flows", "-"], stdin=text, check=False)
        lines = [line.partition(": ADD ")[2] for line in answer.stdout.splitlines() if ": ADD " in line]
        if answer.rc or len(lines) != len(self.wanted):
            # Usually a port that isn't there yet; a change says it in ovs-ofctl's words.
            return {flow: (flow, "?") for flow in self.wanted}
        return dict(zip(self.wanted, map(split_flow, lines)))

    def make(self, present):
        wanted, there = self.canonical(), self.present() or set()
        ports = port_numbers(self.host, self.bridge)
        lines = [f"delete_strict cookie={self.cookie}/-1,{match}" for match, _ in sorted(there - set(wanted.values()))]
        lines += [f"add cookie={self.cookie},{with_numbers(flow, ports)}" for flow, canonical in wanted.items()
                  if canonical not in there]
        self.foreign(wanted)
        self.host.run([*OFCTL, "--bundle", "add-flows", self.bridge, "-"], stdin="\n".join(lines) + "\n")

    def foreign(self, wanted):
        """A flow of the same match, priority and table under another cookie would be overwritten."""
        others = self.host.run([*OFCTL, "--no-names", "--no-stats", "dump-flows", self.bridge], check=False).stdout
        matches = {match for match, _ in wanted.values()}
        for line in others.splitlines():
            cookie = re.search(r"cookie=(0x[0-9a-f]+|0)\b", line)
            if " actions=" in line and split_flow(line)[0] in matches and cookie and int(cookie.group(1), 16) != int(
                    self.cookie, 16) and not self.host.state.find(self.kind, f"{self.bridge} {cookie.group(1)}"):
                raise Problem("there is a flow with the same table, priority and match that dataplane-host didn't make",
                              f"{STAGE}: {self.key}", line.strip(), "remove it, or give the planned one another priority")

    def summary(self, present):
        return f"{len(self.wanted)} flows set"

    def before(self):
        return None

    @classmethod
    def undo(cls, host, key, record):
        bridge, cookie = key.split(" ")
        if switch(host).row("Bridge", bridge):
            host.run([*OFCTL, "del-flows", bridge, f"cookie={cookie}/-1"])


def split_flow(text):
    """(table, priority and match; actions) of a line that ovs-ofctl printed, its cookie left out.

    dump-flows: ` cookie=0x5, table=2, priority=10,ip actions=drop`; parse-flows: `table:2 priority=10,ip cookie:0x5
    actions=drop`.
    """
    head, _, actions = text.partition(" actions=")
    words = [word for word in re.split(r"[ ,]+", head.strip().replace("table:", "table="))
             if word and not word.startswith(("cookie=", "cookie:")) and word != "reset_counts"]
    if not words or not words[0].startswith("table="):
        words.insert(0, "table=0")
    return ",".join(words), actions.strip()


def switch(host):
    from .openvswitch import Switch  # a bundle for a host without Open vSwitch hasn't got it
    return Switch.of(host)


def port_numbers(host, bridge):
    """{name: OpenFlow port} of a bridge: without a connection to one ovs-ofctl knows no names."""
    present = switch(host)
    names = present.ports(bridge) + [bridge] if present.row("Bridge", bridge) else []
    rows = [present.row("Interface", name) for name in names]
    return {row["name"]: str(row["ofport"]) for row in rows if row and row["ofport"]}


def with_numbers(flow, ports):
    """Names of ports as numbers, wherever ovs-ofctl takes a port."""
    return re.sub(r'((?:in_port=|output:|port=|actions=|,))"?([^",:=()]+)"?(?=[,)\s]|$)',
                  lambda found: found.group(1) + ports.get(found.group(2), found.group(2))
                  if found.group(1) != "," or " actions=" in flow[:found.start()] else found.group(0), flow)
