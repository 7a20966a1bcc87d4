"""The management NIC in its disguises, made of real links, routes, sockets and Open vSwitch; and NICs that are free.

Each case is a host in a network namespace. What this kernel lacks runs on a Debian kernel in user mode; where that
isn't to be had either, the case is skipped with the reason.
"""

import json
import pathlib
import sys
import traceback
import unittest

import guard_lab
from dataplane_host.guard import Own

# Management is on 03, the NICs that are wanted for the dataplane on 05.
MGMT, MGMT2, DATA, DATA2 = '0000:03:00.0', '0000:03:00.1', '0000:05:00.0', '0000:05:00.1'
CASES = {}


def case(expected, *needs, mine=Own(), unseen=()):
    """expected: {PCI address: chain; None: may be taken}. needs: link types. unseen: what the installed edition, which has no
    guard, allows all the same."""
    def register(function):
        function.expected, function.needs, function.mine, function.unseen = expected, needs, mine, set(unseen)
        CASES[function.__name__] = function
        return function
    return register


def default(family='IPv4', table='main'):
    return f'default route ({family}, table {table})'


def two(lab, **mgmt):
    """A management NIC and a data NIC, both up."""
    lab.nic('nic0', MGMT, **mgmt)
    lab.nic('data0', DATA)


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None})
def plain_default_route(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1')


@case({MGMT: [default('IPv6'), 'nic0', f'PCI {MGMT}'], DATA: None})
def default_route_over_ipv6_only(lab):
    two(lab)
    lab.ip('-6 address add fd00::2/64 dev nic0 nodad\n-6 route add default via fd00::1 dev nic0')


@case({MGMT: [default('IPv4', '100'), 'nic0', f'PCI {MGMT}'], DATA: None})
def policy_rule_with_a_table_of_its_own(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1 table 100\nrule add from 192.0.2.2 lookup 100')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], MGMT2: [default(), 'nic1', f'PCI {MGMT2}'], DATA: None})
def multipath_route(lab):
    two(lab)
    lab.nic('nic1', MGMT2)
    lab.ip('address add 192.0.2.2/24 dev nic0\naddress add 198.51.100.2/24 dev nic1\n'
           'route add default nexthop via 192.0.2.1 nexthop via 198.51.100.1')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], MGMT2: [default(), 'nic1', f'PCI {MGMT2}'], DATA: None})
def next_hop_group_by_its_number_alone(lab):
    two(lab)
    lab.nic('nic1', MGMT2)
    pathlib.Path('/proc/sys/net/ipv4/nexthop_compat_mode').write_text('0')
    lab.ip('address add 192.0.2.2/24 dev nic0\naddress add 198.51.100.2/24 dev nic1\n'
           'nexthop add id 1 via 192.0.2.1 dev nic0\nnexthop add id 2 via 198.51.100.1 dev nic1\nnexthop add id 10 group 1/2\n'
           'route add default nhid 10')


@case({MGMT: [default('IPv6'), 'nic0', f'PCI {MGMT}'], DATA: None})
def next_hop_object_over_ipv6(lab):
    two(lab)
    lab.ip('-6 address add fd00::2/64 dev nic0 nodad\nnexthop add id 7 via fd00::1 dev nic0\n-6 route add default nhid 7')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None})
