#!/usr/bin/env python3
"""Packs the agent's modules and the Ansible role's files into lib/agent/agent.json, from where the artifacts take them.

Comments, docstrings and blank lines are left out: user-data is 16 KiB at most, and the agent is most of it. The code
itself isn't rewritten (not by ast.unparse either, whose output differs between versions of Python): equal sources are
equal bytes on every machine. Fails where a module isn't Python 3.9, or isn't the same program after it.
"""
import argparse
import ast
import hashlib
import io
import json
import os
import sys
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
AGENT = PACKAGE / "src" / "agent" / "dataplane_host"
ROLE = PACKAGE / "src" / "agent" / "ansible"
OLDEST_PYTHON = (3, 9)


def docstrings(tree):
    """The statements that are docstrings, each with whether its body has anything else."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                yield node, first


def without_docstrings(tree):
    for node, first in list(docstrings(tree)):
        node.body.remove(first)
        if not node.body and not isinstance(node, ast.Module):
            node.body.append(ast.Pass())
    return tree


def strip(source):
    """The same program without comments, docstrings and blank lines, indented by one space a level."""
    lines = source.splitlines()
    for node, first in docstrings(ast.parse(source)):
        keep = "pass" if len(node.body) == 1 and not isinstance(node, ast.Module) else ""
        # In UTF-8 bytes, as ast counts.
        head = lines[first.lineno - 1].encode()[: first.col_offset].decode()
        tail = lines[first.end_lineno - 1].encode()[first.end_col_offset:].decode()
        lines[first.lineno - 1:first.end_lineno] = [head + keep + tail] + [""] * (first.end_lineno - first.lineno)
    text = "\n".join(lines) + "\n"
    kept = text.splitlines()
    verbatim = set()  # the lines that begin inside a string
    depth, string_start, level = 0, None, {}
    begins = True  # does the next token begin a logical line?
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        row = token.start[0]
        if kind == "COMMENT":
            kept[row - 1] = kept[row - 1][: token.start[1]].rstrip()
        elif kind == "INDENT":
            depth += 1
        elif kind == "DEDENT":
            depth -= 1
        elif kind == "NEWLINE":
            begins = True
        elif kind == "FSTRING_START":
            string_start = row if string_start is None else string_start
        elif kind == "STRING" or kind == "FSTRING_END":
            start = row if kind == "STRING" or string_start is None else string_start
            verbatim.update(range(start + 1, token.end[0] + 1))
            string_start = None
        if begins and kind not in ("NEWLINE", "NL", "COMMENT", "INDENT", "DEDENT", "ENDMARKER"):
            level[row] = depth
            begins = False
    result = []
    for row, line in enumerate(kept, 1):
        if row in verbatim:
            result.append(line)
        elif line.strip():
            # A line that continues a statement may stand anywhere.
            result.append(" " * level.get(row, 0) + line.strip())
    return "\n".join(result) + "\n" if result else ""


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


def optional_modules():
    """OPTIONAL_MODULES of stages.py, read without running it."""
    for node in ast.parse((AGENT / "stages.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "OPTIONAL_MODULES" for target in node.targets):
            return ast.literal_eval(node.value)
    sys.exit(f"{AGENT / 'stages.py'}: OPTIONAL_MODULES is missing: it names the modules that not every bundle has")


def write(path, text):
    """Whole or not at all: a test may read while another builds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PACKAGE / "lib" / "agent" / "agent.json", help="file to write (default: %(default)s)")
    output = parser.parse_args().output
    modules = {path.stem: checked(path) for path in sorted(AGENT.glob("*.py"))}
    optional = set(optional_modules()) & modules.keys()
    digest = hashlib.sha256(json.dumps(modules, sort_keys=True).encode()).hexdigest()
    role = {
        str(path.relative_to(ROLE)): path.read_text(encoding="utf-8")
        for path in sorted(ROLE.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    document = {
        "modules": modules,
        "coreModules": sorted(modules.keys() - optional),
        "optionalModules": sorted(optional),
        "ansible": role,
        "digest": digest,
    }
    write(output, json.dumps(document, sort_keys=True, indent=1) + "\n")


if __name__ == "__main__":
    main()
