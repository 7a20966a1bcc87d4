"""Access to the host: files below a root, kernel attributes, commands found on PATH, one lock.

Every file name is absolute, as it is on the host ("/etc/default/grub"); Host puts the root before it. A module
never opens a file or starts a process by itself: tests re-root, emulate and break things here.
"""
import errno
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from typing import NamedTuple

from . import FULL

LOCK = "/run/dataplane-host.lock"
# What a PATH of sudo or cron may lack.
_SBIN = ":/usr/local/sbin:/usr/sbin:/sbin"
# What reading a kernel attribute may answer when it has no value.
_NO_VALUE = {errno.ENOENT, errno.ENOTDIR, errno.EINVAL, errno.ENODEV, errno.ENXIO, errno.EOPNOTSUPP, errno.EIO}


class Problem(Exception):
    """An error for people: what is wrong, where, with which value, and what to do."""

    def __init__(self, what, where="", value="", remedy=""):
        super().__init__(what)
        self.what, self.where, self.value = what, where, str(value)
        if FULL:
            self.remedy = remedy

    def report(self):
        return {"what": self.what, "where": self.where, "value": self.value, "remedy": self.remedy}

    def __str__(self):
        text = ": ".join(part for part in (self.where, self.what, self.value) if part)
        if FULL and self.remedy:
            text += f"; {self.remedy}"
        return text


class Result(NamedTuple):
    rc: int
    stdout: str
    stderr: str


def canonical(value):
    """JSON with sorted keys and a final newline: equal values are equal bytes."""
    return json.dumps(value, sort_keys=True, indent=1) + "\n"


def log(*parts):
    """One event, one line: log("devices", "0000:03:00.0", "bound to vfio-pci")."""
    text = ": ".join(str(part) for part in ("dataplane-host",) + parts if part)
    print(" ".join(text.split()), file=sys.stderr, flush=True)


