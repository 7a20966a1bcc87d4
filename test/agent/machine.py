"""A machine for the agent's tests: a fake root on disk, and stand-ins for the commands and the kernel that act on it.

Files are real files, written by the real Host. What a fake sysfs can't do by itself happens here: `MachineHost` is
the Host of the agent with two methods overridden, run() (commands) and write_attribute() (the kernel's reaction to
a driver being bound, pages being asked for). The boot loader sources the real drop-ins with a real shell and runs
the real trial script; reboot() chooses the entry as GRUB does.
"""
import contextlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "agent"))
sys.dont_write_bytecode = True

from dataplane_host import cli, command_line, grub, memory  # noqa: E402
from dataplane_host.host import Host, Problem, Result, canonical  # noqa: E402

# Thousands of files are synced to the disk: a disk in memory is quicker. (It may be mounted noexec.)
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
GIB = 1 << 20
DEFAULT_GRUB = 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="console=ttyS0"\n'
HEADER = """if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="%s"
fi
"""
MANAGEMENT, DATA = "0000:00:03.0", "0000:00:04.0"
NICS = {
    MANAGEMENT: {"device": "1af4:1041", "driver": "virtio-pci", "name": "ens3", "mac": "52:54:00:00:00:03", "group": 1},
    DATA: {"device": "8086:10d3", "driver": "e1000e", "name": "ens4", "mac": "52:54:00:00:00:04", "group": 2},
}
# Package -> what it depends on. All that the "archive" has.
ARCHIVE = {
    "openvswitch-switch": [], "librte-eal25": [], "librte-net-e1000-25": ["librte-eal25"],
    "librte-net-ice24": ["librte-eal24"], "librte-net-ice25": ["librte-eal25"], "librte-eal24": [],
    "openvswitch-switch-dpdk": ["openvswitch-switch", "librte-eal25"], "something-else": ["openvswitch-switch"],
}


class Crash(BaseException):
    """The power is cut: nothing catches it."""


