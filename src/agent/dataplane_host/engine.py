"""plan, apply, verify, undo over resources. What each resource is, its module knows."""
import difflib
import json

from . import stages
from .host import Problem, Problems, canonical, log
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
                      plan.get("version") if isinstance(plan, dict) else plan,
                      f"plan and agent must be of one release; this agent knows version {PLAN_VERSION}")
    plan["text"] = text
    return plan


class Engine:
    def __init__(self, host, plan, selected=()):
        """selected: the stages to work on; empty: all."""
        self.host, self.plan = host, plan
        self.state = State(host)
        self.selected = [stage for stage in stages.STAGES if not selected or stage in selected or stage == "agent"]
        self.complete = len(self.selected) == len(stages.STAGES)
        self.changes, self.reboot_reasons, self.problems = [], [], []

    def report(self):
        return {"changed": bool(self.changes), "changes": self.changes,
                "rebootRequired": bool(self.reboot_reasons), "rebootReasons": self.reboot_reasons,
                "problems": [problem.json() for problem in self.problems], "trial": self._trial()}

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

    def differing(self, resources):
        """(resource, present) of those that don't hold."""
        pairs = [(resource, resource.read()) for resource in resources]
        return [(resource, present) for resource, present in pairs if not resource.holds(present)]

    def survey(self):
        """Notes every change and problem that apply would meet; changes nothing."""
        if self.plan["retired"]:
            for record in reversed(self.state.records):
                self._note(record["stage"], record["kind"], record["key"], "remove", record["wanted"], record["before"])
            return
        wanted = [resource for stage in self.selected for resource in self.resources(stage)]
        for record in self.stale(wanted):
            self._note(record["stage"], record["kind"], record["key"], "remove", record["wanted"], record["before"])
        for resource, present in self.differing(wanted):
            self.problems += resource.problems(present)
            reason = resource.pending()
            if reason or resource.needs_reboot(present):
                self.reboot_reasons.append(reason or resource.needs_reboot(present))
            if not reason:
                self._note_resource(resource, present)

    # Doing it

    def apply(self):
        """True: all was done. Problems and reboot reasons are in the report."""
        try:
            if self.plan["retired"]:
                self.undo()
            else:
                self._apply()
        except Problem as problem:
            self.problems.append(problem)
        except Problems as several:
            self.problems += several.problems
        return not self.problems

    def _apply(self):
        per_stage = {stage: self.resources(stage) for stage in self.selected}
        everything = [resource for resources in per_stage.values() for resource in resources]
        found = [problem for resource, present in self.differing(everything)
                 for problem in resource.problems(present)]
        if found:
            raise Problems(found)
        for record in self.stale(everything):
            self._undo_record(record)
        for stage, resources in per_stage.items():
            self._apply_stage(stage, resources)
            if self.problems:
                return
            if self.reboot_reasons:
                log("reboot required", "; ".join(self.reboot_reasons))
                return

    def _apply_stage(self, stage, resources):
        broken = set()  # modules whose later resources build on one that failed
        for resource in resources:
            module = type(resource).__module__
            if module in broken:
                continue
            try:
                self._apply_resource(resource)
            except (Problem, Problems) as error:
                self.problems += getattr(error, "problems", [error])
                if not resource.independent:
                    broken.add(module)

    def _apply_resource(self, resource):
        present = resource.read()
        if resource.holds(present):
            return
        reason = resource.pending()
        if reason is None:
            recorded = resource.record
            before = resource.before() if recorded is None else resource.extend(recorded["before"])
            if resource.recorded:
                self.state.put({**(recorded or {}), "kind": resource.kind, "key": resource.key,
                                "stage": resource.stage, "module": type(resource).__module__.rpartition(".")[2],
                                "before": before, "wanted": resource.wanted})
            resource.change(present)
            self._note_resource(resource, present)
            log(resource.stage, resource.key, resource.summary(present))
            got = resource.read()
            if resource.holds(got):
                return
            reason = resource.pending()
            if reason is None:
                raise Problem(f"{resource.kind}: asked for {json.dumps(resource.wanted)}, got {json.dumps(got)}",
                              resource.key, remedy=resource.remedy)
        self.reboot_reasons.append(reason)

    def undo(self):
        """Gives back everything that is recorded, then removes the agent's own files."""
        for record in reversed(list(self.state.records)):
            self._undo_record(record)
        for path, present in stages.load("install", "undo").remove(self.host):
            self._note("agent", "file", path, "remove", present, None)
            log("agent", path, "removed")

    def _undo_record(self, record):
        resource_class = stages.resource_class(record)
        notice = resource_class.undo(self.host, record["key"], record)
        self.state.drop(record)
        self._note(record["stage"], record["kind"], record["key"], "remove", record["wanted"], record["before"])
        log(record["stage"], record["key"], f"{record['kind']} given back", notice)

    def verify(self):
        """Every fact of the plan against the host."""
        for stage in self.selected:
            for resource, present in self.differing(self.resources(stage)):
                self.problems.append(Problem(
                    f"{resource.kind}: the plan asks for {json.dumps(resource.wanted)}, the host has "
                    f"{json.dumps(present)}", f"{stage}: {resource.key}", remedy="`dataplane-host apply`"))
            for module in stages.modules(self.plan, stage):
                if hasattr(module, "checks"):
                    self.problems += module.checks(self.host, self.plan)
        return not self.problems

    # Noting

    def _note_resource(self, resource, present):
        self._note(resource.stage, resource.kind, resource.key, "create" if present is None else "change",
                   present, resource.wanted)

    def _note(self, stage, kind, key, action, before, after):
        self.changes.append({"stage": stage, "kind": kind, "key": key, "action": action,
                             "before": before, "after": after})


def difference(change):
    """A change as people read it: a unified diff of what is there and what is wanted."""
    def lines(value):
        if value is None:
            return []
        if isinstance(value, dict) and isinstance(value.get("content"), str):
            value = value["content"]
        text = value if isinstance(value, str) else canonical(value)
        return text.splitlines()

    title = f"{change['stage']}: {change['kind']} {change['key']}: {change['action']}"
    body = difflib.unified_diff(lines(change["before"]), lines(change["after"]), "present", "wanted", lineterm="")
    return "\n".join([title, *body])
