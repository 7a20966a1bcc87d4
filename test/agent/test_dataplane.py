"""The stages dataplane and network on real hosts: the bench's (bench.py), with real Open vSwitch, systemd and packets.

The NIC is a veth, taken as a `system` port. DPDK is real too, without a NIC and without hugepages (net_null).
"""

import copy
import json
import re
import sys
import unittest

sys.path.insert(0, __file__.rpartition('/')[0])
import bench  # noqa: E402

DPDK_BINARY = '/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk'
MAC = {1: '02:aa:00:00:00:01', 2: '02:aa:00:00:00:02'}


def port(name, kind, options=None, mtu=None, number=None):
    return {'name': name, 'type': kind, 'options': options or {}, 'otherConfig': {}, 'mtuRequest': mtu, 'openFlowPort': number}


def tunnel(site, far, cookie, name, segments=None):
    """An SRv6 tunnel's end on site `site`: its port, and flows, neighbours."""
    segments = segments or [f'fc00::{far}']
    flows = [{'bridge': 'tenants', 'cookie': cookie, 'table': 0, 'priority': 200, 'match': f'in_port={name},{family}',
              'actions': f'mod_dl_dst:{MAC[site]},output:LOCAL'} for family in ('ip', 'ipv6')]
    for match in (f'ip,nw_dst=10.0.0.{far}', f'ipv6,ipv6_dst=fd00:0:0::{far}'):
        flows.append({'bridge': 'tenants', 'cookie': cookie, 'table': 0, 'priority': 100, 'match': match,
                      'actions': f'output:{name}'})
    return {
        'ports': [port(name, 'srv6', {'local_ip': f'fc00::{site}', 'remote_ip': segments[0], 'srv6_segs': ','.join(segments)})],
        'flows': flows,
        'neighbours': [{'address': address, 'hardwareAddress': MAC[far], 'device': 'tenants'}
                       for address in (f'10.0.0.{far}', f'fd00::{far}')],
    }


def host_plan(site, far, tunnels=None):
    """What the planner makes of two sites, with a `system` port in the place of the `dpdk` one."""
    tunnels = tunnels if tunnels is not None else [tunnel(site, far, '0xd1a0000000000001', 'east-west')]
    return {
        'version': 1, 'host': {'name': f'site{site}', 'path': f'Test/site{site}', 'platform': 'debian-13'}, 'retired': False,
        'agentModules': ['openvswitch', 'network'], 'digests': {},
        'stages': {
            'packages': {'packages': []}, 'boot': {'arguments': [], 'modules': []}, 'devices': {'hugepages': [], 'nics': []},
            'dataplane': {'openVSwitch': {
                'dpdk': False, 'alternative': None, 'service': 'openvswitch-switch', 'daemonService': 'ovs-vswitchd',
                'otherConfig': {'pmd-sleep-max': '500'}, 'restartKeys': [], 'bridges': [
                    {'name': 'underlay', 'hardwareAddress': None, 'failMode': 'standalone', 'ports': [port('uplink', 'system')]},
                    {'name': 'tenants', 'hardwareAddress': MAC[site], 'failMode': 'standalone',
                     'ports': [one for end in tunnels for one in end['ports']]},
                ]}},
            'network': {
                'sysctls': {'net.ipv4.conf.all.rp_filter': '2'},
                'links': [{'name': 'uplink', 'mtu': None, 'addresses': []},
                          {'name': 'underlay', 'mtu': 1500, 'addresses': [f'fc00::{site}/64']},
                          {'name': 'tenants', 'mtu': 1436, 'addresses': [f'10.0.0.{site}/24', f'fd00::{site}/64']}],
                'routes': [{'destination': 'fc00:9::/64', 'via': f'fc00::{far}', 'device': 'underlay'},
                           {'destination': '192.0.2.7/32', 'via': None, 'device': 'tenants'}],
                'neighbours': [one for end in tunnels for one in end['neighbours']],
                'flows': [one for end in tunnels for one in end['flows']],
            },
        },
    }


class DataplaneTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        reason = bench.missing()
        if reason:
            self.skipTest(reason)
        self.bench = bench.Bench()
        self.addCleanup(self.bench.stop)

    def two_sites(self):
        self.hosts = east, west = self.bench.host('east'), self.bench.host('west')
        self.wire = self.bench.wire((east, 'uplink'), (west, 'uplink'))
        self.bench.boot()
        return east, west

    def apply(self, host, plan):
        result = host.agent('apply', '--json', plan=plan, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def refused(self, host, plan):
        """The one error of an apply that fails."""
        result = host.agent('apply', '--json', plan=plan, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertNotIn('Traceback', result.stderr)
        problems = json.loads(result.stdout)['problems']
        self.assertEqual(len(problems), 1, problems)
        return problems[0]

    def assert_holds(self, host, plan):
        """A second apply changes nothing, and every fact of the plan is true."""
        self.assertEqual(self.apply(host, plan)['changes'], [])
        result = host.agent('verify', check=False)
        self.assertEqual(result.returncode, 0, result.stderr)

    def assert_ping(self, host, address, size=64, lost='0%'):
        """IP packets of `size` bytes that may not be fragmented."""
        header = 48 if ':' in address else 28
        answer = host.run('ping', '-M', 'do', '-q', '-c', '3', '-i', '0.2', '-W', '1', '-s', str(size - header), address, check=False)
        self.assertIn(f' {lost} packet loss', answer.stdout, f'{host.name} to {address}, {size} bytes: {answer.stdout}{answer.stderr}')

    def test_a_tunnel_carries_packets_up_to_its_mtu(self):
        east, west = self.two_sites()
        for host, plan in ((east, host_plan(1, 2)), (west, host_plan(2, 1))):
            self.apply(host, plan)
        self.assert_ping(east, 'fc00::2')
        capture = self.bench.capture(self.wire, 'ip6 src fc00::1 and ip6[6] == 43')
        for address in ('10.0.0.2', 'fd00::2'):
            self.assert_ping(east, address)
            self.assert_ping(east, address, 1436)
            self.assert_ping(east, address, 1437, lost='100%')
        text, _ = capture.communicate()
        self.assertRegex(text, r'fc00::1 > fc00::2: .*RT6 \(len=2, type=4, segleft=0, last-entry=0.*\[0\]fc00::2')
        for host, plan in ((east, host_plan(1, 2)), (west, host_plan(2, 1))):
            self.assert_holds(host, plan)


if __name__ == '__main__':
    unittest.main()
