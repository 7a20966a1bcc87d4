"""Kernel arguments: tokens, contradictions, and the trial boot."""
import json
import random
import unittest

from machine import DATA, NICS, MachineTest, Rebooting, full_plan, nic, plan

from dataplane_host import command_line, memory

DROP_IN = "/etc/default/grub.d/zz-dataplane-host.cfg"
WANTED = ["intel_iommu=on", "iommu=pt", "nohz_full=2-3"]


class Tokens(unittest.TestCase):
    def test_words(self):
        self.assertEqual(command_line.tokens('root=UUID=1 ro  foo="a b" quiet -- init args'), ["root=UUID=1", "ro", "foo=a b", "quiet"])

    def test_whole_words_only(self):
        self.assertEqual(command_line.satisfied(["isolcpus=1"], ["isolcpus=10"]), [])
        self.assertEqual(command_line.satisfied(["isolcpus=1"], ["x.isolcpus=1"]), [])
        self.assertEqual(command_line.satisfied(["rcu-nocbs=1"], ["rcu_nocbs=1"]), ["rcu-nocbs=1"], "the kernel takes - as _")
        self.assertEqual(command_line.satisfied(["a=x-y"], ["a=x_y"]), [], "but not in values")

    def test_hugepages_are_one_ordered_group(self):
        wanted = ["hugepagesz=1G", "hugepages=4", "hugepagesz=2M", "hugepages=512"]
        self.assertEqual(command_line.satisfied(wanted, ["ro", *wanted, "quiet"]), wanted)
        self.assertEqual(command_line.satisfied(wanted, ["hugepagesz=2M", "hugepages=512", "hugepagesz=1G", "hugepages=4"]), [])
        self.assertEqual(command_line.satisfied(wanted, ["hugepages=7", *wanted]), [])
        self.assertEqual(command_line.satisfied(["hugepagesz=1G", "hugepages=4"], wanted), [])

    def test_properties(self):
        chance = random.Random(1)
        words = ["quiet", "a=1", "a=10", "a_b=1", "b=x,y", "hugepagesz=1G", "hugepages=1", "hugepagesz=2M", "hugepages=2"]
        for _ in range(2000):
            line = [chance.choice(words) for _ in range(chance.randrange(8))]
            ours = [chance.choice(words) for _ in range(chance.randrange(5))]
            self.assertEqual(command_line.tokens("  ".join(line)), line)
            # What is appended and taken away again leaves what there was, whatever it was.
            self.assertEqual(command_line.without(line + ours, ours), line)
            self.assertEqual(command_line.satisfied(line, line), line)
            missing = [word for word in ours if word not in command_line.satisfied(ours, line)]
            if not command_line.hugepage_group(ours):
                self.assertEqual(set(missing), set(ours) - set(line))


class Memory(unittest.TestCase):
    def test_pools_of_arguments(self):
        self.assertEqual(memory.boot_pools(["default_hugepagesz=1G", "hugepagesz=1G", "hugepages=0:1,1:3", "hugepagesz=2M", "hugepages=8"]),
                         [(1 << 20, 0, 1), (1 << 20, 1, 3), (2048, None, 8)])
        self.assertEqual(memory.boot_pools(["default_hugepagesz=1G", "hugepages=2"]), [(1 << 20, None, 2)])

    def test_lists(self):
        self.assertEqual(memory.numbers("managed_irq,domain,2-4,7"), {2, 3, 4, 7})


