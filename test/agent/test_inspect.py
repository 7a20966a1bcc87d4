"""Inspect on this machine, beside what other tools say of it, and on odd hosts below a root; each against the schema."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / 'src' / 'agent'))

from dataplane_host import inspect, sysfs  # noqa: E402
from dataplane_host.host import Host  # noqa: E402

SCHEMA = json.loads((REPOSITORY / 'docs' / 'hardware-profile.schema.json').read_text())


def schema_errors(document):
    try:
        import jsonschema
    except ImportError as error:
        raise unittest.SkipTest(f'the Python package jsonschema is not installed: {error}') from None
    return [f'{error.json_path}: {error.message}' for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]


class ThisMachine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        environment = {**os.environ, 'PYTHONPATH': str(REPOSITORY / 'src' / 'agent')}
        done = subprocess.run([sys.executable, '-m', 'dataplane_host', 'inspect'], capture_output=True, text=True, check=True,
                              env=environment, timeout=60)
        cls.document = json.loads(done.stdout)

    def test_schema(self):
        self.assertEqual(schema_errors(self.document), [])

    def test_cpus_as_the_kernel_schedules_on_them(self):
        online = [cpu['id'] for cpu in self.document['cpu']['cpus'] if cpu['online']]
        self.assertEqual(len(online), os.sysconf('SC_NPROCESSORS_ONLN'))
        self.assertEqual(self.document['cpu']['online'], sysfs.cpu_list(online))

    def test_memory_and_kernel(self):
        pages = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // 1024
        self.assertAlmostEqual(self.document['memory']['totalKib'], pages, delta=pages // 50)
        self.assertEqual(self.document['kernel']['release'], os.uname().release)
        self.assertEqual(self.document['hostName'], os.uname().nodename)

    def test_the_nic_of_the_default_route_is_management(self):
        route = subprocess.run(['ip', '-json', 'route', 'show', 'default'], capture_output=True, text=True, check=False)
        devices = {route['dev'] for route in json.loads(route.stdout or '[]')}
        nics = {interface['name']: nic for nic in self.document['nics'] for interface in nic['interfaces']}
        if not devices & set(nics):
            self.skipTest('this machine has no default route over a PCI NIC')
        for device in devices & set(nics):
            self.assertIs(nics[device]['management'], True)
            self.assertEqual(nics[device]['managementChain'][-1], f'PCI {nics[device]["address"]}')


def answer_of(*command):
    """A foreign program's answer in English; the test is skipped where there is none."""
    if shutil.which(command[0]) is None:
        raise unittest.SkipTest(f'{command[0]} is not on PATH')
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, 'LC_ALL': 'C'}, timeout=60).stdout


class BesideOtherTools(ThisMachine):
    def test_lscpu(self):
        cpu = self.document['cpu']
        fields = {entry['field'].rstrip(':'): entry['data'] for entry in json.loads(answer_of('lscpu', '-J'))['lscpu']}
        self.assertEqual(cpu['online'], sysfs.cpu_list(sysfs.cpus(fields['On-line CPU(s) list'])))
        self.assertEqual((cpu['model'], self.document['kernel']['machine']), (fields['Model name'], fields['Architecture']))
        self.assertEqual(cpu['flags'], sorted(fields['Flags'].split()))
        rows = [line.split(',') for line in answer_of('lscpu', '-p=CPU,CORE,SOCKET,NODE').splitlines() if not line.startswith('#')]
        same_core = {}
        for number, core, socket, node in rows:
            same_core.setdefault((core, socket), []).append(int(number))
            one = next(one for one in cpu['cpus'] if one['id'] == int(number))
            self.assertEqual(str(one.get('node', '')), node)
        for members in same_core.values():
            for one in cpu['cpus']:
                if one['id'] in members:
                    self.assertEqual(one['siblings'], sysfs.cpu_list(members))

    def test_lspci(self):
        found = {}
        for record in answer_of('lspci', '-D', '-nnvmmk').split('\n\n'):
            tags = dict(line.split(':\t', 1) for line in record.splitlines() if ':\t' in line)
            number = {key: re.search(r'\[([0-9a-f]{4})\]$', tags[key]).group(1) for key in ('Class', 'Vendor', 'Device') if key in tags}
            if number.get('Class', '').startswith('02'):
                found[tags['Slot']] = (f'{number["Vendor"]}:{number["Device"]}', tags.get('Driver'))
        self.assertEqual({nic['address']: (nic['device'], nic['driver']) for nic in self.document['nics']}, found)

    def test_ip(self):
        links = {link['ifname']: link for link in json.loads(answer_of('ip', '-json', '-details', 'link', 'show'))}
        for interface in (interface for nic in self.document['nics'] for interface in nic['interfaces']):
            link = links[interface['name']]
            self.assertEqual((interface['macAddress'], interface['permanentMacAddress'], interface['mtu'], interface['state'].upper()),
                             (link['address'], link.get('permaddr', link['address']), link['mtu'], link['operstate']))