class Machine:
    def __init__(self, directory):
        self.root = Path(directory)
        self.calls = []           # argv of every command
        self.operations = 0       # writes and commands so far
        self.crash_at = None      # the operation that the power cut hits
        self.crash_after = False  # after it, not before it
        self.boots = 0
        self.broken_arguments = ()        # with one of these the kernel panics, and the machine resets
        self.refused_pages = {}           # node -> most pages that the kernel finds
        self.binding_fails = False
        self.kernel_name = {}             # address -> another interface name that the kernel gives after a rebind
        self.abstraction = ""             # what grub-probe says of /boot/grub
        self.no_management = ()           # boot arguments that keep the management interface down
        self.up, self.addresses = {}, {}
        self._install()

    # The installed system

    def write(self, name, text, mode=0o644):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def read(self, name):
        path = self.root / name.lstrip("/")
        return path.read_text() if path.exists() else None

    def link(self, name, target):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()
        path.symlink_to(target)

    def _install(self):
        for directory in ("etc/default/grub.d", "etc/grub.d", "etc/systemd/system/multi-user.target.wants", "usr/local/sbin",
                          "usr/local/lib", "var/lib", "etc/modules-load.d", "boot/grub", "var/lib/apt"):
            (self.root / directory).mkdir(parents=True)
        self.write("/etc/default/grub", DEFAULT_GRUB)
        self.write("/etc/default/grub.d/50-cloud.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="nosplash"\n')
        self.write("/boot/grub/grubenv", "# GRUB Environment Block\n" + "#" * 99)
        self.write("/var/lib/dpkg-emulated", canonical({"python3": "installed"}))
        self.command_update_grub()
        self.power_on()

    def power_on(self):
        """The kernel starts: /run, /proc and /sys are new."""
        for directory in ("run", "proc", "sys"):
            shutil.rmtree(self.root / directory, ignore_errors=True)
        self.boots += 1
        arguments = self._booted()
        (self.root / "run/systemd/system").mkdir(parents=True)
        self.write("/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz-6.12 root=UUID=1 ro " + arguments + "\n")
        self.write("/proc/sys/kernel/random/boot_id", f"boot-{self.boots}\n")
        self.write("/proc/sys/kernel/osrelease", "6.12\n")
        self.write("/proc/sys/vm/compact_memory", "0\n")
        words = command_line.tokens(arguments)
        self.write("/sys/devices/system/cpu/present", "0-3\n")
        for key, file in (("isolcpus", "isolated"), ("nohz_full", "nohz_full")):
            value = next((word.partition("=")[2] for word in words if word.startswith(key + "=")), "")
            self.write(f"/sys/devices/system/cpu/{file}", re.sub("^(domain|managed_irq|,)*", "", value) + "\n")
        pools = memory.boot_pools(words)
        for node in (0, 1):
            self.write(f"/sys/devices/system/node/node{node}/meminfo", f"Node {node} MemTotal: {4 * GIB - 100000} kB\n")
            for size in (2048, GIB):
                pages = sum(count for pool_size, where, count in pools if pool_size == size and where == node)
                self.write(f"/sys/devices/system/node/node{node}/hugepages/hugepages-{size}kB/nr_hugepages",
                           f"{min(pages, self.refused_pages.get(node, pages))}\n")
        for size in (2048, GIB):
            self.write(f"/sys/kernel/mm/hugepages/hugepages-{size}kB/nr_hugepages", "0\n")
        for driver in ("virtio-pci", "e1000e"):
            (self.root / f"sys/bus/pci/drivers/{driver}").mkdir(parents=True)
        self.write("/sys/bus/pci/drivers_probe", "")
        for address, nic in NICS.items():
            device = f"/sys/bus/pci/devices/{address}"
            vendor, _, model = nic["device"].partition(":")
            for name, value in (("vendor", "0x" + vendor), ("device", "0x" + model), ("class", "0x020000"),
                                ("driver_override", "(null)")):
                self.write(f"{device}/{name}", value + "\n")
            if "intel_iommu=on" in words:
                self.write(f"/sys/kernel/iommu_groups/{nic['group']}/devices/{address}", "")
                self.link(f"{device}/iommu_group", f"../../../../kernel/iommu_groups/{nic['group']}")
            self._bind(address, nic["driver"], nic["name"])
        self.up = {"ens3": True, "ens4": False}
        down = any(word in self.no_management for word in words)
        self.addresses = {"ens3": [] if down else ["10.0.2.15/24"], "ens4": []}

    def _booted(self):
        """What GRUB starts. A panic is a reset, and the next try."""
        text = self.read("/boot/grub/grub.cfg")
        entries = {entry["id"]: entry for entry in grub.grub_entries(text)}
        environment = dict(line.split("=", 1) for line in self.read("/boot/grub/grubenv").splitlines()
                           if "=" in line and line[0] != "#")
        chosen = environment.get("next_entry")
        if chosen and "save_env next_entry" in text:
            self._set_environment("next_entry", "")
        entry = entries.get(chosen) or entries["gnulinux-simple"]
        arguments = re.search(r"linux\s+\S+ root=UUID=1 ro (.*)", "\n".join(entry["lines"])).group(1).strip()
        if any(word in self.broken_arguments for word in arguments.split()):
            self.boots += 1
            return self._booted()
        return arguments

    def reboot(self):
        self.power_on()

    # The kernel

    def write_attribute(self, name, value):
        value = str(value).strip()
        node = re.search(r"node(\d+)/hugepages/", name)
        if node:
            value = str(min(int(value), self.refused_pages.get(int(node.group(1)), int(value))))
        if name.endswith("/unbind"):
            self._bind(value, None)
        elif name == "/sys/bus/pci/drivers_probe":
            override = self.read(f"/sys/bus/pci/devices/{value}/driver_override").strip()
            driver = NICS[value]["driver"] if override == "(null)" else override
            if not self.binding_fails and (self.root / f"sys/bus/pci/drivers/{driver}").is_dir():
                self._bind(value, driver, self.kernel_name.get(value, NICS[value]["name"]))
        elif name.endswith("driver_override"):
            self.write(name, (value or "(null)") + "\n")
        else:
            self.write(name, value + "\n")

    def _bind(self, address, driver, interface=None):
        device = self.root / f"sys/bus/pci/devices/{address}"
        for old in (device / "net").iterdir() if (device / "net").exists() else ():
            shutil.rmtree(self.root / "sys/class/net" / old.name)
            self.up.pop(old.name, None)
            self.addresses.pop(old.name, None)
        shutil.rmtree(device / "net", ignore_errors=True)
        old = device / "driver"
        if old.is_symlink():
            entry = self.root / "sys/bus/pci/drivers" / os.path.basename(os.readlink(old)) / address
            old.unlink()
            if entry.is_symlink():
                entry.unlink()
        if driver is None:
            return
        self.link(f"/sys/bus/pci/devices/{address}/driver", f"../../drivers/{driver}")
        self.write(f"/sys/bus/pci/drivers/{driver}/unbind", "")
        if driver in ("vfio-pci", "uio_pci_generic"):
            return
        self._add_interface(address, interface)

    def _add_interface(self, address, interface):
        (self.root / f"sys/bus/pci/devices/{address}/net/{interface}").mkdir(parents=True)
        self.write(f"/sys/class/net/{interface}/address", NICS[address]["mac"] + "\n")
        self.write(f"/sys/class/net/{interface}/flags", "0x1002\n")
        self.link(f"/sys/class/net/{interface}/device", f"../../../bus/pci/devices/{address}")
        self.up[interface], self.addresses[interface] = False, []

    # Commands: command_<name>(*words) -> text, or raises Failure

    def run(self, argv):
        self.calls.append(argv)
        stand_in = getattr(self, "command_" + re.sub(r"\W", "_", argv[0]), None)
        if stand_in is None:
            return Result(127, "", "command not found")
        try:
            return Result(0, stand_in(*argv[1:]) or "", "")
        except Failure as failure:
            return Result(failure.rc, "", str(failure))

    def command_uname(self, option):
        return "x86_64\n"

    def command_sync(self):
        pass

    def command_systemctl(self, *words):
        if words == ("reboot",):
            raise Rebooting
        assert words == ("daemon-reload",), words

    def command_modprobe(self, name):
        if name not in ("vfio-pci", "uio_pci_generic", "e1000e"):
            raise Failure(f"FATAL: Module {name} not found")
        (self.root / "sys/module" / name.replace("-", "_")).mkdir(parents=True, exist_ok=True)
        self.write(f"/sys/bus/pci/drivers/{name}/unbind", "")

    def command_update_grub(self):
        """What grub-mkconfig does: sources the defaults with a shell under set -e, then runs /etc/grub.d."""
        script = ('set -e\n. "$1/etc/default/grub"\nfor x in "$1"/etc/default/grub.d/*.cfg; do if [ -e "$x" ]; then . "$x"; fi; done\n'
                  'printf "%s\\n%s" "${GRUB_DEFAULT}" "${GRUB_CMDLINE_LINUX} ${GRUB_CMDLINE_LINUX_DEFAULT}"')
        done = subprocess.run(["sh", "-c", script, "sh", str(self.root)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(done.stderr)
        default, _, arguments = done.stdout.partition("\n")
        default = "${saved_entry}" if default == "saved" else default
        text = HEADER % default
        for title, identity, words in (("Debian GNU/Linux", "gnulinux-simple", arguments),
                                       ("Recovery", "gnulinux-recovery", "single console=ttyS0")):
            text += (f"menuentry '{title}' --class debian $menuentry_id_option '{identity}' {{\n\tload_video\n"
                     f"\tlinux\t/boot/vmlinuz-6.12 root=UUID=1 ro {words}\n\tinitrd\t/boot/initrd.img-6.12\n}}\n")
        for path in sorted((self.root / "etc/grub.d").iterdir()):
            if not path.name.startswith(".") and os.access(path, os.X_OK):
                text += f"\n### BEGIN {path.name} ###\n" + subprocess.run(["sh", path], capture_output=True, text=True, check=True).stdout
        self.write("/boot/grub/grub.cfg", text, 0o600)

    def command_grub_probe(self, target, directory):
        return {"--target=abstraction": self.abstraction, "--target=fs": "ext2"}[target] + "\n"

    def command_grub_reboot(self, entry):
        self._set_environment("next_entry", entry)

    def command_grub_editenv(self, file, action, name):
        assert (file, action) == (str(self.root / "boot/grub/grubenv"), "unset")
        self._set_environment(name, None)

    def _set_environment(self, name, value):
        path = self.root / "boot/grub/grubenv"
        head = "# GRUB Environment Block\n"
        lines = [line for line in (path.read_text() if path.exists() else head).splitlines()
                 if "=" in line and not line.startswith(("#", name + "="))]
        if value is not None:
            lines.append(f"{name}={value}")
        path.write_text(head + "".join(line + "\n" for line in lines) + "#" * 99)

    def command_ip(self, *words):
        words = [word for word in words if word not in ("-j", "-json", "-details")]
        family = words.pop(0) if words[0] in ("-4", "-6") else None
        words = [word for word in words if word != "-d"]
        verb = " ".join(word for word in words[:2])
        if words[:3] == ["link", "set", "dev"]:
            return self._set_link(words[3], *words[4:])
        if verb == "address replace":
            self.addresses[words[4]].append(words[2])
            return ""
        names = [words[words.index("dev") + 1]] if "dev" in words else list(self.up)
        if verb == "link show":
            return json.dumps([{"ifname": name, "ifindex": index, "address": self.read(f"/sys/class/net/{name}/address").strip()}
                               for index, name in enumerate(names, 2)])
        if verb == "address show":
            return json.dumps([{"ifname": name, "addr_info": [
                {"family": "inet", "local": address.partition("/")[0], "prefixlen": int(address.partition("/")[2]), "scope": "global"}
                for address in self.addresses[name] if family != "-6"]} for name in names])
        if verb == "route show":
            routed = family == "-4" and self.up.get("ens3") and self.addresses.get("ens3")
            return json.dumps([{"dst": "default", "gateway": "10.0.2.2", "dev": "ens3"}] if routed else [])
        if verb == "nexthop show":
            return "[]"
        raise Failure(f"ip {words}: not known here")

    def _set_link(self, name, *what):
        if name not in self.up:
            raise Failure(f"Cannot find device {name}")
        if what[0] in ("up", "down"):
            self.up[name] = what[0] == "up"
            self.write(f"/sys/class/net/{name}/flags", "0x1003\n" if self.up[name] else "0x1002\n")
        elif what[0] == "name":
            address = next(key for key in NICS if (self.root / f"sys/bus/pci/devices/{key}/net/{name}").exists())
            shutil.rmtree(self.root / f"sys/class/net/{name}")
            shutil.rmtree(self.root / f"sys/bus/pci/devices/{address}/net")
            del self.up[name], self.addresses[name]
            self._add_interface(address, what[1])

    # Packages: name -> dpkg's status word

    def packages(self, change=None):
        packages = {**json.loads(self.read("/var/lib/dpkg-emulated")), **(change or {})}
        packages = {name: status for name, status in packages.items() if status}
        if change is not None:
            self.write("/var/lib/dpkg-emulated", canonical(packages))
        return packages

    def command_dpkg_query(self, *words):
        return "".join(f"{name} {status}\n" for name, status in sorted(self.packages().items()))

    def command_dpkg(self, *words):
        assert words == ("--configure", "-a"), words
        self.packages({name: "installed" for name in self.packages()})

    def command_apt_cache(self, verb, *words):
        if verb == "depends":
            return "".join(f"{name}\n" + "".join(f"  Depends: {other}\n" for other in ARCHIVE.get(name, [])) for name in words)
        if not (self.root / "var/lib/apt/lists").exists():
            return ""
        return "".join(f"{name} - text\n" for name in ARCHIVE if re.search(words[1], name))

    def command_apt_get(self, *words):
        if "update" in words:
            self.write("/var/lib/apt/lists", "")
            return ""
        action = "install" if "install" in words else "purge"
        names = words[words.index(action) + 1:]
        assert "-y" in words and not [name for name in names if name not in ARCHIVE], words
        packages = self.packages()
        if "half-configured" in packages.values() and "-s" not in words:
            raise Failure("dpkg was interrupted, you must manually run 'dpkg --configure -a'")
        if action == "install":
            wanted = {part for name in names for part in [name, *ARCHIVE[name]]}
            wanted |= {part for name in wanted for part in ARCHIVE[name]}
            new = {name: "installed" for name in sorted(wanted) if packages.get(name) != "installed"}
        else:
            gone = set(names)
            while True:
                more = {name for name in packages if gone & set(ARCHIVE.get(name, []))} - gone
                if not more:
                    break
                gone |= more
            new = {name: None for name in sorted(gone) if name in packages}
        if "-s" in words:
            return "".join(f"{'Inst' if status else 'Purg'} {name} (1)\n" for name, status in new.items())
        # Half way: a power cut here leaves a package unpacked.
        if new and action == "install":
            self.packages({next(iter(new)): "half-configured"})
            self.operation()
        self.packages(new)
        return ""

    # Power cuts

    def operation(self):
        """Called before each write and command."""
        self.operations += 1
        if self.operations == self.crash_at:
            raise Crash

    # What a test compares

    def files(self, times=False):
        """{path: (kind, mode, content[, time])} of everything but /run, /proc and /sys."""
        found = {}
        for directory, directories, names in os.walk(self.root):
            if directory == str(self.root):
                directories[:] = [name for name in directories if name not in ("run", "proc", "sys")]
            for name in directories + names:
                path = Path(directory, name)
                status = path.lstat()
                content = (os.readlink(path) if path.is_symlink() else path.read_bytes() if stat.S_ISREG(status.st_mode) else None)
                found[str(path.relative_to(self.root))] = (status.st_mode, content) + (
                    (status.st_mtime_ns,) if times and content is not None else ())
        return found

    def kernel(self):
        """The part of the kernel's state that undo gives back."""
        return {"drivers": {address: os.path.basename(os.readlink(self.root / f"sys/bus/pci/devices/{address}/driver"))
                            for address in NICS if (self.root / f"sys/bus/pci/devices/{address}/driver").is_symlink()},
                "overrides": {address: self.read(f"/sys/bus/pci/devices/{address}/driver_override") for address in NICS},
                "pages": {str(path.relative_to(self.root)): path.read_text()
                          for path in sorted((self.root / "sys/devices/system/node").rglob("nr_hugepages"))},
                "up": dict(self.up), "addresses": {name: list(found) for name, found in self.addresses.items()}}

    def driver(self, address):
        return self.kernel()["drivers"].get(address)


class Failure(Exception):
    rc = 1


class Rebooting(BaseException):
    """`systemctl reboot`: the process ends."""


class Source:
    """The agent under test: its modules, and what is called how there. See edition.py for the other one."""

    cli, Host, Problem, Result = cli, Host, Problem, Result

    @staticmethod
    def name(text):
        return text


def host_class(machine, agent=Source):
    """A Host of the agent on this machine; waiting costs no time."""

    class MachineHost(agent.Host):
        slept = 0

        def __init__(self, root="/"):
            super().__init__(machine.root)

        def has_command(self, name):
            return hasattr(machine, "command_" + re.sub(r"\W", "_", name))

        def run(self, argv, check=True, timeout=120, stdin="", *_, **__):
            argv = [str(word) for word in argv]
            machine.operation()
            result = machine.run(argv)
            if check and result.rc:
                raise agent.Problem(f"`{' '.join(argv)}` failed with exit code {result.rc}", "", result.stderr)
            return agent.Result(*result)

        def write_attribute(self, name, value):
            if not self.exists(name):
                raise agent.Problem("can't be written", name)
            machine.operation()
            machine.write_attribute(name, value)

        def write_text(self, name, text, mode=None):
            try:
                machine.operation()
            except Crash:  # in the middle: half of it stands under the temporary name
                half = text[:len(text) // 2]
                Path(self.path(name)).parent.mkdir(parents=True, exist_ok=True)
                Path(getattr(self, agent.name("_temporary"))(name)).write_bytes(half if isinstance(half, bytes) else half.encode())
                raise
            getattr(super(), agent.name("write_text"))(name, text, mode)

        def symlink(self, name, target):
            machine.operation()
            super().symlink(name, target)

        def remove(self, name):
            if self.exists(name):
                machine.operation()
            super().remove(name)

        def sleep(self, seconds):
            type(self).slept += seconds

    for name in ("has_command", "write_text"):
        setattr(MachineHost, agent.name(name), vars(MachineHost)[name])
    return MachineHost


def plan(boot_arguments=(), modules=(), packages=(), hugepages=(), nics=(), retired=False, open_vswitch=None, links=()):
    """A HostPlan of these parts, as the planner writes it."""
    used = {"packages": packages, "boot": boot_arguments or modules, "hugepages": hugepages, "nics": nics, "guard": nics}
    return {
        "version": 1, "host": {"name": "east", "path": "Stack/east", "platform": "debian-13"}, "retired": retired,
        "agentModules": [name for name, parts in used.items() if parts], "digests": {},
        "stages": {
            "packages": {"packages": list(packages)},
            "boot": {"arguments": [{"text": argument} if isinstance(argument, str) else argument for argument in boot_arguments],
                     "modules": list(modules)},
            "devices": {"hugepages": list(hugepages), "nics": list(nics)},
            "dataplane": {"openVSwitch": open_vswitch},
            "network": {"sysctls": {}, "links": list(links), "routes": [], "neighbours": [], "flows": []},
        },
    }


def nic(address=DATA, driver="vfio-pci", mac=None, device=None):
    return {"name": "uplink", "address": address, "driver": driver, "macAddress": mac, "device": device}


ARGUMENTS = ("intel_iommu=on", "iommu=pt", "default_hugepagesz=1G", "hugepagesz=1G", "hugepages=0:1,1:1",
             "isolcpus=managed_irq,domain,2-3", "nohz_full=2-3")


def full_plan(**changes):
    """Everything that this part of the agent does."""
    return plan(**{
        "boot_arguments": ARGUMENTS, "modules": ["vfio-pci"],
        "packages": [{"name": "openvswitch-switch-dpdk"}, {"prefix": "librte-net-ice"},
                     {"driverOf": DATA, "prefixByKernelDriver": {"e1000e": "librte-net-e1000"}}],
        "hugepages": [{"pageSizeKib": GIB, "node": 0, "count": 1}, {"pageSizeKib": 2048, "node": 1, "count": 64}],
        "nics": [nic(mac=NICS[DATA]["mac"], device="8086:10d3")], **changes})


class MachineTest(unittest.TestCase):
    """A machine of its own for each test, and the agent's commands on it, in this process."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dataplane-host-", dir=MEMORY)
        self.addCleanup(folder.cleanup)
        self.machine = Machine(os.path.join(folder.name, "root"))
        self.plan_file = Path(folder.name, "plan.json")

    def agent(self, *words, plan=None, code=0):
        """Runs the command; returns its JSON document. What it said is in self.said."""
        if plan is not None:
            self.plan_file.write_text(canonical(plan))
            words += ("--plan", str(self.plan_file))
        if words[0] in ("plan", "apply", "verify", "undo"):
            words += ("--json",)
        out, said = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
                result = cli.main(list(words), host_class(self.machine))
        finally:
            self.said = said.getvalue()
        self.assertEqual(result, code, self.said)
        self.assertNotIn("Traceback", self.said)
        return json.loads(out.getvalue()) if "--json" in words else out.getvalue()

    def deploy(self, wanted):
        """Applies, reboots once where it is asked for, applies again: as a carrier does."""
        report = self.agent("apply", plan=wanted)
        if report["rebootRequired"]:
            self.machine.reboot()
            report = self.agent("apply", plan=wanted)
            self.assertFalse(report["rebootRequired"], report)
        return report

    def problem(self, report):
        """The one problem of a report, as text."""
        self.assertEqual(len(report["problems"]), 1, report["problems"])
        return " | ".join(report["problems"][0][part] for part in ("where", "what", "value", "remedy"))
