"""The agent installs itself: the installed edition, the plan, the systemd units.

Carriers differ (cloud-init brings the installed edition in place, Ansible runs the full one from a temporary place),
the result doesn't: the full edition carries the installed one as data.
"""
import hashlib
import io
import json
import os
import pkgutil
import zipfile

from . import FULL
from .engine import PLAN
from .host import log
from .resources import Resource
from .state import DIRECTORY as STATE_DIRECTORY

LIBRARY = "/usr/local/lib/dataplane-host"
ZIPAPP = LIBRARY + "/dataplane-host"
COMMAND = "/usr/local/sbin/dataplane-host"
UNITS = "/etc/systemd/system/"

# Before Open vSwitch takes its ports, but after its database, which the management guard asks. No default
# dependencies, as Open vSwitch has none either: it must not wait for basic.target, for which others wait.
_DEVICES_UNIT = f"""[Unit]
Description=Dataplane host: devices
DefaultDependencies=no
RequiresMountsFor={LIBRARY} {STATE_DIRECTORY} /etc/dataplane-host
After=local-fs.target systemd-udev-trigger.service systemd-modules-load.service network-pre.target ovsdb-server.service
Before=ovs-vswitchd.service openvswitch-switch.service network.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=300
ExecStartPre=-/usr/bin/udevadm settle --timeout=60
ExecStart={COMMAND} apply --stage devices

[Install]
WantedBy=multi-user.target
"""
_HOST_UNIT = f"""[Unit]
Description=Dataplane host
Wants=network-online.target
After=network-online.target openvswitch-switch.service dataplane-host-devices.service

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=1800
ExecStart={COMMAND} apply --at-boot
ExecStart={COMMAND} verify

[Install]
WantedBy=multi-user.target
"""
# A restart of Open vSwitch loses flows, addresses and neighbours. A unit of its own, as the one above may itself
# restart Open vSwitch, and would be stopped by it. It does the network stage only, which never restarts it.
_OPENVSWITCH_UNIT = f"""[Unit]
Description=Dataplane host: network
PartOf=openvswitch-switch.service
After=openvswitch-switch.service dataplane-host.service

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=1800
ExecStart={COMMAND} apply --stage network

[Install]
WantedBy=openvswitch-switch.service
"""


