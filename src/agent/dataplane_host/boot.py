"""Kernel arguments, and which modules are loaded at boot.

New kernel arguments are tried before they are kept: a one-shot GRUB entry, a copy of the default one with our
arguments, is booted once. A boot that comes back with it, and with management, commits them to a drop-in; any
other boot is the old entry, and the same arguments aren't tried again. Where GRUB can't write its environment block
(md, LVM, btrfs …) there is no one-shot entry: the arguments are kept at once.

The record of "kernel-arguments" carries, besides the usual fields:
  owned   the arguments that the drop-in has (others' equal arguments aren't ours)
  trial   {"status", "arguments", "digest", "bootId", "management", "reason"}; the status goes from "preparing" to
          "armed" (a trial boot comes next) or "direct" (kept at once), "booted" (the agent saw the trial boot) and then
          to "good" or "failed"; a trial that was booted but cut off before it was kept is made again, twice at most
"""
import hashlib
import re

from . import FULL, memory
from .command_line import applicable, boot_id, has, hugepage_group, key_of, running, satisfied, without
from .grub import (
    GRUB_CFG, GRUB_ENV, TRIAL_ENTRY, TRIAL_SCRIPT, boot_loader_problem, default_entry, entry_arguments, forget_trial,
    grub_entries, grub_environment, one_shot_possible, trial_script, update_grub,
)
from .host import Problem, log
from .kernel_modules import KernelModules
from .resources import Resource, describe_file, give_file_back

DROP_IN = "/etc/default/grub.d/zz-dataplane-host.cfg"
# Neither the shell that sources the drop-in nor GRUB gives these characters a meaning.
SAFE_ARGUMENT = re.compile(r"[A-Za-z0-9_.,:=/@%+~!*^-]+")
# Keys that may stand on a command line several times with different values.
REPEATABLE = {"console", "earlycon", "module_blacklist", "initcall_blacklist", "memmap", "video", "dyndbg"}
CPU_LIST_KEYS = {"isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity", "systemd.cpu_affinity"}
MANAGEMENT_SECONDS = 300
ATTEMPTS = 3
NO_TRIAL = "GRUB's one-shot entry can't be prepared"


