"""Packages: names found, what came newly is purged again, nothing else."""
import unittest

from machine import DATA, MANAGEMENT, MachineTest, plan


class Packages(MachineTest):
    def apply(self, *requests, code=0):
        return self.agent("apply", plan=plan(packages=requests), code=code)

    def test_installed_with_what_they_need_and_purged_again(self):
        self.machine.packages({"librte-eal25": "installed"})
        before = self.machine.packages()
        self.apply({"name": "openvswitch-switch-dpdk"})
        self.assertIn("openvswitch-switch", self.machine.packages())
        self.agent("undo")
        self.assertEqual(self.machine.packages(), before)

    def test_the_prefix_finds_the_abi_of_the_distribution(self):
        self.apply({"prefix": "librte-net-ice"}, {"prefix": "librte-net-e1000"})
        self.assertIn("librte-net-ice25", self.machine.packages())
        self.assertNotIn("librte-net-ice24", self.machine.packages())
        self.assertIn("librte-net-e1000-25", self.machine.packages())

    def test_lists_are_read_only_where_a_package_is_not_found(self):
        updates = lambda: [call for call in self.machine.calls if call[:2] == ["apt-get", "update"]]
        self.apply({"prefix": "librte-net-ice"}, {"name": "openvswitch-switch"})
        self.assertEqual(len(updates()), 1)
        self.apply({"prefix": "librte-net-ice"}, {"name": "openvswitch-switch"}, {"prefix": "librte-net-e1000"})
        self.assertEqual(len(updates()), 1)

    def test_unknown(self):
        said = self.problem(self.apply({"prefix": "librte-net-none"}, code=1))
        self.assertIn("librte-net-none<ABI>", said)

    def test_the_driver_of_a_nic(self):
        known = {"e1000e": "librte-net-e1000"}
        self.apply({"driverOf": DATA, "prefixByKernelDriver": known})
        self.assertIn("librte-net-e1000-25", self.machine.packages())
        said = self.problem(self.apply({"driverOf": MANAGEMENT, "prefixByKernelDriver": known}, code=1))
        for part in (MANAGEMENT, "virtio-pci", "e1000e"):
            self.assertIn(part, said)

    def test_others_packages_are_left(self):
        self.machine.packages({"openvswitch-switch": "installed", "something-else": "installed"})
        before = self.machine.packages()
        self.apply({"name": "openvswitch-switch"})
        self.assertNotIn(["apt-get"], [call[:1] for call in self.machine.calls])
        self.agent("undo")
        self.assertEqual(self.machine.packages(), before)

    def test_what_others_depend_on_by_now_is_left_with_a_word(self):
        self.apply({"name": "openvswitch-switch-dpdk"})
        self.machine.packages({"something-else": "installed"})
        self.agent("undo")
        self.assertIn("left, as other packages depend on them by now: openvswitch-switch", self.said)
        self.assertEqual(set(self.machine.packages()), {"python3", "something-else", "openvswitch-switch"})

    def test_a_request_that_left_the_plan_is_purged_but_not_what_others_need(self):
        self.apply({"name": "openvswitch-switch"}, {"prefix": "librte-net-ice"})
        self.machine.packages({"something-else": "installed"})
        self.apply({"prefix": "librte-net-ice"})
        self.assertIn("openvswitch-switch", self.machine.packages())
        self.assertFalse(self.apply({"prefix": "librte-net-ice"})["changed"])
        self.machine.packages({"something-else": None})
        self.apply({"prefix": "librte-net-ice"})
        self.assertNotIn("openvswitch-switch", self.machine.packages())

    def test_an_interrupted_dpkg_is_finished_first(self):
        self.machine.packages({"python3": "half-configured"})
        self.apply({"name": "openvswitch-switch"})
        self.assertEqual(self.machine.packages()["python3"], "installed")

    def test_a_held_lock_is_waited_for(self):
        from machine import Failure
        real, tries = self.machine.command_apt_get, []

        def locked(*words):
            if "update" in words:
                tries.append(words)
                if len(tries) < 4:
                    raise Failure("E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)")
            return real(*words)

        self.machine.command_apt_get = locked
        self.apply({"name": "openvswitch-switch"})
        self.assertEqual(len(tries), 4)


if __name__ == "__main__":
    unittest.main()
