"""plan, apply, verify, undo over resources. What each resource is, its module knows."""
import difflib
import json

from . import FULL, stages
from .host import Problem, canonical, log
from .state import State

PLAN = "/etc/dataplane-host/plan.json"
PLAN_VERSION = 1


def parse_plan(text, where):
    try:
        plan = json.loads(text)
    except ValueError as error:
        raise Problem("the plan is no JSON", where, error, "write it again (cdktf synth)") from None
    if not isinstance(plan, dict) or plan.get("version") != PLAN_VERSION:
        raise Problem("the plan has a version that this agent doesn't know", where,
                      remedy=f"plan and agent must be of one release; this agent knows version {PLAN_VERSION}")
    return plan


class Engine:
    def __init__(self, host, plan, selected=()):
        """selected: the stages to work on; empty: all."""
        self.host, self.plan = host, plan
        self.state = State(host)
        self.selected = [stage for stage in stages.STAGES if not selected or stage in selected or stage == "agent"]
        self.reboot_reasons, self.problems, self.changed = [], [], False
        if FULL:
            self.changes = []

    # A plan that changes is the full edition's work: on the host the same plan is applied again and again, so `stale`,
    # `survey` and the reports are not there.

    def report(self):
        return {"changed": bool(self.changes), "changes": self.changes,
                "rebootRequired": bool(self.reboot_reasons), "rebootReasons": self.reboot_reasons,
                "problems": [problem.report() for problem in self.problems], "trial": self._trial()}

    def _trial(self):
        """The state of the trial boot, or None: see boot.py."""
        for record in self.state.of_kind("kernel-arguments"):
            return record.get("trial")
        return None

    # What there is to do

    def resources(self, stage):
        return stages.resources(self.host, self.plan, stage)

    def stale(self, wanted):
        """Our records that the plan no longer names, last made first."""
        named = {(resource.kind, resource.key) for resource in wanted}
        return [record for record in reversed(self.state.records)
                if record["stage"] in self.selected and (record["kind"], record["key"]) not in named]

    def differing(self, resources, change=False):
        """(resource, present) of those that don't hold; what can't be read is among the problems. change: so is what
        forbids to change them; everything is asked before anything is changed."""
        found = []
        for resource in resources:
            try:
                present = resource.read()
                if not resource.holds(present):
                    found.append((resource, present))
                    if change:
                        self.problems += resource.problems(present)
            except Problem as error:
                self.problems.append(error)
        return found

    def survey(self):
        """Notes every change and problem that apply would meet; changes nothing."""
        try:
            self._survey()
        except Problem as error:
            self.problems.append(error)
        return not self.problems

    def _survey(self):
        if self.plan["retired"]:
            for record in reversed(self.state.records):
                self._note_removal(record)
            for path, present in stages.load("install").own_files(self.host):
                self._note_change("agent", "file", path, "remove", present, None)
            return
        wanted = [resource for stage in self.selected for resource in self.resources(stage)]
        for record in self.stale(wanted):
            self._note_removal(record)
        for resource, present in self.differing(wanted, True):
            reason = resource.pending()
            if reason or resource.needs_reboot(present):
                self.reboot_reasons.append(reason or resource.needs_reboot(present))
            if not reason:
                self._note_resource(resource, present)

    # Doing it

    def apply(self):
        """Problems and reboot reasons are in the report."""
        try:
            if FULL and self.plan["retired"]:
                self.undo()
            else:
                self._apply()
        except Problem as error:
            self.problems.append(error)
        if self.reboot_reasons:
            log("reboot required", "; ".join(self.reboot_reasons))

    def _apply(self):
        per_stage = {stage: self.resources(stage) for stage in self.selected}
        everything = [resource for resources in per_stage.values() for resource in resources]
        self.differing(everything, True)
        if self.problems:
            return
        if FULL:
            for record in self.stale(everything):
                self._undo_record(record)
        for stage, resources in per_stage.items():
            if self._waits_for_boot(stage) or not self._apply_stage(stage, resources):
                return

    def _waits_for_boot(self, stage):
        """The stages after `boot` need its arguments in force."""
        if stage in ("agent", "packages", "boot") or "boot" not in self.plan["agentModules"]:
            return False
        reason = stages.load("boot").lacking(self.host, self.plan)
        if reason and reason not in self.reboot_reasons:
            self.reboot_reasons.append(reason)
        return reason

    def _apply_stage(self, stage, resources):
        """False: the stages after it have to wait."""
        waits = False
        for resource in resources:
            try:
                reason = self._apply_resource(resource)
                if reason:
                    self.reboot_reasons.append(reason)
                    waits = True
            except Problem as error:
                self.problems.append(error)
                if not resource.independent:
                    break  # the later ones build on it
        return not self.problems and not waits

    def _apply_resource(self, resource):
        """Why it needs a reboot to hold, or None."""
        present = resource.read()
        if resource.holds(present):
            return None
        reason = resource.pending()
        if reason:
            return reason
        if resource.recorded:
            old = resource.record or {}
            before = (resource.extended(old["before"]) if FULL else old["before"]) if old else resource.before()
            self.state.put({**old, "kind": resource.kind, "key": resource.key, "stage": resource.stage,
                            "module": type(resource).__module__.rpartition(".")[2],
                            "before": before, "wanted": resource.wanted})
        if FULL and resource.recorded:
            self._note_resource(resource, present)  # also where it fails half way
        self.changed = True
        resource.change(present)
        if FULL and not resource.recorded:
            self._note_resource(resource, present)
        log(resource.stage, resource.key, resource.summary(present))
        got = resource.read()
        if resource.holds(got):
            return None
        reason = resource.pending()
        if reason is None:
            raise Problem(f"{resource.kind}: asked for {json.dumps(resource.wanted)}, got {json.dumps(got)}",
                          f"{resource.stage}: {resource.key}", remedy=resource.remedy)
        return reason

    def undo(self):
        """Gives back everything that is recorded, then removes the agent's own files."""
        for record in reversed(list(self.state.records)):
            self._undo_record(record)
        install = stages.load("install")
        if FULL:
            for path, present in install.own_files(self.host):
                self._note_change("agent", "file", path, "remove", present, None)
        install.remove(self.host)

    def _undo_record(self, record):
        self.changed = True
        reason = stages.resource_class(record).undo(self.host, record["key"], record)
        self.state.drop(record)
        if FULL:
            self._note_removal(record)
        log(record["stage"], record["key"], f"{record['kind']} given back")
        if reason:
            self.reboot_reasons.append(reason)

    def verify(self):
        """Every fact of the plan against the host."""
        if FULL and self.plan["retired"]:
            self.problems += [Problem("the plan is retired, but this is still there", f"{record['stage']}: "
                                      f"{record['kind']} {record['key']}", remedy="`dataplane-host apply`")
                              for record in self.state.records]
            return
        for stage in self.selected:
            try:
                for resource, present in self.differing(self.resources(stage)):
                    self.problems += resource.problems(present) or [Problem(
                        f"{resource.kind}: the plan asks for {json.dumps(resource.wanted)}, the host has "
                        f"{json.dumps(present)}", f"{stage}: {resource.key}", remedy="`dataplane-host apply`")]
                if FULL:
                    for module in stages.modules(self.plan, stage):
                        self.problems += getattr(module, "checks", lambda host, plan: ())(self.host, self.plan)
            except Problem as error:
                self.problems.append(error)

    # Noting

    def _note_resource(self, resource, present):
        self._note_change(resource.stage, resource.kind, resource.key, "create" if present is None else "change",
                   present, resource.wanted)

    def _note_removal(self, record):
        self._note_change(record["stage"], record["kind"], record["key"], "remove", record["wanted"], record["before"])

    def _note_change(self, stage, kind, key, action, before, after):
        self.changes.append({"stage": stage, "kind": kind, "key": key, "action": action,
                             "before": before, "after": after})


def difference(change):
    """A change as people read it: a unified diff of what is there and what is wanted."""
    def lines(value):
        if value is None:
            return []
        if change["kind"] == "plan":  # one line on the host
            value = json.loads(value)
        if isinstance(value, dict) and isinstance(value.get("content"), str):
            value = value["content"]
        text = value if isinstance(value, str) else canonical(value)
        return text.splitlines()

    title = f"{change['stage']}: {change['kind']} {change['key']}: {change['action']}"
    body = difflib.unified_diff(lines(change["before"]), lines(change["after"]), "present", "wanted", lineterm="")
    return "\n".join([title, *body])
