"""The installed edition, minified, does what the sources do, as far as it goes; and the full one takes over from it."""
import contextlib
import io
import json
import tempfile
import unittest

import edition
from machine import DATA, MANAGEMENT, Crash, MachineTest, Rebooting, full_plan, host_class, nic

from dataplane_host import install

OWN = {install.ZIPAPP.lstrip("/"), install.PLAN.lstrip("/")}


def setUpModule():
    global INSTALLED
    folder = tempfile.TemporaryDirectory(prefix="dataplane-host-")
    unittest.addModuleCleanup(folder.cleanup)
    INSTALLED = edition.Installed(folder.name)


class InstalledEdition(MachineTest):
    def installed(self, *words, code=0):
        """Runs a command of the installed edition; what it said is in self.said."""
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                result = INSTALLED.cli.main(list(words), host_class(self.machine, INSTALLED))
        finally:
            self.said = said.getvalue()
        self.assertEqual(result, code, self.said)
        return self.said

    def seed(self, plan):
        """What cloud-init writes."""
        self.machine.write(install.ZIPAPP, "the agent", 0o755)
        self.machine.write(install.PLAN, install.installed_text(plan))

    def build(self, plan):
        """As a host builds itself: one apply, one reboot, then the units."""
        self.seed(plan)
        self.installed("apply")
        self.installed("needs-reboot")
        self.machine.reboot()
        self.start()

    def start(self):
        self.installed("apply", "--stage", "devices")
        self.installed("apply", "--at-boot")
        self.installed("verify")

    def host(self):
        """Files, state and kernel, without the agent's own files."""
        files = {path: value for path, value in self.machine.files().items() if path not in OWN and path.rpartition("/")[0] not in OWN}
        return files, self.machine.kernel()

    def other_machine(self):
        other = MachineTest()
        other.setUp()
        self.addCleanup(other.doCleanups)
        return other


class TheSameHost(InstalledEdition):
    def by_sources(self):
        """What the sources make of the same machine and plan."""
        other = self.other_machine()
        other.deploy(full_plan())
        files = {path: value for path, value in other.machine.files().items() if path not in OWN}
        return files, other.machine.kernel()

    def test_files_state_and_kernel_are_those_that_the_sources_make(self):
        self.build(full_plan())
        self.assertIn("every fact of the plan holds", self.said)
        (files, kernel), (expected, expected_kernel) = self.host(), self.by_sources()
        self.assertEqual(kernel, expected_kernel)
        self.assertEqual(set(files), set(expected))
        self.assertEqual({path for path in files if files[path] != expected[path]}, set())
        self.assertEqual(self.machine.boots, 2)

    def test_again_and_after_a_reboot_nothing_is_written(self):
        self.build(full_plan())
        before = self.machine.files(times=True)
        self.assertIn("nothing to change", self.installed("apply"))
        self.installed("needs-reboot", code=1)
        self.machine.reboot()
        self.start()
        self.assertEqual(self.machine.driver(DATA), "vfio-pci")
        self.assertEqual(self.machine.files(times=True), before)

    def test_the_sources_find_nothing_to_change_but_the_agent_and_undo_it_all(self):
        pristine = self.machine.files()
        self.build(full_plan())
        report = self.agent("plan", plan=full_plan())
        self.assertEqual([change["kind"] for change in report["changes"]], ["agent"])
        self.agent("undo")
        now = self.machine.files()
        self.assertEqual({path for path in {*pristine, *now} if pristine.get(path) != now.get(path)}, {"var/lib/apt/lists"})

    def test_power_cuts(self):
        """Before each write and each command, and within each write: the host ends as without them."""
        self.build(full_plan())
        expected, operations = self.host(), self.machine.operations
        for number in range(1, operations + 1):
            with self.subTest(operation=number):
                other = type(self)("test_power_cuts")
                other.setUp()
                try:
                    other.machine.crash_at = number
                    try:
                        other.build(full_plan())
                    except Crash:
                        other.machine.crash_at = None
                        other.machine.reboot()
                        other.finish()
                        other.start()
                    files, kernel = other.host()
                    self.assertEqual(kernel, expected[1])
                    without_state = [{path: value for path, value in found.items() if "state.json" not in path}
                                     for found in (files, expected[0])]
                    self.assertEqual(*without_state)
                finally:
                    other.doCleanups()

    def finish(self):
        if self.machine.read(install.PLAN) is None:
            self.seed(full_plan())  # cloud-init writes its files again
        for _ in range(3):
            try:
                said = self.installed("apply", "--at-boot")
            except AssertionError:
                # Cut off in the trial boot before the agent wrote a word: it can't know that the boot was good.
                self.assertIn("tried and failed", self.said)
                self.agent("apply", "--retry-boot", plan=full_plan())
                said = "reboot required"
            if "reboot required" not in said:
                return
            self.machine.reboot()
        self.fail("no end of reboots")


