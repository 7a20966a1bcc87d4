"""Kernel modules that are loaded at each boot."""
from .host import log
from .resources import File

MODULES_FILE = "/etc/modules-load.d/dataplane-host.conf"


class KernelModules(File):
    """Modules loaded at each boot and now. wanted: {"content", "mode", "loaded": [names]}."""

    kind = "kernel-modules"

    def __init__(self, host, names):
        super().__init__(host, "boot", MODULES_FILE, "".join(f"{name}\n" for name in names))
        self.wanted["loaded"] = list(names)

    def read(self):
        loaded = [name for name in self.wanted["loaded"] if module_loaded(self.host, name)]
        file = super().read()
        return {**(file or {"content": None, "mode": None}), "loaded": loaded} if file or loaded else None

    def change(self, present):
        super().change(present)
        for name in self.wanted["loaded"]:
            if not module_loaded(self.host, name):
                self.host.run(["modprobe", name])

    @classmethod
    def undo(cls, host, key, record):
        super().undo(host, key, record)
        log("boot", "kernel modules stay loaded until the next boot", ", ".join(record["wanted"]["loaded"]))


def module_loaded(host, name):
    if host.exists("/sys/module/" + name.replace("-", "_")):
        return True
    release = host.read_value("/proc/sys/kernel/osrelease")
    builtin = host.read_text(f"/lib/modules/{release}/modules.builtin") or ""
    return f"/{name}.ko" in builtin or f"/{name.replace('-', '_')}.ko" in builtin