def default_route_in_two_halves(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add 0.0.0.0/1 via 192.0.2.1\nroute add 128.0.0.0/1 via 192.0.2.1')


@case({MGMT: [default('IPv6', '77'), 'nic0', f'PCI {MGMT}'], DATA: None})
def global_unicast_route_as_default(lab):
    two(lab)
    lab.ip('-6 address add fd00::2/64 dev nic0 nodad\n-6 route add 2000::/3 via fd00::1 dev nic0 table 77')


@case({MGMT: [default(), 'br0 (bridge of nic0)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'bridge')
def linux_bridge(lab):
    two(lab)
    lab.ip('link add br0 type bridge\nlink set nic0 master br0\nlink set br0 up\naddress add 192.0.2.2/24 dev br0\n'
           'route add default via 192.0.2.1')


@case({MGMT: [default(), 'mv0 (macvlan on nic0)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'macvlan')
def macvlan(lab):
    two(lab)
    lab.ip('link add mv0 link nic0 type macvlan mode bridge\nlink set mv0 up\naddress add 192.0.2.2/24 dev mv0\n'
           'route add default via 192.0.2.1')


@case({MGMT: [default(), 'iv0 (ipvlan on nic0)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'ipvlan')
def ipvlan(lab):
    two(lab)
    lab.ip('link add iv0 link nic0 type ipvlan mode l2\nlink set iv0 up\naddress add 192.0.2.2/24 dev iv0\n'
           'route add default via 192.0.2.1')


@case({MGMT: [default(), 'nic0.100 (VLAN 100 on nic0)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'vlan')
def vlan(lab):
    two(lab)
    lab.ip('link add nic0.100 link nic0 type vlan id 100\nlink set nic0.100 up\naddress add 192.0.2.2/24 dev nic0.100\n'
           'route add default via 192.0.2.1')


@case({MGMT: [default(), 'bond0 (bond of nic0, nic1)', 'nic0', f'PCI {MGMT}'],
       MGMT2: [default(), 'bond0 (bond of nic0, nic1)', 'nic1', f'PCI {MGMT2}'], DATA: None}, 'bond')
def bond(lab):
    two(lab, up=False)
    lab.nic('nic1', MGMT2, up=False)
    lab.ip('link add bond0 type bond mode 1\nlink set nic0 master bond0\nlink set nic1 master bond0\nlink set bond0 up\n'
           'address add 192.0.2.2/24 dev bond0\nroute add default via 192.0.2.1')


@case({MGMT: [default('IPv6'), 'br0 (bridge of bond0.100)', 'bond0.100 (VLAN 100 on bond0)', 'bond0 (bond of nic0, nic1)', 'nic0',
              f'PCI {MGMT}'],
       MGMT2: [default('IPv6'), 'br0 (bridge of bond0.100)', 'bond0.100 (VLAN 100 on bond0)', 'bond0 (bond of nic0, nic1)', 'nic1',
               f'PCI {MGMT2}'], DATA: None}, 'bond', 'vlan', 'bridge')
def ipv6_on_a_bridge_on_a_vlan_on_a_bond(lab):
    two(lab, up=False)
    lab.nic('nic1', MGMT2, up=False)
    lab.ip('link add bond0 type bond mode 1\nlink set nic0 master bond0\nlink set nic1 master bond0\nlink set bond0 up\n'
           'link add bond0.100 link bond0 type vlan id 100\nlink add br0 type bridge\nlink set bond0.100 master br0\n'
           'link set bond0.100 up\nlink set br0 up\n-6 address add fd00::2/64 dev br0 nodad\n-6 route add default via fd00::1 dev br0')


@case({MGMT: [default(), 'team0 (team of nic0)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'team')
def team(lab):
    two(lab, up=False)
    lab.ip('link add team0 type team\nlink set nic0 master team0\nlink set team0 up\naddress add 192.0.2.2/24 dev team0\n'
           'route add default via 192.0.2.1 dev team0')


@case({MGMT: [default('IPv4', '10'), 'nic0', f'PCI {MGMT}'], DATA: None}, 'vrf')
def vrf(lab):
    two(lab)
    lab.ip('link add mgmt type vrf table 10\nlink set mgmt up\nlink set nic0 master mgmt\naddress add 192.0.2.2/24 dev nic0\n'
           'route add default via 192.0.2.1 vrf mgmt')


@case({MGMT: [default(), 'mgmt (VRF of nic0)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'vrf')
def route_into_a_vrf(lab):
    two(lab)
    lab.ip('link add mgmt type vrf table 10\nlink set mgmt up\nlink set nic0 master mgmt\nroute add default dev mgmt')


@case({MGMT: [default(), 'v0 (veth to v1)', 'br0 (bridge of nic0, v1)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'bridge')
def veth_into_a_bridge(lab):
    two(lab)
    lab.ip('link add v0 type veth peer name v1\nlink add br0 type bridge\nlink set v1 master br0\nlink set nic0 master br0\n'
           'link set v0 up\nlink set v1 up\nlink set br0 up\naddress add 192.0.2.2/24 dev v0\nroute add default via 192.0.2.1')


@case({MGMT: [default(), 'vx0 (vxlan)', 'remote 192.0.2.9 by route 192.0.2.0/24 (IPv4, table main)', 'nic0', f'PCI {MGMT}'],
       DATA: None}, 'vxlan')
def vxlan_tunnel(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nlink add vx0 type vxlan id 4 remote 192.0.2.9 dstport 4789\nlink set vx0 up\n'
           'address add 10.9.0.2/24 dev vx0\nroute add default via 10.9.0.1')


@case({MGMT: [default(), 'gre1 (gre)', 'remote 203.0.113.9 by route 203.0.113.0/24 (IPv4, table main)', 'nic0', f'PCI {MGMT}'],
       DATA: None}, 'gre')
def gre_tunnel(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add 203.0.113.0/24 via 192.0.2.1\n'
           'link add gre1 type gre remote 203.0.113.9\nlink set gre1 up\nroute add default dev gre1')


@case({MGMT: [default(), 'gn0 (geneve)', 'remote 192.0.2.9 by route 192.0.2.0/24 (IPv4, table main)', 'nic0', f'PCI {MGMT}'],
       DATA: None}, 'geneve')
def geneve_tunnel(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nlink add gn0 type geneve id 4 remote 192.0.2.9\nlink set gn0 up\n'
           'route add default dev gn0')


@case({MGMT: ['SSH session from 192.0.2.1 by route 192.0.2.0/24 (IPv4, table main)', 'nic0', f'PCI {MGMT}'], DATA: None})
def ssh_session_without_any_default_route(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0')
    lab.on_wire('address add 192.0.2.1/24 dev w-nic0')
    lab.session('192.0.2.2', '192.0.2.1')


@case({MGMT: ['SSH session from fd00::1 by route fd00::/64 (IPv6, table main)', 'nic0', f'PCI {MGMT}'], DATA: None})
def ssh_session_over_ipv6(lab):
    two(lab)
    lab.ip('-6 address add fd00::2/64 dev nic0 nodad')
    lab.on_wire('-6 address add fd00::1/64 dev w-nic0 nodad')
    lab.session('fd00::2', 'fd00::1', name=b'sshd')


@case({MGMT: ['SSH session from 10.1.1.1 by route 10.1.1.0/24 (IPv4, table 50)', 'nic0', f'PCI {MGMT}'], DATA: None},
      mine=Own(addresses=frozenset({('data0', '10.1.0.2/16')})))
def ssh_session_routed_by_a_policy_rule(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/32 dev nic0\naddress add 10.1.0.2/16 dev data0\nroute del 10.1.0.0/16 dev data0\n'
           'route add 10.1.1.0/24 dev nic0 table 50\nrule add from 192.0.2.2 lookup 50')
    lab.on_wire('address add 10.1.1.1/24 dev w-nic0\nroute add 192.0.2.2 dev w-nic0')
    lab.session('192.0.2.2', '10.1.1.1')


@case({MGMT: ['address 192.0.2.2/24 configured on nic0', 'nic0', f'PCI {MGMT}'], DATA: None})
def address_without_any_route(lab):
    two(lab, up=False)
    lab.ip('address add 192.0.2.2/24 dev nic0')


@case({MGMT: ['configured in /etc/systemd/network/10-mgmt.network (DHCP=yes)', 'nic0', f'PCI {MGMT}'], DATA: None})
def link_down_but_configured_in_networkd(lab):
    two(lab, up=False)
    lab.file('/etc/systemd/network/10-mgmt.network', '[Match]\nName=nic0\n[Network]\nDHCP=yes\n')


@case({MGMT: ['configured in /etc/netplan/50-cloud-init.yaml (dhcp4)', 'nic0', f'PCI {MGMT}'], DATA: None})
def link_down_but_configured_in_netplan_by_mac(lab):
    two(lab, up=False)
    lab.ip('link set nic0 address 52:54:00:12:34:00')
    lab.file('/etc/netplan/50-cloud-init.yaml', 'network:\n  version: 2\n  ethernets:\n    mgmt:\n      match:\n'
             '        macaddress: "52:54:00:12:34:00"\n      dhcp4: true\n    data0:\n      dhcp4: false\n      mtu: 9000\n')


@case({MGMT: ['configured in /etc/NetworkManager/system-connections/b.nmconnection (ipv4 192.0.2.2/24, ipv6 auto)', 'bond0 (of nic0)',
              'nic0', f'PCI {MGMT}'], DATA: None})
def bond_that_networkmanager_has_yet_to_make(lab):
    two(lab, up=False)
    directory = '/etc/NetworkManager/system-connections'
    lab.file(f'{directory}/b.nmconnection', '[connection]\nid=b\nuuid=11\ntype=bond\ninterface-name=bond0\n[ipv4]\nmethod=manual\n'
             'address1=192.0.2.2/24,192.0.2.1\n[ipv6]\nmethod=auto\n')
    lab.file(f'{directory}/n.nmconnection', '[connection]\nid=n\ntype=ethernet\ninterface-name=nic0\nmaster=11\nslave-type=bond\n')


@case({MGMT: ['configured in /etc/network/interfaces.d/mgmt (inet static)', 'vlan7 (of nic0)', 'nic0', f'PCI {MGMT}'], DATA: None})
def vlan_that_ifupdown_has_yet_to_make(lab):
    two(lab, up=False)
    lab.file('/etc/network/interfaces', 'source /etc/network/interfaces.d/*\nauto lo\niface lo inet loopback\n')
    lab.file('/etc/network/interfaces.d/mgmt', 'auto vlan7\niface vlan7 inet static\n  address 192.0.2.2/24\n  vlan-raw-device nic0\n'
             'iface data0 inet manual\n')


@case({MGMT: ['configured in /run/systemd/network/71-default.network (DHCP=yes)', 'nic0', f'PCI {MGMT}'],
       DATA: ['configured in /run/systemd/network/71-default.network (DHCP=yes)', 'data0', f'PCI {DATA}']},
      # The installed edition binds NICs at boot, before the network is up. It looked first in the boot before, when it was.
      unseen=(MGMT, DATA))
def pattern_for_every_nic_where_nothing_is_up(lab):
    two(lab, up=False)
    lab.file('/run/systemd/network/71-default.network', '[Match]\nName=*\n[Network]\nDHCP=yes\n')


@case({'0000:03:10.0': [default(), 'vf0', 'PCI 0000:03:10.0'],
       MGMT: [default(), 'vf0', 'PCI 0000:03:10.0', 'its physical function', f'PCI {MGMT}'], DATA: None})
def virtual_function(lab):
    lab.nic('nic0', MGMT)
    lab.nic('data0', DATA)
    lab.nic('vf0', '0000:03:10.0', driver='ixgbevf', function_of=MGMT)
    lab.ip('address add 192.0.2.2/24 dev vf0\nroute add default via 192.0.2.1')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'],
       MGMT2: [default(), 'nic0', f'PCI {MGMT}', 'IOMMU group 7', f'PCI {MGMT2}'], DATA: None})
def other_function_in_the_iommu_group(lab):
    lab.nic('nic0', MGMT, group=7)
    lab.nic('nic1', MGMT2, group=7)
    lab.pci('0000:02:00.0', driver='pcieport', group=7, kind='0x060400')
    lab.nic('data0', DATA, group=8)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1')


@case({MGMT: ['can\'t tell what carries management: driver ixgbe has it, but its interface is in no namespace seen here'],
       DATA: None})
def interface_in_another_namespace(lab):
    lab.nic('data0', DATA)
    lab.pci(MGMT)


# Open vSwitch

@case({MGMT: [default(), 'ex (tun)', 'Open vSwitch bridge ex', 'dpdk port up0', f'PCI {MGMT}'], DATA: None}, 'openvswitch')
def open_vswitch_bridge_with_a_dpdk_port(lab):
    lab.pci(MGMT, driver='vfio-pci')
    lab.nic('data0', DATA)
    lab.open_vswitch('add-br ex -- set Bridge ex datapath_type=netdev',
                     f'--no-wait add-port ex up0 -- set Interface up0 type=dpdk options:dpdk-devargs={MGMT},representor=[0]')
    lab.ip('link set ex up\naddress add 192.0.2.2/24 dev ex\nroute add default via 192.0.2.1')


@case({MGMT: [default(), 'in (tun)', 'Open vSwitch bridge in', 'patch port to-ex', 'Open vSwitch bridge ex', 'nic0', f'PCI {MGMT}'],
       MGMT2: [default(), 'in (tun)', 'Open vSwitch bridge in', 'patch port to-ex', 'Open vSwitch bridge ex', 'nic1', f'PCI {MGMT2}'],
       DATA: None}, 'openvswitch')
def open_vswitch_patch_port_to_a_bond(lab):
    two(lab)
    lab.nic('nic1', MGMT2)
    lab.open_vswitch('add-br in -- set Bridge in datapath_type=netdev', 'add-br ex -- set Bridge ex datapath_type=netdev',
                     'add-br other -- set Bridge other datapath_type=netdev', 'add-port other data0',
                     'add-bond ex b0 nic0 nic1',
                     'add-port in to-ex -- set Interface to-ex type=patch options:peer=to-in '
                     '-- add-port ex to-in -- set Interface to-in type=patch options:peer=to-ex')
    lab.ip('link set in up\naddress add 192.0.2.2/24 dev in\nroute add default via 192.0.2.1')


@case({MGMT: [default(), 'v0 (veth to v1)', 'Open vSwitch bridge ex', 'nic0', f'PCI {MGMT}'], DATA: None}, 'openvswitch')
def veth_into_open_vswitch(lab):
    two(lab)
    lab.ip('link add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up')
    lab.open_vswitch('add-br ex -- set Bridge ex datapath_type=netdev', 'add-port ex v1', 'add-port ex nic0')
    lab.ip('address add 192.0.2.2/24 dev v0\nroute add default via 192.0.2.1')


@case({MGMT: [default(), 'ex (openvswitch)', 'Open vSwitch bridge ex', 'nic0', f'PCI {MGMT}'], DATA: None},
      'openvswitch', 'openvswitch datapath')
def open_vswitch_in_the_kernel(lab):
    two(lab)
    lab.open_vswitch('add-br ex', 'add-port ex nic0', 'add-br other', 'add-port other data0')
    lab.ip('link set ex up\naddress add 192.0.2.2/24 dev ex\nroute add default via 192.0.2.1')


@case({MGMT: [default(), 'ex (tun)', 'Open vSwitch bridge ex', 'vxlan port tun0: remote 192.0.2.9 by route 192.0.2.0/24 (IPv4, table main)',
              'nic0', f'PCI {MGMT}'], DATA: None}, 'openvswitch')
def open_vswitch_tunnel(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0')
    lab.open_vswitch('add-br ex -- set Bridge ex datapath_type=netdev',
                     '--no-wait add-port ex tun0 -- set Interface tun0 type=vxlan options:remote_ip=192.0.2.9')
    lab.ip('link set ex up\nroute add default dev ex')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None}, 'openvswitch', mine=Own(interfaces=frozenset({'underlay', 'uplink'})))
def our_own_underlay_at_the_second_apply(lab):
    lab.nic('nic0', MGMT)
    lab.pci(DATA, driver='vfio-pci')
    lab.open_vswitch('add-br underlay -- set Bridge underlay datapath_type=netdev',
                     f'--no-wait add-port underlay uplink -- set Interface uplink type=dpdk options:dpdk-devargs={DATA}')
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1\nlink set underlay up\n'
           '-6 address add fc00::1/64 dev underlay nodad\n-6 route add fc00:0:2::/48 via fc00::2 dev underlay')


@case({MGMT: None, DATA: [default(), 'underlay (tun)', 'Open vSwitch bridge underlay', 'dpdk port uplink', f'PCI {DATA}']},
      'openvswitch', mine=Own(interfaces=frozenset({'underlay', 'uplink'})))
def our_own_underlay_that_really_carries_management(lab):
    lab.nic('nic0', MGMT)
    lab.pci(DATA, driver='vfio-pci')
    lab.open_vswitch('add-br underlay -- set Bridge underlay datapath_type=netdev',
                     f'--no-wait add-port underlay uplink -- set Interface uplink type=dpdk options:dpdk-devargs={DATA}')
    lab.ip('link set underlay up\naddress add 192.0.2.2/24 dev underlay\nroute add default via 192.0.2.1')


# What must be allowed

@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None, DATA2: None})
def link_local_addresses_only_and_down_and_bare(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1\naddress add 169.254.7.7/16 dev data0')
    lab.nic('data1', DATA2, up=False)


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None, DATA2: None})
def bound_for_userspace_or_without_a_driver(lab):
    lab.nic('nic0', MGMT)
    lab.pci(DATA, driver='vfio-pci')
    lab.pci(DATA2, driver=None)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1')


@case({MGMT: [default(), 'br0 (bridge of nic0)', 'nic0', f'PCI {MGMT}'], DATA: None}, 'bridge')
def another_bridge(lab):
    two(lab)
    lab.ip('link add br0 type bridge\nlink set nic0 master br0\nlink set br0 up\naddress add 192.0.2.2/24 dev br0\n'
           'route add default via 192.0.2.1\nlink add br1 type bridge\nlink set data0 master br1\nlink set br1 up')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None})
def pattern_for_every_nic_beside_a_live_route(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1')
    lab.file('/etc/systemd/network/50-all.network', '[Match]\nName=nic* data*\n[Network]\nDHCP=yes\n')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None},
      mine=Own(addresses=frozenset({('data0', 'fc00::1/64'), ('data0', '10.0.0.1/24')})))
def addresses_that_are_ours(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1\n'
           '-6 address add fc00::1/64 dev data0 nodad\naddress add 10.0.0.1/24 dev data0\n-6 route add fc00:2::/48 via fc00::2 dev data0')


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], '0000:03:10.0': None})
def free_virtual_function_of_the_management_nic(lab):
    lab.nic('nic0', MGMT, group=1)
    lab.nic('vf0', '0000:03:10.0', driver='ixgbevf', function_of=MGMT, group=2)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1')


@case({DATA: None, DATA2: None})
def no_management_at_all(lab):
    lab.nic('data0', DATA)
    lab.nic('data1', DATA2, up=False)


@case({MGMT: [default(), 'nic0', f'PCI {MGMT}'], DATA: None})
def routes_that_lead_nowhere(lab):
    two(lab)
    lab.ip('address add 192.0.2.2/24 dev nic0\nroute add default via 192.0.2.1\nroute add blackhole default table 9\n'
           'route add unreachable 10.0.0.0/8\nroute add 198.51.100.0/24 dev data0')


class Disguises(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        reason = guard_lab.missing()
        if reason:
            raise unittest.SkipTest(reason)
        kinds = sorted({kind for function in CASES.values() for kind in function.needs})
        cls.lacking = {kind for kind in kinds if not guard_lab.kernel_has(kind)}
        elsewhere = [name for name, function in CASES.items() if cls.lacking.intersection(function.needs) - {'openvswitch'}]
        cls.elsewhere = guard_lab.run_in_user_mode_linux(pathlib.Path(__file__).resolve(), elsewhere) if elsewhere else {}

    def check(self, name):
        function = CASES[name]
        if name in self.elsewhere:
            result = self.elsewhere[name]
            if 'skipped' in result:
                self.skipTest(f'this kernel lacks {sorted(self.lacking.intersection(function.needs))}, and {result["skipped"]}')
            self.assertNotIn('error', result, result.get('error'))
            found = result['value']
        else:
            if self.lacking.intersection(function.needs):
                self.skipTest('Open vSwitch comes from the bench\'s Debian root, which isn\'t there')
            found = guard_lab.evaluate(function)
        self.assertEqual(found['verdicts'], function.expected)
        # The installed edition has no guard. It refuses all that the guard refuses, and more: whatever is in use.
        allowed = {address for address, use in found['uses'].items() if not use}
        self.assertEqual({address for address in allowed if function.expected.get(address)} - function.unseen, set())


for case_name in CASES:
    setattr(Disguises, f'test_{case_name}', lambda self, name=case_name: self.check(name))


def evaluate_here(results, names):
    """Inside the user-mode kernel."""
    found = {}
    for name in json.loads(pathlib.Path(names).read_text()):
        lacking = [kind for kind in CASES[name].needs if not guard_lab.kernel_has(kind)]
        try:
            found[name] = {'skipped': f'user-mode-linux lacks {lacking}'} if lacking else {'value': guard_lab.evaluate(CASES[name])}
        except Exception:  # noqa: BLE001  (shown by the test outside)
            found[name] = {'error': traceback.format_exc()}
    pathlib.Path(results).write_text(json.dumps(found))


if __name__ == '__main__':
    if sys.argv[1:2] == ['--evaluate']:
        evaluate_here(*sys.argv[2:])
    else:
        unittest.main()
