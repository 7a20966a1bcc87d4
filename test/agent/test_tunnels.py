"""Every tunnel type of the library, between two real hosts of the bench (bench.py): what the constructs of
tunnel-stacks.ts synthesize is applied, with the NIC's `dpdk` port replaced by a `system` one, and packets are sent.
"""

import atexit
import concurrent.futures
import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, __file__.rpartition('/')[0])
import bench  # noqa: E402
import on_the_bench  # noqa: E402
from on_the_bench import OnTheBench, port  # noqa: E402

STACKS = pathlib.Path(tempfile.mkdtemp(prefix='cdktf-dataplane-tunnels-'))
OUTER = {4: ('192.0.2.1', '192.0.2.2'), 6: ('fc00::1', 'fc00::2')}
UNDERLAY_MTU = 1500

UDP = '[0-9a-f]{{4}}{:04x}[0-9a-f]{{4}}'  # source port, destination port, length
NO_SUM, A_SUM, ANY = '0000', '(?!0000)[0-9a-f]{4}', '[0-9a-f]'
SRH = f'(04|29)0204000000{"0" * 4}fc00{"0" * 27}2'

# What stands behind the outer IP header (hexadecimal), from the RFCs and not from the library; and its protocol.
HEADERS = {
    # RFC 7348 5: flags with I, VNI.
    'ipv4 vxlan': (17, UDP.format(4789) + NO_SUM + '08000000' + '00138900'),
    'ipv6 vxlan': (17, UDP.format(4789) + A_SUM + '08000000' + '00138900'),
    # draft-ietf-nvo3-vxlan-gpe 3.1: I and P, next protocol IPv4 or IPv6.
    'ipv4 vxlan-ip': (17, UDP.format(4789) + A_SUM + '0c0000(01|02)' + '00138900'),
    'ipv6 vxlan-ip': (17, UDP.format(4789) + NO_SUM + '0c0000(01|02)' + '00138a00'),
    'ipv4 vxlan-port': (17, UDP.format(8472) + NO_SUM + '08000000' + 'ffffff00'),
    # RFC 8926 3.4: no options, Ethernet, VNI.
    'ipv4 geneve': (17, UDP.format(6081) + NO_SUM + '0000' + '6558' + '00000700'),
    'ipv6 geneve': (17, UDP.format(6081) + A_SUM + '0000' + '6558' + '00000700'),
    # RFC 2784 2.1, RFC 2890 2: flags (C, K, S), protocol type, checksum, key, sequence number.
    'ipv4 gre': (47, '0000' + '6558'),
    'ipv6 gre': (47, '0000' + '6558'),
    'ipv4 gre-sum': (47, 'a000' + '6558' + A_SUM + '0000' + 'ffffffff'),
    'ipv4 gre-seq': (47, '3000' + '6558' + '00000009' + ANY + '{8}'),
    'ipv4 gre-ip': (47, '2000' + '(0800|86dd)' + '0000004d'),
    'ipv6 gre-ip': (47, '0000' + '(0800|86dd)'),
    'ip6gre ip6gre': (47, '0000' + '6558'),
    'ip6gre ip6gre-sum': (47, 'a000' + '6558' + A_SUM + '0000' + '00000008'),
    'ip6gre ip6gre-seq': (47, '3000' + '6558' + '00000009' + ANY + '{8}'),
    # draft-foschiano-erspan 4.2, 4.3: GRE with S, then version and VLAN, session, index | timestamp, SGT, hardware and direction.
    'erspan erspan': (47, '1000' + '88be' + ANY + '{8}' + '1000' + '03ff' + '000fffff'),
    'erspan erspan-3': (47, '1000' + '22eb' + ANY + '{8}' + '2000' + '0002' + ANY + '{8}' + '0000' + '03f8'),
    'ip6erspan ip6erspan': (47, '1000' + '88be' + ANY + '{8}' + '1000' + '0004' + '00000000'),
    'ip6erspan ip6erspan-3': (47, '1000' + '22eb' + ANY + '{8}' + '2000' + '0005' + ANY + '{8}' + '0000' + '0000'),
    # 3GPP TS 29.281 5.1: version 1, G-PDU, length, TEID.
    'ipv4 gtpu': (17, UDP.format(2152) + NO_SUM + '30ff' + ANY + '{4}' + 'ffffffff'),
    'ipv6 gtpu': (17, UDP.format(2152) + NO_SUM + '30ff' + ANY + '{4}' + '00000003'),
    # RFC 8754 2: next header, length, type 4, no segments left, last entry, flags, tag, the segment.
    'ipv6 srv6': (43, SRH),
}
# Bytes that a tunnel takes from the underlay's MTU: outer IP, its own headers, and Ethernet where it carries frames.
OVERHEAD = {
    'ipv4 vxlan': 20 + 8 + 8 + 14, 'ipv4 vxlan-ip': 20 + 8 + 8, 'ipv4 vxlan-port': 20 + 8 + 8 + 14,
    'ipv4 geneve': 20 + 8 + 8 + 14, 'ipv4 gre': 20 + 4 + 14, 'ipv4 gre-sum': 20 + 12 + 14, 'ipv4 gre-seq': 20 + 12 + 14, 'ipv4 gre-ip': 20 + 8,
    'ipv4 gtpu': 20 + 8 + 8,
    'ipv6 vxlan': 40 + 8 + 8 + 14, 'ipv6 vxlan-ip': 40 + 8 + 8, 'ipv6 geneve': 40 + 8 + 8 + 14, 'ipv6 gre': 40 + 4 + 14,
    'ipv6 gre-ip': 40 + 4, 'ipv6 gtpu': 40 + 8 + 8, 'ipv6 srv6': 40 + 24,
    'ip6gre ip6gre': 40 + 4 + 14, 'ip6gre ip6gre-sum': 40 + 12 + 14, 'ip6gre ip6gre-seq': 40 + 12 + 14,
    'erspan erspan': 20 + 8 + 8 + 14, 'erspan erspan-3': 20 + 8 + 12 + 14,
    'ip6erspan ip6erspan': 40 + 8 + 8 + 14, 'ip6erspan ip6erspan-3': 40 + 8 + 12 + 14,
}


