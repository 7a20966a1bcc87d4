"""The bench: Debian 13 hosts in namespaces, joined by a wire. No virtual machine, nothing simulated but the NICs.

Each host is a real Debian 13 user space (mmdebstrap, cached) with its own systemd as process 1, in its own network,
mount, pid, IPC, UTS and cgroup namespaces: `systemctl`, units, `update-alternatives`, Open vSwitch and a reboot are the
real ones. What is not real: the kernel is the machine's own (no boot arguments, no modules), and a NIC is one end
of a veth pair, so Open vSwitch takes it as a `system` port instead of a `dpdk` one.

    with Bench() as bench:
        east, west = bench.host('east'), bench.host('west')
        bench.wire((east, 'uplink'), (west, 'uplink'), mtu=1500)
        bench.boot()
        east.run('ip', '-brief', 'link')
        east.agent('apply', plan=plan)
        east.reboot()                      # keeps the disk, loses everything that a reboot loses

All of it ends with the process that made it, also after kill -9 (PR_SET_PDEATHSIG). By hand:

    python3 test/agent/bench.py            two hosts, wired; prints how to enter them; ends with Ctrl-C
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
AGENT = REPOSITORY / 'src' / 'agent'
sys.path.insert(0, str(AGENT))
from dataplane_host import install  # noqa: E402

CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'cdktf-dataplane'
PACKAGES = [
    'systemd', 'kmod', 'openvswitch-switch-dpdk', 'librte-mempool-ring25', 'librte-net-null25', 'librte-bus-vdev25',
    'iproute2', 'iputils-ping', 'tcpdump', 'python3', 'procps', 'ethtool',
]
# The name changes with what is in it, so that an old cache is never taken for a new one.
ROOT = CACHE / f'bench-root-trixie-{len(PACKAGES)}'
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', 'LC_ALL': 'C', 'HOME': '/root',
               'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONPATH': '/mnt/agent'}

# Runs as process 1 of the new namespaces, until systemd takes its place. /proc/sys is read-only but for the network's
# part: everything else there belongs to the machine, and systemd-sysctl would write to it.
INIT = r'''
set -e
d=$1 root=$2 agent=$3 cgroup=$4 name=$5
mount -t overlay overlay -o lowerdir="$root",upperdir="$d/disk",workdir="$d/work" "$d/root"
cd "$d/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=755 dev dev
mkdir -p dev/net dev/pts dev/shm dev/hugepages mnt/agent
for n in null zero full random urandom tty net/tun; do touch dev/$n; mount --bind /dev/$n dev/$n; done
mount --bind "$agent" mnt/agent
mount -o remount,ro,bind mnt/agent
hostname "$name"
read -r _
mkdir -p "$cgroup"
echo $$ >"$cgroup/cgroup.procs"
exec unshare --cgroup sh -c '
mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir old; pivot_root . old; umount -l /old; rmdir /old
exec env -i container=bench PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --show-status=0 --log-target=journal
'
'''


def missing():
    """Why the bench can't run here; None where it can."""
    if sys.platform != 'linux' or os.geteuid() != 0:
        return 'the bench needs Linux and root (namespaces, mounts)'
    for path in ('/dev/net/tun', '/proc/self/ns/cgroup', '/usr/bin/apt-get'):
        if not os.path.exists(path):
            return f'the bench needs {path}'
    if 'overlay' not in pathlib.Path('/proc/filesystems').read_text():
        return 'the bench needs overlayfs'
    probe = subprocess.run(['unshare', '--net', '--mount', '--pid', '--cgroup', '--fork', 'true'], capture_output=True)
    return None if probe.returncode == 0 else f'the bench needs namespaces: {probe.stderr.decode().strip()}'


