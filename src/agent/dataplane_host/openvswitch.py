"""The stage `dataplane`: the daemon and its settings, bridges, ports.

ovs-vsctl's exit code says nothing of the port (Open vSwitch < 3.6 ends with 0): each change is read back.
"""
import json
import re

from .host import Problem, log
from .ovs_daemon import STALE, daemon_process, log_lines, restart_pending, words_since
from .ovs_ports import Bridge, Port
from .ovsdb import pair, switch_of
from .resources import Resource

STAGE = "dataplane"
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


def restart(host, service, daemon_service):
    before, old = log_lines(host), daemon_process(host)[0]
    switch_of(host).tables = None
    for _ in range(3):
        # A crash loop, or some restarts within 10 s, leave units that systemd refuses to start again; in the middle of a
        # crash loop a start may come too soon.
        host.run(["systemctl", "reset-failed", service, daemon_service, "ovsdb-server.service", "ovs-record-hostname.service"], check=False)
        log(STAGE, service, "restarting")
        answer = host.run(["systemctl", "restart", service], check=False, timeout=330)
        started = not answer.rc and host.wait_for(lambda: switch_of(host).running(daemon_service) and daemon_process(host)[0] != old, 30)
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
        self._start()
        return {"value": self.read(), "restarts": self.restarts}

    def _start(self):
        """Installed, but never started; or stopped by somebody."""
        if switch_of(self.host).root() is None:
            self.host.run(["systemctl", "start", self.plan["service"]], check=False, timeout=330)

    def change(self, present):
        self._start()
        if self.read() != self.wanted:
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