class KernelArguments(Resource):
    """wanted: {"arguments": all that the plan asks for here}; present: those configured and in force."""

    kind, stage = "kernel-arguments", "boot"
    remedy = f"look at {GRUB_CFG} and at what in /etc/default/grub.d comes after {DROP_IN}"

    exempt = frozenset()  # interfaces that the plan takes or configures: no management
    pages = ()  # the plan's hugepages

    # What there is

    @property
    def arguments(self):
        return self.wanted["arguments"]

    @property
    def owned(self):
        return (self.record or {}).get("owned", [])

    @property
    def trial(self):
        return (self.record or {}).get("trial") or {}

    def mine(self):
        """Every argument that may be ours: in the drop-in, or in a trial."""
        return [*self.owned, *(token for token in self.trial.get("arguments", []) if token not in self.owned)]

    def others(self):
        """The arguments that are configured, but not by us."""
        return without(entry_arguments(default_entry(self.host)), self.mine())

    def to_own(self):
        """What of the wanted nobody else has configured: ours to add."""
        others = self.others()
        return [token for token in self.arguments if token not in satisfied(self.arguments, others)]

    def in_force(self):
        """The running kernel has all that is wanted, and nothing that we once added and don't want any more."""
        now = running(self.host)
        return satisfied(self.arguments, now) == self.arguments and not (FULL and self._surplus(now))

    def _surplus(self, present):
        """What an earlier plan asked for and this one doesn't."""
        return [token for token in self.mine() if token not in self.arguments and token in present]

    def read(self):
        if not self.host.exists(GRUB_CFG):
            return None
        configured, now = entry_arguments(default_entry(self.host)), running(self.host)
        have = satisfied(self.arguments, configured)
        found = [token for token in satisfied(self.arguments, now) if token in have]
        return {"arguments": found + self._surplus(configured + now) if FULL else found}

    def holds(self, present):
        return (present == self.wanted and self.trial.get("status", "good") == "good"
                and not self.host.exists(TRIAL_SCRIPT))

    # What forbids it

    def problems(self, present):
        obstacles = self._obstacles() if FULL else memory.without_room(self.host, self.pages)
        return obstacles or ([self._failure()] if self._failed() and not (FULL and self.host.retry_boot) else [])

    def _obstacles(self):
        loader = boot_loader_problem(self.host)
        if loader:
            return [loader]
        found = [Problem("a boot argument may only have letters, digits and _.,:=/@%+~!*^-", "boot", token,
                         "leave out what a shell or GRUB would interpret")
                 for token in self.arguments if not SAFE_ARGUMENT.fullmatch(token)]
        return found + self._contradictions() + self._impossible()

    def _contradictions(self):
        others, found = self.others(), []
        group, their_group = hugepage_group(self.arguments), hugepage_group(others)
        if group and their_group and group != their_group:
            found.append(self._contradiction(" ".join(group), " ".join(their_group), their_group[-1]))
        for token in self.arguments:
            key = key_of(token)
            theirs = [other for other in others if key_of(other) == key]
            if token not in group and key not in REPEATABLE and theirs and not has(token, theirs):
                found.append(self._contradiction(token, " ".join(theirs), theirs[0]))
        return found

    def _contradiction(self, ours, theirs, search):
        places = ["/etc/default/grub", *(f"/etc/default/grub.d/{name}"
                                         for name in self.host.listdir("/etc/default/grub.d"))]
        place = next((path for path in places
                      if path != DROP_IN and search in (self.host.read_text(path) or "")), GRUB_CFG)
        return Problem(f"the plan asks for the boot argument {ours!r}, but somebody else has configured", place, theirs,
                       "a second one would be ignored or would void both: remove that one and run update-grub, "
                       "or leave ours out of the plan")

    def _impossible(self):
        """Arguments that the kernel would void or that would starve it (it then hangs: no panic, no fall-back)."""
        found = memory.boot_problems(self.host, hugepage_group(self.arguments))
        cpus = memory.numbers(self.host.read_value("/sys/devices/system/cpu/present") or "")
        for token in self.arguments:
            key, _, value = token.partition("=")
            if key in CPU_LIST_KEYS and cpus:
                missing = sorted(memory.numbers(value) - cpus)
                if missing:
                    found.append(Problem("the kernel ignores the whole argument, as the host lacks CPU "
                                         + ", ".join(map(str, missing)), "boot", token,
                                         f"name CPUs of {self.host.read_value('/sys/devices/system/cpu/present')}"))
        return found

    # The trial

    def _failed(self):
        """A boot for these arguments was made, and the host came back without them."""
        trial = self.trial
        if trial.get("arguments") != self.to_own():
            return False
        came_back = trial["bootId"] != boot_id(self.host) and not self.in_force()
        return trial["status"] == "failed" or came_back and (
            trial["status"] in ("armed", "direct") or trial["status"] == "booted" and trial["attempt"] >= ATTEMPTS)

    def mark_booted(self):
        """In the trial boot, as early as possible: a power cut from now on isn't the arguments' fault."""
        if self.trial.get("status") == "armed" and f"dataplane.trial={self.trial['digest']}" in running(self.host):
            self._note("booted")

    def _failure(self):
        reason = self.trial["reason"] or "that boot came back without them"
        return Problem(f"the boot arguments were tried and failed ({reason}); the host runs with the old ones",
                       "boot", " ".join(self.trial["arguments"]),
                       "look at the console or `journalctl -b -1` for that boot; change the plan's arguments, or "
                       "`dataplane-host apply --retry-boot` tries them again")

    def pending(self):
        trial = self.trial
        if trial.get("status") in ("armed", "direct") and trial["bootId"] == boot_id(self.host) \
                and trial["arguments"] == self.to_own() and self._prepared():
            return self.needs_reboot(None)
        return None

    def _prepared(self):
        if self.trial["status"] == "armed":
            return grub_environment(self.host).get("next_entry") == TRIAL_ENTRY and self.host.exists(TRIAL_SCRIPT)
        return satisfied(self.arguments, entry_arguments(default_entry(self.host))) == self.arguments

    def needs_reboot(self, present):
        if self.in_force():
            return None
        now = running(self.host)
        lacking = [token for token in self.arguments if token not in satisfied(self.arguments, now)]
        surplus = FULL and self._surplus(now)
        return "; ".join(text for text in (
            lacking and "boot arguments not in force: " + " ".join(lacking),
            surplus and "boot arguments still in force: " + " ".join(surplus)) if text) if FULL else (
                "boot arguments not in force: " + " ".join(lacking))

    def before(self):
        return {"dropIn": {"file": describe_file(self.host, DROP_IN),
                           "directories": self.host.missing_directories(DROP_IN)},
                "grubEnvironment": self.host.exists(GRUB_ENV)}

    def change(self, present):
        if self.in_force():
            self._commit()
        elif self._failed() and not (FULL and self.host.retry_boot):
            raise self._failure()
        elif one_shot_possible(self.host):
            self._arm()
        else:
            self._keep_at_once()

    def _note(self, status=None, **fields):
        record = {**self.record, **fields}
        self.host.state.put({**record, "trial": {**record["trial"], "status": status or record["trial"]["status"]}})

    def _new_trial(self):
        arguments, old = self.to_own(), self.trial
        again = old.get("arguments") == arguments and old.get("status") == "booted"
        self._note("preparing", trial={
            "arguments": arguments, "attempt": old["attempt"] + 1 if again else 1, "bootId": boot_id(self.host), "reason": None,
            "digest": hashlib.sha256(" ".join(arguments).encode()).hexdigest()[:12],
            "management": management(self.host, self.exempt)})

    def _arm(self):
        entry = default_entry(self.host)
        self._new_trial()
        trial = self.trial
        self.host.write_text(TRIAL_SCRIPT, trial_script(entry, self.owned, trial), 0o755)
        update_grub(self.host)
        text = self.host.read_text(GRUB_CFG) or ""
        if not (re.search(r'set default="\$\{next_entry\}"', text) and "save_env next_entry" in text):
            raise Problem(NO_TRIAL, self.host.path(GRUB_CFG), "next_entry",
                          remedy="/etc/grub.d/00_header must be the distribution's")
        made = [entry for entry in grub_entries(text) if entry["id"] == TRIAL_ENTRY]
        if not made or satisfied(trial["arguments"], entry_arguments(made[0])) != trial["arguments"]:
            raise Problem(NO_TRIAL, self.host.path(GRUB_CFG), TRIAL_ENTRY,
                          f"look at {TRIAL_SCRIPT}")
        self.host.run(["grub-reboot", TRIAL_ENTRY])
        if grub_environment(self.host).get("next_entry") != TRIAL_ENTRY:
            raise Problem(NO_TRIAL, self.host.path(GRUB_ENV), TRIAL_ENTRY)
        self._note("armed")

    def _keep_at_once(self):
        log("boot", "GRUB can't write its environment block: no trial")
        self._new_trial()
        self._write_drop_in()
        self._note("direct", owned=self.trial["arguments"])

    def _commit(self):
        self.mark_booted()
        if f"dataplane.trial={self.trial.get('digest')}" in running(self.host):
            self._await_management()
        if self.trial.get("arguments") != self.to_own():
            self._new_trial()
        forget_trial(self.host, self.record["before"])
        self._write_drop_in()
        self._note("good", owned=self.trial["arguments"])

    def _write_drop_in(self):
        owned = self.trial["arguments"]
        if owned or not FULL:
            self.host.write_text(DROP_IN, "# Written by dataplane-host; `dataplane-host undo` removes it.\n"
                                 'GRUB_CMDLINE_LINUX_DEFAULT="${GRUB_CMDLINE_LINUX_DEFAULT:-} '
                                 f'{" ".join(owned)}"\n', 0o644)
        else:
            give_file_back(self.host, DROP_IN, self.record["before"]["dropIn"])
        update_grub(self.host)
        configured = entry_arguments(default_entry(self.host))
        if satisfied(self.arguments, configured) != self.arguments:
            raise Problem("update-grub ran, but the default entry lacks boot arguments", self.host.path(GRUB_CFG),
                          " ".join(token for token in self.arguments
                                   if token not in satisfied(self.arguments, configured)), self.remedy)

    def _await_management(self):
        """The way by which people reach the host has to be back before the arguments are kept."""
        before = self.trial["management"]
        lacking = []

        def back():
            now = management(self.host, self.exempt)
            lacking[:] = [f"{name} {what}" for name, facts in sorted(before.items()) for what in facts
                          if what not in now.get(name, [])]
            return not lacking

        if self.host.wait_for(back, MANAGEMENT_SECONDS, 5):
            return
        reason = "management didn't come back: " + ", ".join(lacking)
        if self.host.at_boot:
            self._note("failed", trial={**self.trial, "reason": reason})
            log("boot", reason, "rebooting into the old entry")
            self.host.run(["systemctl", "reboot"])
        raise Problem(reason, "boot", remedy="a reboot brings back the boot arguments before")

    def summary(self, present):
        return "prepared for the next boot" if self.pending() else "kept"

    @classmethod
    def undo(cls, host, key, record):
        forget_trial(host, record["before"])
        give_file_back(host, DROP_IN, record["before"]["dropIn"])
        update_grub(host)
        ours = dict.fromkeys([*record.get("owned", []), *(record.get("trial") or {}).get("arguments", [])])
        left = [token for token in ours if token in running(host)]
        return "boot arguments still in force: " + " ".join(left) if left else None


