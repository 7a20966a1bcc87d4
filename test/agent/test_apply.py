"""The whole way through the core's stages: apply, reboot, apply, again, undo; and power cuts at every point of it."""
import os
import unittest

from machine import DATA, MANAGEMENT, NICS, Crash, MachineTest, Rebooting, full_plan, nic, plan


class TheWholeWay(MachineTest):
    def test_one_reboot_and_then_everything_holds(self):
        first = self.agent("apply", plan=full_plan())
        self.assertTrue(first["rebootRequired"])
        self.assertEqual({change["stage"] for change in first["changes"]}, {"agent", "packages", "boot"})
        self.assertEqual(self.machine.driver(DATA), "e1000e", "the devices wait for the boot arguments")
        self.agent("needs-reboot")
        self.machine.reboot()
        second = self.agent("apply")
        self.assertFalse(second["rebootRequired"])
        self.assertEqual(self.machine.boots, 2)
        self.assertEqual(self.machine.driver(DATA), "vfio-pci")
        self.assertEqual(self.machine.driver(MANAGEMENT), "virtio-pci")
        self.assertEqual(self.agent("verify")["problems"], [])
        self.agent("needs-reboot", code=1)

    def test_the_second_apply_writes_nothing(self):
        self.deploy(full_plan())
        before, calls = self.machine.files(times=True), len(self.machine.calls)
        report = self.agent("apply", plan=full_plan())
        self.assertEqual((report["changed"], report["changes"]), (False, []))
        self.assertEqual(self.machine.files(times=True), before)
        changing = {"update-grub", "grub-reboot", "grub-editenv", "modprobe", "apt-get", "systemctl", "sync"}
        self.assertEqual([call for call in self.machine.calls[calls:] if call[0] in changing], [])

    def test_plan_and_verify_change_nothing(self):
        before = self.machine.files(times=True)
        report = self.agent("plan", plan=full_plan())
        self.assertTrue(report["rebootRequired"])
        kinds = {change["kind"] for change in report["changes"]}
        self.assertEqual(kinds, {"agent", "plan", "systemd-units", "packages", "kernel-modules", "kernel-arguments",
                                 "hugepages", "nic-driver"})
        self.agent("verify", plan=full_plan(), code=1)
        self.assertEqual(self.machine.files(times=True), before)

    def test_undo_gives_back_every_file(self):
        files, kernel = self.machine.files(), self.machine.kernel()
        self.deploy(full_plan())
        report = self.agent("undo")
        self.assertTrue(report["changed"])
        self.assertTrue(report["rebootRequired"], "the running kernel still has our arguments")
        self.assertIn("intel_iommu=on", report["rebootReasons"][0])
        self.assertEqual(self.differences(files), {"var/lib/apt/lists"})
        self.machine.reboot()
        self.assertEqual(self.machine.kernel(), kernel)
        self.assertEqual(self.agent("undo")["changed"], False)

    def differences(self, files):
        """Paths that differ; the package lists are apt's, whoever made it read them."""
        now = self.machine.files()
        return {path for path in {*files, *now} if files.get(path) != now.get(path)}

    def test_undo_before_the_reboot(self):
        files = self.machine.files()
        self.agent("apply", plan=full_plan())
        self.assertFalse(self.agent("undo")["rebootRequired"])
        self.assertEqual(self.differences(files), {"var/lib/apt/lists"})
        self.machine.reboot()
        self.assertNotIn("intel_iommu", self.machine.read("/proc/cmdline"))

    def test_a_retired_plan_is_undone_once(self):
        files = self.machine.files()
        self.deploy(full_plan())
        shown = self.agent("plan", plan=full_plan(retired=True))
        done = self.agent("apply", plan=full_plan(retired=True))
        self.assertEqual([(change["kind"], change["key"]) for change in shown["changes"]],
                         [(change["kind"], change["key"]) for change in done["changes"]])
        self.assertEqual(self.differences(files), {"var/lib/apt/lists"})
        self.assertFalse(self.agent("apply", plan=full_plan(retired=True))["changed"])

    def test_after_a_plain_reboot_the_units_bring_everything_back(self):
        self.deploy(full_plan())
        self.machine.reboot()
        self.assertEqual(self.machine.driver(DATA), "e1000e")
        before = self.machine.files(times=True)
        self.agent("apply", "--stage", "devices")
        self.assertEqual(self.machine.driver(DATA), "vfio-pci")
        self.assertEqual(self.agent("apply", "--at-boot")["changed"], False)
        self.assertEqual(self.agent("verify")["problems"], [])
        self.assertEqual(self.machine.files(times=True), before, "the record is of before, not of this boot")

    def test_what_the_plan_no_longer_names_is_given_back(self):
        files = self.machine.files()
        self.deploy(full_plan())
        self.deploy(plan(packages=[{"name": "openvswitch-switch-dpdk"}]))
        self.assertEqual(self.machine.driver(DATA), "e1000e")
        self.assertIsNone(self.machine.read("/etc/default/grub.d/zz-dataplane-host.cfg"))
        self.assertIsNone(self.machine.read("/etc/systemd/system/dataplane-host-devices.service"))
        packages = self.machine.packages()
        self.assertIn("openvswitch-switch-dpdk", packages)
        self.assertNotIn("librte-net-e1000-25", packages)
        self.assertNotIn("librte-net-ice25", packages)
        self.agent("undo")
        self.assertEqual(self.differences(files), {"var/lib/apt/lists"})

    def test_one_stage_only(self):
        self.agent("apply", "--stage", "packages", plan=full_plan())
        self.assertIn("librte-net-e1000-25", self.machine.packages())
        self.assertNotIn("dataplane", self.machine.read("/boot/grub/grub.cfg"))

    def test_every_problem_at_once_and_nothing_changed(self):
        before = self.machine.files(times=True)
        report = self.agent("apply", code=1, plan=full_plan(
            boot_arguments=["isolcpus=9", "hugepagesz=1G", "hugepages=7:1"],
            hugepages=[{"pageSizeKib": GIB_16, "node": 0, "count": 1}, {"pageSizeKib": 2048, "node": 5, "count": 1}],
            nics=[nic(MANAGEMENT), nic("0000:09:00.0"), nic(mac="52:54:00:00:00:99")]))
        said = [f"{problem['where']} {problem['what']} {problem['value']}" for problem in report["problems"]]
        for part in ("lacks CPU 9", "lacks NUMA node 7", "lacks this page size", "lacks NUMA node 5",
                     "carries management default route", "0000:09:00.0) there is no PCI device", "52:54:00:00:00:99 is planned"):
            self.assertTrue(any(part in text for text in said), (part, said))
        self.assertEqual(self.machine.files(times=True), before)


