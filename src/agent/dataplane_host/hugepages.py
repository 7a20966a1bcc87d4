"""Hugepage pools, per node or whole host. Boot arguments make most of them; what is short is asked for at run time."""
from . import FULL, memory
from .host import Problem, log
from .resources import Resource

COMPACT = "/proc/sys/vm/compact_memory"


def directory(size, node):
    base = "/sys/kernel/mm/hugepages" if node is None else f"{memory.NODES}/node{node}/hugepages"
    return f"{base}/hugepages-{size}kB"


def got_per_node(host, size):
    """For messages: `node 0: 1, node 1: 0`."""
    counts = {node: host.read_value(directory(size, node) + "/nr_hugepages") for node in memory.nodes(host)}
    return ", ".join(f"node {node}: {count if count is not None else 'none'}" for node, count in sorted(counts.items()))


class Hugepages(Resource):
    """wanted: {"pages": at least}. The host having more of its own is no fault; more of ours is given back."""

    kind, stage, independent = "hugepages", "devices", True

    def __init__(self, host, request):
        self.size, self.node = request["pageSizeKib"], request["node"]
        self.directory = directory(self.size, self.node)
        where = "host" if self.node is None else f"node{self.node}"
        super().__init__(host, f"{where}/{self.size}kB", {"pages": request["count"]})

    def read(self):
        value = self.host.read_value(self.directory + "/nr_hugepages")
        return None if value is None else {"pages": int(value)}

    def holds(self, present):
        if not FULL or present is None or self.record is None:
            return present is not None and present["pages"] >= self.wanted["pages"]
        return present["pages"] == max(self.wanted["pages"], self.record["before"]["pages"])

    def problems(self, present):
        if present is not None or not FULL:
            return []
        if self.node is not None and self.node not in memory.nodes(self.host):
            nodes = ", ".join(map(str, sorted(memory.nodes(self.host))))
            return [Problem(f"the host lacks NUMA node {self.node}", f"hugepages {self.key}",
                            remedy=f"it has node {nodes}")]
        sizes = ", ".join(self.host.listdir("/sys/kernel/mm/hugepages"))
        return [Problem("the kernel or the processor lacks this page size", f"hugepages {self.key}",
                        remedy=f"it has {sizes or 'no hugepages at all'}")]

    def change(self, present):
        count = max(self.wanted["pages"], self.record["before"]["pages"]) if FULL else self.wanted["pages"]
        for attempt in range(2):
            self.host.write_attribute(self.directory + "/nr_hugepages", count)
            got = self.read()["pages"]
            if got >= count:
                return
            if attempt == 0 and self.host.exists(COMPACT):
                self.host.write_attribute(COMPACT, 1)
        if not FULL or got < self.wanted["pages"]:
            raise Problem(f"pages asked: {count}, got: {got}",
                          f"hugepages {self.key}", got_per_node(self.host, self.size),
                          "free memory on that node, ask for fewer, or reboot: early after a boot there is more "
                          "unbroken memory")

    def summary(self, present):
        return f"{present['pages']} -> {self.read()['pages']} pages"

    @classmethod
    def undo(cls, host, key, record):
        where, _, size = key.partition("/")
        name = directory(int(size[:-2]), None if where == "host" else int(where[4:])) + "/nr_hugepages"
        before = record["before"]["pages"]
        # After a reboot there may be fewer than we found, or none: only what is too many is given back.
        if int(host.read_value(name) or 0) > before:
            host.write_attribute(name, before)
            left = int(host.read_value(name) or 0)
            if left > before:
                log("devices", key, f"{left} pages stay until their users end (before: {before})")


def resources(host, plan):
    return [Hugepages(host, request) for request in plan["stages"]["devices"]["hugepages"]]