def ensure_root():
    """The Debian 13 root that all hosts share read-only; made once, about half a minute."""
    if ROOT.is_dir():
        return ROOT
    CACHE.mkdir(parents=True, exist_ok=True)
    print(f'bench: making a Debian 13 root in {ROOT} (once, about 30 s)', file=sys.stderr, flush=True)
    if not shutil.which('mmdebstrap'):
        subprocess.run(['apt-get', 'install', '-y', '-q', 'mmdebstrap'], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})
    # The mirror and the way to it are those of the machine's own apt.
    sources = subprocess.run(['apt-get', 'indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'],
                             check=True, capture_output=True, text=True).stdout.split('\n')
    mirror = next(line.split()[1] for line in sources if line.startswith('Debian '))
    with tempfile.TemporaryDirectory(dir=CACHE, prefix='bench-root-') as work:
        options = pathlib.Path(work, 'apt.conf')
        options.write_bytes(subprocess.run(['apt-config', 'dump', 'Acquire'], check=True, capture_output=True).stdout)
        root = pathlib.Path(work, 'root')
        subprocess.run(['mmdebstrap', '--quiet', '--variant=apt', f'--aptopt={options}', '--include=' + ','.join(PACKAGES),
                        '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg', 'trixie', str(root),
                        f'deb {mirror} trixie main'], check=True)
        try:
            root.rename(ROOT)
        except OSError:  # another process was faster
            if not ROOT.is_dir():
                raise
    return ROOT


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Failed(Exception):
    pass


class Host:
    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.directory = bench.directory / name
        for part in ('disk', 'work', 'root'):
            (self.directory / part).mkdir(parents=True)
        self.process = self.pid = None
        self.boots = 0

    def create(self):
        """Namespaces and disk; systemd waits for start(), so that the NICs are there when it boots."""
        self.boots += 1
        self.cgroup = self.bench.cgroups / f'dataplane-bench-{os.getpid()}-{self.name}-{self.boots}'
        with open(self.directory / 'console', 'ab') as log:
            self.process = subprocess.Popen(
                ['unshare', '--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=KILL', '--propagation',
                 'private', 'sh', '-c', INIT, 'init', str(self.directory), str(ROOT), str(self.bench.directory / 'agent'), str(self.cgroup), self.name],
                stdin=subprocess.PIPE, stdout=log, stderr=log, preexec_fn=die_with_parent)
        children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children')
        self.pid = int(wait(children.read_text, f'{self.name}: no process 1'))

    def start(self):
        self.process.stdin.write(b'\n')
        self.process.stdin.close()
        wait(lambda: self.run('systemctl', 'is-system-running', check=False).stdout.strip() in ('running', 'degraded'),
             f'{self.name}: systemd does not come up', seconds=60)

    def power_off(self):
        """Like pulling the plug: nothing is shut down."""
        if self.process:
            self.process.kill()
            self.process.wait()
            wait(lambda: not os.path.exists(f'/proc/{self.pid}'), f'{self.name}: process 1 does not end')
            remove_cgroup(self.cgroup)
            self.process = None

    def reboot(self):
        self.power_off()
        self.create()
        self.bench.connect(self)
        self.start()

    def run(self, *argv, check=True, **options):
        """A command inside the host."""
        command = ['nsenter', '-t', str(self.pid), '-n', '-m', '-p', '-u', '-i', '-C', '-r', '-w', '--', *argv]
        result = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=120, **options)
        if check and result.returncode:
            raise Failed(f'{self.name}: {" ".join(argv)}: exit {result.returncode}\n{result.stdout}{result.stderr}')
        return result

    def output(self, *argv):
        return self.run(*argv).stdout

    def path(self, path):
        """A file of the host, as seen from here."""
        return pathlib.Path(f'/proc/{self.pid}/root', path.lstrip('/'))

    def agent(self, *arguments, plan=None, check=True):
        """The agent inside the host, as in /usr/local/sbin/dataplane-host."""
        if plan is not None:
            file = self.path('/etc/dataplane-host/plan.json')
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(install.installed_text(plan))
        return self.run('python3', '-m', 'dataplane_host', *arguments, check=check)

    def vsctl(self, *arguments):
        return self.output('ovs-vsctl', '--timeout=10', *arguments).strip()

    def pid_of(self, daemon):
        return int(self.path(f'/run/openvswitch/{daemon}.pid').read_text())

    def database(self):
        """Open vSwitch's configuration: {table: rows by uuid}, without the columns that say what happens."""
        volatile = {'statistics', 'status', 'cur_cfg', 'next_cfg', 'link_resets', 'link_state', 'link_speed', 'duplex', 'admin_state',
                    'ifindex', 'mac_in_use', 'mtu', 'ofport', 'lacp_current', 'error', '_version', 'dpdk_initialized', 'dpdk_version',
                    'iface_types', 'rstp_statistics', 'rstp_status'}
        found = {}
        for line in self.output('ovsdb-client', '--format=json', 'dump', 'Open_vSwitch').splitlines():
            table = json.loads(line)
            rows = [dict(zip(table['headings'], row)) for row in table['data']]
            found[table['caption'].split()[0]] = {
                row['_uuid'][1]: {key: value for key, value in row.items() if key not in volatile} for row in rows}
        return found

    def files(self):
        """{path: content or link} of what the host has changed on its disk; logs and the database left out."""
        def content(file):
            return os.readlink(file) if file.is_symlink() else file.read_bytes() if file.is_file() else 'removed'

        disk, found = self.directory / 'disk', {}
        for directory, _, names in os.walk(disk):
            for name in names:
                file = pathlib.Path(directory, name)
                path, original = file.relative_to(disk), ROOT / file.relative_to(disk)
                unchanged = os.path.lexists(original) and content(original) == content(file)
                if not unchanged and name != 'core' and 'conf.db' not in name and not str(path).startswith(
                        ('var/log/', 'var/lib/systemd/', 'tmp/', 'var/cache/')):
                    found[f'/{path}'] = content(file)
        return found