def setUpModule():
    if not bench.missing():
        atexit.register(shutil.rmtree, STACKS, ignore_errors=True)
        subprocess.run([str(bench.REPOSITORY / 'node_modules/.bin/tsx'), str(bench.REPOSITORY / 'test/agent/tunnel-stacks.ts'), str(STACKS)],
                       check=True, cwd=bench.REPOSITORY)
    on_the_bench.start()


def plan_of(stack, host):
    """As synthesized, but for the NIC: the bench has no hugepages and no DPDK device."""
    plan = json.loads((STACKS / 'stacks' / stack / 'dataplane/hosts' / host / 'plan.json').read_text())
    stages = plan['stages']
    plan['agentModules'] = ['openvswitch', 'network']
    stages.update(packages={'packages': []}, boot={'arguments': [], 'modules': []}, devices={'hugepages': [], 'nics': []})
    stages['dataplane']['openVSwitch'].update(dpdk=False, alternative=None, otherConfig={}, restartKeys=[])
    underlay = bridge_of(plan, 'underlay')
    underlay['ports'] = [port('uplink', 'system')]
    stages['network']['links'].append({'name': 'uplink', 'mtu': None, 'addresses': []})
    return plan


def bridge_of(plan, name):
    return next(bridge for bridge in plan['stages']['dataplane']['openVSwitch']['bridges'] if bridge['name'] == name)


def all_at_once(function, items):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(function, items))


class Frame:
    """An Ethernet frame on the underlay."""

    def __init__(self, text):
        data = bytes.fromhex(text)
        if data[12:14] == b'\x08\x00':
            self.length, self.fragments = int.from_bytes(data[16:18]), int.from_bytes(data[20:22])
            self.tos, self.ttl, self.protocol, self.payload = data[15], data[22], data[23], data[34:].hex()
        else:
            self.length, self.fragments = 40 + int.from_bytes(data[18:20]), None
            self.tos = int.from_bytes(data[14:16]) >> 4 & 0xff
            self.ttl, self.protocol, self.payload = data[21], data[20], data[54:].hex()


