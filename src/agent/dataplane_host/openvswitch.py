"""The stage `dataplane`: the daemon and its settings, bridges, ports. The database is read as JSON, in one go.

What is ours carries external_ids:dataplane-host, which lists the keys that we set. A bridge or port without it is
somebody else's: where it already is as planned it is left alone, otherwise it is an error, never taken over.
ovs-vsctl's exit code says nothing of the port (Open vSwitch < 3.6 ends with 0): each change is read back.
"""
import json
import re

from . import FULL
from .host import Problem, log
from .resources import Resource

STAGE = "dataplane"
MARK = "dataplane-host"
LOG = "/var/log/openvswitch/ovs-vswitchd.log"
PIDFILE = "/run/openvswitch/ovs-vswitchd.pid"
# Names the daemon process that hasn't read a changed setting yet. In /run: a reboot is a restart too.
STALE = "/run/dataplane-host.ovs-restart"
TABLES = "Open_vSwitch", "Bridge", "Port", "Interface"
SHARED_MBUFS = 262144


def resources(host, plan):
    wanted = plan["stages"]["dataplane"]["openVSwitch"]
    if wanted is None:
        return []
    start = [OtherConfig(host, wanted, key) for key in sorted(wanted["otherConfig"])]
    if wanted["alternative"]:
        start.insert(0, Alternative(host, wanted["alternative"]["name"], wanted["alternative"]["path"]))
    found = [RestartAtUndo(host, wanted, start), *start, Daemon(host, wanted)]
    for bridge in wanted["bridges"]:
        found.append(Bridge(host, bridge))
        found += [Port(host, bridge["name"], port) for port in bridge["ports"]]
    return found


class Switch:
    """The database's rows, kept until a change of ours."""

    def __init__(self, host):
        self.host, self.tables = host, None

    def rows(self, table):
        """None: there is no database to ask."""
        if self.tables is None:
            words = [word for name in TABLES for word in ("--", "list", name)]
            answer = self.host.run(["ovs-vsctl", "--timeout=20", "--no-wait", "--format=json", *words], check=False)
            if answer.rc:
                return None
            documents = map(json.loads, answer.stdout.splitlines())
            self.tables = {name: [dict(zip(document["headings"], map(plain, row))) for row in document["data"]]
                           for name, document in zip(TABLES, documents)}
        return self.tables[table]

    def row(self, table, name):
        return next((row for row in self.rows(table) or [] if row["name"] == name), None)

    def root(self):
        return (self.rows("Open_vSwitch") or [None])[0]

    def bridge_of(self, port):
        row = self.row("Port", port)
        return row and next((bridge["name"] for bridge in self.rows("Bridge") if row["_uuid"] in many(bridge["ports"])), None)

    def ports(self, bridge):
        """Names of a bridge's ports, its own (the one named like it) left out."""
        uuids = many(self.row("Bridge", bridge)["ports"])
        return [row["name"] for row in self.rows("Port") if row["_uuid"] in uuids and row["name"] != bridge]

    def change(self, *words, wait=True):
        """One transaction. wait: until the daemon has taken it in."""
        self.tables, self.host.network_changed = None, True
        # A dead daemon takes nothing in; what is to be undone is undone all the same.
        wait = wait and daemon_process(self.host)[0]
        words = ["--timeout=120", *([] if wait else ["--no-wait"]), "--", *words]
        answer = self.host.run(["ovs-vsctl", *words], check=False, timeout=150)
        # 65: done, but the daemon reports an error of a port (3.6 on); that is read back with its words.
        if answer.rc not in (0, 65):
            raise Problem("Open vSwitch refused the change", "ovs-vsctl", answer.stderr.strip(), "see " + LOG)

    def running(self, service):
        """The unit is active and its process answers: dpdk_initialized and error may be rows of a run long over."""
        active = self.host.run(["systemctl", "is-active", "--quiet", service], check=False).rc == 0
        return active and self.host.run(["ovs-appctl", "--timeout=10", "version"], check=False).rc == 0


