"""The process of ovs-vswitchd: which one runs, and what its log says."""
import re

LOG = "/var/log/openvswitch/ovs-vswitchd.log"
PIDFILE = "/run/openvswitch/ovs-vswitchd.pid"
# Names the daemon process that hasn't read a changed setting yet. In /run: a reboot is a restart too.
STALE = "/run/dataplane-host.ovs-restart"


def log_lines(host):
    return host.run(["tail", "-n", "2000", host.path(LOG)], check=False).stdout.splitlines()


def words_since(host, before, *about):
    """What the daemon's log says since `before` (log_lines earlier): of `about` where it says something of it."""
    lines = log_lines(host)
    if before and before[-1] in lines:
        lines = lines[lines.index(before[-1]) + 1:]
    telling = [line.split("|", 2)[-1] for line in lines
               if re.search(r"\|(WARN|ERR|EMER)\||EAL:|max packet size", line) and "|timeval|" not in line]
    named = [line for line in telling if any(word and word in line for word in about)]
    # The same line comes with every retry of a crash loop.
    return " / ".join(list(dict.fromkeys(named or telling))[-8:]) or f"nothing; see {LOG}"


def daemon_process(host):
    """The running daemon as "pid start-time", and the binary that it runs."""
    pid = host.read_value(PIDFILE) or "-"
    stat = host.read_text(f"/proc/{pid}/stat")
    if not stat:
        return None, None
    binary = (host.readlink(f"/proc/{pid}/exe") or "").replace(" (deleted)", "")
    return f"{pid} {stat.rpartition(')')[2].split()[19]}", binary


def restart_pending(host):
    stale = host.read_value(STALE)
    return stale is not None and stale == daemon_process(host)[0]