class Tunnels(OnTheBench):
    def plans(self, stack):
        return {self.east: plan_of(stack, 'east'), self.west: plan_of(stack, 'west')}

    def apply_all(self, plans):
        all_at_once(lambda host: self.apply(host, plans[host]), plans)

    def assert_tunnels(self, stack, version):
        """All tunnels of a stack: up to the derived MTU, not one byte more, and as they look on the wire."""
        plans = self.plans(stack)
        links = {link['name'][2:]: link for link in plans[self.east]['stages']['network']['links'] if link['name'].startswith('b-')}
        self.assertEqual({f'{stack} {name}': link['mtu'] for name, link in links.items()},
                         {name: UNDERLAY_MTU - bytes_ for name, bytes_ in OVERHEAD.items() if name.startswith(f'{stack} ')})
        self.apply_all(plans)
        # The first packets wait for neighbour discovery on the underlay, and are dropped.
        self.assert_ping(self.east, OUTER[version][1])
        pings = [(link['mtu'], address.partition('/')[0].removesuffix('1') + '2') for link in links.values() for address in link['addresses']]
        all_at_once(lambda ping: self.assert_ping(self.east, ping[1]), pings)

        capture = self.lab.capture(self.lab.wire_name, f'src host {OUTER[version][0]} and greater {UNDERLAY_MTU + 14}',
                                   count=3 * len(pings), output='-xxs128')
        all_at_once(lambda ping: self.assert_ping(self.east, ping[1], ping[0]), pings)
        frames = self.frames(capture.communicate()[0])
        all_at_once(lambda ping: self.assert_ping(self.east, ping[1], ping[0] + 1, lost='100%'), pings)
        for name in links:
            self.assert_header(f'{stack} {name}', version, frames)
        all_at_once(lambda host: self.assert_holds(host, plans[host]), plans)
        return links, pings

    @staticmethod
    def frames(text):
        """What tcpdump's -xx shows."""
        found = []
        for line in text.splitlines():
            words = re.match(r'\s+0x([0-9a-f]+):\s+(.*)', line)
            if words and words[1] == '0000':
                found.append('')
            if words:
                found[-1] += words[2].replace(' ', '')
        return [Frame(text) for text in found]

    def assert_header(self, name, version, frames):
        protocol, pattern = HEADERS[name]
        own = [frame for frame in frames if frame.protocol == protocol and re.match(pattern, frame.payload)]
        # Three pings for IPv4 and, but in GTP-U, three for IPv6; two tunnels of one stack may look alike.
        self.assertGreaterEqual(len(own), 3 if 'gtpu' in name else 6, f'{name}: {[(frame.protocol, frame.payload[:64]) for frame in frames]}')
        for frame in own:
            self.assertEqual(frame.length, UNDERLAY_MTU, name)
            self.assertEqual(frame.fragments, 0x4000 if version == 4 else None, f"{name}: don't fragment")
            self.assertEqual((frame.ttl, frame.tos), (9, 46 << 2) if name == 'ipv4 vxlan-port' else (64, 0), name)

    def test_over_ipv4(self):
        links, pings = self.assert_tunnels('ipv4', 4)
        # It isn't the link's MTU alone that stops longer packets: they don't fit into the underlay.
        for host in (self.east, self.west):
            for name in links:
                host.run('ip', 'link', 'set', f'b-{name}', 'mtu', '1700')
        all_at_once(lambda ping: self.assert_ping(self.east, ping[1], ping[0] + 1, lost='100%'), pings)
        all_at_once(lambda ping: self.assert_ping(self.east, ping[1], ping[0]), pings)
        self.refuses_what_the_rule_calls_the_same()
        self.needs_the_rule_gre_checksum()
        self.needs_the_rules_of_gtpu()

    def test_over_ipv6(self):
        self.assert_tunnels('ipv6', 6)

    def test_ip6gre(self):
        self.assert_tunnels('ip6gre', 6)

    def test_erspan_over_ipv4(self):
        self.assert_tunnels('erspan', 4)

    def test_erspan_over_ipv6(self):
        self.assert_tunnels('ip6erspan', 6)

    def refuses_what_the_rule_calls_the_same(self):
        """tunnels/same-config: each differs from a tunnel of the stack only in what doesn't count; one that does count is taken."""
        same = {'vxlan': {'ttl': '3', 'csum': 'true', 'dst_port': '4789', 'df_default': 'false'}, 'vxlan-ip': {'tos': 'inherit'},
                'geneve': {'dst_port': '6081'}, 'gre': {'key': '0', 'seq': 'true'}, 'gre-ip': {'key': '', 'in_key': '77', 'out_key': '5'},
                'gtpu': {'dst_port': '2152'}}
        other = {'vxlan': {'key': '6001'}, 'vxlan-ip': {'dst_port': '4790'}, 'geneve': {'dst_port': '6082'}, 'gre': {'packet_type': 'legacy_l3'},
                 'gre-ip': {'in_key': '78'}, 'gtpu': {'in_key': '5'}}
        plan = plan_of('ipv4', 'east')
        for name, changed, refused in [(name, same[name], True) for name in same] + [(name, other[name], False) for name in other]:
            options = {**bridge_of(plan, f'b-{name}')['ports'][0]['options'], **changed}
            self.east.vsctl('add-port', f'b-{name}', 'again', '--', 'set', 'Interface', 'again', f'type={name.partition("-")[0]}',
                            *(f'options:{key}="{value}"' for key, value in options.items() if value))
            with self.subTest(name, changed=changed):
                self.assertEqual('File exists' in self.east.vsctl('get', 'Interface', 'again', 'error'), refused)
            self.east.vsctl('del-port', 'again')

    def needs_the_rule_gre_checksum(self):
        """If this fails, this Open vSwitch has no need of tunnels/gre-checksum."""
        far = '10.6.0.2'
        self.assert_ping(self.east, far)
        for host in (self.east, self.west):
            host.vsctl('set', 'Interface', 'gre-sum', 'options:seq=true')
        self.east.run('ping', '-q', '-c', '1', '-W', '1', far, check=False)  # sequence number 0 is what the checksum is of
        self.assert_ping(self.east, far, lost='100%')

    def needs_the_rules_of_gtpu(self):
        """If this fails, this Open vSwitch has no need of tunnels/gtpu-ipv6 and tunnels/gtpu-ttl, and our flows none of mod_nw_ttl."""
        device, far = 'b-gtpu', '10.9.0.2'
        own = bridge_of(plan_of('ipv4', 'west'), device)['hardwareAddress']

        def lost(ttl):
            return re.search(r'\d+%', self.east.run('ping', '-q', '-c', '2', '-i', '0.2', '-W', '1', '-t', str(ttl), far, check=False).stdout)[0]
        self.assertEqual([lost(ttl) for ttl in (2, 255)], ['0%', '0%'], 'our flow sets the TTL that comes through')
        self.east.run('ovs-ofctl', 'add-flow', device, f'cookie=0x7,priority=200,ip,nw_dst={far},actions=output:gtpu')
        self.assertEqual([lost(ttl) for ttl in (63, 64, 79, 80)], ['100%', '0%', '0%', '100%'])
        self.east.run('ip', 'address', 'add', 'fd00:9::1/64', 'dev', device, 'nodad')
        self.east.run('ip', 'neighbour', 'replace', 'fd00:9::2', 'dev', device, 'lladdr', own, 'nud', 'permanent')
        self.east.run('ovs-ofctl', 'add-flow', device, 'cookie=0x7,priority=200,ipv6,ipv6_dst=fd00:9::2,actions=output:gtpu')
        self.east.run('ping', '-q', '-c', '2', '-i', '0.2', '-W', '1', 'fd00:9::2', check=False)
        self.assertIn('GTP-U: Receive non-IP packet', self.west.path('/var/log/openvswitch/ovs-vswitchd.log').read_text())
        received = [flow for flow in self.west.output('ovs-appctl', 'dpctl/dump-flows').splitlines() if re.search(r'tunnel\([^)]*gtpu\(', flow)]
        self.assertEqual([flow for flow in received if 'packet_type(ns=1,id=0x86dd)' in flow], [], 'IPv6 comes out of no GTP-U tunnel')
        self.assertNotEqual(received, [])

    def test_another_gre_type_takes_all_gre_packets_of_a_host(self):
        """What tunnels/shared-listener refuses: nothing is said, nothing arrives."""
        whole = self.plans('ip6gre')
        underlay_only = copy.deepcopy(whole[self.east])
        underlay_only['stages']['dataplane']['openVSwitch']['bridges'] = [bridge_of(whole[self.east], 'underlay')]
        network = underlay_only['stages']['network']
        network['links'] = [link for link in network['links'] if not link['name'].startswith('b-')]
        self.apply(self.east, underlay_only)
        self.east.vsctl('add-port', 'theirs', 'their-gre', '--', 'set', 'Interface', 'their-gre', 'type=gre', 'options:remote_ip=192.0.2.98')
        self.addCleanup(self.east.vsctl, '--if-exists', 'del-port', 'their-gre')
        self.apply_all(whole)
        self.assert_ping(self.east, OUTER[6][1])
        self.assertEqual(self.east.vsctl('get', 'Interface', 'ip6gre', 'error'), '[]')
        self.assert_ping(self.east, '10.1.0.2', lost='100%')
        self.east.vsctl('del-port', 'their-gre')


if __name__ == '__main__':
    unittest.main()
