"""The segment lists of srv6 ports, as the datapath has them."""
import re

from .ovsdb import pair, switch_of
from .resources import Resource

class SegmentList(Resource):
    """The segments that an srv6 port really sends. Open vSwitch 3.2 to 3.7 forgets all but the first at its next
    reconfiguration, whatever that is for; a change within `options` makes it read them again. So this comes after
    all other changes of an apply, and the datapath is asked, not the database."""

    kind, stage = "srv6-segments", "network"
    recorded = False  # the port's own record covers it
    UNKNOWN = "unknown: no neighbour answers yet"

    def __init__(self, host, bridge, port):
        super().__init__(host, port["name"], port["options"]["srv6_segs"])
        self.bridge, self.options, self.asserted = bridge, port["options"], False

    def read(self):
        command = ["ovs-appctl", "--timeout=10", "ofproto/trace-packet-out", self.bridge, "in_port=LOCAL,ip"]
        row = switch_of(self.host).row("Interface", self.key)
        if not row or not row["ofport"]:
            return None
        command.append(f"output:{row['ofport']}")
        trace = self.host.run(command, check=False).stdout
        if "neighbor cache miss" in trace:
            # The answer to the kernel's neighbour discovery fills Open vSwitch's own cache.
            self.host.run(["ping", "-6", "-c", "1", "-W", "1", self.options["remote_ip"]], check=False)
            trace = self.host.run(command, check=False).stdout
        found = re.search(r"srv6\(segments_left=\d+,segs\(([^)]*)\)\)", trace)
        return found.group(1) if found else self.UNKNOWN

    def holds(self, present):
        # An apply that changed anything asserts it: the reconfiguration may be still to come.
        return present in (self.wanted, self.UNKNOWN) and (
            self.asserted or not getattr(self.host, "network_changed", False))

    def change(self, present):
        # Both values mean the same: an IPv6 header has no "don't fragment", and 64 is the default.
        key, value = next((key, value) for key, value in (("df_default", "true"), ("ttl", "64")) if key not in self.options)
        options = switch_of(self.host).row("Interface", self.key)["options"]
        words = ("remove", "Interface", self.key, "options", key) if key in options else (
            "set", "Interface", self.key, pair("options", key, value))
        switch_of(self.host).change(*words)
        self.asserted = True


def segment_lists(host, plan):
    wanted = plan["stages"]["dataplane"]["openVSwitch"] or {"bridges": []}
    return [SegmentList(host, bridge["name"], port) for bridge in wanted["bridges"] for port in bridge["ports"]
            if port["type"] == "srv6" and "," in port["options"].get("srv6_segs", "")]
