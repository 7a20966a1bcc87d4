"""Hugepages and NIC drivers."""
import json
import unittest

from machine import DATA, MANAGEMENT, NICS, Failure, MachineTest, host_class, nic, plan

from dataplane_host import nics

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
        for part in ("node1/2048kB", "asked for 8 pages, got 2", "node 0: 0, node 1: 2"):
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
        machine = self.machine
        return " <- ".join(nics.use_of(host_class(machine)(), DATA))

    def test_free(self):
        self.assertEqual(self.use(), "")
        self.machine._set_link("ens4", "up")
        self.assertEqual(self.use(), "")
        self.machine._bind(DATA, "vfio-pci")
        self.assertEqual(self.use(), "")

    def test_management_itself(self):
        self.assertIn("10.0.2.15", " ".join(nics.use_of(host_class(self.machine)(), MANAGEMENT)))

    def test_disguises(self):
        def above(*names):
            for lower, upper in zip(("ens4",) + names, names):
                self.machine.write(f"/sys/class/net/{lower}/upper_{upper}", "")
                self.machine.write(f"/sys/class/net/{upper}/address", "")
                self.machine.up[upper], self.machine.addresses[upper] = True, []

        def vlan_on_bond():
            above("bond0", "bond0.5")
            self.machine.addresses["bond0.5"] = ["10.9.9.9/24"]
            return "address 10.9.9.9 <- bond0.5 <- bond0 <- ens4 <- PCI 0000:00:04.0"

        def ipv6_only():
            self.machine.addresses["ens4"] = ["fd00::4/64"]
            return "address fd00::4 <- ens4"

        def vrf():
            above("vrf0")
            real = self.machine.command_ip
            self.machine.command_ip = lambda *words: json.dumps(
                [{"dst": "default", "dev": "ens4", "table": "7"}]) if "route" in words and "-4" in words else real(*words)
            return "route default <- ens4"

        def link_local_session():
            self.machine.command_ss = lambda *words: "0 0 [fe80::1%ens4]:22 [fe80::2]:50000\n"
            return "session over a link-local address <- ens4"

        def open_vswitch():
            self.machine.command_ovs_vsctl = lambda *words: "br0\n" if words[-1] == "ens4" else failed("no port")
            return "Open vSwitch br0 <- ens4"

        def open_vswitch_that_does_not_answer():
            self.machine.write("/etc/openvswitch/conf.db", "")
            self.machine.command_ovs_vsctl = lambda *words: failed("ovs-vsctl: database connection failed")
            return "database connection failed <- ens4"

        def pppoe():
            self.machine.write("/proc/net/pppoe", "Id Address Device\n0001 00:00:00:00:00:01 ens4\n")
            return "PPPoE <- ens4"

        def another_namespace():
            import shutil
            shutil.rmtree(self.machine.root / f"sys/bus/pci/devices/{DATA}/net")
            shutil.rmtree(self.machine.root / "sys/class/net/ens4")
            return "another network namespace"

        def virtual_function():
            self.machine.write("/sys/bus/pci/devices/0000:00:05.0/net/ens5", "")
            self.machine.write("/sys/class/net/ens5/address", "")
            self.machine.link("/sys/bus/pci/devices/0000:00:05.0/physfn", f"../{DATA}")
            self.machine.link("/sys/class/net/ens5/device", "../../../bus/pci/devices/0000:00:05.0")
            self.machine.up["ens5"], self.machine.addresses["ens5"] = True, ["10.8.8.8/24"]
            return "address 10.8.8.8 <- ens5"

        def failed(text):
            raise Failure(text)

        for disguise in (vlan_on_bond, ipv6_only, vrf, link_local_session, open_vswitch, open_vswitch_that_does_not_answer,
                         pppoe, another_namespace, virtual_function):
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
