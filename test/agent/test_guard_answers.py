"""The guard on answers that can't be had on every machine: WireGuard, PPPoE, network root file systems, programs that fail.

The programs are scripts on PATH that print what the real ones print; the files are below a root.
"""

import json
import os
import pathlib
import stat
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'src' / 'agent'))

from dataplane_host import cli, guard  # noqa: E402
from dataplane_host.guard import Own  # noqa: E402
from dataplane_host.host import Host, Problem  # noqa: E402
from dataplane_host.netconfig import Configuration  # noqa: E402

MGMT, DATA = '0000:03:00.0', '0000:05:00.0'
EMPTY = {'route-4': [], 'route-6': [], 'link': [], 'address': [], 'nexthop': []}
IP = '''#!/bin/sh
case "$*" in
  *"-4 route show"*) f=route-4;; *"-6 route show"*) f=route-6;; *"link show"*) f=link;; *"address show"*) f=address;;
  *"nexthop show"*) f=nexthop;; *) exit 2;;
esac
exec cat "$ANSWERS/$f"
'''


def link(index, name, **more):
    return {'ifindex': index, 'ifname': name, 'flags': ['UP'], 'link_type': 'ether', 'address': f'52:54:00:00:00:{index:02x}', **more}


class Answers(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = pathlib.Path(directory.name)
        self.root, self.bin = self.base / 'root', self.base / 'bin'
        self.bin.mkdir()
        (self.root / 'sys/class/net').mkdir(parents=True)
        self.program('ip', IP)
        self.program('ovs-vsctl', '#!/bin/sh\nexit 127\n')
        patch = mock.patch.dict(os.environ, {'PATH': f'{self.bin}:/usr/bin:/bin', 'ANSWERS': str(self.base)})
        patch.start()
        self.addCleanup(patch.stop)
        self.answer(EMPTY)
        for address, name in ((MGMT, 'nic0'), (DATA, 'data0')):
            self.file(f'/sys/bus/pci/devices/{address}/class', '0x020000\n')
            (self.root / f'sys/bus/pci/devices/{address}/net/{name}').mkdir(parents=True)

    def program(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def file(self, path, text):
        target = self.root / path.lstrip('/')
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def answer(self, answers):
        for name, value in answers.items():
            (self.base / name).write_text(value if isinstance(value, str) else json.dumps(value))

    def links(self, *more):
        """nic0 with 192.0.2.2/24 and a route to its network, which is what the ways below end in."""
        links = [link(1, 'lo'), link(2, 'nic0'), link(3, 'data0'), *more]
        self.answer({'link': links, 'address': links, 'route-4': [{'dst': '192.0.2.0/24', 'dev': 'nic0'}]})

    def chains(self, mine=Own()):
        return guard.protected(Host(str(self.root)), mine)

    def refuses_everything(self, *words):
        chains = self.chains()
        self.assertEqual(sorted(chains), [MGMT, DATA])
        for chain in chains.values():
            self.assertTrue(chain[0].startswith(guard.UNKNOWN), chain)
            for word in words:
                self.assertIn(word, chain[0])

    # Ways that need what a test machine seldom has

    def test_wireguard(self):
        self.links(link(4, 'wg0', linkinfo={'info_kind': 'wireguard'}))
        self.answer({'route-4': [{'dst': 'default', 'dev': 'wg0'}, {'dst': '192.0.2.0/24', 'dev': 'nic0'}]})
        self.program('wg', '#!/bin/sh\n[ "$*" = "show wg0 endpoints" ] && printf "key=\\t192.0.2.9:51820\\nkey2=\\t(none)\\n"\n')
        self.assertEqual(self.chains(), {MGMT: [
            'default route (IPv4, table main)', 'wg0 (wireguard)', 'endpoint 192.0.2.9 by route 192.0.2.0/24 (IPv4, table main)', 'nic0',
            f'PCI {MGMT}']})

    def test_wireguard_whose_peers_cannot_be_read(self):
        self.links(link(4, 'wg0', linkinfo={'info_kind': 'wireguard'}))
        self.answer({'route-4': [{'dst': 'default', 'dev': 'wg0'}]})
        self.program('wg', '#!/bin/sh\necho "Unable to access interface: Operation not permitted" >&2; exit 1\n')
        self.refuses_everything('wg0', 'Operation not permitted', 'wireguard-tools')

    def test_pppoe(self):
        self.links(link(4, 'ppp0', link_type='ppp'))
        self.answer({'route-4': [{'dst': 'default', 'dev': 'ppp0'}]})
        self.file('/proc/net/pppoe', 'Id       Address              Device\n00000001 52:54:00:00:00:99     nic0\n')
        self.assertEqual(self.chains(), {MGMT: ['default route (IPv4, table main)', 'ppp0 (PPP)', 'PPPoE', 'nic0', f'PCI {MGMT}']})

    def test_srv6_route(self):
        self.links()
        self.answer({'route-6': [{'dst': 'default', 'encap': 'seg6', 'mode': 'encap', 'segs': ['fc00:2::1'], 'dev': 'lo'},
                                 {'dst': 'fc00:2::/48', 'gateway': 'fe80::1', 'dev': 'nic0'}]})
        self.assertEqual(self.chains(), {MGMT: ['default route (IPv6, table main, SRv6 to fc00:2::1)', 'nic0', f'PCI {MGMT}']})

    def test_ssh_session_over_link_local_addresses(self):
        def local(number):
            return {'addr_info': [{'family': 'inet6', 'local': f'fe80::{number}', 'prefixlen': 64, 'scope': 'link'}]}
        links = [link(2, 'nic0', **local(2)), link(3, 'data0', **local(3))]
        self.answer({'link': links, 'address': links,
                     'route-6': [{'dst': 'fe80::/64', 'dev': 'nic0'}, {'dst': 'fe80::/64', 'dev': 'data0'}]})
        self.assertEqual(self.chains(), {})
        self.file('/proc/net/tcp6', '  sl  local_address remote_address st\n'
                  '   0: 000080FE000000000000000002000000:0016 000080FE000000000000000009000000:D431 01 0:0 0:0 0 0 0 4711 1\n')
        self.assertEqual(self.chains(), {MGMT: ['SSH session from fe80::9 by its local address fe80::2', 'nic0', f'PCI {MGMT}']})

    def root_file_system(self, *lines):
        self.links()
        self.file('/proc/self/mountinfo', ''.join(f'{line}\n' for line in lines))
        return {address: chain[0] for address, chain in self.chains().items()}

    def test_root_on_nfs(self):
        self.assertEqual(
            self.root_file_system('22 1 0:25 / / rw,relatime - nfs4 files.example:/root rw,vers=4.2,clientaddr=192.0.2.2,addr=192.0.2.7'),
            {MGMT: 'file system / on files.example:/root (nfs4) of 192.0.2.7 by route 192.0.2.0/24 (IPv4, table main)'})

    def test_nfs_beside_a_local_root(self):
        self.assertEqual(self.root_file_system('22 1 8:1 / / rw - ext4 /dev/sda1 rw',
                                               '30 22 0:40 / /data rw - nfs 192.0.2.7:/data rw,addr=192.0.2.7'), {})

    def test_usr_on_iscsi_below_lvm_and_a_multipath_device(self):
        disk = '/sys/devices/platform/host2/session4/target2:0:0/2:0:0:0/block/sdb'
        for path in (f'{disk}/size', '/sys/devices/virtual/block/dm-1/slaves/dm-0/x', '/sys/devices/virtual/block/dm-0/slaves/sdb/x'):
            self.file(path, '')
        self.file('/sys/class/iscsi_connection/connection4:0/persistent_address', '192.0.2.8\n')
        self.file('/sys/class/iscsi_connection/connection5:0/persistent_address', '198.51.100.1\n')
        for directory, name, target in (('dev/block', '254:1', '../../devices/virtual/block/dm-1'),
                                        ('class/block', 'dm-0', '../../devices/virtual/block/dm-0'),
                                        ('class/block', 'sdb', f'../..{disk[4:]}')):
            (self.root / 'sys' / directory).mkdir(parents=True, exist_ok=True)
            (self.root / 'sys' / directory / name).symlink_to(target)
        self.assertEqual(self.root_file_system('22 1 8:1 / / rw - ext4 /dev/sda1 rw', '23 1 254:1 / /usr rw - xfs /dev/mapper/vg-usr rw'),
                         {MGMT: 'file system /usr on /dev/mapper/vg-usr (xfs) of 192.0.2.8 by route 192.0.2.0/24 (IPv4, table main)'})

    def test_root_on_nbd_whose_server_is_unknown(self):
        self.file('/sys/devices/virtual/block/nbd0/size', '1')
        (self.root / 'sys/dev/block').mkdir(parents=True)
        (self.root / 'sys/dev/block/43:0').symlink_to('../../devices/virtual/block/nbd0')
        self.links()
        self.file('/proc/self/mountinfo', '22 1 43:0 / / rw - ext4 /dev/nbd0 rw\n')
        self.refuses_everything('nbd0')

    def test_dpdk_port_by_mac_and_by_interface(self):
        for arguments in ('class=eth,mac=52:54:00:00:00:02', 'eth_af_packet0,iface=nic0', f'pci:{MGMT}', MGMT[5:]):
            self.links(link(4, 'ex', linkinfo={'info_kind': 'tun'}))
            self.answer({'route-4': [{'dst': 'default', 'dev': 'ex'}], 'ovs': '\n'.join(json.dumps(table) for table in (
                {'headings': ['_uuid', 'name', 'type', 'options'],
                 'data': [[['uuid', 'i1'], 'ex', 'internal', ['map', []]],
                          [['uuid', 'i2'], 'up0', 'dpdk', ['map', [['dpdk-devargs', arguments]]]]]},
                {'headings': ['_uuid', 'interfaces'], 'data': [[['uuid', 'p1'], ['uuid', 'i1']], [['uuid', 'p2'], ['uuid', 'i2']]]},
                {'headings': ['name', 'ports'], 'data': [['ex', ['set', [['uuid', 'p1'], ['uuid', 'p2']]]]]}))})
            self.program('ovs-vsctl', '#!/bin/sh\nexec cat "$ANSWERS/ovs"\n')
            with self.subTest(arguments):
                self.assertEqual(sorted(self.chains()), [MGMT])

    # What can't be had

    def test_ip_fails(self):
        self.program('ip', '#!/bin/sh\necho "Object \\"-json\\" is unknown" >&2; exit 255\n')
        self.refuses_everything('ip -json', '"-json" is unknown', 'iproute2')

    def test_ip_answers_no_json(self):
        self.answer({'link': '1: lo: <LOOPBACK>'})
        self.refuses_everything('ip -json -details link show')

    def test_ip_answers_in_another_shape(self):
        self.answer({'link': [{'name': 'eth0'}]})
        self.refuses_everything('ifname')

    def test_open_vswitch_does_not_answer(self):
        self.links()
        self.program('ovs-vsctl', '#!/bin/sh\necho "database connection failed (Connection refused)" >&2; exit 1\n')
        self.assertEqual(self.chains(), {}, 'Open vSwitch was never started here')
        self.file('/etc/openvswitch/conf.db', '')
        self.refuses_everything('Open vSwitch', 'Connection refused')

    def test_open_vswitch_that_was_removed(self):
        self.links()
        self.file('/etc/openvswitch/conf.db', '')
        self.assertEqual(self.chains(), {})

    def test_broken_state(self):
        self.file('/var/lib/dataplane-host/state.json', '{')
        self.links()
        self.assertEqual(sorted(guard.protected(Host(str(self.root)))), [MGMT, DATA])

    # Own things, from the state

    def test_own_addresses_and_bridges_come_from_the_state(self):
        records = [{'kind': kind, 'key': key, 'stage': 'network', 'before': None, 'wanted': None} for kind, key in (
            ('address', 'underlay fc00::1/64'), ('ovs-bridge', 'underlay'), ('ovs-port', 'underlay/uplink'), ('nic-driver', DATA))]
        self.file('/var/lib/dataplane-host/state.json', json.dumps({'version': 1, 'records': records}))
        self.assertEqual(guard.own(Host(str(self.root))), Own(
            frozenset({'underlay', 'uplink'}), frozenset({('underlay', 'fc00::1/64')}), frozenset({DATA})))

    def test_pattern_does_not_refuse_at_boot_what_was_bound_before(self):
        self.links()
        self.file('/etc/systemd/network/50-all.network', '[Match]\nName=*\n[Network]\nDHCP=yes\n')
        self.assertEqual(sorted(self.chains()), [MGMT, DATA])
        self.assertEqual(sorted(self.chains(Own(devices=frozenset({DATA})))), [MGMT])

    # The command

    def command(self, *words):
        with mock.patch('sys.stdout') as out, mock.patch('sys.stderr') as err:
            code = cli.main(['guard', '--root', str(self.root), *words])
        return code, *(''.join(call.args[0] for call in stream.write.call_args_list) for stream in (out, err))

    def test_command(self):
        self.links()
        self.answer({'route-4': [{'dst': 'default', 'dev': 'nic0'}]})
        code, out, _ = self.command()
        self.assertEqual(code, 1)
        self.assertRegex(out, f'{MGMT}.*refused.*default route')
        self.assertRegex(out, f'{DATA}.*may be taken')
        self.assertEqual(self.command(DATA)[0], 0)
        code, out, _ = self.command('--json', MGMT)
        self.assertEqual((code, json.loads(out)), (1, [{
            'address': MGMT, 'allowed': False, 'chain': ['default route (IPv4, table main)', 'nic0', f'PCI {MGMT}']}]))

    def test_command_with_an_address_that_is_no_device(self):
        code, _, err = self.command('0000:99:00.0')
        self.assertEqual(code, 1)
        self.assertIn('0000:99:00.0', err)
        self.assertNotIn('Traceback', err)


class PersistentConfiguration(unittest.TestCase):
    LINKS = {'lo': '00:00:00:00:00:00', 'eno1': '52:54:00:12:34:00', 'eno2': '52:54:00:12:34:01', 'ens3': '52:54:00:12:34:02'}

    def read(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                target = pathlib.Path(root, path.lstrip('/'))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            found = Configuration(Host(root), self.LINKS)
        return ({(name, named) for name, _, named in found.addressed},
                {upper: sorted(lowers) for upper, lowers in found.below.items() if lowers})

    def test_netplan(self):
        try:
            import yaml  # noqa: F401
        except ImportError:
            self.skipTest('PyYAML is not installed')
        addressed, below = self.read({
            '/etc/netplan/50-a.yaml': 'network:\n  version: 2\n  ethernets:\n    mgmt: {match: {macaddress: 52:54:00:12:34:00}}\n'
                                      '    eno2: {dhcp4: false, mtu: 9000, addresses: ["fe80::5/64"]}\n    all: {match: {name: ens*}, dhcp6: yes}\n'
                                      '  bonds:\n    bond0: {interfaces: [mgmt]}\n'
                                      '  vlans:\n    v7: {id: 7, link: bond0, addresses: [10.0.0.1/24: {label: x}]}\n',
            '/etc/netplan/60-b.yaml': 'network: {bonds: {bond0: {dhcp4: true}}}\n'})
        self.assertEqual(addressed, {('ens3', False), ('bond0', True), ('v7', True)})
        self.assertEqual(below, {'bond0': ['eno1'], 'v7': ['bond0']})

    def test_netplan_that_is_broken_is_a_problem(self):
        with self.assertRaisesRegex(Problem, '50-a.yaml|netplan'):
            self.read({'/etc/netplan/50-a.yaml': 'network: [\n'})

    def test_netplan_without_pyyaml(self):
        with mock.patch.dict(sys.modules, {'yaml': None}):
            with self.assertRaisesRegex(Problem, 'PyYAML'):
                self.read({'/etc/netplan/50-a.yaml': 'network: {}\n'})
            self.assertEqual(self.read({
                '/etc/netplan/50-a.yaml': 'network: {}\n',
                '/run/systemd/network/10-netplan-eno1.network': '[Match]\nName=eno1\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=ipv6\n'}),
                ({('eno1', True)}, {}))

    def test_networkd(self):
        addressed, below = self.read({
            '/etc/systemd/network/10-a.network': '[Match]\nPermanentMACAddress=52:54:00:12:34:00\n[Network]\nBond=bond0\nLinkLocalAddressing=no\n',
            '/etc/systemd/network/20-b.network': '[Match]\nName=bond0\n',
            '/etc/systemd/network/20-b.network.d/address.conf': '[Address]\nAddress=10.0.0.1/24\n',
            '/etc/systemd/network/30-c.network': '[Match]\nName=eno2\n[Network]\nDHCP=no\n',
            '/etc/systemd/network/90-z.network': '[Match]\nName=en*\n[Network]\nDHCP=yes\n',
            '/run/systemd/network/30-c.network': '[Match]\nName=eno2\n[Network]\nDHCP=yes\n',
            '/usr/lib/systemd/network/80-wifi-ap.network': '[Match]\nType=wlan\n[Network]\nAddress=0.0.0.0/28\n'})
        self.assertEqual(addressed, {('bond0', True), ('ens3', False)})
        self.assertEqual(below, {'bond0': ['eno1']})

    def test_network_manager(self):
        directory = '/etc/NetworkManager/system-connections'
        addressed, below = self.read({
            f'{directory}/a.nmconnection': '[connection]\ntype=vlan\ninterface-name=mgmt.5\n[vlan]\nparent=u-1\n[ipv4]\nmethod=auto\n',
            f'{directory}/b.nmconnection': '[connection]\ntype=bond\nuuid=u-1\ninterface-name=bond0\n[ipv4]\nmethod=disabled\n[ipv6]\nmethod=ignore\n',
            f'{directory}/c.nmconnection': '[connection]\ntype=ethernet\ncontroller=bond0\n[ethernet]\nmac-address=52:54:00:12:34:00\n',
            f'{directory}/d.nmconnection': '[connection]\ntype=ethernet\ninterface-name=eno2\nautoconnect=false\n[ipv4]\nmethod=auto\n',
            '/run/NetworkManager/system-connections/Wired connection 1.nmconnection':
                '[connection]\ntype=ethernet\ninterface-name=ens3\n[ipv4]\nmethod=auto\n[ipv6]\nmethod=ignore\n',
            f'{directory}/e.nmconnection': '[connection]\ntype=wifi\n[ipv4]\nmethod=auto\n'})
        self.assertEqual(addressed, {('mgmt.5', True), ('ens3', False)})
        self.assertEqual(below, {'mgmt.5': ['bond0'], 'bond0': ['eno1']})

    def test_ifupdown(self):
        addressed, below = self.read({
            '/etc/network/interfaces': 'source-directory interfaces.d\nsource /run/network/interfaces.d/*\n# iface ens3 inet dhcp\n'
                                       'auto br0\niface br0 inet6 auto\n\tbridge_ports bond0.5 none\niface bond0 inet manual\n'
                                       '\tbond-slaves eno1 \\\n\t  eno2\niface bond0.5 inet manual\n',
            '/etc/network/interfaces.d/lo': 'iface lo inet loopback\n',
            '/run/network/interfaces.d/ens3': 'auto ens3\niface ens3 inet dhcp\n'})
        self.assertEqual(addressed, {('br0', True), ('ens3', False)})
        self.assertEqual(below['bond0'], ['eno1', 'eno2'])
        self.assertEqual(below['bond0.5'], ['bond0'])
        self.assertIn('bond0.5', below['br0'])


if __name__ == '__main__':
    unittest.main()
