"""The resource: one thing that the agent owns. And the plainest one, a file.

How a module plugs in (src/agent/dataplane_host/<module>.py, named in the plan's `agentModules`):

- `resources(host, plan) -> list[Resource]`: what the plan asks of this module, in the order of application.
  Cheap and free of side effects; it is called by plan, apply and verify.
- `checks(host, plan) -> list[Problem]` (optional): facts that verify tests beyond the resources.
- stages.py says which modules a stage has. A record names its module, so that undo finds the class by `kind`.
- Everything that touches the host goes through `host` (host.py): `host.read_text`, `host.run`, `host.write_text`,
  `host.write_attribute` … `host.state` has the records (state.py).
- Errors are `Problem(what, where, value, remedy)` from host.py, raised or returned by `problems`.
"""


class Resource:
    kind = ""
    stage = ""
    # False: when this one fails, the module's later resources are left alone (they build on it).
    independent = False
    # False: the agent's own files, which undo removes without a record.
    recorded = True
    # What to do where a change didn't take effect.
    remedy = "look at the kernel log (`journalctl -k`) and try again"

    def __init__(self, host, key, wanted):
        self.host, self.key, self.wanted = host, key, wanted

    @property
    def record(self):
        """Our record in the state ({"kind", "key", "stage", "module", "before", "wanted"}) or None: not ours."""
        return self.host.state.find(self.kind, self.key)

    def read(self):
        """What the host has, in the shape of `wanted`; None where absent. Changes nothing."""
        raise NotImplementedError

    def holds(self, present):
        return present == self.wanted

    def problems(self, present):
        """What forbids the change: asked for everything before anything is changed. Only where it doesn't hold."""
        return []

    def before(self):
        """All that undo needs, read before the first change."""
        return self.read()

    def extended(self, recorded):
        """`before` of an earlier apply, when there is another change to make: add what undo needs now too."""
        return recorded

    def change(self, present):
        """Makes it so. Must be repeatable after a crash at any point. The record is written already."""
        raise NotImplementedError

    def pending(self):
        """After a change that doesn't hold yet: why a reboot will make it hold, or None."""
        return None

    def needs_reboot(self, present):
        """For `plan`: why the change that is not made yet will need a reboot, or None."""
        return None

    def summary(self, present):
        """The event line after a change."""
        return "changed" if present is not None else "created"

    @classmethod
    def undo(cls, host, key, record):
        """Gives back record["before"]; needs nothing but the record; repeatable after a crash.

        May return a sentence for people, for example what is left until the next boot.
        """
        raise NotImplementedError


def describe_file(host, path):
    """A file's content and mode, or None."""
    content = host.read_text(path)
    return None if content is None else {"content": content, "mode": f"{host.mode(path):04o}"}


class File(Resource):
    """A whole file of ours. wanted: {"content": text, "mode": "0644"}."""

    kind = "file"

    def __init__(self, host, stage, path, content, mode="0644"):
        super().__init__(host, path, {"content": content, "mode": mode})
        self.stage = stage

    def read(self):
        return describe_file(self.host, self.key)

    def before(self):
        return {"file": describe_file(self.host, self.key), "directories": self.host.missing_directories(self.key)}

    def change(self, present):
        self.host.write_text(self.key, self.wanted["content"], int(self.wanted["mode"], 8))

    @classmethod
    def undo(cls, host, key, record):
        give_file_back(host, key, record["before"])


def give_file_back(host, path, before):
    """before: {"file": describe_file() before, "directories": those that were missing}."""
    if before["file"] is None:
        host.remove(path)
    elif describe_file(host, path) != before["file"]:
        host.write_text(path, before["file"]["content"], int(before["file"]["mode"], 8))
    for directory in before["directories"]:
        host.remove_directory(directory)
