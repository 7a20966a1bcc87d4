"""The stage `network`: sysctls, links, addresses, routes, permanent neighbours, OpenFlow flows, segment lists.

All but the sysctl file and an Open vSwitch port's MTU is gone after a reboot (and, on Open vSwitch's own ports, after
its restart): the unit applies the plan at each boot.
"""
import ipaddress
import json
import re

from . import FULL
from .host import Problem
from .ovsdb import switch_of
from .resources import File, Resource
from .srv6_segments import segment_lists

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
        groups.setdefault((flow["bridge"], hex(int(flow["cookie"], 16))), []).append(flow)
    found += [Flows(host, bridge, cookie, flows) for (bridge, cookie), flows in groups.items()]
    return found + segment_lists(host, plan)


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
        # As sysctl reads it: with slashes where a name has a dot (net/ipv4/conf/eth0.5/rp_filter).
        return "/proc/sys/" + (key if "/" in key else key.replace(".", "/"))

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
    row = switch_of(host).row("Interface", name)
    return row if row and row["type"] == "internal" else None


def set_mtu(host, name, mtu, mtu_request):
    port = internal_port(host, name)
    if port and port["mtu_request"] != mtu_request:
        switch_of(host).change(*(["set", "Interface", name, f"mtu_request={mtu_request}"] if mtu_request else
                              ["clear", "Interface", name, "mtu_request"]))
    host.run(["ip", "link", "set", "dev", name, "mtu", mtu])


class Entry(NetworkResource):
    """What `ip` adds and deletes; the key is what it is called there."""

    verb, extra = "add", ()

    def read(self):
        return self.wanted if self.find(self.host, self.key) else None

    def make(self, present):
        self.host.run(["ip", self.kind, self.verb, *self.key.split(" "), *self.extra])

    @classmethod
    def undo(cls, host, key, record):
        if cls.find(host, key):
            host.run(["ip", cls.kind, "del", *key.split(" ")])


class Address(Entry):
    kind = "address"

    def __init__(self, host, link, address):
        super().__init__(host, f"{address} dev {link}", "present")
        # nodad: usable at once; a tunnel's end doesn't wait for neighbours that may not be there yet.
        self.extra = ["nodad"] if ":" in address else []

    @staticmethod
    def find(host, key):
        address, _, device = key.split(" ")
        wanted = ipaddress.ip_interface(address)
        return any(ipaddress.ip_interface(f"{entry['local']}/{entry['prefixlen']}") == wanted
                   for entry in (link_of(host, device) or {}).get("addr_info", []) if "local" in entry)


class Route(Entry):
    kind, extra = "route", ("proto", "static")

    def __init__(self, host, route):
        super().__init__(host, route_key(route["destination"], route["via"], route["device"]), "present")

    @staticmethod
    def to(host, key):
        """Routes to the destination."""
        destination = key.split(" ")[0]
        return ip(host, "-6" if ":" in destination else "-4", "route", "show", "exact", destination)

    @classmethod
    def find(cls, host, key):
        return any(route_key(key.split(" ")[0], route.get("gateway"), route.get("dev")) == key for route in cls.to(host, key))

    def problems(self, present):
        return self._others() if FULL else []

    def _others(self):
        """Of the same metric there can be one route only; `ip` says `File exists`."""
        destination = self.key.split(" ")[0]
        if any(record["key"].split(" ")[0] == destination for record in self.host.state.of_kind("route")):
            return []
        return [Problem("there is another route to this destination, which dataplane-host didn't make", f"{STAGE}: {self.key}",
                        route_key(destination, route.get("gateway"), route.get("dev")), "remove it, or take it into the stack")
                for route in self.to(self.host, self.key) if route.get("metric", 0) == (1024 if ":" in destination else 0)]


def route_key(destination, via, device):
    return destination + (f" via {via}" if via else "") + f" dev {device}"


