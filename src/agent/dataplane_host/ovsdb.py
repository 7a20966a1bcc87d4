"""Open vSwitch's database, read as JSON in one go, and changed by ovs-vsctl.

What is ours carries external_ids:dataplane-host, which lists the keys that we set.
"""
import json

from .host import Problem
from .ovs_daemon import LOG, daemon_process

MARK = "dataplane-host"
TABLES = "Open_vSwitch", "Bridge", "Port", "Interface"


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