def management(host, exempt):
    """{interface: ["IPv4 address", "IPv6 default route" …]} of the interfaces with a default route, or else of all
    with an address; without those that the plan itself takes or configures."""
    facts = {}
    for family, name in (("-4", "IPv4"), ("-6", "IPv6")):
        for entry in host.json(["ip", "-j", family, "address", "show", "scope", "global"], check=False):
            if entry.get("addr_info"):
                facts.setdefault(entry["ifname"], set()).add(f"{name} address")
        for route in host.json(["ip", "-j", family, "route", "show", "default"], check=False):
            for hop in route.get("nexthops") or [route]:
                facts.setdefault(hop.get("dev", "?"), set()).add(f"{name} default route")
    found = {name: sorted(what) for name, what in facts.items() if name not in exempt}
    routed = {name: what for name, what in found.items() if any(fact.endswith("route") for fact in what)}
    return routed or found


def _kernel_arguments(host, plan):
    arguments = applicable(host, plan["stages"]["boot"]["arguments"])
    if not arguments:
        return None
    resource = KernelArguments(host, "grub", {"arguments": arguments})
    resource.pages = plan["stages"]["devices"]["hugepages"]
    resource.exempt = {link["name"] for link in plan["stages"]["network"]["links"]}
    for nic in plan["stages"]["devices"]["nics"]:
        resource.exempt.update(host.listdir(f"/sys/bus/pci/devices/{nic['address']}/net"))
    return resource


