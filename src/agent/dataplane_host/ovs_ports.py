"""Bridges and ports. One without our mark is somebody else's: where it already is as planned it is left alone, otherwise it
is an error, never taken over.
"""
import json

from . import FULL
from .host import Problem
from .ovs_daemon import LOG, log_lines, words_since
from .ovsdb import MARK, many, ours, pair, switch_of
from .resources import Resource

class Owned(Resource):
    """A row that carries our mark, or that was there as planned."""

    stage = "dataplane"
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