class Bench:
    def __init__(self):
        ensure_root()
        CACHE.mkdir(parents=True, exist_ok=True)
        for old in CACHE.glob('bench-run-*'):  # left by a killed one; its processes and mounts ended with it
            if not os.path.exists(f'/proc/{old.name.split("-")[2]}'):
                shutil.rmtree(old, ignore_errors=True)
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=CACHE, prefix=f'bench-run-{os.getpid()}-'))
        self.hosts, self.wires, self.mounted = [], [], False
        # A copy: the sources may be edited while the bench runs.
        shutil.copytree(AGENT, self.directory / 'agent', ignore=shutil.ignore_patterns('__pycache__'))
        self.cgroups = self.find_cgroups()
        for old in self.cgroups.glob('dataplane-bench-*'):
            if not os.path.exists(f'/proc/{old.name.split("-")[2]}'):
                remove_cgroup(old)
        # The wires: Linux bridges in a namespace of their own, so that a host's reboot doesn't unplug its peers.
        self.fabric = subprocess.Popen(['unshare', '--net', '--mount', 'chroot', str(ROOT), 'sleep', 'infinity'],
                                       preexec_fn=die_with_parent)

    def find_cgroups(self):
        for line in pathlib.Path('/proc/mounts').read_text().splitlines():
            _, point, kind, options = line.split()[:4]
            if kind == 'cgroup2' and 'rw' in options.split(','):
                return pathlib.Path(point)
        point = self.directory / 'cgroups'
        point.mkdir()
        subprocess.run(['mount', '-t', 'cgroup2', 'cgroup2', str(point)], check=True)
        self.mounted = True
        return point

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for host in self.hosts:
            if host.process:
                host.process.kill()  # all at once: the kernel takes its time
        for host in self.hosts:
            host.power_off()
        self.fabric.kill()
        self.fabric.wait()
        if self.mounted:
            subprocess.run(['umount', str(self.cgroups)], check=True)
        shutil.rmtree(self.directory)

    def host(self, name):
        self.hosts.append(Host(self, name))
        return self.hosts[-1]

    def wire(self, *ends, mtu=1500):
        """Joins NICs, each a (host, name), by one wire. Returns the wire's name, for capture()."""
        self.wires.append((f'wire{len(self.wires)}', ends, mtu))
        return self.wires[-1][0]

    def boot(self):
        for host in self.hosts:
            host.create()
        for host in self.hosts:
            self.connect(host)
        for host in self.hosts:
            host.start()

    def in_fabric(self, *argv, **options):
        # `chroot`: the tools are those of the Debian root, the machine needn't have them.
        return subprocess.run(['nsenter', '-t', str(self.fabric.pid), '-n', 'chroot', str(ROOT), *argv], check=True,
                              capture_output=True, text=True, env=ENVIRONMENT, **options)

    def connect(self, host):
        """Gives the host, which has its namespaces but hasn't booted, its NICs."""
        for wire, ends, mtu in self.wires:
            if not self.has_link(wire):
                self.in_fabric('ip', 'link', 'add', wire, 'type', 'bridge', 'mcast_snooping', '0')
                self.in_fabric('ip', 'link', 'set', wire, 'mtu', str(mtu), 'up')
            for index, (owner, nic) in enumerate(ends):
                if owner is host:
                    leg = f'{wire}.{index}'
                    wait(lambda: not self.has_link(leg), f'{leg} is still there')
                    mac = f'02:00:00:{self.hosts.index(host):02x}:{int(wire[4:]):02x}:{index:02x}'
                    subprocess.run(['nsenter', '-t', str(self.fabric.pid), '-n', 'ip', 'link', 'add', leg, 'mtu', str(mtu),
                                    'type', 'veth', 'peer', 'name', nic, 'netns', str(host.pid), 'address', mac,
                                    'mtu', str(mtu)], check=True)
                    # A veth leaves checksums to hardware that isn't there.
                    self.in_fabric('ethtool', '-K', leg, 'tx', 'off')
                    self.in_fabric('ip', 'link', 'set', leg, 'master', wire, 'up')

    def has_link(self, name):
        try:
            return bool(self.in_fabric('ip', 'link', 'show', name).stdout)
        except subprocess.CalledProcessError:
            return False

    def capture(self, wire, expression, count=1, output='-v'):
        """Starts tcpdump on a wire; .communicate() on the result gives its lines."""
        process = subprocess.Popen(
            ['nsenter', '-t', str(self.fabric.pid), '-n', 'chroot', str(ROOT), 'timeout', '15', 'tcpdump', '--immediate-mode', '-lnn', output,
             '-Z', 'root', '-c', str(count), '-i', wire, expression], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=ENVIRONMENT, preexec_fn=die_with_parent)
        process.stderr.readline()  # "listening on …": from here on nothing is missed
        return process


def remove_cgroup(cgroup):
    for directory, _, _ in os.walk(cgroup, topdown=False):
        wait(lambda: os.rmdir(directory) is None, f'{directory} is in use')


def wait(condition, message, seconds=10.0):
    """The first true result of condition; an OSError counts as not yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            result = condition()
        except OSError:
            result = None
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(message)
        time.sleep(0.05)


def main():
    reason = missing()
    if reason:
        sys.exit(f'bench: {reason}')
    with Bench() as bench:
        hosts = [bench.host('east'), bench.host('west')]
        bench.wire(*((host, 'uplink') for host in hosts))
        bench.boot()
        for host in hosts:
            print(f'{host.name}: nsenter -t {host.pid} -n -m -p -u -i -C -r -w env -i PATH={ENVIRONMENT["PATH"]} bash')
        # From here on Ctrl-C only ends the waiting, also a second one.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        signal.pause()


if __name__ == '__main__':
    main()