class Neighbour(Entry):
    """Permanent: nothing is asked on the link. What the kernel had learnt by itself, it learns again."""

    kind, verb = "neighbour", "replace"

    def __init__(self, host, neighbour):
        super().__init__(host, f"{neighbour['address']} dev {neighbour['device']}", neighbour["hardwareAddress"])
        self.extra = ["lladdr", self.wanted, "nud", "permanent"]

    @staticmethod
    def find(host, key):
        entry = next(iter(ip(host, "neighbour", "show", "to", *key.split(" "))), {})
        return entry.get("lladdr") if "PERMANENT" in entry.get("state", ()) else None

    def read(self):
        return self.find(self.host, self.key)

    def problems(self, present):
        return [] if not FULL or present is None or self.record else [Problem(
            "there is a permanent neighbour that dataplane-host didn't make, with another hardware address",
            f"{STAGE}: {self.key}", f"{present}, not {self.wanted}", f"`ip neighbour del {self.key}`")]


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
        present = self.present()
        if present is None:
            return None
        # In the plan's words where it is as planned.
        words = {canonical: text for text, canonical in self.canonical().items()}
        return sorted(words.get(flow, " actions=".join(flow[:2])) for flow in present if flow[2] == self.cookie)

    def present(self):
        """{(match, actions, cookie)} of the bridge, others' too."""
        answer = self.host.run([*OFCTL, "--no-names", "--no-stats", "dump-flows", self.bridge], check=False)
        return None if answer.rc else set(map(split_flow, re.findall("^.* actions=.*$", answer.stdout, re.M)))

    def canonical(self):
        """{flow as planned: (match, actions, cookie) as ovs-ofctl prints it}"""
        text = "".join(f"{line}\n" for line in self.lines())
        answer = self.host.run([*OFCTL, "--no-names", "parse-flows", "-"], stdin=text, check=False)
        found = [split_flow(line) for line in re.findall("(?<=: ADD ).*$", answer.stdout, re.M)]
        # It refuses a port that isn't there yet; the change says so in its words.
        return dict(zip(self.wanted, found if len(found) == len(self.wanted) else [(flow,) for flow in self.wanted]))

    def lines(self):
        ports = port_numbers(self.host, self.bridge)
        return [f"cookie={self.cookie},{with_numbers(flow, ports)}" for flow in self.wanted]

    def problems(self, present):
        return self._overwritten() if FULL else []

    def _overwritten(self):
        """A flow of the same match under another cookie would be overwritten."""
        matches = {flow[0] for flow in self.canonical().values()}
        known = [record["key"] for record in self.host.state.of_kind(self.kind)]
        return [Problem("there is a flow with the same table, priority and match that dataplane-host didn't make",
                        f"{STAGE}: {self.key}", f"cookie={cookie},{match} actions={actions}",
                        "remove it, or give the planned one another priority")
                for match, actions, cookie in sorted(self.present() or ())
                if match in matches and cookie != self.cookie and f"{self.bridge} {cookie}" not in known]

    def make(self, present):
        wanted, there = list(self.canonical().values()), self.present() or set()
        lines = [f"delete_strict cookie={cookie}/-1,{match}" for match, _, cookie in sorted(there - set(wanted))
                 if cookie == self.cookie]
        lines += [f"add {line}" for line, flow in zip(self.lines(), wanted) if flow not in there]
        self.host.run([*OFCTL, "--bundle", "add-flows", self.bridge, "-"], stdin="\n".join(lines) + "\n")

    def before(self):
        return None

    @classmethod
    def undo(cls, host, key, record):
        bridge, cookie = key.split(" ")
        if switch_of(host).row("Bridge", bridge):
            host.run([*OFCTL, "del-flows", bridge, f"cookie={cookie}/-1"])


def split_flow(text):
    """(table, priority and match; actions; cookie) of a flow as ovs-ofctl prints it.

    dump-flows: ` cookie=0x5, table=2, priority=10,ip actions=drop`; parse-flows: `table:2 priority=10,ip cookie:0x5
    actions=drop`. reset_counts is a flag of those added by OpenFlow 1.0.
    """
    head, _, actions = text.partition(" actions=")
    words = re.split(r"[ ,]+", re.sub(r"\b(table|cookie):", r"\1=", head).strip())
    cookie = next((word[7:] for word in words if word.startswith("cookie=")), "0x0")
    table = next((word for word in words if word.startswith("table=")), "table=0")
    rest = [word for word in words if not re.match("cookie=|table=|reset_counts|$", word)]
    return ",".join([table, *rest]), actions.strip(), cookie


def port_numbers(host, bridge):
    """{name: OpenFlow port} of a bridge: without a connection to one ovs-ofctl knows no names."""
    present = switch_of(host)
    names = present.ports(bridge) + [bridge] if present.row("Bridge", bridge) else []
    rows = [present.row("Interface", name) for name in names]
    return {row["name"]: str(row["ofport"]) for row in rows if row and row["ofport"]}


def with_numbers(flow, ports):
    """Names of ports as numbers, wherever ovs-ofctl takes a port."""
    return re.sub(r'((?:in_port=|output:|port=|actions=|,))"?([^",:=()]+)"?(?=[,)\s]|$)',
                  lambda found: found.group(1) + ports.get(found.group(2), found.group(2))
                  if found.group(1) != "," or " actions=" in flow[:found.start()] else found.group(0), flow)