def resources(host, plan):
    names = plan["stages"]["boot"]["modules"]
    arguments = _kernel_arguments(host, plan)
    return ([KernelModules(host, names)] if names else []) + ([arguments] if arguments else [])


def lacking(host, plan):
    """Why the stages after a reboot can't be applied yet, or None. Raises where the trial failed."""
    resource = _kernel_arguments(host, plan)
    if resource is None:
        return None
    resource.mark_booted()
    if resource.in_force():
        return None
    if resource._failed():
        raise resource._failure()
    return resource.needs_reboot(None)


def needs_reboot(host, plan):
    """(True, False or None for can't tell; why)."""
    resource = _kernel_arguments(host, plan)
    if resource is None or resource.in_force():
        return False, "all boot arguments are in force"
    if resource._failed():
        return False, str(resource._failure())
    reason = resource.needs_reboot(None)
    return (True, reason) if resource.pending() else (None, f"{reason}; apply has to prepare them")


def checks(host, plan):
    """The effects: an argument can stand on the command line and be ignored."""
    found = []
    wanted = applicable(host, plan["stages"]["boot"]["arguments"])
    values = {key_of(token): token.partition("=")[2] for token in wanted}
    if values.get("intel_iommu", "").startswith("on") and not host.listdir("/sys/kernel/iommu_groups"):
        found.append(Problem("intel_iommu=on is on the command line, but there is no IOMMU group", "boot",
                             "/sys/kernel/iommu_groups", "switch on VT-d in the firmware"))
    flags = values.get("isolcpus", "").split(",")
    named = [flag for flag in flags if flag and not flag[0].isdigit() and flag != "N"]
    for key, path in (("isolcpus", "isolated"), ("nohz_full", "nohz_full")):
        if key not in values or (key == "isolcpus" and named and "domain" not in named):
            continue
        text = host.read_value(f"/sys/devices/system/cpu/{path}") or ""
        if not memory.numbers(values[key]) <= memory.numbers(text):
            found.append(Problem(f"{key}={values[key]} is on the command line, but the kernel says", "boot",
                                 f"/sys/devices/system/cpu/{path}: {text or 'none'}",
                                 "the kernel ignored it: see `journalctl -k -b`"))
    return found
