"""A host with NICs for the guard's tests: network namespaces with real links, routes, sockets and Open vSwitch, and
a root below which the NICs are PCI devices (a veth has none).

What this machine's kernel lacks (VLAN, bond, VRF …) runs on a Debian kernel in user mode (user-mode-linux), in the
same way: run_in_user_mode_linux() starts the tests' own file there.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

AGENT = pathlib.Path(__file__).resolve().parents[2] / 'src' / 'agent'
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'cdktf-dataplane'
sys.path.insert(0, str(AGENT))

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NAMESPACES = 0x00020000 | 0x40000000  # CLONE_NEWNS | CLONE_NEWNET
# Where each link type comes from in the user-mode kernel.
MODULES = ['8021q', 'bonding', 'dummy', 'vrf', 'macvlan', 'macvtap', 'ipvlan', 'vxlan', 'bridge', 'team', 'veth', 'ip_gre', 'ipip',
           'geneve', 'ip6_tunnel', 'tun', 'openvswitch', 'team_mode_roundrobin', 'ppp_generic']


def missing():
    if sys.platform != 'linux' or os.geteuid() != 0:
        return 'network namespaces need Linux and root'
    if not shutil.which('ip', path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin'):
        return 'iproute2 is not installed'
    return None


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'{what}: {os.strerror(number)}')


def _die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)


def in_namespaces(function):
    """The function's JSON value, computed in a process with a network and a mount namespace of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            _die_with_parent()
            _check(LIBC.unshare(NEW_NAMESPACES), 'unshare')
            _check(LIBC.mount(b'none', b'/', None, 0x4000 | 0x40000, None), 'mount --make-rprivate')  # MS_REC | MS_PRIVATE
            try:
                answer = {'value': function()}
            except Exception:  # noqa: BLE001  (shown in the parent)
                answer = {'error': traceback.format_exc()}
            with os.fdopen(writer, 'w') as stream:
                json.dump(answer, stream)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    answer = json.loads(text)
    if 'error' in answer:
        raise AssertionError(answer['error'])
    return answer['value']


def run(*argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, **options)
    if done.returncode:
        raise AssertionError(f'{" ".join(argv)}: {done.stderr or done.stdout}')
    return done.stdout


def kernel_has(kind):
    """Can this kernel make such a link?"""
    extra = {'vlan': 'link probe type vlan id 2', 'vrf': 'type vrf table 2', 'vxlan': 'type vxlan id 2 remote 192.0.2.1 dstport 4789',
             'gre': 'type gre remote 192.0.2.1', 'geneve': 'type geneve id 2 remote 192.0.2.1', 'macvlan': 'link probe type macvlan',
             'ipvlan': 'link probe type ipvlan', 'macvtap': 'link probe type macvtap', 'ip6tnl': 'type ip6tnl remote fd00::1'}

    def attempt():
        if kind == 'openvswitch datapath':
            return os.path.exists('/sys/module/openvswitch')
        if kind == 'openvswitch':
            return os.path.exists(OVS_ROOT / 'usr/sbin/ovsdb-server') and os.path.exists('/dev/net/tun')
        run('ip', 'link', 'add', 'probe', 'type', 'veth', 'peer', 'name', 'probe2')
        words = extra.get(kind, f'type {kind}').split()
        return subprocess.run(['ip', 'link', 'add', 'tested', *words], capture_output=True, check=False).returncode == 0

    return in_namespaces(attempt)


# The bench's Debian root has Open vSwitch (bench.ensure_root() makes it).
OVS_ROOT = next(iter(sorted(CACHE.glob('bench-root-trixie-*'))), CACHE / 'bench-root-absent')


