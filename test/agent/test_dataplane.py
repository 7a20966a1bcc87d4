"""The stages dataplane and network on real hosts: the bench's (bench.py), with real Open vSwitch, systemd and packets.

The NIC is a veth, taken as a `system` port. DPDK is real too, without a NIC and without hugepages (net_null).
"""

import re
import sys
import unittest

sys.path.insert(0, __file__.rpartition('/')[0])
import bench  # noqa: E402
import edition  # noqa: E402
import on_the_bench  # noqa: E402
from dataplane_host import install  # noqa: E402
from on_the_bench import OnTheBench, add_their_flow, port  # noqa: E402

DPDK_BINARY = '/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk'
MAC = {site: f'02:aa:00:00:00:0{site}' for site in range(1, 5)}


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


def setUpModule():
    on_the_bench.start()


class TwoSites(OnTheBench):
    def assert_tunnel_works(self):
        # Open vSwitch drops the packets that wait for neighbour discovery.
        self.assert_ping(self.east, 'fc00::2')
        for address in ('10.0.0.2', 'fd00::2'):
            self.assert_ping(self.east, address)

    def test_a_tunnel_carries_packets_up_to_its_mtu(self):
        plans = {self.east: host_plan(1, 2), self.west: host_plan(2, 1)}
        for host, plan in plans.items():
            self.assertGreater(len(self.apply(host, plan)), 15)
        self.assert_ping(self.east, 'fc00::2')
        capture = self.lab.capture(self.lab.wire_name, 'ip6 src fc00::1 and ip6[6] == 43')
        for address in ('10.0.0.2', 'fd00::2'):
            self.assert_ping(self.east, address)
            self.assert_ping(self.east, address, 1436)
            self.assert_ping(self.east, address, 1437, lost='100%')
        text, _ = capture.communicate()
        self.assertRegex(text, r'fc00::1 > fc00::2: .*RT6 \(len=2, type=4, segleft=0, last-entry=0.*\[0\]fc00::2')
        for host, plan in plans.items():
            self.assert_holds(host, plan)

    def test_the_network_comes_back_after_a_crash_of_the_daemon_and_after_a_reboot(self):
        plans = {self.east: host_plan(1, 2), self.west: host_plan(2, 1)}
        for host, plan in plans.items():
            self.apply(host, plan)
        self.addCleanup(add_their_flow, self.east)
        process = self.east.pid_of('ovs-vswitchd')
        self.east.run('kill', '-9', str(process))
        bench.wait(lambda: self.east.pid_of('ovs-vswitchd') != process and
                   self.east.run('systemctl', 'is-active', 'ovs-vswitchd', check=False).returncode == 0, 'systemd starts it again')
        # Not by a ping: a bridge without flows switches, and some packet may come through.
        self.assertNotIn('actions=', self.east.output('ovs-ofctl', 'dump-flows', 'tenants', 'cookie=0xd1a0000000000001/-1'))
        self.apply(self.east, plans[self.east])
        self.assert_tunnel_works()
        self.assert_holds(self.east, plans[self.east])
        self.east.reboot()  # now with nobody's help
        bench.wait(lambda: ' 0% packet loss' in self.east.run('ping', '-q', '-c', '1', '-W', '1', '10.0.0.2', check=False).stdout,
                   'the tunnel carries packets after a reboot', seconds=30)
        self.assert_holds(self.east, plans[self.east])

    def test_hosts_that_built_themselves_are_those_that_the_sources_build(self):
        """What user-data brings: the installed edition, which unpacks itself, and the plan."""
        plans = {self.east: host_plan(1, 2), self.west: host_plan(2, 1)}
        agent = install.ZIPAPP
        for host, plan in plans.items():
            self.remember(host)
            for path, text in ((agent, edition.program()), (install.PLAN, install.installed_text(plan))):
                host.path(path).parent.mkdir(parents=True, exist_ok=True)
                host.path(path).write_text(text)
            host.path(agent).chmod(0o755)
            host.run(agent, 'apply')
            self.assertEqual(host.path(agent).read_bytes(), edition.installed())
        self.assert_tunnel_works()
        for host, plan in plans.items():
            self.assertIn('every fact of the plan holds', host.run(agent, 'verify').stderr)
            before = host.files(), host.database()
            self.assertIn('nothing to change', host.run(agent, 'apply').stderr)
            self.assertEqual((host.files(), host.database()), before)
            # The sources install themselves; that apart they find nothing to change.
            self.assertEqual([change['kind'] for change in self.apply(host, plan)], ['agent'])

    def test_a_changed_tunnel_touches_nothing_else(self):
        kept, old = tunnel(1, 2, '0xd1a0000000000001', 'east-west'), tunnel(1, 3, '0xd1a0000000000003', 'east-north')
        self.apply(self.east, host_plan(1, 2, [kept, old]))
        self.apply(self.west, host_plan(2, 1))
        self.assert_tunnel_works()
        before, process = self.east.database(), self.east.pid_of('ovs-vswitchd')
        before_ages = self.ages_of_flows('0xd1a0000000000001')
        changes = self.apply(self.east, host_plan(1, 2, [kept, tunnel(1, 4, '0xd1a0000000000003', 'east-north')]))
        self.assertEqual({(change['kind'], change['key']) for change in changes}, {
            ('ovs-port', 'tenants/east-north'), ('flows', 'tenants 0xd1a0000000000003'),
            *(('neighbour', f'{address} dev tenants') for address in ('10.0.0.3', 'fd00::3', '10.0.0.4', 'fd00::4'))})
        self.assertEqual(self.east.pid_of('ovs-vswitchd'), process)
        after = self.east.database()
        different = [row for rows in before for uuid, row in before[rows].items() if after[rows].get(uuid) != row]
        self.assertEqual([row['name'] for row in different], ['east-north'])
        ages = self.ages_of_flows('0xd1a0000000000001')
        self.assertEqual(len(ages), 4)
        for flow, age in ages.items():
            self.assertGreater(age, before_ages[flow], f'{flow} was replaced')
        self.apply(self.east, host_plan(1, 2, [kept]))
        self.assertNotIn('east-north', self.east.vsctl('list-ports', 'tenants'))
        self.assertEqual(self.east.pid_of('ovs-vswitchd'), process)
        self.assert_tunnel_works()

    def ages_of_flows(self, cookie):
        """{flow: seconds since it was added}"""
        text = self.east.output('ovs-ofctl', 'dump-flows', 'tenants', f'cookie={cookie}/-1')
        return {line.split(', ')[-1]: float(re.search(r'duration=([\d.]+)s', line)[1]) for line in text.splitlines() if 'duration' in line}

    def test_flows_of_others_on_our_bridge_stay(self):
        plan = host_plan(1, 2)
        self.apply(self.east, plan)
        self.east.run('ovs-ofctl', 'add-flow', 'tenants', 'cookie=0x7,priority=300,tcp,actions=drop')
        # What somebody added under our cookie goes, what somebody deleted comes back.
        self.east.run('ovs-ofctl', 'add-flow', 'tenants', 'cookie=0xd1a0000000000001,priority=9,udp,actions=drop')
        self.east.run('ovs-ofctl', 'del-flows', '--strict', 'tenants', 'priority=100,ip,nw_dst=10.0.0.2')
        [change] = self.apply(self.east, plan)
        self.assertEqual(change['kind'], 'flows')
        self.assertEqual(set(change['before']) - set(change['after']), {'table=0,priority=9,udp actions=drop'})
        self.assertEqual(set(change['after']) - set(change['before']), {'table=0,priority=100,ip,nw_dst=10.0.0.2 actions=output:east-west'})
        self.assert_holds(self.east, plan)
        self.assertIn('cookie=0x7', self.east.output('ovs-ofctl', 'dump-flows', 'tenants'))
        self.east.run('ovs-ofctl', 'add-flow', 'tenants', 'cookie=0x7,priority=100,ip,nw_dst=10.0.0.2,actions=drop')
        message = self.refused(self.east, plan)
        self.assertIn('network: tenants 0xd1a0000000000001: there is a flow with the same table, priority and match', message)
        self.east.run('ovs-ofctl', 'del-flows', 'tenants', 'cookie=0x7/-1')

    def test_a_bridge_of_others(self):
        self.remember(self.east)
        self.east.vsctl('add-br', 'tenants')
        self.addCleanup(self.east.vsctl, 'del-br', 'tenants')
        before = self.state(self.east)
        self.assertIn('Open vSwitch: tenants: there is a bridge tenants that dataplane-host didn\'t make, and it isn\'t as planned: '
                      'datapathType is "system", not "netdev"', self.refused(self.east, host_plan(1, 2)))
        self.assertEqual(self.state(self.east)['database'], before['database'], 'nothing is changed before everything is asked')
        # Where it is as planned it is left alone: used, not owned.
        self.east.vsctl('set', 'Bridge', 'tenants', 'datapath_type=netdev', 'fail_mode=standalone', f'other_config:hwaddr="{MAC[1]}"')
        self.apply(self.east, host_plan(1, 2))
        self.assert_holds(self.east, host_plan(1, 2))
        self.east.agent('undo')
        self.assertEqual(self.east.vsctl('list-ports', 'tenants'), '')
        self.assertEqual(self.east.vsctl('get', 'Bridge', 'tenants', 'other_config:hwaddr'), f'"{MAC[1]}"')

    def test_a_port_of_others_on_our_bridge_keeps_the_bridge(self):
        self.apply(self.east, host_plan(1, 2))
        self.east.vsctl('add-port', 'tenants', 'their-port', '--', 'set', 'Interface', 'their-port', 'type=internal')
        result = self.east.agent('undo')
        self.assertIn("left in place: it has ports that aren't ours (their-port)", result.stderr)
        self.assertEqual(self.east.vsctl('list-ports', 'tenants'), 'their-port')
        self.east.vsctl('del-br', 'tenants')

    def test_only_keys_of_ours_are_compared_and_removed(self):
        plan = host_plan(1, 2)
        plan['stages']['dataplane']['openVSwitch']['bridges'][1]['ports'][0]['options']['tos'] = 'inherit'
        self.apply(self.east, plan)
        self.east.vsctl('set', 'Interface', 'east-west', 'options:ttl=7')
        self.assertEqual([change['key'] for change in self.apply(self.east, host_plan(1, 2))], ['tenants/east-west'])
        self.assertEqual(self.east.vsctl('get', 'Interface', 'east-west', 'options'),
                         '{local_ip="fc00::1", remote_ip="fc00::2", srv6_segs="fc00::2", ttl="7"}')
        self.assert_holds(self.east, host_plan(1, 2))

    def test_addresses_and_routes_that_were_there_are_not_ours(self):
        self.east.run('ip', 'address', 'add', '198.51.100.1/24', 'dev', 'uplink')
        self.addCleanup(self.east.run, 'ip', 'address', 'del', '198.51.100.1/24', 'dev', 'uplink')
        plan = host_plan(1, 2)
        plan['stages']['network']['links'][0]['addresses'] = ['198.51.100.1/24']
        self.assertNotIn('198.51.100.1/24 dev uplink', [change['key'] for change in self.apply(self.east, plan)])
        self.east.agent('undo')
        self.assertIn('198.51.100.1/24', self.east.output('ip', 'address', 'show', 'dev', 'uplink'))
        self.apply(self.east, plan)
        plan['stages']['network']['routes'].append({'destination': '203.0.113.0/24', 'via': '198.51.100.9', 'device': 'uplink'})
        self.east.run('ip', 'route', 'add', '203.0.113.0/24', 'via', '198.51.100.8')
        self.assertIn('network: 203.0.113.0/24 via 198.51.100.9 dev uplink: there is another route to this destination, which '
                      "dataplane-host didn't make: 203.0.113.0/24 via 198.51.100.8 dev uplink", self.refused(self.east, plan))
        self.east.run('ip', 'route', 'del', '203.0.113.0/24')
        self.apply(self.east, plan)
        plan['stages']['network']['routes'][-1]['via'] = '198.51.100.7'
        self.apply(self.east, plan)
        self.assertIn('203.0.113.0/24 via 198.51.100.7', self.east.output('ip', 'route'))
        self.assertNotIn('198.51.100.9', self.east.output('ip', 'route'))

    def test_an_mtu_above_that_of_the_ports_stays(self):
        plan = host_plan(1, 2)
        plan['stages']['network']['links'][1]['mtu'] = 9000
        self.apply(self.east, plan)
        # Open vSwitch sets the MTU of its own port back at the next change of a port.
        self.east.vsctl('--', 'add-port', 'underlay', 'x', '--', 'set', 'Interface', 'x', 'type=internal')
        self.east.vsctl('del-port', 'x')
        self.assert_holds(self.east, plan)

    def test_segment_lists_are_asserted_and_read_from_the_datapath(self):
        self.apply(self.west, host_plan(2, 1))
        plan = host_plan(1, 2, [tunnel(1, 2, '0xd1a0000000000001', 'east-west', segments=['fc00::2', 'fc00:9::2'])])
        for _ in range(2):
            self.apply(self.east, plan)
            self.assertIn('segs(fc00::2,fc00:9::2)', self.trace())
            self.assert_holds(self.east, plan)
            for value in ('1', '2', '3'):
                self.east.vsctl('set', 'Bridge', 'theirs', f'other_config:x={value}')
            self.assertIn('segs(fc00::2)', self.trace(), 'this Open vSwitch keeps its segment lists: the work-around can go')
            result = self.east.agent('verify', check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn('srv6-segments: the plan asks for "fc00::2,fc00:9::2", the host has "fc00::2"', result.stderr)
        self.east.vsctl('remove', 'Bridge', 'theirs', 'other_config', 'x')

    def trace(self):
        return self.east.output('ovs-appctl', 'ofproto/trace', 'tenants', 'in_port=LOCAL,ip,nw_dst=10.0.0.2')

    def test_open_vswitch_says_what_is_wrong_with_a_port(self):
        twice = [tunnel(1, 2, '0xd1a0000000000001', 'first'), tunnel(1, 2, '0xd1a0000000000002', 'second')]
        plan = host_plan(1, 2, twice)
        plan['stages']['network'].update(neighbours=[], flows=[])
        self.assertRegex(self.refused(self.east, plan), "tenants/second: Open vSwitch didn't set up the port: .*File exists.*"
                         "attempting to add tunnel port with same config as port 'first'")
        plan = host_plan(1, 2)
        plan['stages']['dataplane']['openVSwitch']['bridges'][0]['ports'][0] = port('nic0', 'dpdk', {'dpdk-devargs': '0000:00:04.0'})
        self.assertIn('underlay/nic0: this Open vSwitch has no interface type dpdk: afxdp', self.refused(self.east, plan))
        plan['stages']['dataplane']['openVSwitch']['bridges'][0]['ports'][0] = port('nic0', 'system')
        self.assertRegex(self.refused(self.east, plan), "underlay/nic0: Open vSwitch didn't set up the port: .*No such device")


class Dpdk(OnTheBench):
    """DPDK in Open vSwitch, with the memory of no hugepage and the NIC of no machine."""

    def setUp(self):
        super().setUp()
        self.addCleanup(add_their_flow, self.east)

    def state(self, host):
        # Each restart empties the bridges of others of their flows; nobody can keep them.
        return {part: value for part, value in super().state(host).items() if part != 'flows'}

    def dpdk_plan(self, **other_config):
        plan = host_plan(1, 2, [])
        plan['agentModules'] = ['openvswitch']
        plan['stages']['network'] = {'sysctls': {}, 'links': [], 'routes': [], 'neighbours': [], 'flows': []}
        plan['stages']['dataplane']['openVSwitch'].update(
            dpdk=True, alternative={'name': 'ovs-vswitchd', 'path': DPDK_BINARY}, restartKeys=['dpdk-extra', 'dpdk-init', 'dpdk-lcore-mask'],
            otherConfig={'dpdk-init': 'try', 'dpdk-extra': '--no-huge --legacy-mem -m 300 --no-pci', 'pmd-sleep-max': '10000',
                         **{key.replace('_', '-'): value for key, value in other_config.items()}},
            bridges=[{'name': 'underlay', 'hardwareAddress': None, 'failMode': 'standalone',
                      'ports': [port('nic0', 'dpdk', {'dpdk-devargs': 'net_null0', 'n_rxq': '1'}, mtu=1500)]}])
        return plan

    def test_dpdk_starts_once_and_goes_as_it_came(self):
        plan = self.dpdk_plan()
        self.apply(self.east, plan)
        process = self.east.pid_of('ovs-vswitchd')
        self.assertEqual(self.east.vsctl('get', 'Interface', 'nic0', 'error'), '[]')
        self.assertEqual(self.east.output('readlink', f'/proc/{process}/exe').strip(), DPDK_BINARY)
        self.assertEqual(self.apply(self.east, plan), [])
        # 300 MiB are less than 262,144 buffers need.
        result = self.east.agent('verify', check=False)
        self.assertEqual(result.stderr.splitlines(), [
            'dataplane-host: error: underlay/nic0: Open vSwitch found memory for fewer packet buffers than it asked for: asked for 262144, '
            "got 65536; more hugepages on the NIC's NUMA node, and dpdk-socket-mem to match"])

        self.apply(self.east, self.dpdk_plan(pmd_sleep_max='9000'))
        self.assertEqual(self.east.pid_of('ovs-vswitchd'), process, 'a key that is read at any time needs no restart')
        self.apply(self.east, self.dpdk_plan(dpdk_extra='--no-huge --legacy-mem -m 250 --no-pci'))
        self.assertNotEqual(self.east.pid_of('ovs-vswitchd'), process, 'a key that is read at the start needs one')

        self.apply(self.east, self.dpdk_plan(pmd_cpu_mask='0x100000'))
        result = self.east.agent('verify', check=False)
        self.assertIn('underlay/nic0: no PMD thread polls the port\'s receive queue: 0; a CPU of its NUMA node must be in pmd-cpu-mask; '
                      'dpif_netdev', result.stderr)

    def test_restarts_in_a_row_are_none_too_many_for_systemd(self):
        # One of the units allows five starts in ten seconds, and Open vSwitch's service needs it.
        for mebibytes in range(300, 306):
            self.apply(self.east, self.dpdk_plan(dpdk_extra=f'--no-huge --legacy-mem -m {mebibytes} --no-pci'))
        self.assertEqual(self.east.run('systemctl', 'is-active', 'openvswitch-switch').stdout.strip(), 'active')

    def test_open_vswitch_that_somebody_stopped_is_started_again(self):
        plan = self.dpdk_plan()
        self.apply(self.east, plan)
        self.east.run('systemctl', 'stop', 'openvswitch-switch')
        self.apply(self.east, plan)
        self.assertEqual(self.east.vsctl('get', 'Open_vSwitch', '.', 'dpdk_initialized'), 'true')
        self.assertEqual(self.east.vsctl('get', 'Interface', 'nic0', 'error'), '[]')
        self.assertEqual(self.apply(self.east, plan), [])

    def test_dpdk_that_does_not_start_is_told_in_its_own_words_and_can_be_mended(self):
        for start in ('true', 'try'):
            message = self.refused(self.east, self.dpdk_plan(dpdk_init=start, dpdk_lcore_mask='0x100000'))
            self.assertIn('EAL: lcore 20 unavailable', message)
            self.assertIn('invalid coremask', message)
            if start == 'true':  # the daemon ends itself over and over; undo must not wait for it
                result = self.east.agent('undo', check=False)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(self.east.run('systemctl', 'is-active', 'ovs-vswitchd').stdout.strip(), 'active')
        self.apply(self.east, self.dpdk_plan())
        self.assertEqual(self.east.vsctl('get', 'Open_vSwitch', '.', 'dpdk_initialized'), 'true')
        plan = self.dpdk_plan()
        plan['stages']['dataplane']['openVSwitch']['bridges'][0]['ports'].append(port('nic1', 'dpdk', {'dpdk-devargs': '0000:00:1f.7'}, mtu=1500))
        self.assertRegex(self.refused(self.east, plan), "underlay/nic1: Open vSwitch didn't set up the port: .*Error attaching device '0000:00:1f.7' to DPDK")


if __name__ == '__main__':
    unittest.main()
