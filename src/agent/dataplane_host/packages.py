"""Packages: asked for by name, by prefix and ABI number, or by the kernel driver of a NIC.

One resource for all, as they are one transaction. The record's `before` has the packages that came newly, with
their dependencies: undo purges exactly those.
"""
import re

from . import FULL, sysfs
from .host import Problem, log
from .resources import Resource

# Their dependencies tell which DPDK ABI the distribution's Open vSwitch is built for.
ABI_SOURCES = ("openvswitch-switch-dpdk", "dpdk")
# What a purge leaves: Debian's openvswitch-switch moves its database there, and removes only the link to it.
LEFT_BEHIND = {"openvswitch-switch": "/var/lib/openvswitch"}


class Apt:
    """The Debian family's package manager."""

    INSTALL = ["-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold",
               "-o", "Dpkg::Options::=--force-confdef", "-o", "DPkg::Lock::Timeout=600"]
    QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}

    def __init__(self, host):
        self.host, self.updated = host, False

    def _states(self):
        """{package: dpkg's status word}; a host without dpkg has no packages that we know."""
        text = self.host.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n"]).stdout
        return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)

    def installed(self):
        return {name for name, status in self._states().items() if status == "installed"}

    def known(self):
        """Installed, or removed with configuration left: what purge still has to take away."""
        return {name for name, status in self._states().items() if status != "not-installed"}

    def available(self, pattern):
        found = self.host.run(["apt-cache", "search", "--names-only", pattern]).stdout.splitlines()
        return sorted(name for name in (line.partition(" - ")[0] for line in found) if re.fullmatch(pattern, name))

    def abi_number(self):
        text = self.host.run(["apt-cache", "depends", *ABI_SOURCES], check=False).stdout
        found = re.findall(r"Depends: librte-(?:eal|ethdev)-?(\d+(?:\.\d+)?)$", text, re.M)
        return found[0] if found else None

    def update(self):
        """At most once a run."""
        if not self.updated:
            log("packages", "reading the package lists")
            self._locked(["apt-get", "update", "-q"])
            self.updated = True

    def _locked(self, argv):
        """apt-get update has no option to wait for the lock that a timer's apt may hold."""
        def tried():
            result = self.host.run(argv, check=False, timeout=900, environment=self.QUIET)
            return None if result.rc and "Could not get lock" in result.stderr else result

        result = self.host.wait_for(tried, 600, 10)
        if result is None or result.rc:
            raise Problem(f"`{' '.join(argv)}` failed", "packages",
                          " ".join((result.stderr if result else "another apt holds the lock").split())[-2000:],
                          "check the package sources and the network")

    def simulate(self, action, names):
        """Names that the action would install (Inst) or remove (Remv, Purg)."""
        text = self.host.run(["apt-get", "-s", "-q", *self.INSTALL, action, *names], environment=self.QUIET).stdout
        words = ("Inst",) if action == "install" else ("Remv", "Purg")
        return {parts[1].partition(":")[0] for parts in (line.split() for line in text.splitlines())
                if len(parts) > 1 and parts[0] in words}

    def install(self, names):
        self.host.run(["apt-get", "-q", *self.INSTALL, "install", *names], timeout=1800, environment=self.QUIET)

    def purge(self, names):
        self.host.run(["apt-get", "-q", *self.INSTALL, "purge", *names], timeout=1800, environment=self.QUIET)

    def finish_interrupted(self):
        """A crash in the middle of an installation leaves packages half done, and apt refuses to go on."""
        if any(status not in ("installed", "config-files", "not-installed") for status in self._states().values()):
            self.host.run(["dpkg", "--configure", "-a"], timeout=1800, environment=self.QUIET)


def kernel_driver(host, address):
    """The kernel driver that has the device, or had it before we bound it."""
    record = host.state.find("nic-driver", address)
    return record["before"]["driver"] if record else sysfs.driver(host, address)


