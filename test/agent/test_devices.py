"""Hugepages and NIC drivers."""
import json
import unittest

from machine import DATA, MANAGEMENT, NICS, Failure, MachineTest, host_class, nic, plan

from dataplane_host import nics
from dataplane_host.state import State

IOMMU = ["intel_iommu=on"]


class Hugepages(MachineTest):
    def pages(self, node=0, size=2048):
        return int(self.machine.read(f"/sys/devices/system/node/node{node}/hugepages/hugepages-{size}kB/nr_hugepages"))

    def wanted(self, count, node=0, size=2048):
        return plan(hugepages=[{"pageSizeKib": size, "node": node, "count": count}])

    def test_asked_for_and_given_back(self):
        self.machine.write("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "3\n")
        self.agent("apply", plan=self.wanted(64))
        self.assertEqual(self.pages(), 64)
        self.agent("apply", plan=self.wanted(16))
        self.assertEqual(self.pages(), 16, "what we made is ours to give back")
        self.agent("undo")
        self.assertEqual(self.pages(), 3)

    def test_more_than_wanted_is_no_fault_and_not_ours(self):
        self.machine.write("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "100\n")
        self.agent("apply", plan=self.wanted(64))
        self.agent("undo")
        self.assertEqual(self.pages(), 100)

    def test_too_few_names_asked_and_got_per_node(self):
        self.machine.refused_pages = {1: 2}
        said = self.problem(self.agent("apply", code=1, plan=self.wanted(8, node=1)))
        for part in ("node1/2048kB", "pages asked: 8, got: 2", "node 0: 0, node 1: 2"):
            self.assertIn(part, said)
        self.agent("verify", code=1)
        self.agent("undo")
        self.assertEqual(self.pages(1), 0)

    def test_whole_host(self):
        self.agent("apply", plan=self.wanted(8, node=None))
        self.assertEqual(self.machine.read("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"), "8\n")


class InstalledGuard(MachineTest):
    """What the installed edition has in place of the guard: it looks up from the NIC."""

    def use(self):
        return " <- ".join(self.chain(DATA))

    def chain(self, address):
        host = host_class(self.machine)()
        State(host)
        return nics.use_of(host, address)

    def test_free(self):
        self.assertEqual(self.use(), "")
        self.machine._set_link("ens4", "up")
        self.assertEqual(self.use(), "")
        self.machine._bind(DATA, "vfio-pci")
        self.assertEqual(self.use(), "")

    def test_management_itself(self):
        self.assertIn("address 10.0.2.15", self.chain(MANAGEMENT))

    def test_our_own_port_names_it(self):
        self.deploy(plan(IOMMU, nics=[nic()]))
        self.machine._bind(DATA, "e1000e", "ens4")  # as after a reboot
        self.machine.command_ovs_vsctl = lambda *words: f'name: uplink\noptions: {{dpdk-devargs="{DATA}"}}\n'
        self.assertEqual(self.use(), "")

    def test_disguises(self):
        def shown(**more):
            """`ip address` says more of the NIC, or of a link above it."""
            real = self.machine.command_ip

            def command_ip(*words):
                text = real(*words)
                if "address" not in words:
                    return text
                links = json.loads(text)
                if "ifname" in more:
                    links.append(more)
                else:
                    next(link for link in links if link["ifname"] == "ens4").update(more)
                return json.dumps(links)
            self.machine.command_ip = command_ip

        def vlan():
            shown(ifname="ens4.5", link="ens4")
            return "ens4.5 <- ens4 <- PCI 0000:00:04.0"

        def bond():
            shown(master="bond0")
            return "master bond0 <- ens4 <- PCI 0000:00:04.0"

        def express_data_path():
            shown(xdp={"mode": 1})
            return "xdp {'mode': 1} <- ens4"

        def named_by_mac_in_netplan():
            shown(address=NICS[DATA]["mac"])
            self.machine.write("/etc/netplan/50-cloud-init.yaml", f"match: {{macaddress: '{NICS[DATA]['mac'].upper()}'}}\n")
            return "persistent configuration <- ens4"

        def named_in_networkd():
            self.machine.write("/etc/systemd/network/10-data.network", "[Match]\nName=ens4\n")
            return "persistent configuration <- ens4"

        def other_function_of_its_group():
            for address in (DATA, MANAGEMENT):
                self.machine.write(f"/sys/kernel/iommu_groups/7/devices/{address}", "")
                self.machine.link(f"/sys/bus/pci/devices/{address}/iommu_group", "../../../../kernel/iommu_groups/7")
            return "address 10.0.2.15 <- ens3 <- PCI 0000:00:04.0"

        def ipv6_only():
            self.machine.addresses["ens4"] = ["fd00::4/64"]
            return "address fd00::4 <- ens4"

        def only_a_route():
            real = self.machine.command_ip
            self.machine.command_ip = lambda *words: json.dumps(
                [{"dst": "default", "dev": "ens4", "table": "7"}]) if "route" in words and "-4" in words else real(*words)
            return "route default <- ens4"

        def next_hop_of_a_group():
            real = self.machine.command_ip
            self.machine.command_ip = lambda *words: json.dumps([{"id": 1, "dev": "ens4"}]) if "nexthop" in words else real(*words)
            return "route group <- ens4"

        def link_local_session():
            self.machine.command_ss = lambda *words: "0 0 [fe80::1%ens4]:22 [fe80::2]:50000\n"
            return "session over a link-local address <- ens4"

        def open_vswitch():
            self.machine.command_ovs_vsctl = lambda *words: "name: br0\noptions: {}\n\nname: ens4\noptions: {}\n"
            return "Open vSwitch <- ens4"

        def open_vswitch_by_pci_address():
            self.machine.command_ovs_vsctl = lambda *words: f'name: nic0\noptions: {{dpdk-devargs="{DATA}"}}\n'
            return "Open vSwitch <- 0000:00:04.0"

        def open_vswitch_that_does_not_answer():
            self.machine.write("/etc/openvswitch/conf.db", "")
            self.machine.command_ovs_vsctl = lambda *words: failed("ovs-vsctl: database connection failed")
            return "Open vSwitch doesn't answer <- ens4"

        def pppoe():
            self.machine.write("/proc/net/pppoe", "Id Address Device\n0001 00:00:00:00:00:01 ens4\n")
            return "PPPoE <- ens4"

        def another_namespace():
            import shutil
            shutil.rmtree(self.machine.root / f"sys/bus/pci/devices/{DATA}/net")
            shutil.rmtree(self.machine.root / "sys/class/net/ens4")
            return "another network namespace"

        def virtual_function():
            self.machine.link("/sys/bus/pci/devices/0000:00:05.0/physfn", f"../{DATA}")
            return "virtual function 0000:00:05.0 <- 0000:00:04.0"

        def failed(text):
            raise Failure(text)

        for disguise in (vlan, bond, express_data_path, named_by_mac_in_netplan, named_in_networkd, other_function_of_its_group,
                         ipv6_only, only_a_route, next_hop_of_a_group, link_local_session, open_vswitch, open_vswitch_by_pci_address,
                         open_vswitch_that_does_not_answer, pppoe, another_namespace, virtual_function):
            with self.subTest(disguise.__name__):
                self.setUp()
                expected = disguise()
                self.assertIn(expected, self.use())


class Nics(MachineTest):
    def setUp(self):
        super().setUp()
        self.deploy(plan(IOMMU))

    def wanted(self, *requests):
        return plan(IOMMU, nics=requests)

    def test_bound_and_given_back_with_name_state_and_address(self):
        self.machine._set_link("ens4", "up")
        self.machine.kernel_name = {DATA: "eth0"}
        before = self.machine.kernel()
        self.agent("apply", plan=self.wanted(nic(mac=NICS[DATA]["mac"])))
        self.assertEqual(self.machine.driver(DATA), "vfio-pci")
        self.assertEqual(self.machine.read(f"/sys/bus/pci/devices/{DATA}/driver_override"), "vfio-pci\n")
        self.assertFalse(self.agent("apply")["changed"], "the MAC is known from the record now")
        self.agent("undo")
        self.assertEqual(self.machine.kernel(), before)

    def test_management_is_refused_with_the_chain(self):
        said = self.problem(self.agent("apply", code=1, plan=self.wanted(nic(MANAGEMENT))))
        self.assertIn("refused: this NIC carries management", said)
        self.assertIn("default route (IPv4, table main) <- ens3", said)
        self.assertEqual(self.machine.driver(MANAGEMENT), "virtio-pci")

    def test_another_device_is_refused(self):
        said = self.problem(self.agent("apply", code=1, plan=self.wanted(nic(device="8086:1572"))))
        self.assertIn("device 8086:1572 is planned, the host has", said)
        self.assertIn("8086:10d3", said)
        said = self.problem(self.agent("apply", code=1, plan=self.wanted(nic(mac="52:54:00:00:00:05"))))
        self.assertIn("52:54:00:00:00:04", said)
        self.assertEqual(self.machine.driver(DATA), "e1000e")

    def test_a_card_that_moved_is_refused(self):
        self.agent("apply", plan=self.wanted(nic()))
        self.machine.write(f"/sys/bus/pci/devices/{DATA}/device", "0x1572\n")
        self.assertIn("was 8086:10d3 when it was bound", self.problem(self.agent("verify", code=1)))
        self.assertIn("another device than the recorded one", self.problem(self.agent("undo", code=1)))

    def test_the_iommu_group_must_be_free(self):
        self.machine.write(f"/sys/kernel/iommu_groups/2/devices/{MANAGEMENT}", "")
        self.machine.link(f"/sys/bus/pci/devices/{MANAGEMENT}/iommu_group", "../../../../kernel/iommu_groups/2")
        said = self.problem(self.agent("apply", code=1, plan=self.wanted(nic())))
        self.assertIn("carries management", said, "the guard sees the group too")
        for other, code in (("0x060400", 0), ("0x010000", 1)):  # a bridge stays with the kernel, a disk controller doesn't
            with self.subTest(other):
                self.setUp()
                self.machine.write("/sys/kernel/iommu_groups/2/devices/0000:00:1f.0", "")
                self.machine.write("/sys/bus/pci/devices/0000:00:1f.0/class", other + "\n")
                self.machine.write("/sys/bus/pci/drivers/ahci/unbind", "")
                self.machine.link("/sys/bus/pci/devices/0000:00:1f.0/driver", "../../drivers/ahci")
                report = self.agent("apply", code=code, plan=self.wanted(nic()))
                if code:
                    self.assertIn("0000:00:1f.0 (ahci)", self.problem(report))
                    self.assertEqual(self.machine.driver(DATA), "e1000e")

    def test_without_iommu(self):
        self.setUp = None
        MachineTest.setUp(self)
        said = self.problem(self.agent("apply", code=1, plan=plan(nics=[nic()])))
        self.assertIn("no IOMMU group", said)
        self.assertEqual(self.machine.driver(DATA), "e1000e")

    def test_a_failed_binding_is_said(self):
        self.machine.binding_fails = True
        self.assertIn("asked for driver vfio-pci, got None", self.problem(self.agent("apply", code=1, plan=self.wanted(nic()))))
        self.machine.binding_fails = False
        self.agent("apply")
        self.agent("undo")
        self.assertEqual(self.machine.kernel()["drivers"][DATA], "e1000e")

    def test_a_planned_kernel_driver_gives_ours_back(self):
        self.agent("apply", plan=self.wanted(nic(mac=NICS[DATA]["mac"])))
        self.agent("apply", plan=self.wanted(nic(driver=None, mac=NICS[DATA]["mac"])))
        self.assertEqual(self.machine.driver(DATA), "e1000e")
        self.agent("verify")

    def test_a_planned_kernel_driver_that_others_took(self):
        self.machine._bind(DATA, "vfio-pci")
        self.assertIn("keeps the kernel driver", self.problem(self.agent("apply", code=1, plan=self.wanted(nic(driver=None)))))

    def test_uio_under_lockdown(self):
        self.machine.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        self.assertIn("lockdown", self.problem(self.agent("apply", code=1, plan=self.wanted(nic(driver="uio_pci_generic")))))

    def test_bifurcated(self):
        self.machine.write(f"/sys/bus/pci/devices/{DATA}/vendor", "0x15b3\n")
        self.assertIn("stay on their kernel driver", self.problem(self.agent("apply", code=1, plan=self.wanted(nic()))))

    def test_detached_from_open_vswitch_before_the_driver_changes(self):
        self.agent("apply", plan=self.wanted(nic()))
        self.machine.write("/run/openvswitch/ovs-vswitchd.pid", "1")
        self.machine.write("/run/openvswitch/db.sock", "")
        order = []
        self.machine.command_ovs_appctl = lambda *words: order.append((self.machine.driver(DATA), words)) or "detached"
        self.agent("undo")
        self.assertEqual(order, [("vfio-pci", ("--timeout=30", "netdev-dpdk/detach", DATA))])

    def test_open_vswitch_that_keeps_the_device_stops_it(self):
        self.agent("apply", plan=self.wanted(nic()))
        self.machine.write("/run/openvswitch/ovs-vswitchd.pid", "1")

        def busy(*words):
            raise Failure("Device '0000:00:04.0' is being used by the following interfaces: dpdk0")

        self.machine.command_ovs_appctl = busy
        self.assertIn("being used by", self.problem(self.agent("undo", code=1)))
        self.assertEqual(self.machine.driver(DATA), "vfio-pci")


if __name__ == "__main__":
    unittest.main()