def switch_of(host):
    if not hasattr(host, "open_vswitch"):
        host.open_vswitch = Switch(host)
    return host.open_vswitch


def plain(value):
    """A value of the database's JSON: maps as dict, an empty set as None, a set of one as that one."""
    if not isinstance(value, list):
        return value
    kind, content = value
    return dict(content) if kind == "map" else content if kind == "uuid" else [plain(entry) for entry in content] or None


def many(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def pair(column, key, value):
    """A map entry as ovs-vsctl reads it: JSON quotes keep commas, spaces and colons."""
    return f"{column}:{json.dumps(key)}={json.dumps(value)}"


def ours(row):
    return bool(row) and MARK in row["external_ids"]


def log_lines(host):
    return host.run(["tail", "-n", "2000", host.path(LOG)], check=False).stdout.splitlines()


def words_since(host, before, *about):
    """What the daemon's log says since `before` (log_lines earlier): of `about` where it says something of it."""
    lines = log_lines(host)
    if before and before[-1] in lines:
        lines = lines[lines.index(before[-1]) + 1:]
    telling = [line.split("|", 2)[-1] for line in lines
               if re.search(r"\|(WARN|ERR|EMER)\||EAL:|max packet size", line) and "|timeval|" not in line]
    named = [line for line in telling if any(word and word in line for word in about)]
    # The same line comes with every retry of a crash loop.
    return " / ".join(list(dict.fromkeys(named or telling))[-8:]) or f"nothing; see {LOG}"


# The daemon

def daemon_process(host):
    """The running daemon as "pid start-time", and the binary that it runs."""
    pid = host.read_value(PIDFILE) or "-"
    stat = host.read_text(f"/proc/{pid}/stat")
    if not stat:
        return None, None
    binary = (host.readlink(f"/proc/{pid}/exe") or "").replace(" (deleted)", "")
    return f"{pid} {stat.rpartition(')')[2].split()[19]}", binary


def restart_pending(host):
    stale = host.read_value(STALE)
    return stale is not None and stale == daemon_process(host)[0]


def restart(host, service, daemon_service):
    before = log_lines(host)
    switch_of(host).tables = None
    for _ in range(3):
        # A crash loop leaves units that systemd refuses to start again; in the middle of one a start may come too soon.
        host.run(["systemctl", "reset-failed", service, daemon_service, "ovsdb-server.service"], check=False)
        log(STAGE, service, "restarting")
        answer = host.run(["systemctl", "restart", service], check=False, timeout=330)
        started = not answer.rc and host.wait_for(lambda: switch_of(host).running(daemon_service), 30)
        words = words_since(host, before)
        if started or not words.startswith("nothing"):
            break
        host.sleep(2)
    if not started:
        raise Problem("Open vSwitch doesn't run after its restart", service, words,
                      f"`journalctl -u {daemon_service}`; other_config is what it starts with")
    host.remove(STALE)
    switch_of(host).tables = None


def alternative(host, name):
    """(path, auto or manual) that update-alternatives has, or (None, None)."""
    text = host.run(["update-alternatives", "--query", name], check=False).stdout
    fields = dict(line.split(": ", 1) for line in text.partition("\n\n")[0].splitlines() if ": " in line)
    return fields.get("Value"), fields.get("Status")


class RestartAtUndo(Resource):
    """Made before all that a restart brings into force, so that undo comes to it last and restarts once."""

    kind, stage = "ovs-restart", STAGE
    AS_PLANNED = "as planned or recorded"

    def __init__(self, host, wanted, start):
        super().__init__(host, wanted["service"], self.AS_PLANNED)
        self.plan, self.start = wanted, start

    def read(self):
        done = self.record or all(resource.holds(resource.read()) for resource in self.start)
        return self.AS_PLANNED if done else "to change"

    def before(self):
        name = self.plan["alternative"] and self.plan["alternative"]["name"]
        return {"alternative": name, "daemonService": self.plan["daemonService"],
                "running": switch_of(self.host).running(self.plan["daemonService"])}

    def change(self, present):
        pass

    @classmethod
    def undo(cls, host, key, record):
        before, (process, binary) = record["before"], daemon_process(host)
        chosen = before["alternative"] and alternative(host, before["alternative"])[0]
        if before["running"] and not process or process and (restart_pending(host) or chosen and chosen != binary):
            restart(host, key, before["daemonService"])
        host.remove(STALE)


class Alternative(Resource):
    """Which of the distribution's daemons /usr/sbin/ovs-vswitchd is."""

    kind, stage = "alternative", STAGE

    def read(self):
        return alternative(self.host, self.key)[0]

    def before(self):
        return dict(zip(("path", "status"), alternative(self.host, self.key)))

    def change(self, present):
        self.host.run(["update-alternatives", "--set", self.key, self.wanted])

    @classmethod
    def undo(cls, host, key, record):
        before = record["before"]
        if alternative(host, key)[0] != record["wanted"]:
            return "left alone: it has been changed since"
        host.run(["update-alternatives", "--auto", key] if before["status"] == "auto" else
                 ["update-alternatives", "--set", key, before["path"]])
        return None


class OtherConfig(Resource):
    """One key of Open_vSwitch other_config; all others are not ours."""

    kind, stage = "ovs-other-config", STAGE

    def __init__(self, host, plan, key):
        super().__init__(host, key, plan["otherConfig"][key])
        self.plan, self.restarts = plan, key in plan["restartKeys"]

    def read(self):
        root = switch_of(self.host).root()
        return root and root["other_config"].get(self.key)

    def before(self):
        if switch_of(self.host).root() is None:  # installed, but never started
            self.host.run(["systemctl", "start", self.plan["service"]], check=False, timeout=330)
        return {"value": self.read(), "restarts": self.restarts}

    def change(self, present):
        self.write(self.host, self.key, self.wanted, self.restarts)

    @staticmethod
    def write(host, key, value, restarts):
        if restarts and daemon_process(host)[0]:
            host.write_text(STALE, daemon_process(host)[0] + "\n")
        words = ("remove", "Open_vSwitch", ".", "other_config", json.dumps(key)) if value is None else (
            "set", "Open_vSwitch", ".", pair("other_config", key, value))
        switch_of(host).change(*words, wait=False)

    def summary(self, present):
        return f"set to {self.wanted!r} (was {present!r})"

    @classmethod
    def undo(cls, host, key, record):
        root, before = switch_of(host).root(), record["before"]
        if root is None or root["other_config"].get(key) == before["value"]:
            return None
        if root["other_config"].get(key) != record["wanted"]:
            return "left alone: it has been changed since"
        cls.write(host, key, before["value"], before["restarts"])
        return None


class Daemon(Resource):
    """It runs, as the planned binary, with the settings that it reads at its start only."""

    kind, stage = "ovs-daemon", STAGE
    recorded = False  # RestartAtUndo is

    def __init__(self, host, wanted):
        path = wanted["alternative"] and wanted["alternative"]["path"]
        super().__init__(host, wanted["daemonService"],
                         {"running": True, "binary": path, "restartPending": False, "dpdk": wanted["dpdk"]})
        self.plan = wanted

    def read(self):
        running, root = switch_of(self.host).running(self.key), switch_of(self.host).root() or {}
        return {"running": running, "restartPending": restart_pending(self.host),
                "binary": self.wanted["binary"] and daemon_process(self.host)[1],
                "dpdk": self.plan["dpdk"] and running and bool(root.get("dpdk_initialized"))}

    def change(self, present):
        before = log_lines(self.host)
        restart(self.host, self.plan["service"], self.key)
        if self.plan["dpdk"] and not self.read()["dpdk"]:
            raise Problem("DPDK didn't start in Open vSwitch", self.key, words_since(self.host, before, "EAL", "dpdk"),
                          "mend what it says (hugepages, masks, dpdk-extra), then apply again")

    def summary(self, present):
        return "restarted"


# Bridges and ports

class Owned(Resource):
    """A row that carries our mark, or that was there as planned."""

    stage = STAGE
    table = ""

    def __init__(self, host, key, name, wanted):
        super().__init__(host, key, wanted)
        self.name = name

    @property
    def row(self):
        return switch_of(self.host).row(self.table, self.name)

    @property
    def keys(self):
        """Keys that we set at the last change."""
        return (self.row["external_ids"].get(MARK) or "").split() if FULL and ours(self.row) else []

    def problems(self, present):
        if present is None or ours(self.row):
            return []
        differing = FULL and ", ".join(f"{key} is {json.dumps(present[key])}, not {json.dumps(value)}"
                                       for key, value in self.wanted.items() if present[key] != value)
        return [Problem(
            f"there is a {self.table.lower()} {self.name} that dataplane-host didn't make, and it isn't as planned",
            f"Open vSwitch: {self.key}", differing or "", "remove it, change it, or give the planned one another name")]

    def before(self):
        return None


class Bridge(Owned):
    kind, table = "ovs-bridge", "Bridge"

    def __init__(self, host, bridge):
        super().__init__(host, bridge["name"], bridge["name"],
                         {"datapathType": "netdev", "hardwareAddress": bridge["hardwareAddress"],
                          "failMode": bridge["failMode"]})

    def read(self):
        row = self.row
        compared = self.wanted["hardwareAddress"] or FULL and "hwaddr" in self.keys
        return row and {"datapathType": row["datapath_type"] or "system", "failMode": row["fail_mode"] or "standalone",
                        "hardwareAddress": row["other_config"].get("hwaddr") if compared else None}

    def change(self, present):
        address, words = self.wanted["hardwareAddress"], []
        if address:
            words = [pair("other_config", "hwaddr", address)]
        elif FULL and "hwaddr" in self.keys:
            words = ["--", "remove", "Bridge", self.name, "other_config", "hwaddr"]
        switch_of(self.host).change(
            "--may-exist", "add-br", self.name, "--", "set", "Bridge", self.name, "datapath_type=netdev",
            f"fail_mode={self.wanted['failMode']}", pair("external_ids", MARK, "hwaddr" if address else "bridge"), *words)

    @classmethod
    def undo(cls, host, key, record):
        switch = switch_of(host)
        if not ours(switch.row("Bridge", key)):
            return None
        if switch.ports(key):
            switch.change("remove", "Bridge", key, "external_ids", MARK)
            return f"left in place: it has ports that aren't ours ({', '.join(switch.ports(key))})"
        switch.change("--if-exists", "del-br", key)
        return None


class Port(Owned):
    """A port with its one interface."""

    kind, table = "ovs-port", "Port"

    def __init__(self, host, bridge, port):
        super().__init__(host, f"{bridge}/{port['name']}", port["name"], {
            "bridge": bridge, "type": port["type"], "options": port["options"], "otherConfig": port["otherConfig"],
            "mtuRequest": port["mtuRequest"], "openFlowPort": port["openFlowPort"], "error": None})
        # What is set, as the mark lists it, and as ovs-vsctl is told it.
        self.settings = {f"{column}:{key}": pair(column, key, value) for column, part in
                         (("options", "options"), ("other_config", "otherConfig")) for key, value in port[part].items()}
        for column, part in (("mtu_request", "mtuRequest"), ("ofport_request", "openFlowPort")):
            if port[part] is not None:
                self.settings[column] = f"{column}={port[part]}"

    def read(self):
        row, compared = self.row and switch_of(self.host).row("Interface", self.name), {*self.settings, *self.keys} if FULL else self.settings
        if not row:
            return None
        options, other = ({key: value for key, value in row[column].items() if f"{column}:{key}" in compared}
                          for column in ("options", "other_config"))
        return {"bridge": switch_of(self.host).bridge_of(self.name), "type": row["type"] or "system",
                "options": options, "otherConfig": other,
                # The one in force, where there is one: a driver may refuse a request without an error.
                "mtuRequest": (row["mtu"] or row["mtu_request"]) if "mtu_request" in compared else None,
                "openFlowPort": row["ofport"] if "ofport_request" in compared else None,
                "error": row["error"] or (f"no OpenFlow port ({row['ofport']})" if (row["ofport"] or 0) < 1 else None)}

    def change(self, present):
        switch, wanted = switch_of(self.host), self.wanted
        root, before = switch.root(), log_lines(self.host)
        if wanted["type"] not in many(root and root["iface_types"]):
            raise Problem(f"this Open vSwitch has no interface type {wanted['type']}", self.key,
                          " ".join(many(root and root["iface_types"])), "another package or binary of it is needed")
        words = ["--may-exist", "add-port", wanted["bridge"], self.name]
        if present and present["error"]:
            # Without a change Open vSwitch doesn't try again.
            words = ["del-port", self.name, "--", *words]
        words += ["--", "set", "Interface", self.name, f"type={wanted['type']}", *self.settings.values(),
                  "--", "set", "Port", self.name, pair("external_ids", MARK, " ".join(sorted(self.settings)) or "port")]
        device = wanted["options"].get("dpdk-devargs")
        if FULL:
            for column, _, key in (entry.partition(":") for entry in self.keys if entry not in {*self.settings, "port"}):
                words += ["--", "remove", "Interface", self.name, column, json.dumps(key)] if key else [
                    "--", "clear", "Interface", self.name, column]
        switch.change(*words)
        old = FULL and present and present["options"].get("dpdk-devargs")
        if FULL and old and old != device:
            detach(self.host, old)

        def taken_in():
            switch.tables = None
            return self.holds(self.read())
        if not self.host.wait_for(taken_in, 5, 0.5):
            got = self.read() or {}
            fault = got.get("error") or f"asked for {json.dumps(wanted)}, got {json.dumps(got)}"
            raise Problem(f"Open vSwitch didn't set up the port: {fault}", self.key,
                          words_since(self.host, before, self.name, device), "see " + LOG)

    @classmethod
    def undo(cls, host, key, record):
        switch, name = switch_of(host), record["key"].partition("/")[2]
        if ours(switch.row("Port", name)):
            switch.change("--if-exists", "del-port", record["wanted"]["bridge"], name)
        if record["wanted"]["type"] == "dpdk":
            detach(host, record["wanted"]["options"].get("dpdk-devargs"))


def detach(host, device):
    """DPDK keeps a device when its port is deleted, and the kernel then hangs when its driver is changed."""
    answer = host.run(["ovs-appctl", "--timeout=60", "netdev-dpdk/detach", device], check=False)
    if "is being used by" in answer.stderr:
        raise Problem("Open vSwitch still uses the device", device, answer.stderr.strip().splitlines()[0],
                      "delete that port first")


class SegmentList(Resource):
    """The segments that an srv6 port really sends. Open vSwitch 3.2 to 3.7 forgets all but the first at its next
    reconfiguration, whatever that is for; a change within `options` makes it read them again. So this comes after
    all other changes of an apply, and the datapath is asked, not the database."""

    kind, stage = "srv6-segments", "network"
    recorded = False  # the port's own record covers it
    UNKNOWN = "unknown: no neighbour answers yet"

    def __init__(self, host, bridge, port):
        super().__init__(host, port["name"], port["options"]["srv6_segs"])
        self.bridge, self.options, self.asserted = bridge, port["options"], False

    def read(self):
        command = ["ovs-appctl", "--timeout=10", "ofproto/trace-packet-out", self.bridge, "in_port=LOCAL,ip"]
        row = switch_of(self.host).row("Interface", self.key)
        if not row or not row["ofport"]:
            return None
        command.append(f"output:{row['ofport']}")
        trace = self.host.run(command, check=False).stdout
        if "neighbor cache miss" in trace:
            # The answer to the kernel's neighbour discovery fills Open vSwitch's own cache.
            self.host.run(["ping", "-6", "-c", "1", "-W", "1", self.options["remote_ip"]], check=False)
            trace = self.host.run(command, check=False).stdout
        found = re.search(r"srv6\(segments_left=\d+,segs\(([^)]*)\)\)", trace)
        return found.group(1) if found else self.UNKNOWN

    def holds(self, present):
        # An apply that changed anything asserts it: the reconfiguration may be still to come.
        return present in (self.wanted, self.UNKNOWN) and (
            self.asserted or not getattr(self.host, "network_changed", False))

    def change(self, present):
        # Both values mean the same: an IPv6 header has no "don't fragment", and 64 is the default.
        key, value = next((key, value) for key, value in (("df_default", "true"), ("ttl", "64")) if key not in self.options)
        options = switch_of(self.host).row("Interface", self.key)["options"]
        words = ("remove", "Interface", self.key, "options", key) if key in options else (
            "set", "Interface", self.key, pair("options", key, value))
        switch_of(self.host).change(*words)
        self.asserted = True


def segment_lists(host, plan):
    wanted = plan["stages"]["dataplane"]["openVSwitch"] or {"bridges": []}
    return [SegmentList(host, bridge["name"], port) for bridge in wanted["bridges"] for port in bridge["ports"]
            if port["type"] == "srv6" and "," in port["options"].get("srv6_segs", "")]


def checks(host, plan):
    """What no column of the database tells."""
    wanted = plan["stages"]["dataplane"]["openVSwitch"]
    if wanted is None or not switch_of(host).running(wanted["daemonService"]):
        return []  # the daemon's own resource says so
    found = []
    polled = re.findall(r"port: (\S+)\s+queue-id:\s*(\d+)", appctl(host, "dpif-netdev/pmd-rxq-show"))
    for bridge in wanted["bridges"]:
        for port in bridge["ports"]:
            name, kind = port["name"], port["type"]
            row, where = switch_of(host).row("Interface", name), f"{bridge['name']}/{name}"
            if row and kind in ("dpdk", "afxdp", "system") and row["link_state"] != "up":
                found.append(Problem("the link is down", where, row["link_state"], "look at the cable and the other end"))
            missing = [str(queue) for queue in range(int(port["options"].get("n_rxq", 1))) if (name, str(queue)) not in polled]
            if row and kind in ("dpdk", "afxdp") and missing:
                found.append(Problem("no PMD thread polls the port's receive queue", where, ", ".join(missing),
                                     f"a CPU of its NUMA node must be in pmd-cpu-mask; {words_since(host, [], name)}"))
            # Open vSwitch halves a pool that finds no memory until it fits, and tells nobody.
            size = kind == "dpdk" and re.search(r"\bsize=(\d+)", appctl(host, "netdev-dpdk/get-mempool-info", name))
            shared = wanted["otherConfig"].get("per-port-memory") != "true" and (port["mtuRequest"] or 1500) > 998
            if size and shared and int(size.group(1)) < SHARED_MBUFS:
                found.append(Problem("Open vSwitch found memory for fewer packet buffers than it asked for", where,
                                     f"asked for {SHARED_MBUFS}, got {size.group(1)}",
                                     "more hugepages on the NIC's NUMA node, and dpdk-socket-mem to match"))
    return found


def appctl(host, *words):
    return host.run(["ovs-appctl", "--timeout=10", *words], check=False).stdout
