"""Short names for what our modules define, the same name everywhere: a compressor still pays for each long one.

Renamed is by text: `boot_id` is one short name wherever it stands as a function, method, attribute, parameter or
variable. That is the same program as long as no such name belongs to somebody else's class or function, or is built
from text: those names are left alone.
"""
import ast
import builtins
import importlib
import inspect
import itertools
import keyword
import string


def _foreign(trees):
    """Names that the standard library's modules in use have in any of their functions and classes."""
    names = set(dir(builtins)) | set(keyword.kwlist) | {"self", "cls"}
    modules = {"io", "zipimport"}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(node.module)
    objects = [getattr(builtins, name) for name in dir(builtins)]
    for name in sorted(modules):
        if name.partition(".")[0] == "dataplane_host":
            continue
        module = importlib.import_module(name)
        names |= {name, *name.split("."), *dir(module)}
        objects += [getattr(module, attribute) for attribute in dir(module)]
    for thing in objects:
        names |= set(dir(thing))
        for function in [thing, *([getattr(thing, name, None) for name in dir(thing)] if isinstance(thing, type) else [])]:
            try:
                names |= set(inspect.signature(function).parameters)
            except (TypeError, ValueError):
                pass
    return names


def _texts(trees):
    """Words that stand in strings and may be names: options of the command line, getattr."""
    return {node.value.lstrip("-").replace("-", "_") for tree in trees.values() for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)}


class _Occurrences(ast.NodeVisitor):
    def __init__(self):
        self.defined, self.count, self.modules = set(), {}, set()

    def _see(self, name, defines=False):
        self.count[name] = self.count.get(name, 0) + 1
        if defines:
            self.defined.add(name)

    def generic_visit(self, node):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self._see(node.name, True)
        elif isinstance(node, ast.Name):
            self._see(node.id, isinstance(node.ctx, ast.Store))
        elif isinstance(node, ast.Attribute):
            self._see(node.attr, isinstance(node.ctx, ast.Store))
        elif isinstance(node, ast.arg):
            self._see(node.arg, True)
        elif isinstance(node, ast.keyword) and node.arg:
            self._see(node.arg)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self._see(alias.name)
        super().generic_visit(node)


class _Rename(ast.NodeTransformer):
    def __init__(self, names):
        self.names = names

    def generic_visit(self, node):
        for field in {ast.FunctionDef: ("name",), ast.ClassDef: ("name",), ast.Name: ("id",), ast.Attribute: ("attr",), ast.arg: ("arg",),
                      ast.keyword: ("arg",), ast.alias: ("name", "asname"), ast.ExceptHandler: ("name",)}.get(type(node), ()):
            old = getattr(node, field)
            setattr(node, field, self.names.get(old, old))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self.names.get(name, name) for name in node.names]
        return super().generic_visit(node)


def rename(trees, kept):
    """Renames in place; returns {old: new}."""
    seen = _Occurrences()
    for tree in trees.values():
        seen.visit(tree)
    fixed = _foreign(trees) | _texts(trees) | set(trees) | set(kept)
    ours = sorted((name for name in seen.defined if name not in fixed and len(name) > 2 and not name.startswith("__")),
                  key=lambda name: (-seen.count[name], name))
    taken = fixed | set(seen.count)
    letters = string.ascii_letters
    short = (name for length in (1, 2, 3) for name in map("".join, itertools.product(letters, repeat=length)) if name not in taken)
    names = dict(zip(ours, short))
    for tree in trees.values():
        _Rename(names).visit(tree)
    return names