GIB_16 = 16 << 20


class PowerCuts(MachineTest):
    """The power is cut before each write and each command (and within each write), then the machine starts again."""

    def way(self, number=None):
        """Deploys with a power cut at one operation, and finishes the way people would; then undoes."""
        machine = self.machine
        machine.crash_at, machine.operations = number, 0
        try:
            self.deploy(full_plan())
        except Crash:
            machine.crash_at = None
            machine.reboot()
            self.finish()
        return machine.operations

    def finish(self):
        options = ()
        for _ in range(3):
            try:
                report = self.agent("apply", *options, plan=full_plan())
            except AssertionError:
                # Cut off in the trial boot before the agent wrote a word: it can't know that the boot was good.
                self.assertIn("tried and failed", self.said)
                self.unnoticed += 1
                options = ("--retry-boot",)
                continue
            options = ()
            if not report["rebootRequired"]:
                return
            self.machine.reboot()
        self.fail("no end of reboots")

    unnoticed = 0

    def test_apply_goes_on_after_a_power_cut_anywhere(self):
        pristine = self.machine.files()
        count = self.way()
        deployed = self.machine.files()
        self.agent("undo")
        self.assertGreater(count, 60)
        for number in range(1, count + 1):
            with self.subTest(operation=number):
                self.setUp()
                self.way(number)
                self.assertEqual(self.agent("verify")["problems"], [])
                self.assertEqual(self.essence(deployed), self.essence(self.machine.files()))
                self.assertEqual(self.agent("apply", plan=full_plan())["changes"], [])
                self.agent("undo")
                self.assertEqual({**self.machine.files(), "var/lib/apt/lists": None}, {**pristine, "var/lib/apt/lists": None})
        self.assertLess(self.unnoticed, count // 6)

    def essence(self, files):
        """Without the state's bookkeeping (boot ids, what a later boot found), which has its own tests."""
        return {path: value for path, value in files.items() if path != "var/lib/dataplane-host/state.json"}

    def test_undo_goes_on_after_a_power_cut_anywhere(self):
        pristine = self.machine.files()
        self.deploy(full_plan())
        self.machine.operations = 0
        self.agent("undo")
        count = self.machine.operations
        self.assertGreater(count, 20)
        for number in range(1, count + 1):
            with self.subTest(operation=number):
                self.setUp()
                self.deploy(full_plan())
                self.machine.crash_at, self.machine.operations = number, 0
                with self.assertRaises(Crash):
                    self.agent("undo")
                self.machine.crash_at = None
                self.machine.reboot()
                self.agent("undo")
                self.assertEqual({**self.machine.files(), "var/lib/apt/lists": None}, {**pristine, "var/lib/apt/lists": None})
                self.assertEqual(self.machine.driver(DATA), NICS[DATA]["driver"])


if __name__ == "__main__":
    unittest.main()