class OddHosts(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def files(self, files):
        for path, text in files.items():
            target = self.root / path.lstrip('/')
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def link(self, path, target):
        (self.root / path.lstrip('/')).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path.lstrip('/')).symlink_to(target)

    def report(self):
        document = inspect.report(Host(str(self.root)))
        self.assertEqual(schema_errors(document), [])
        return document

    def test_empty_root(self):
        document = self.report()
        self.assertEqual([key for key in ('nodes', 'nics', 'nicsComplete', 'distribution', 'iommu', 'hostName') if key in document], [])
        self.assertEqual((document['boot'], document['memory']), ({}, {}))

    def test_garbage_in_every_file(self):
        for part in ('cpu/online', 'cpu/cpu0/topology/thread_siblings_list', 'cpu/cpu0/topology/physical_package_id',
                     'node/node0/cpulist', 'node/node0/meminfo', 'node/node0/distance', 'node/node0/hugepages/hugepages-2048kB/nr_hugepages'):
            self.files({f'/sys/devices/system/{part}': '\x00?\n'})
        self.files({path: '?\n' for path in ('/proc/meminfo', '/proc/cpuinfo', '/etc/os-release', '/proc/cmdline')})
        self.files({f'/sys/bus/pci/devices/0000:03:00.0/{part}': 'x\n' for part in ('vendor', 'numa_node', 'sriov_totalvfs')})
        self.files({'/sys/bus/pci/devices/0000:03:00.0/class': '0x020000\n'})
        document = self.report()
        self.assertEqual(document['cpu']['cpus'][0], {'id': 0})
        self.assertEqual(document['nodes'], [{'id': 0, 'hugepages': [{'pageSizeKib': 2048}]}])
        nic = {key: value for key, value in document['nics'][0].items() if not key.startswith('management')}
        # What isn't there is null; what is there and can't be read is missing.
        self.assertEqual(nic, {'address': '0000:03:00.0', 'driver': None, 'interfaces': [], 'iommuGroup': None, 'physicalFunction': None})

    def test_nodes_with_gaps_without_cpus_or_memory(self):
        for node, cpus, memory in ((0, '0-1,256-257', 8388608), (2, '', 4194304), (8, '258', 0)):
            directory = f'/sys/devices/system/node/node{node}'
            self.files({f'{directory}/cpulist': cpus + '\n', f'{directory}/distance': '10 21 31\n',
                        f'{directory}/meminfo': f'Node {node} MemTotal:       {memory} kB\nNode {node} MemFree:        {memory // 2} kB\n'})
            if memory:
                self.files({f'{directory}/hugepages/hugepages-{size}kB/{name}': f'{count}\n' for size in (2048, 1048576)
                            for name, count in (('nr_hugepages', 4), ('free_hugepages', 3))})
        nodes = self.report()['nodes']
        self.assertEqual([(node['id'], node['cpus'], node['memoryKib']) for node in nodes],
                         [(0, '0-1,256-257', 8388608), (2, '', 4194304), (8, '258', 0)])
        self.assertEqual(nodes[0]['hugepages'], [{'pageSizeKib': 1048576, 'total': 4, 'free': 3}, {'pageSizeKib': 2048, 'total': 4, 'free': 3}])
        self.assertEqual(nodes[2]['hugepages'], [])

    def cpu(self, number, socket=None, core=None, siblings=None, node=None):
        directory = f'/sys/devices/system/cpu/cpu{number}'
        self.files({f'{directory}/uevent': ''})
        if siblings is not None:
            self.files({f'{directory}/topology/{name}': f'{value}\n' for name, value in (
                ('physical_package_id', socket), ('core_id', core), ('thread_siblings_list', siblings))})
        if node is not None:
            self.files({f'{directory}/node{node}/x': ''})

    def test_hybrid_offline_and_high_cpus(self):
        self.files({'/sys/devices/system/cpu/online': '1-3,300\n', '/sys/devices/system/cpu/present': '0-3,300\n',
                    '/sys/devices/system/cpu/isolated': '\n', '/sys/devices/system/cpu/cpufreq/x': '',
                    '/proc/cpuinfo': 'processor\t: 1\nvendor_id\t: GenuineIntel\nmodel name\t: A CPU @ 2.0GHz\nflags\t\t: sse pdpe1gb pse\n\n'
                                     'processor\t: 2\nmodel name\t: another\n'})
        self.cpu(0)
        self.cpu(1, 0, 0, '0-1', node=0)
        self.cpu(2, 0, 4, '2', node=0)
        self.cpu(3, -1, 4, '3', node=0)
        self.cpu(300, 1, 4, '300', node=1)
        cpu = self.report()['cpu']
        self.assertEqual((cpu['vendor'], cpu['model'], cpu['flags'], cpu['sockets'], cpu['online'], cpu['present'], cpu['isolated']),
                         ('GenuineIntel', 'A CPU @ 2.0GHz', ['pdpe1gb', 'pse', 'sse'], 2, '1-3,300', '0-3,300', ''))
        self.assertEqual([tuple(one.get(key) for key in ('id', 'online', 'node', 'socket', 'siblings')) for one in cpu['cpus']],
                         [(0, False, None, None, None), (1, True, 0, 0, '0-1'), (2, True, 0, 0, '2'), (3, True, 0, None, '3'),
                          (300, True, 1, 1, '300')])

    def test_firmware_that_puts_every_cpu_in_every_node(self):
        self.files({f'/sys/devices/system/node/node{node}/cpulist': '0-1\n' for node in (0, 1)})
        self.cpu(0, 0, 0, '0', node=0)
        self.cpu(1, 0, 1, '1')
        self.files({'/sys/devices/system/cpu/cpu0/node1/x': ''})
        self.assertEqual(['node' in cpu for cpu in self.report()['cpu']['cpus']], [False, False])

    def test_nic(self):
        nic = '/sys/bus/pci/devices/0000:3b:00.1'
        self.files({f'{nic}/{name}': f'{value}\n' for name, value in {
            'class': '0x020000', 'vendor': '0x8086', 'device': '0x1572', 'numa_node': '1', 'sriov_totalvfs': '64', 'sriov_numvfs': '2'}.items()})
        self.files({'/sys/bus/pci/devices/0000:3b:00.0/class': '0x010802\n', f'{nic}/net/ens1f1/operstate': 'up\n'})
        self.link(f'{nic}/driver', '../../drivers/i40e')
        self.link(f'{nic}/iommu_group', '../../../../kernel/iommu_groups/31')
        for member in ('0000:3b:00.0', '0000:3b:00.1'):
            self.files({f'/sys/kernel/iommu_groups/31/devices/{member}/x': ''})
        self.files({f'/sys/class/net/ens1f1/{name}': f'{value}\n' for name, value in {
            'operstate': 'up', 'address': '3c:fd:fe:00:00:01', 'mtu': 9000, 'carrier': 1, 'speed': 40000}.items()})
        self.link('/sys/class/net/ens1f1/device', '../../../bus/pci/devices/0000:3b:00.1')
        self.files({'/sys/firmware/acpi/tables/DMAR': '', '/sys/class/iommu/dmar0/x': ''})
        document = self.report()
        self.assertEqual(document['iommu'], {'acpiTables': ['DMAR'], 'units': ['dmar0'], 'groups': 1, 'enabled': True})
        found = document['nics'][0]
        self.assertIn(found.pop('management', None), (True, False, None))
        found.pop('managementChain')
        self.assertEqual(document['nics'], [{
            'address': '0000:3b:00.1', 'device': '8086:1572', 'driver': 'i40e', 'node': 1, 'physicalFunction': None,
            'iommuGroup': {'id': 31, 'members': ['0000:3b:00.0', '0000:3b:00.1']}, 'sriov': {'total': 64, 'configured': 2},
            'interfaces': [{'name': 'ens1f1', 'macAddress': '3c:fd:fe:00:00:01', 'permanentMacAddress': '3c:fd:fe:00:00:01', 'mtu': 9000, 'state': 'up', 'carrier': True, 'speedMbps': 40000}]}])

    def test_kinds_of_cpus(self):
        for cpu in (0, 1, 2):
            self.cpu(cpu, 0, cpu, str(cpu))
        self.files({'/sys/devices/cpu_core/cpus': '0-1\n', '/sys/devices/cpu_atom/cpus': '2\n',
                    '/sys/devices/system/cpu/cpu2/cpu_capacity': '623\n', '/sys/devices/system/cpu/nohz_full': '  (null)\n'})
        cpu = self.report()['cpu']
        self.assertEqual([one['kind'] for one in cpu['cpus']], ['performance', 'performance', 'efficiency'])
        self.assertEqual(cpu['cpus'][2]['capacity'], 623)
        # A kernel that was given none; one that has no such list.
        self.assertEqual((cpu['nohzFull'], cpu['isolated']), ('', None))

    def test_ports_of_a_bond_tell_their_own_address(self):
        for number, name in enumerate(('ens1f0', 'ens1f1')):
            self.files({f'/sys/bus/pci/devices/0000:3b:00.{number}/class': '0x020000\n',
                        f'/sys/class/net/{name}/address': '3c:fd:fe:00:00:10\n', f'/sys/class/net/{name}/operstate': 'up\n',
                        f'/sys/class/net/{name}/bonding_slave/perm_hwaddr': f'3c:fd:fe:00:00:1{number}\n'})
            self.link(f'/sys/class/net/{name}/device', f'../../../bus/pci/devices/0000:3b:00.{number}')
        interfaces = [nic['interfaces'][0] for nic in self.report()['nics']]
        self.assertEqual([one['macAddress'] for one in interfaces], ['3c:fd:fe:00:00:10'] * 2)
        self.assertEqual([one['permanentMacAddress'] for one in interfaces], ['3c:fd:fe:00:00:10', '3c:fd:fe:00:00:11'])

    def test_infiniband_and_links_that_are_down(self):
        self.files({'/sys/bus/pci/devices/0000:86:00.0/class': '0x020700\n', '/sys/class/net/ib0/operstate': 'down\n',
                    '/sys/class/net/ib0/address': ':'.join(['80'] * 20) + '\n', '/sys/class/net/ib0/speed': '-1\n'})
        self.link('/sys/class/net/ib0/device', '../../../bus/pci/devices/0000:86:00.0')
        self.assertEqual(self.report()['nics'][0]['interfaces'], [
            {'name': 'ib0', 'macAddress': None, 'permanentMacAddress': None, 'state': 'down', 'carrier': None, 'speedMbps': None}])

    def test_groups_of_the_unsafe_mode_are_no_iommu(self):
        nic = '/sys/bus/pci/devices/0000:3b:00.0'
        self.files({f'{nic}/class': '0x020000\n', '/sys/kernel/iommu_groups/0/name': 'vfio-noiommu\n'})
        self.link(f'{nic}/iommu_group', '../../../../kernel/iommu_groups/0')
        document = self.report()
        self.assertEqual((document['iommu']['enabled'], document['iommu']['groups']), (False, 0))
        self.assertIsNone(document['nics'][0]['iommuGroup'])

    def test_every_property_of_the_schema_is_told_of_some_host(self):
        """What no host ever tells would be a promise that nobody keeps."""
        self.test_nic()
        self.test_kinds_of_cpus()
        self.test_boot_and_arguments_without_passwords()
        self.files({f'/sys/devices/system/node/node0/{name}': text for name, text in {
            'cpulist': '0-2\n', 'distance': '10\n', 'hugepages/hugepages-2048kB/nr_hugepages': '4\n',
            'hugepages/hugepages-2048kB/free_hugepages': '4\n', 'meminfo': 'Node 0 MemTotal: 9 kB\nNode 0 MemFree: 8 kB\n'}.items()})
        self.files({'/proc/meminfo': 'MemTotal: 9 kB\n', '/proc/sys/kernel/hostname': 'edge-1\n', '/proc/sys/kernel/osrelease': '6.12\n',
                    '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '4\n', '/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages': '4\n',
                    '/sys/devices/system/cpu/online': '0-2\n', '/sys/devices/system/cpu/present': '0-2\n', '/sys/devices/system/cpu/isolated': '\n',
                    '/proc/cpuinfo': 'vendor_id: GenuineIntel\nmodel name: x\nflags: pse\n', '/sys/devices/system/cpu/cpu2/node0/x': ''})
        self.assertEqual(sorted(named(SCHEMA) - told(self.report()) - {'nics[].management'}), [])

    def test_boot_and_arguments_without_passwords(self):
        self.files({'/proc/cmdline': 'quiet rd.iscsi.password=hunter2 netroot=iscsi:me:hunter2@192.0.2.7::::iqn hugepagesz=1G hugepages=2\n',
                    '/boot/grub/grub.cfg': '', '/sys/firmware/efi/x': '',
                    '/etc/os-release': 'ID=ubuntu\nVERSION_ID="24.04"\nID_LIKE=debian\nPRETTY_NAME="Ubuntu 24.04 LTS"\n'})
        (self.root / 'sys/firmware/efi/efivars').mkdir()
        (self.root / 'sys/firmware/efi/efivars/SecureBoot-8be4df61').write_bytes(b'\x06\x00\x00\x00\x01')
        document = self.report()
        self.assertNotIn('hunter2', json.dumps(document))
        self.assertEqual(document['kernel']['arguments'][-2:], ['hugepagesz=1G', 'hugepages=2'])
        self.assertEqual(document['boot'], {'firmware': 'uefi', 'secureBoot': True, 'loader': 'grub'})
        self.assertEqual(document['distribution'], {'id': 'ubuntu', 'version': '24.04', 'name': 'Ubuntu 24.04 LTS', 'like': ['debian']})

    def test_equal_hosts_give_equal_bytes(self):
        self.cpu(0, 0, 0, '0')
        self.assertEqual(json.dumps(self.report()), json.dumps(self.report()))


def named(schema, place=''):
    """The places of all properties in the schema."""
    places = set()
    for part in [schema, *schema.get('anyOf', [])]:
        for name, member in part.get('properties', {}).items():
            inner = f'{place}.{name}'.lstrip('.')
            places |= {inner} | named(member, inner)
        if 'items' in part:
            places |= named(part['items'], place + '[]')
    return places


def told(value, place=''):
    """The places of all properties in a document."""
    if isinstance(value, list):
        return set().union(*(told(member, place + '[]') for member in value))
    places = set()
    if isinstance(value, dict):
        for name, member in value.items():
            inner = f'{place}.{name}'.lstrip('.')
            places |= {inner} | told(member, inner)
    return places


class CpuLists(unittest.TestCase):
    def test_both_ways(self):
        for text, numbers in (('', []), ('0', [0]), ('0-2,5', [0, 1, 2, 5]), ('255-257', [255, 256, 257])):
            self.assertEqual(sysfs.cpus(text + '\n'), numbers)
            self.assertEqual(sysfs.cpu_list(numbers), text)
        self.assertIsNone(sysfs.cpus('x'))
        self.assertIsNone(sysfs.cpus(None))


if __name__ == '__main__':
    unittest.main()
