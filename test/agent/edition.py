"""The agent's editions as they are built, for tests: the bytes that users get, and the installed edition's modules."""
import base64
import functools
import importlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import machine  # noqa: F401  (says where the sources are)
from dataplane_host import install

BUILDER = Path(install.__file__).parents[3] / "scripts/build-agent.py"
PACKAGE = "dataplane_host_installed"


@functools.lru_cache(maxsize=None)
def built():
    """What build-agent.py writes, built once a run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "agent.json")
        subprocess.run([sys.executable, BUILDER, "--output", path], check=True)
        return json.loads(path.read_text())


def installed():
    return base64.b64decode(built()["installed"])


def program():
    """The installed edition as cloud-init brings it."""
    return built()["installedProgram"]


def installed_modules():
    with zipfile.ZipFile(io.BytesIO(installed())) as archive:
        return {Path(name).stem: archive.read(name) for name in archive.namelist()}


def full():
    """As src/artifacts/agent-bundle.ts packs it."""
    stream = io.BytesIO(install.zipapp({name: text.encode() for name, text in built()["modules"].items()}))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("dataplane_host/installed", installed())
    return stream.getvalue()


class Installed:
    """The installed edition beside the sources in this process, as the package dataplane_host_installed: for machine.host_class."""

    @staticmethod
    def name(text):
        names = built()["installedNames"]
        return names["attributes"].get(text, names["names"].get(text, text))

    def __init__(self, folder):
        package = Path(folder, PACKAGE)
        package.mkdir()
        for name, text in installed_modules().items():
            (package / f"{name}.py").write_bytes(text)
        sys.path.insert(0, str(folder))
        self.cli = importlib.import_module(f"{PACKAGE}.cli")
        host = importlib.import_module(f"{PACKAGE}.host")
        self.Host, self.Problem, self.Result = (getattr(host, self.name(name)) for name in ("Host", "Problem", "Result"))