class Host:
    def __init__(self, root="/"):
        self.root = os.path.abspath(root)
        self.state = None  # state.State, set by whoever loads it
        self.at_boot = self.retry_boot = False  # options of `apply`

    def path(self, name):
        return self.root.rstrip("/") + name

    # Reading: an absent file (or attribute without a value) is None.

    def read_bytes(self, name):
        try:
            with open(self.path(name), "rb") as stream:
                return stream.read()
        except OSError as error:
            if error.errno in _NO_VALUE:
                return None
            raise self._refused(name, "can't be read", error) from None

    def read_text(self, name):
        data = self.read_bytes(name)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def read_value(self, name):
        """A kernel attribute without the white space around it."""
        text = self.read_text(name)
        return None if text is None else text.strip()

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def mode(self, name):
        return stat.S_IMODE(os.stat(self.path(name)).st_mode)

    def is_dir(self, name):
        return os.path.isdir(self.path(name))

    def listdir(self, name):
        """Sorted names; an absent directory is an empty one."""
        try:
            return sorted(os.listdir(self.path(name)))
        except OSError as error:
            if error.errno in _NO_VALUE:
                return []
            raise self._refused(name, "can't be listed", error) from None

    def readlink(self, name):
        """The text of a symbolic link, or None."""
        try:
            return os.readlink(self.path(name))
        except OSError:
            return None

    def link_name(self, name):
        """The last part of a symbolic link's text, for example the driver of /sys/bus/pci/devices/X/driver."""
        target = self.readlink(name)
        return None if target is None else os.path.basename(target)

    # Writing

    def write_text(self, name, text, mode=None):
        """Replaces a file in one step that survives a power cut. Without `mode` it keeps mode and owner."""
        def write(path, temporary):
            with open(temporary, "wb") as stream:
                stream.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
                stream.flush()
                if FULL and os.path.exists(path):
                    old = os.stat(path)
                    if os.geteuid() == 0:
                        os.fchown(stream.fileno(), old.st_uid, old.st_gid)
                    os.fchmod(stream.fileno(), stat.S_IMODE(old.st_mode) if mode is None else mode)
                else:
                    os.fchmod(stream.fileno(), 0o644 if mode is None else mode)
                os.fsync(stream.fileno())

        self._replace(name, write)

    def _replace(self, name, write):
        """write(path, temporary) makes the temporary file, which then takes the place of the other."""
        path, temporary = self.path(name), self._temporary(name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.lexists(temporary):
                os.unlink(temporary)
            write(path, temporary)
            os.rename(temporary, path)
            self._sync_directory(name)
        except OSError as error:
            raise self._refused(name, "can't be written", error) from None

    def write_attribute(self, name, value):
        """Writes a kernel attribute (sysfs, procfs): in place, and it must exist."""
        try:
            with open(os.open(self.path(name), os.O_WRONLY | os.O_TRUNC), "wb", 0) as stream:
                stream.write(str(value).encode())
        except OSError as error:
            raise self._refused(name, f"the kernel refused {str(value)!r}", error) from None

    def symlink(self, name, target):
        """Makes (or replaces) a symbolic link in one step."""
        self._replace(name, lambda path, temporary: os.symlink(target, temporary))

    def remove(self, name):
        """Removes a file or link, and what a broken-off write left beside it; absent is fine."""
        for path in (self.path(name), self._temporary(name)):
            try:
                os.unlink(path)
                self._sync_directory(name)
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as error:
                raise self._refused(name, "can't be removed", error) from None

    def remove_directory(self, name):
        """Removes a directory if it is empty."""
        try:
            os.rmdir(self.path(name))
        except OSError:
            pass

    def missing_directories(self, name):
        """The directories above `name` that don't exist, innermost first: undo removes them again."""
        missing, parent = [], os.path.dirname(name)
        while parent != "/" and not self.is_dir(parent):
            missing.append(parent)
            parent = os.path.dirname(parent)
        return missing

    def _temporary(self, name):
        # One fixed name, so that what a crash leaves is overwritten by the next try. Hidden: no directory of
        # configuration snippets reads it.
        return self.path("/.".join(os.path.split(name)) + ".dataplane-host")

    def _sync_directory(self, name):
        descriptor = os.open(os.path.dirname(self.path(name)), os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    def _refused(self, name, what, error):
        return Problem(what, self.path(name), error.strerror or error,
                       "run it as root" if isinstance(error, PermissionError) and os.geteuid() != 0 else "")

    # Commands

    def has_command(self, name):
        return shutil.which(name, path=os.environ.get("PATH", "/usr/bin:/bin") + _SBIN) is not None

    def run(self, argv, check=True, timeout=120, stdin="", environment=None):
        """Runs a command (never through a shell). check: anything but exit code 0 is a Problem with its words.

        A command that isn't there is exit code 127 where check is off.
        """
        words = [str(word) for word in argv]
        variables = dict(os.environ, LC_ALL="C", LANG="C", LANGUAGE="C", **(environment or {}))
        variables["PATH"] = variables.get("PATH", "/usr/bin:/bin") + _SBIN
        try:
            done = subprocess.run(words, input=stdin, capture_output=True, timeout=timeout, env=variables,
                                  encoding="utf-8", errors="replace", check=False)
            result = Result(done.returncode, done.stdout, done.stderr)
        except FileNotFoundError:
            result = Result(127, "", "command not found")
        except subprocess.TimeoutExpired:
            result = Result(124, "", f"no answer within {timeout} s")
        if check and result.rc != 0:
            said = " ".join((result.stderr.strip() or result.stdout.strip()).split())
            raise Problem(f"`{' '.join(words)}` failed with exit code {result.rc}", value=said[-2000:])
        return result

    def json(self, argv, **options):
        """Runs a command that answers in JSON."""
        text = self.run(argv, **options).stdout or "[]"
        if not FULL:
            return json.loads(text)
        try:
            return json.loads(text)
        except ValueError:
            raise Problem(f"`{' '.join(argv)}` answered something that is no JSON", value=text[:200]) from None

    # Time

    def sleep(self, seconds):
        time.sleep(seconds)

    def wait_for(self, condition, seconds, interval=1.0):
        """Calls condition() until it is true or the time is over; returns its last value."""
        waited = 0.0
        while True:
            value = condition()
            if value or waited >= seconds:
                return value
            self.sleep(interval)
            waited += interval

    def lock(self, seconds=900):
        """One change at a time; released when the process ends. Returns the open file."""
        try:
            os.makedirs(os.path.dirname(self.path(LOCK)), exist_ok=True)
            stream = open(self.path(LOCK), "a+")
        except OSError as error:
            raise self._refused(LOCK, "can't be locked", error) from None

        def taken():
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                return False

        if not taken():
            stream.seek(0)
            log("waiting", f"another dataplane-host runs (process {stream.read().strip() or 'unknown'})")
            if not self.wait_for(taken, seconds):
                raise Problem(f"another dataplane-host still runs after {seconds} s", LOCK,
                              remedy="look at that process and try again")
        stream.seek(0)
        stream.truncate()
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        return stream
