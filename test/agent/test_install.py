"""The agent as it is shipped: zipapps, its own installation, commands and errors; and the real Host."""
import io
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import edition
from machine import MEMORY, MachineTest, full_plan, host_class, plan

from dataplane_host import install
from dataplane_host.host import Host, Problem, canonical
from dataplane_host.state import State

ZIPAPP = "usr/local/lib/dataplane-host/dataplane-host"
PAGES = plan(hugepages=[{"pageSizeKib": 2048, "node": None, "count": 4}])


def setUpModule():
    global FULL, INSTALLED, PROGRAM
    FULL, INSTALLED, PROGRAM = edition.full(), edition.installed(), edition.program()


def installed_with(**changed):
    """The installed edition with another text of a module."""
    return install.zipapp({**edition.installed_modules(), **changed})


class Shipped(unittest.TestCase):
    """Zipapps as processes, on a root whose hugepage pool is a plain file."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dataplane-host-", dir=MEMORY)
        self.addCleanup(folder.cleanup)
        self.folder, self.root = Path(folder.name), Path(folder.name, "root")
        self.pool = self.root / "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
        self.pool.parent.mkdir(parents=True)
        self.pool.write_text("0\n")
        for directory in ("usr/local/sbin", "usr/local/lib", "etc/systemd/system", "var/lib"):
            (self.root / directory).mkdir(parents=True)

    def run_bundle(self, path, *words, code=0):
        done = subprocess.run([sys.executable, str(path), *words, "--root", str(self.root)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done

    def full(self):
        path = self.folder / "full"
        path.write_bytes(FULL)
        return path

    def plan_file(self, wanted=PAGES):
        path = self.folder / "plan.json"
        path.write_text(canonical(wanted))
        return str(path)

    def files(self):
        return {str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
                for path in sorted(self.root.rglob("*")) if "/run" not in str(path)}

    def test_the_full_edition_installs_the_one_for_hosts(self):
        self.run_bundle(self.full(), "apply", "--plan", self.plan_file())
        installed = self.root / ZIPAPP
        self.assertEqual(installed.read_bytes(), INSTALLED)
        self.assertEqual(stat.S_IMODE(installed.stat().st_mode), 0o755)
        self.assertTrue(installed.read_bytes().startswith(b"#!/usr/bin/python3\n"))
        self.assertTrue((self.root / "usr/local/sbin/dataplane-host").samefile(installed))
        self.assertEqual((self.root / "etc/dataplane-host/plan.json").read_text(), install.installed_text(PAGES))
        self.assertEqual(self.pool.read_text(), "4")
        before = self.files()
        self.run_bundle(installed, "apply")
        self.run_bundle(installed, "verify")
        self.assertEqual(self.files(), before)

    def test_a_host_that_cloud_init_built_shows_no_change(self):
        """cloud-init writes the installed edition and the plan in place; Ansible then runs the full one from elsewhere."""
        installed, plan_file = self.root / ZIPAPP, self.root / "etc/dataplane-host/plan.json"
        pristine = self.files()
        for path in (installed, plan_file):
            path.parent.mkdir(parents=True)
        installed.write_text(PROGRAM)
        installed.chmod(0o755)
        plan_file.write_text(install.installed_text(PAGES))
        said = self.run_bundle(installed, "apply").stderr
        self.assertRegex(said, "(?s)agent: dataplane-host: .*devices: host/2048kB: 0 -> 4 pages")
        self.assertEqual(installed.read_bytes(), INSTALLED)
        before = self.files()
        second = json.loads(self.run_bundle(self.full(), "apply", "--json", "--plan", self.plan_file()).stdout)
        self.assertEqual((second["changed"], second["changes"]), (False, []))
        self.assertEqual(self.files(), before)
        self.run_bundle(self.full(), "undo")
        self.pool.write_text("0\n")
        self.assertEqual({name: (mode, data) for name, (mode, _, data) in self.files().items()},
                         {name: (mode, data) for name, (mode, _, data) in pristine.items()})

    def test_another_text_of_a_module_is_replaced(self):
        self.run_bundle(self.full(), "apply", "--plan", self.plan_file())
        (self.root / ZIPAPP).write_bytes(installed_with(memory=b"# older\n"))
        report = json.loads(self.run_bundle(self.full(), "apply", "--json", "--plan", self.plan_file()).stdout)
        self.assertEqual([change["kind"] for change in report["changes"]], ["agent"])
        self.assertEqual((self.root / ZIPAPP).read_bytes(), INSTALLED)

    def test_equal_modules_are_equal_bytes(self):
        self.assertEqual(install.zipapp({"b": b"1", "a": b"2"}), install.zipapp({"a": b"2", "b": b"1"}))

    def test_commands_that_only_the_full_edition_has_say_so(self):
        small = self.folder / "small"
        small.write_bytes(INSTALLED)
        for command in ("undo", "plan", "inspect", "guard"):
            [line] = self.run_bundle(small, command, code=1).stderr.splitlines()
            self.assertIn(f"the command {command} is one of the full edition (beside the playbooks: agent/dataplane-host)", line)

    def test_two_at_once_wait_for_each_other(self):
        self.run_bundle(self.full(), "apply", "--plan", self.plan_file())
        with Host(self.root).lock():
            process = subprocess.Popen([sys.executable, str(self.root / ZIPAPP), "apply", "--root", str(self.root)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertIn(f"another dataplane-host runs (process {os.getpid()})", process.stderr.readline())
            # Meanwhile the holder of the lock replaces the agent: the one that waits goes on with the new one.
            Host(self.root).write_text("/" + ZIPAPP, installed_with(__main__=b"print('the new one')\n"))
        self.assertEqual(process.communicate(timeout=20)[0], "the new one\n")
        self.assertEqual(process.returncode, 0)


class Errors(MachineTest):
    def test_user_errors_are_lines_not_traces(self):
        cases = [
            (("apply", "--plan", "/nonexistent"), "/nonexistent"),
            (("apply",), "there is no plan"),
            (("verify",), "there is no plan"),
        ]
        for words, said in cases:
            with self.subTest(words):
                report = self.agent(*words, code=1)
                self.assertIn(said, self.problem(report))
                self.assertEqual(len(self.said.splitlines()), 1)
        for text, said in (("{", "no JSON"), ('{"version": 2}', "version"), ("[]", "version")):
            self.plan_file.write_text(text)
            self.assertIn(said, self.problem(self.agent("apply", "--plan", str(self.plan_file), code=1)))
        self.agent("needs-reboot", code=2)

    def test_a_broken_state_is_not_overwritten(self):
        for text in ("{", '{"version": 9, "records": []}', "[]"):
            self.machine.write("/var/lib/dataplane-host/state.json", text)
            report = self.agent("apply", plan=PAGES, code=1)
            self.assertIn("state.json", self.problem(report))
            self.assertEqual(self.machine.read("/var/lib/dataplane-host/state.json"), text)

    def test_usage(self):
        for words in ([], ["nonsense"], ["apply", "--stage", "nonsense"]):
            with self.subTest(words), self.assertRaises(SystemExit) as ended:
                self.agent(*words or [""])
            self.assertEqual(ended.exception.code, 2)

    def test_plan_as_text_is_a_diff(self):
        self.plan_file.write_text(canonical(full_plan()))
        from dataplane_host import cli
        import contextlib
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(cli.main(["plan", "--plan", str(self.plan_file)], host_class(self.machine)), 0)
        self.assertIn("boot: kernel-modules /etc/modules-load.d/dataplane-host.conf: create\n--- present\n+++ wanted\n", out.getvalue())
        self.assertRegex(out.getvalue(), r"reboot required: boot arguments not in force: intel_iommu=on")

    def test_units(self):
        self.deploy(full_plan(open_vswitch={"dpdk": True}))
        units = self.machine.root / "etc/systemd/system"
        self.assertEqual(sorted(path.name for path in units.glob("*.service")),
                         ["dataplane-host-devices.service", "dataplane-host-openvswitch.service", "dataplane-host.service"])
        for wants in units.glob("*.wants/*"):
            self.assertTrue(wants.resolve().is_file(), wants)
        self.assertIn(["systemctl", "daemon-reload"], self.machine.calls)


class RealHost(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dataplane-host-")
        self.addCleanup(folder.cleanup)
        self.host = Host(folder.name)

    def test_commands(self):
        result = self.host.run(["sh", "-c", "echo out; echo error >&2; exit 3"], check=False)
        self.assertEqual(result, (3, "out\n", "error\n"))
        with self.assertRaises(Problem) as raised:
            self.host.run(["sh", "-c", "echo 'its own words' >&2; exit 3"])
        self.assertIn("exit code 3", raised.exception.what)
        self.assertEqual(raised.exception.value, "its own words")
        self.assertEqual(self.host.run(["/nonexistent/command"], check=False).rc, 127)
        self.assertEqual(self.host.run(["sleep", "9"], check=False, timeout=0.1).rc, 124)
        self.assertEqual(self.host.run(["sh", "-c", "echo $LC_ALL"]).stdout, "C\n")

    def test_files_keep_mode_and_are_replaced_whole(self):
        self.host.write_text("/a/b/file", "one", 0o640)
        inode = os.stat(self.host.path("/a/b/file")).st_ino
        self.host.write_text("/a/b/file", "two")
        status = os.stat(self.host.path("/a/b/file"))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o640)
        self.assertNotEqual(status.st_ino, inode)
        self.assertEqual(self.host.listdir("/a/b"), ["file"])
        self.assertIsNone(self.host.read_text("/a/b/none"))
        self.assertEqual(self.host.missing_directories("/a/x/y/file"), ["/a/x/y", "/a/x"])
        self.host.write_text("/bytes", "\udcff")
        self.assertEqual(self.host.read_bytes("/bytes"), b"\xff")

    def test_state_is_written_only_when_it_changes_and_removed_when_empty(self):
        record = {"kind": "file", "key": "/x", "stage": "boot", "module": "resources", "before": None, "wanted": 1}
        State(self.host).put(record)
        path = self.host.path("/var/lib/dataplane-host/state.json")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        before = os.stat(path).st_mtime_ns
        state = State(self.host)
        state.put(dict(record))
        self.assertEqual(os.stat(path).st_mtime_ns, before)
        state.drop(state.find("file", "/x"))
        self.assertFalse(os.path.exists(os.path.dirname(path)))


if __name__ == "__main__":
    unittest.main()
