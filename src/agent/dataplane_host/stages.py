"""Which modules a stage has, and how they are found: lazily, as a bundle has only those that its host uses."""
import importlib

from . import FULL
from .host import Problem
from .resources import Resource

# Stage -> modules, in the order of application. `agent` is the agent's own installation, always applied.
STAGES = {
    "agent": ("install",),
    "packages": ("packages",),
    "boot": ("boot",),
    "devices": ("hugepages", "nics"),
    "dataplane": ("openvswitch",),
    "network": ("network",),
}

def load(name):
    if not FULL:
        return importlib.import_module(f"{__package__}.{name}")
    try:
        return importlib.import_module(f"{__package__}.{name}")
    except ModuleNotFoundError:
        raise Problem("this edition of the agent lacks a module", value=name,
                      remedy="use the full edition (dataplane/agent/dataplane-host, beside the playbooks)") from None


def modules(plan, stage):
    """The stage's modules that the plan uses."""
    return [load(name) for name in STAGES[stage] if name == "install" or name in plan["agentModules"]]


def resources(host, plan, stage):
    return [resource for module in modules(plan, stage) for resource in module.resources(host, plan)]


def resource_class(record):
    """The class that undoes a record."""
    load(record["module"])
    pending = [Resource]
    for candidate in pending:
        if candidate.kind == record["kind"]:
            return candidate
        pending += candidate.__subclasses__()
    raise Problem("the agent doesn't know how to undo a record", record["kind"], record["key"],
                  "use the version of the agent that made it")
