#!/usr/bin/env python3
"""Makes the agent's two editions from src/agent/dataplane_host, and packs them with the Ansible role's files into
lib/agent/agent.json, from where the artifacts take them.

The full edition has every module, without comments. It is what Ansible brings and what people can copy to a host.
The installed edition is what stands on a host. cloud-init brings all of it in user-data, 16 KiB at most, so it has no
more than apply, needs-reboot, verify and undo need (`if FULL:` in the sources says what is left out), minified.
The full edition carries it as data, and installs it: the same bytes, whoever brought them.

Equal sources are equal bytes. Fails where a module isn't Python 3.9, or isn't the same program without its comments.
"""
import argparse
import ast
import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from agent_build.minify import minifier
from agent_build.names import rename
from agent_build.shake import shake
from agent_build.squeeze import squeezed
from agent_build.strip import strip, without_docstrings

PACKAGE = Path(__file__).resolve().parent.parent
AGENT = PACKAGE / "src" / "agent" / "dataplane_host"
ROLE = PACKAGE / "src" / "agent" / "ansible"
OLDEST_PYTHON = (3, 9)
# What only the full edition has.
FULL_ONLY = ("guard", "netconfig", "inspect")
# Called from outside: __main__, and the methods that tests put stand-ins in place of.
ROOTS = ("main", "write_attribute", "sleep")


def checked(path):
    source = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(source, str(path), feature_version=OLDEST_PYTHON)
    except SyntaxError as error:
        sys.exit(f"{path}:{error.lineno}: not Python {'.'.join(map(str, OLDEST_PYTHON))}: {error.msg}")
    stripped = strip(source)
    if ast.dump(without_docstrings(tree)) != ast.dump(ast.parse(stripped)):
        sys.exit(f"{path}: without its comments it would be another program; this is a fault of scripts/build-agent.py")
    return stripped


def installed_edition(sources):
    """{name in the zipapp: text}, and {long name: short name}."""
    trees = shake({name: source for name, source in sources.items() if name not in FULL_ONLY}, ROOTS)
    names = rename(trees, ROOTS)
    minify = minifier()
    files = {archive_name(module): minify(tree) for module, tree in trees.items()}
    for name, text in files.items():
        ast.parse(text, name, feature_version=OLDEST_PYTHON)
    return files, names


def archive_name(module):
    return "__main__.py" if module == "__main__" else f"dataplane_host/{module}.py"


def zipapp(files):
    """As install.py and the program of squeeze.py make it. Stored: whoever carries it compresses all of it at once."""
    stream = io.BytesIO()
    stream.write(b"#!/usr/bin/python3\n")
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def check_program(program, archive):
    """What cloud-init brings has to become what install.py writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dataplane-host")
        path.write_text(program, encoding="ascii")
        done = subprocess.run([sys.executable, path, "--help"], capture_output=True, text=True, check=False)
        if path.read_bytes() != archive:
            sys.exit(f"the installed edition doesn't unpack itself; this is a fault of scripts/agent_build:\n{done.stderr}")


def write(path, text):
    """Whole or not at all: a test may read while another builds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PACKAGE / "lib" / "agent" / "agent.json", help="file to write (default: %(default)s)")
    options = parser.parse_args()
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(AGENT.glob("*.py"))}
    modules = {path.stem: checked(path) for path in sorted(AGENT.glob("*.py"))}
    files, names = installed_edition(sources)
    archive, program = zipapp(files), squeezed(files)
    check_program(program, archive)
    role = {
        str(path.relative_to(ROLE)): path.read_text(encoding="utf-8")
        for path in sorted(ROLE.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    document = {
        "modules": modules,
        "installed": base64.b64encode(archive).decode(),
        "installedNames": names,
        "installedProgram": program,
        "ansible": role,
        "digest": hashlib.sha256(json.dumps([modules, files], sort_keys=True).encode()).hexdigest(),
    }
    write(options.output, json.dumps(document, sort_keys=True, indent=1) + "\n")


if __name__ == "__main__":
    main()