class Packages(Resource):
    """wanted: what is asked for, as text (`librte-net-ice<ABI>` for a prefix); present: those installed."""

    kind, stage = "packages", "packages"

    def __init__(self, host, requests):
        self.requests = [self._pattern(host, request) for request in requests]
        self.apt = Apt(host)
        super().__init__(host, "apt", [text for text, _ in self.requests])

    @staticmethod
    def _pattern(host, request):
        """(text for people, pattern that the package's whole name has to match)."""
        if "name" in request:
            return request["name"], re.escape(request["name"])
        prefix = request.get("prefix")
        if prefix is None:
            driver = kernel_driver(host, request["driverOf"])
            prefix = request["prefixByKernelDriver"].get(driver)
            if FULL and prefix is None:
                raise Problem("no DPDK driver package is known for the NIC's kernel driver",
                              f"packages: {request['driverOf']}", driver or "none",
                              "known are " + ", ".join(sorted(request["prefixByKernelDriver"])))
        return f"{prefix}<ABI>", re.escape(prefix) + r"-?[0-9]+(\.[0-9]+)?"

    def read(self):
        if FULL and not self.host.has_command("dpkg-query"):
            return None
        installed = self.apt.installed()
        have = [text for text, pattern in self.requests if any(re.fullmatch(pattern, name) for name in installed)]
        if FULL:
            have += sorted(self._surplus() & installed)
        return have or None

    def _surplus(self):
        """What an earlier plan asked for and this one doesn't."""
        requested = (self.record or {}).get("requested", [])
        return {name for name in requested if not any(re.fullmatch(pattern, name) for _, pattern in self.requests)
                and name in self.record["before"]["new"]}

    def problems(self, present):
        if not FULL or self.host.has_command("dpkg-query") and self.host.has_command("apt-get"):
            return []
        return [Problem("packages can only be installed with apt (Debian, Ubuntu)", "packages", ", ".join(self.wanted),
                        "use a platform of that family, or install them yourself and leave them out of the plan")]

    def before(self):
        return {"new": [], "there": [path for path in LEFT_BEHIND.values() if self.host.exists(path)]}

    def change(self, present):
        self.apt.finish_interrupted()
        if FULL:
            self._purge_surplus()
        names = [self._resolve(text, pattern) for text, pattern in self.requests]
        installed = self.apt.installed()
        missing = [name for name in names if name not in installed]
        if not missing:
            return
        # Written before the installation, so that a crash in the middle forgets nothing.
        self._record(names, self.apt.simulate("install", missing) - installed)
        self.apt.install(missing)
        self._record(names, self.apt.installed() - installed)

    def _record(self, requested, new):
        record = self.record
        before = {**record["before"], "new": sorted({*record["before"]["new"], *new})}
        self.host.state.put({**record, "before": before, "requested": requested})

    def _resolve(self, text, pattern):
        """The real name: an installed one, or what the package lists have."""
        installed = sorted(name for name in self.apt.installed() if re.fullmatch(pattern, name))
        if installed:
            return installed[0]
        found = self.apt.available(f"^{pattern}$")
        if not found:
            self.apt.update()
            found = self.apt.available(f"^{pattern}$")
        if len(found) > 1:
            number = self.apt.abi_number()
            found = [name for name in found if number and re.fullmatch(rf".*\D{re.escape(number)}", name)] or found
        if len(found) != 1:
            raise Problem("not exactly one package of this name is known", f"packages: {text}", ", ".join(found),
                          "check the package sources (on Ubuntu: universe) in /etc/apt")
        return found[0]

    def _purge_surplus(self):
        surplus = self._surplus() & self.apt.known()
        if surplus:
            kept = purge_only(self.apt, surplus)
            self._forget(surplus - kept)

    def _forget(self, names):
        record = self.record
        before = {**record["before"], "new": [name for name in record["before"]["new"] if name not in names]}
        self.host.state.put({**record, "before": before,
                             "requested": [name for name in record["requested"] if name not in names]})

    def holds(self, present):
        return present is not None and set(self.wanted) == (
            set(present) - self._needed_by_others(present) if FULL else set(present))

    def _needed_by_others(self, present):
        """Surplus packages that couldn't be purged, as something else depends on them by now."""
        surplus = set(present) - set(self.wanted)
        return {name for name in surplus if self.apt.simulate("purge", [name]) - set(self.record["before"]["new"])}

    def summary(self, present):
        return "installed " + ", ".join(self.record["before"]["new"])

    @classmethod
    def undo(cls, host, key, record):
        apt = Apt(host)
        apt.finish_interrupted()
        new = set(record["before"]["new"]) & apt.known()
        purged = new - purge_only(apt, new)
        for name, path in LEFT_BEHIND.items():
            if name in purged and path not in record["before"].get("there", []) and host.exists(path):
                for file in host.listdir(path):
                    host.remove(f"{path}/{file}")
                host.remove_directory(path)


def purge_only(apt, names):
    """Purges these and no others; returns those that stay because something else depends on them."""
    kept = set()
    if apt.simulate("purge", sorted(names)) - names if names else False:
        kept = {name for name in names if apt.simulate("purge", [name]) - names}
        log("packages", "left, as other packages depend on them by now", ", ".join(sorted(kept)))
    if names - kept:
        apt.purge(sorted(names - kept))
    return kept


def resources(host, plan):
    requests = plan["stages"]["packages"]["packages"]
    return [Packages(host, requests)] if requests else []