def zipapp(sources):
    """{module: bytes} as a zipapp; equal modules are equal bytes."""
    stream = io.BytesIO()
    stream.write(b"#!/usr/bin/python3\n")
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for module, data in sorted(sources.items()):
            entry = zipfile.ZipInfo("__main__.py" if module == "__main__" else f"{__package__}/{module}.py", (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()


def installed_edition():
    """What the full edition carries. A source tree and what it has installed stand for themselves."""
    archive = archive_of_this_process()
    if not archive:
        modules = {module.name for module in pkgutil.iter_modules([os.path.dirname(__file__)])}
        return zipapp({name: pkgutil.get_data(__package__, f"{name}.py") for name in {"__init__", "__main__", *modules}})
    try:
        return pkgutil.get_data(__package__, "installed")
    except OSError:
        with open(archive, "rb") as stream:
            return stream.read()


class Agent(Resource):
    """The zipapp. wanted: its digest."""

    kind, stage, recorded = "agent", "agent", False

    def __init__(self, host):
        self.data = installed_edition()
        super().__init__(host, ZIPAPP, _digest(self.data))

    def read(self):
        data = self.host.read_bytes(ZIPAPP)
        return None if data is None else _digest(data)

    def holds(self, present):
        return present == self.wanted and self.host.mode(ZIPAPP) == 0o755

    def change(self, present):
        self.host.write_text(ZIPAPP, self.data, 0o755)


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def installed_text(plan):
    """As cloud-init brings it: user-data has no room for what only Terraform and people look at."""
    wanted = {name: value for name, value in plan.items() if name not in ("digests", "host")}
    return json.dumps(wanted, sort_keys=True, separators=(",", ":")).replace("\x7f", "\\u007f") + "\n"


class InstalledPlan(Resource):

    kind, stage, recorded = "plan", "agent", False

    def read(self):
        return self.host.read_text(PLAN)

    def change(self, present):
        self.host.write_text(PLAN, self.wanted, 0o644)


class Units(Resource):
    """Command link, units and the links that enable them. wanted: {path: {"content"} or {"link"}}."""

    kind, stage = "systemd-units", "agent"

    def read(self):
        present = {}
        paths, before = sorted(self.wanted), {}
        if FULL and self.record:
            paths, before = sorted({*paths, *self.record["wanted"]}), self.record["before"]["paths"]
        for path in paths:
            link, content = self.host.readlink(path), self.host.read_text(path)
            value = {"link": link} if link is not None else {"content": content} if content is not None else None
            if value is not None and (not FULL or path in self.wanted or value != before.get(path)):
                present[path] = value
        return present or None

    def before(self):
        present = self.read() or {}
        directories = {directory for path in self.wanted for directory in self.host.missing_directories(path)}
        return {"paths": {path: present.get(path) for path in self.wanted}, "directories": sorted(directories, reverse=True)}

    def extended(self, recorded):
        more = self.before()
        return {"paths": {**more["paths"], **recorded["paths"]},
                "directories": sorted({*recorded["directories"], *more["directories"]}, reverse=True)}

    def change(self, present):
        wanted = {**self.record["before"]["paths"], **self.wanted} if FULL else self.wanted
        for path in sorted(wanted):
            _give(self.host, path, wanted[path])
        _reload(self.host)

    @classmethod
    def undo(cls, host, key, record):
        for path, value in record["before"]["paths"].items():
            _give(host, path, value)
        for directory in record["before"]["directories"]:
            host.remove_directory(directory)
        _reload(host)


def _give(host, path, value):
    if value is None:
        host.remove(path)
    elif "link" in value:
        if host.readlink(path) != value["link"]:
            host.symlink(path, value["link"])
    elif host.read_text(path) != value["content"]:
        host.write_text(path, value["content"])


def _reload(host):
    if host.exists("/run/systemd/system"):
        host.run(["systemctl", "daemon-reload"])


def resources(host, plan):
    units = {"dataplane-host": _HOST_UNIT}
    stages = plan["stages"]
    if stages["devices"]["hugepages"] or stages["devices"]["nics"]:
        units["dataplane-host-devices"] = _DEVICES_UNIT
    if stages["dataplane"]["openVSwitch"]:
        units["dataplane-host-openvswitch"] = _OPENVSWITCH_UNIT
    wanted = {COMMAND: {"link": os.path.relpath(ZIPAPP, os.path.dirname(COMMAND))}}
    for name, text in units.items():
        wanted[f"{UNITS}{name}.service"] = {"content": text}
        target = text.rpartition("WantedBy=")[2].strip()
        wanted[f"{UNITS}{target}.wants/{name}.service"] = {"link": f"../{name}.service"}
    found = [Units(host, "dataplane-host", wanted)]
    if FULL:
        # In the installed edition both are what it was started from.
        found[:0] = [Agent(host), InstalledPlan(host, PLAN, installed_text(plan))]
    return found


def own_files(host):
    """(path, content or None) of the agent's own files that are there."""
    return [(path, None if path == ZIPAPP else host.read_text(path)) for path in (PLAN, ZIPAPP) if host.exists(path)]


def remove(host):
    """The last step of undo."""
    for path in (PLAN, ZIPAPP):
        host.remove(path)
        log("agent", path, "removed")
        host.remove_directory(os.path.dirname(path))
    host.remove_directory(STATE_DIRECTORY)


def archive_of_this_process():
    """The zipapp that runs, or None."""
    return getattr(__loader__, "archive", None)