class Trial(MachineTest):
    def cmdline(self):
        return command_line.tokens(self.machine.read("/proc/cmdline"))

    def test_tried_then_kept(self):
        self.agent("apply", plan=plan(WANTED))
        self.assertIsNone(self.machine.read(DROP_IN), "not kept before it was tried")
        self.machine.reboot()
        self.assertIn("panic=30", self.cmdline())
        self.assertEqual([word for word in self.cmdline() if word in WANTED], WANTED)
        self.agent("apply")
        self.assertIn("intel_iommu=on iommu=pt nohz_full=2-3", self.machine.read(DROP_IN))
        self.assertFalse((self.machine.root / "etc/grub.d/42_dataplane_host").exists())
        self.assertNotIn("next_entry=", self.machine.read("/boot/grub/grubenv"))
        self.machine.reboot()
        self.assertEqual([word for word in self.cmdline() if word in WANTED], WANTED)
        self.assertFalse([word for word in self.cmdline() if "trial" in word or "panic" in word])
        self.assertFalse(self.agent("apply")["changed"])

    def test_what_does_not_boot_falls_back_and_is_not_tried_again(self):
        self.machine.broken_arguments = ("rdinit=/nonexistent",)
        bad = plan([*WANTED, "rdinit=/nonexistent"], hugepages=[{"pageSizeKib": 2048, "node": 0, "count": 4}])
        self.agent("apply", plan=bad)
        self.machine.reboot()
        self.assertFalse(set(WANTED) & set(self.cmdline()))
        before, boots = self.machine.files(times=True), self.machine.boots
        for _ in range(2):
            said = self.problem(self.agent("apply", code=1))
            self.assertIn("tried and failed", said)
            self.assertIn("rdinit=/nonexistent", said)
            self.agent("apply", "--stage", "devices", code=1)
            self.agent("needs-reboot", code=1)
            self.machine.reboot()
        self.assertEqual(self.machine.boots, boots + 2)
        self.assertEqual(self.machine.files(times=True), before)
        # Other arguments are tried, and so are the same ones when somebody says so.
        self.assertTrue(self.agent("apply", "--retry-boot")["rebootRequired"])
        self.machine.reboot()
        self.agent("apply", code=1)
        self.deploy(plan(WANTED))
        self.assertTrue(set(WANTED) <= set(self.cmdline()))

    def test_no_management_no_commit(self):
        self.machine.no_management = ("nohz_full=2-3",)
        self.agent("apply", plan=plan(WANTED))
        self.machine.reboot()
        self.assertIn("management didn't come back: ens3 IPv4 address", self.problem(self.agent("apply", code=1)))
        self.assertIsNone(self.machine.read(DROP_IN))
        with self.assertRaises(Rebooting):
            self.agent("apply", "--at-boot")
        self.machine.reboot()
        self.assertFalse(set(WANTED) & set(self.cmdline()))
        self.assertIn("management didn't come back", self.problem(self.agent("apply", "--at-boot", code=1)))

    def test_interfaces_that_the_plan_takes_are_no_management(self):
        self.machine.addresses["ens4"] = ["fd00::4/64"]
        self.machine.addresses["ens3"], self.machine.up["ens3"] = [], False  # nobody has a default route
        self.agent("apply", plan=plan(WANTED, links=[{"name": "ens4", "mtu": None, "addresses": []}]))
        self.machine.reboot()
        self.agent("apply")

    def test_a_change_replaces(self):
        first = ["hugepagesz=2M", "hugepages=64", "nohz_full=2-3"]
        second = ["hugepagesz=2M", "hugepages=128"]
        self.deploy(plan(first))
        self.assertIn("hugepages=64", " ".join(self.cmdline()))
        self.deploy(plan(second))
        self.machine.reboot()
        self.assertEqual([word for word in self.cmdline() if "huge" in word or "nohz" in word], second)
        self.assertEqual(self.machine.boots, 4)
        self.agent("undo")
        self.machine.reboot()
        self.assertFalse([word for word in self.cmdline() if "huge" in word])

    def test_others_arguments_are_not_ours(self):
        self.machine.write("/etc/default/grub.d/60-other.cfg", 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX iommu=pt"\n')
        self.machine.command_update_grub()
        files = self.machine.files()
        self.deploy(plan(WANTED))
        self.machine.reboot()
        self.assertEqual(self.cmdline().count("iommu=pt"), 1)
        self.agent("undo")
        self.assertEqual(self.machine.files(), files)
        self.machine.reboot()
        self.assertIn("iommu=pt", self.cmdline())

    def test_what_others_already_have_needs_nothing(self):
        self.machine.write("/etc/default/grub.d/60-other.cfg", f'GRUB_CMDLINE_LINUX="{" ".join(WANTED)}"\n')
        self.machine.command_update_grub()
        self.machine.reboot()
        report = self.agent("apply", plan=plan(WANTED))
        self.assertFalse(report["rebootRequired"])
        self.assertNotIn("kernel-arguments", {change["kind"] for change in report["changes"]})

    def test_contradictions_name_file_and_value(self):
        self.machine.write("/etc/default/grub.d/60-other.cfg", 'GRUB_CMDLINE_LINUX="isolcpus=1 hugepages=5"\n')
        self.machine.command_update_grub()
        report = self.agent("apply", code=1, plan=plan(["isolcpus=2", "hugepagesz=2M", "hugepages=8"]))
        self.assertEqual([(problem["where"], problem["value"]) for problem in report["problems"]],
                         [("/etc/default/grub.d/60-other.cfg", "hugepages=5"), ("/etc/default/grub.d/60-other.cfg", "isolcpus=1")])
        self.assertIsNone(self.machine.read("/etc/grub.d/42_dataplane_host"))

    def test_where_grub_cannot_forget_there_is_no_trial(self):
        self.machine.abstraction = "mdraid1x"
        report = self.agent("apply", plan=plan(WANTED))
        self.assertTrue(report["rebootRequired"])
        self.assertEqual(report["trial"]["status"], "direct")
        self.assertFalse(self.agent("apply")["changed"])
        self.machine.reboot()
        self.assertEqual([word for word in self.cmdline() if word in WANTED], WANTED)
        self.agent("apply")
        self.assertFalse(self.agent("apply")["changed"])

    def test_saved_default(self):
        self.machine.write("/etc/default/grub", 'GRUB_DEFAULT=saved\nGRUB_CMDLINE_LINUX="console=ttyS0"\n')
        self.machine.command_update_grub()
        self.machine._set_environment("saved_entry", "gnulinux-simple")
        files = self.machine.files()
        self.deploy(plan(WANTED))
        self.assertIn("saved_entry=gnulinux-simple", self.machine.read("/boot/grub/grubenv"))
        self.agent("undo")
        self.assertEqual(self.machine.files(), files)

    def test_an_unknown_default_is_refused(self):
        self.machine.write("/etc/default/grub", 'GRUB_DEFAULT="1>3"\n')
        self.machine.command_update_grub()
        self.assertIn("can't tell which menu entry", self.problem(self.agent("apply", code=1, plan=plan(WANTED))))

    def test_other_boot_loaders_are_refused_before_anything_changes(self):
        variable = "/sys/firmware/efi/efivars/{}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
        for made, said in (("LoaderInfo", "systemd-boot 257"), ("StubInfo", "unified kernel image")):
            with self.subTest(said):
                self.setUp()
                path = self.machine.root / variable.format(made).lstrip("/")
                path.parent.mkdir(parents=True)
                path.write_bytes(b"\6\0\0\0" + "systemd-boot 257\0".encode("utf-16-le"))
                before = self.machine.files(times=True)
                self.assertIn(said, self.problem(self.agent("apply", code=1, plan=plan(WANTED))))
                self.assertEqual(self.machine.files(times=True), before)
        self.setUp()
        (self.machine.root / "boot/grub/grub.cfg").unlink()
        self.machine.write("/etc/zipl.conf", "")
        self.assertIn("zipl", self.problem(self.agent("apply", code=1, plan=plan(WANTED))))

    def test_conditions(self):
        wanted = [{"text": "intel_iommu=on", "whenAcpiTable": "DMAR"}, {"text": "amd=1", "whenAcpiTable": "IVRS"},
                  {"text": "iommu=pt", "whenMachine": "x86_64"}, {"text": "arm=1", "whenMachine": "aarch64"}]
        self.machine.write("/sys/firmware/acpi/tables/DMAR", "")
        self.agent("apply", plan=plan(wanted))
        self.machine.reboot()
        self.assertTrue({"intel_iommu=on", "iommu=pt"} <= set(self.cmdline()))
        self.assertFalse({"amd=1", "arm=1"} & set(self.cmdline()))

    def test_absurd_hugepages_are_refused_with_the_arithmetic(self):
        for wanted, where in ((["hugepagesz=2M", "hugepages=1000000"], "the host has"),
                              (["hugepagesz=1G", "hugepages=0:2"], "node 0 has"), (["hugepagesz=1G", "hugepages=1:4"], "node 1 has")):
            with self.subTest(wanted):
                self.assertIn(where, self.problem(self.agent("apply", code=1, plan=plan(wanted))))
        self.agent("apply", plan=plan(["hugepagesz=1G", "hugepages=0:1,1:3"]))

    def test_a_shell_never_sees_what_it_would_interpret(self):
        for token in ("a=$(reboot)", "a=`x`", 'a="', "a=;b", "a=\\", "a b", "a='", "a=#"):
            with self.subTest(token):
                self.assertIn("may only have", self.problem(self.agent("apply", code=1, plan=plan([token]))))

    def test_needs_reboot(self):
        self.agent("needs-reboot", plan=plan(WANTED), code=2)
        self.agent("apply", plan=plan(WANTED))
        self.agent("needs-reboot")
        self.machine.reboot()
        self.agent("needs-reboot", code=1)
        self.agent("needs-reboot", plan=plan(), code=1)

    def test_verify_reads_the_effect(self):
        self.deploy(plan(["isolcpus=2-3", "nohz_full=2-3", "intel_iommu=on"]))
        self.assertEqual(self.agent("verify")["problems"], [])
        self.machine.write("/sys/devices/system/cpu/isolated", "\n")
        self.machine.write("/sys/devices/system/cpu/nohz_full", "(null)\n")
        problems = self.agent("verify", code=1)["problems"]
        self.assertEqual([problem["what"].partition("=")[0] for problem in problems], ["isolcpus", "nohz_full"])

    def test_modules(self):
        files = self.machine.files()
        self.agent("apply", plan=plan(modules=["vfio-pci", "e1000e"]))
        self.assertEqual(self.machine.read("/etc/modules-load.d/dataplane-host.conf"), "vfio-pci\ne1000e\n")
        self.assertTrue((self.machine.root / "sys/module/vfio_pci").exists())
        self.assertFalse(self.agent("apply")["changed"])
        self.agent("undo")
        self.assertIn("stay loaded", self.said)
        self.assertEqual(self.machine.files(), files)


if __name__ == "__main__":
    unittest.main()