class Lab:
    """Use within in_namespaces()."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='guard-lab-'))
        self.root = self.directory / 'root'
        for part in ('sys/bus/pci/devices', 'sys/class/net', 'etc', 'run'):
            (self.root / part).mkdir(parents=True)
        (self.root / 'proc').symlink_to('/proc')
        self.children, self.kept = [], []
        self.wire = self._child(signal.pause)
        run('ip', 'link', 'set', 'lo', 'up')

    def close(self):
        for child in self.children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        shutil.rmtree(self.directory)

    def _child(self, function):
        """A process in a network namespace of its own, at the other end of the wires."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _die_with_parent()
            LIBC.unshare(0x40000000)
            os.write(writer, b'x')
            function()
            os._exit(0)
        os.read(reader, 1)
        os.close(reader)
        os.close(writer)
        self.children.append(child)
        return child

    def ip(self, text):
        for line in text.strip().splitlines():
            run('ip', *line.split())

    def on_wire(self, text):
        for line in text.strip().splitlines():
            run('nsenter', '-t', str(self.wire), '-n', 'ip', *line.split())

    def file(self, path, text):
        target = self.root / path.lstrip('/')
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def nic(self, name, address, up=True, **device):
        """A NIC whose cable ends in the other namespace."""
        run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', f'w-{name}', 'netns', str(self.wire))
        self.on_wire(f'link set w-{name} up')
        if up:
            run('ip', 'link', 'set', name, 'up')
        self.pci(address, **device)
        (self.root / 'sys/class/net' / name).mkdir(exist_ok=True)
        (self.root / 'sys/class/net' / name / 'device').symlink_to(f'../../../bus/pci/devices/{address}')

    def pci(self, address, driver='ixgbe', group=None, function_of=None, kind='0x020000'):
        directory = self.root / 'sys/bus/pci/devices' / address
        directory.mkdir(parents=True)
        for name, value in {'class': kind, 'vendor': '0x8086', 'device': '0x10fb', 'numa_node': '0'}.items():
            (directory / name).write_text(value + '\n')
        if driver:
            (directory / 'driver').symlink_to(f'../../../../bus/pci/drivers/{driver}')
        if function_of:
            (directory / 'physfn').symlink_to(f'../{function_of}')
        if group is not None:
            members = self.root / f'sys/kernel/iommu_groups/{group}/devices'
            members.mkdir(parents=True, exist_ok=True)
            (members / address).symlink_to(f'../../../../bus/pci/devices/{address}')
            (directory / 'iommu_group').symlink_to(f'../../../../kernel/iommu_groups/{group}')

    def session(self, local, peer, name=b'sshd-session', port=2222):
        """A TCP connection that a process called like sshd has accepted; the client is at the end of the wire."""
        family = socket.AF_INET6 if ':' in local else socket.AF_INET
        server = socket.create_server((local, port), family=family)

        def connect():
            descriptor = os.open(f'/proc/{self.wire}/ns/net', os.O_RDONLY)
            _check(LIBC.setns(descriptor, 0x40000000), 'setns')
            os.close(descriptor)
            self.kept.append(socket.create_connection((local, port), 10, (peer, 0)))

        client = threading.Thread(target=connect)
        client.start()
        connection, _ = server.accept()
        client.join()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _die_with_parent()
            LIBC.prctl(15, name, 0, 0, 0)  # PR_SET_NAME
            os.write(writer, b'x')
            signal.pause()
        os.read(reader, 1)
        self.children.append(child)
        connection.close()
        server.close()

    def open_vswitch(self, *commands):
        """A real ovsdb-server and ovs-vswitchd, from the bench's Debian root; then ovs-vsctl with each line."""
        run('mount', '-t', 'tmpfs', 'tmpfs', str(OVS_ROOT / 'run'))
        run('mount', '--rbind', '/dev', str(OVS_ROOT / 'dev'))
        run('mount', '-t', 'proc', 'proc', str(OVS_ROOT / 'proc'))
        (OVS_ROOT / 'run/openvswitch').mkdir()
        enter = ['chroot', str(OVS_ROOT), '/usr/bin/env', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin']
        run(*enter, 'ovsdb-tool', 'create', '/run/openvswitch/conf.db', '/usr/share/openvswitch/vswitch.ovsschema')
        for daemon in (['ovsdb-server', '/run/openvswitch/conf.db', '--remote=punix:/run/openvswitch/db.sock'],
                       ['/usr/lib/openvswitch-switch/ovs-vswitchd', '--pidfile']):
            process = subprocess.Popen([*enter, *daemon, '--log-file=/run/openvswitch/log'], preexec_fn=_die_with_parent,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.children.append(process.pid)
            self.kept.append(process)
            end = time.monotonic() + 20
            while not (OVS_ROOT / 'run/openvswitch/db.sock').exists() and time.monotonic() < end:
                time.sleep(0.05)
        wrapper = self.directory / 'bin' / 'ovs-vsctl'
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/sh\nexec {" ".join(enter)} ovs-vsctl "$@"\n')
        wrapper.chmod(0o755)
        os.environ['PATH'] = f'{wrapper.parent}:{os.environ["PATH"]}'
        for command in commands:
            run('ovs-vsctl', '--timeout=20', *command.split())
        self.file('/run/openvswitch/db.sock', '')

    def verdicts(self, mine=None):
        """{PCI address: chain; None: may be taken}."""
        from dataplane_host import guard
        from dataplane_host.host import Host
        host = Host(str(self.root))
        chains = guard.protected(host, mine)
        return {verdict['address']: chains.get(verdict['address']) for verdict in guard.verdicts(host)}

    def uses(self):
        """{PCI address: what the installed edition, which has no guard, takes for a use}."""
        from dataplane_host import nics, sysfs
        from dataplane_host.host import Host
        from dataplane_host.state import State
        host = Host(str(self.root))
        State(host)
        return {address: nics.use_of(host, address) for address in sysfs.nics(host)}


def evaluate(case):
    """One case in namespaces of its own: {"verdicts": {PCI address: chain or None}, "uses": {PCI address: chain}}."""
    def inside():
        lab = Lab()
        try:
            case(lab)
            return {'verdicts': lab.verdicts(getattr(case, 'mine', None)), 'uses': lab.uses()}
        finally:
            lab.close()
    return in_namespaces(inside)


# The Debian kernel in user mode

def user_mode_linux():
    """(the kernel, its modules' parent, modprobe), from Debian's packages, cached; or the reason why not."""
    directory = CACHE / 'user-mode-linux'
    if not (directory / 'ready').exists():
        if os.uname().machine != 'x86_64' or not shutil.which('apt-get') or not shutil.which('dpkg'):
            return None, 'user-mode-linux needs an x86-64 Debian machine'
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix='user-mode-linux-') as work:
            done = subprocess.run(['apt-get', 'download', '-q', 'user-mode-linux', 'kmod'], cwd=work, capture_output=True, text=True,
                                  check=False)
            if done.returncode:
                return None, f'user-mode-linux is not to be had: {done.stderr.strip()[-200:]}'
            for package in pathlib.Path(work).glob('*.deb'):
                run('dpkg', '-x', str(package), f'{work}/root')
            pathlib.Path(work, 'root/lib-for-modprobe/lib').mkdir(parents=True)
            pathlib.Path(work, 'root/lib-for-modprobe/lib/modules').symlink_to('../../usr/lib/uml/modules')
            # modprobe is a link to an absolute path.
            kmod = next(path for path in (pathlib.Path(work, 'root', part) for part in ('usr/bin/kmod', 'bin/kmod')) if path.exists())
            shutil.copy(kmod, f'{work}/root/modprobe')
            pathlib.Path(work, 'root/ready').touch()
            try:
                pathlib.Path(work, 'root').rename(directory)
            except OSError:  # another process was faster
                pass
    return directory, None


def run_in_user_mode_linux(script, names):
    """{case: result} of the cases of a test file (`script --evaluate FILE NAME…`), on the user-mode kernel."""
    directory, reason = user_mode_linux()
    if reason:
        return {name: {'skipped': reason} for name in names}
    with tempfile.TemporaryDirectory(prefix='guard-uml-') as work:
        init, results = pathlib.Path(work, 'init'), pathlib.Path(work, 'results')
        pathlib.Path(work, 'names').write_text(json.dumps(names))
        init.write_text(
            '#!/bin/sh\nexport PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONDONTWRITEBYTECODE=1 '
            f'XDG_CACHE_HOME={CACHE.parent} HOME=/root TMPDIR=/run\n'
            'mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run\n'
            'mount -t devtmpfs dev /dev\n'
            + ''.join(f'{directory}/modprobe -d {directory}/lib-for-modprobe {module} 2>/dev/null\n' for module in MODULES)
            + f'{sys.executable} {script} --evaluate {results} {work}/names\n'
            + 'echo o >/proc/sysrq-trigger; sleep 5\n')
        init.chmod(0o755)
        # linux.uml is a few processes: a group of their own, so that none is left.
        process = subprocess.Popen([f'{directory}/usr/bin/linux.uml', 'mem=512M', 'rootfstype=hostfs', 'rootflags=/', 'rw',
                                    f'init={init}', 'con=null', 'con0=fd:0,fd:1', 'quiet', f'uml_dir={work}'], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True, preexec_fn=_die_with_parent)
        try:
            said = process.communicate(timeout=400)[0]
        except subprocess.TimeoutExpired:
            said = 'no answer within 400 s'
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        if not results.exists():
            return {name: {'error': f'user-mode-linux gave no answer: {said[-2000:]}'} for name in names}
        return json.loads(results.read_text())