class Refusals(InstalledEdition):
    def test_a_nic_that_is_used(self):
        self.seed(full_plan(nics=[nic(MANAGEMENT)]))
        before = self.machine.files(times=True)
        said = self.installed("apply", code=1).splitlines()
        self.assertIn(f"error: NIC uplink ({MANAGEMENT}): refused: this NIC is in use: address 10.0.2.15 <- ens3", said[0])
        self.assertIn("remedy: `verify` of the full edition", said[1])
        self.assertEqual(self.machine.files(times=True), before)

    def test_another_device_than_planned(self):
        self.seed(full_plan(nics=[nic(mac="52:54:00:00:00:99")]))
        self.assertIn("macAddress 52:54:00:00:00:99 is planned, the host has: 52:54:00:00:00:04", self.installed("apply", code=1))

    def test_boot_arguments_that_do_not_boot(self):
        self.machine.broken_arguments = ("nohz_full=2-3",)
        self.seed(full_plan())
        self.installed("apply")
        self.machine.reboot()
        self.assertNotIn("nohz_full", self.machine.read("/proc/cmdline"))
        self.assertIn("the boot arguments were tried and failed", self.installed("apply", "--at-boot", code=1))
        self.installed("needs-reboot", code=1)

    def test_management_that_does_not_come_back_reboots_into_the_old_entry(self):
        self.machine.no_management = ("iommu=pt",)
        self.seed(full_plan())
        self.installed("apply")
        self.machine.reboot()
        with self.assertRaises(Rebooting):
            self.installed("apply", "--at-boot")
        self.machine.reboot()
        self.assertNotIn("iommu", self.machine.read("/proc/cmdline"))
        self.assertIn("management didn't come back", self.installed("apply", "--at-boot", code=1))

    def test_hugepages_that_do_not_fit(self):
        plan = full_plan()
        plan["stages"]["devices"]["hugepages"][0]["count"] = 1_000_000
        self.seed(plan)
        before = self.machine.files(times=True)
        self.assertRegex(self.installed("apply", code=1), r"error: node \d: hugepages don't fit: asked: \d+ of \d+ MiB")
        self.assertEqual(self.machine.files(times=True), before)

    def test_too_few_hugepages(self):
        self.machine.refused_pages = {1: 2}
        self.seed(full_plan())
        self.installed("apply")
        self.machine.reboot()
        self.assertIn("pages asked: 64, got: 2: node 0: 0, node 1: 2", self.installed("apply", code=1))

    def test_no_plan_another_plan_and_a_broken_state(self):
        self.assertIn("there is no plan", self.installed("apply", code=1))
        self.seed({**full_plan(), "version": 2})
        self.assertIn("a version that this agent doesn't know", self.installed("verify", code=1))
        self.seed(full_plan())
        self.machine.write("/var/lib/dataplane-host/state.json", json.dumps({"version": 9, "records": []}))
        self.assertIn("state.json", self.installed("apply", code=1))


if __name__ == "__main__":
    unittest.main()
