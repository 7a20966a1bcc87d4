"""python-minifier, pinned, in an environment of its own in the cache: what is built mustn't depend on the machine's packages."""
import ast
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

REQUIREMENT = "python-minifier==3.4.0"


def _environment():
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "cdktf-dataplane")
    version = "{}.{}".format(*sys.version_info)
    return cache / f"agent-build-{REQUIREMENT.replace('==', '-')}-python-{version}"


def _make(environment):
    """Complete or not at all: what a broken build leaves has another name."""
    unfinished = environment.with_name(f"{environment.name}.{os.getpid()}")
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(unfinished)
        subprocess.run([unfinished / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT],
                       check=True, stdout=sys.stderr)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"can't make the Python environment {environment} with {REQUIREMENT}: {error}\n"
                 "it needs Python's venv and pip (Debian, Ubuntu: apt install python3-venv) and a Python package index")
    try:
        unfinished.rename(environment)
    except OSError:
        pass  # another build was quicker


def minifier():
    """A function from syntax tree to text."""
    environment = _environment()
    if not environment.is_dir():
        _make(environment)
    sys.path.insert(0, sysconfig.get_path("purelib", vars={"base": str(environment)}))
    import python_minifier

    def minify(tree):
        return python_minifier.minify(ast.unparse(ast.fix_missing_locations(tree)), remove_literal_statements=True,
                                      remove_annotations=True, rename_locals=False, hoist_literals=False)
    return minify
