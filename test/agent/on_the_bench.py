"""Two hosts of the bench (bench.py) for the tests of the stages dataplane and network. One pair serves a whole module."""

import json
import sys
import unittest

sys.path.insert(0, __file__.rpartition('/')[0])
import bench  # noqa: E402


def port(name, kind, options=None, mtu=None, number=None):
    return {'name': name, 'type': kind, 'options': options or {}, 'otherConfig': {}, 'mtuRequest': mtu, 'openFlowPort': number}


lab = None


def start():
    """For setUpModule: two hosts with one wire between them, and another tenant on each."""
    global lab
    reason = bench.missing()
    if reason:
        raise unittest.SkipTest(reason)
    lab = bench.Bench()
    unittest.addModuleCleanup(lab.stop)
    lab.east, lab.west = lab.host('east'), lab.host('west')
    lab.wire_name = lab.wire((lab.east, 'uplink'), (lab.west, 'uplink'))
    lab.boot()
    # Another tenant of the host: nothing of it may be touched, ever.
    for host in (lab.east, lab.west):
        host.vsctl('add-br', 'theirs', '--', 'set', 'Bridge', 'theirs', 'datapath_type=netdev', 'external_ids:owner=them',
                   '--', 'add-port', 'theirs', 'their-tunnel', '--', 'set', 'Interface', 'their-tunnel', 'type=vxlan',
                   'options:remote_ip=192.0.2.99', '--', 'set', 'Open_vSwitch', '.', 'other_config:max-idle=20000')
        add_their_flow(host)


def add_their_flow(host):
    host.run('ovs-ofctl', 'add-flow', 'theirs', 'cookie=0x7,priority=7,ip,actions=drop')


def their_flows(host):
    return host.output('ovs-ofctl', '--no-stats', 'dump-flows', 'theirs')


class OnTheBench(unittest.TestCase):
    """Whatever a test applies is undone at its end, and then everything is as before."""

    maxDiff = 3000

    def setUp(self):
        self.lab, self.east, self.west = lab, lab.east, lab.west
        self.applied = set()

    def state(self, host):
        addresses = {link['ifname']: (link['mtu'], 'UP' in link['flags'], [
            entry['local'] for entry in link['addr_info'] if entry['scope'] != 'link'])
            for link in json.loads(host.output('ip', '-json', 'address'))}
        return {'database': host.database(), 'files': host.files(), 'flows': their_flows(host), 'addresses': addresses,
                'routes': host.output('ip', '-4', 'route') + host.output('ip', '-6', 'route', 'show', 'proto', 'static'),
                'sysctl': host.output('sysctl', 'net.ipv4.conf.all.rp_filter'),
                'alternative': host.output('update-alternatives', '--query', 'ovs-vswitchd'),
                'binary': host.output('readlink', f'/proc/{host.pid_of("ovs-vswitchd")}/exe')}

    def undo(self, host, before):
        result = host.agent('undo', check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        after = self.state(host)
        for part in before:
            self.assertEqual(after[part], before[part], part)

    def remember(self, host):
        if host not in self.applied:
            self.applied.add(host)
            self.addCleanup(self.undo, host, self.state(host))

    def run_apply(self, host, plan):
        self.remember(host)
        return host.agent('apply', '--json', plan=plan, check=False)

    def apply(self, host, plan):
        result = self.run_apply(host, plan)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)['changes']

    def refused(self, host, plan):
        """The one error of an apply that fails, as a line."""
        result = self.run_apply(host, plan)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertNotIn('Traceback', result.stderr)
        problems = json.loads(result.stdout)['problems']
        self.assertEqual(len(problems), 1, problems)
        return ': '.join(problems[0][key] for key in ('where', 'what', 'value', 'remedy'))

    def assert_holds(self, host, plan):
        """A second apply changes nothing, not even the state, and every fact of the plan is true."""
        before = host.files(), host.database()
        self.assertEqual(self.apply(host, plan), [])
        self.assertEqual((host.files(), host.database()), before)
        result = host.agent('verify', check=False)
        self.assertEqual(result.returncode, 0, result.stderr)

    def assert_ping(self, host, address, size=64, lost='0%'):
        """IP packets of `size` bytes that may not be fragmented."""
        header = 48 if ':' in address else 28
        answer = host.run('ping', '-M', 'do', '-q', '-c', '3', '-i', '0.2', '-W', '1', '-s', str(size - header), address, check=False)
        self.assertIn(f' {lost} packet loss', answer.stdout, f'{host.name} to {address}, {size} bytes: {answer.stdout}{answer.stderr}')
