"""Short names for what our modules define: also a compressor pays for each long one.

Everything that is no local variable is renamed by text: `boot_id` is the same short name wherever it stands as a
function, method, attribute or keyword. That is the same program as long as no such name belongs to somebody else's
class or function, or is made from text: those names are left alone. Local variables have one letter each, the same
one for the same name in as many functions as possible, as that compresses best.
"""
import ast
import builtins
import importlib
import inspect
import itertools
import keyword
import string

LETTERS = string.ascii_lowercase + string.ascii_uppercase
FUNCTIONS = (ast.FunctionDef, ast.Lambda)


def _foreign(trees):
    """Names that the standard library's modules in use have, and names of parameters of its functions."""
    names, parameters = set(dir(builtins)) | set(keyword.kwlist), set()
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
                parameters |= set(inspect.signature(function).parameters)
            except (TypeError, ValueError):
                pass
    return names, parameters


def _from_text(trees):
    """Attributes that are made from text: options of the command line, getattr and its like."""
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in ("add_argument", "getattr", "hasattr", "setattr"):
                    yield from (part.value.lstrip("-").replace("-", "_") for part in node.args
                                if isinstance(part, ast.Constant) and isinstance(part.value, str))


def _collected(trees):
    """Keywords of calls to functions that collect them in a dictionary (`**fields`): there they are text."""
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    collecting = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.args.kwarg}
    return {keyword.arg for node in nodes if isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) in collecting for keyword in node.keywords if keyword.arg}


def _keywords(trees):
    return {node.arg for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}


def _locals(function, keywords):
    """Names that are bound in the function, or in a function or comprehension inside it; without parameters that
    callers may name."""
    found, passed = set(), set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
            passed |= {node.arg} & keywords
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.FunctionDef) and node is not function:
            found.add(node.name)
        elif isinstance(node, (ast.Global, ast.ClassDef)):
            raise NotImplementedError(f"line {node.lineno}: a global statement or a class in a function")
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname for alias in node.names if alias.asname}
    return found - passed


class _Survey(ast.NodeVisitor):
    """What is defined outside functions, how often names are used, and each outermost function with its locals."""

    def __init__(self, keywords):
        self.keywords = keywords
        self.globals, self.attributes, self.count, self.functions = set(), set(), {}, []
        self.scope, self.local = "module", frozenset()

    def _see(self, name):
        self.count[name] = self.count.get(name, 0) + 1

    def visit(self, node):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name not in self.local:
            (self.attributes if self.scope == "class" else self.globals).add(node.name)
            self._see(node.name)
        elif isinstance(node, ast.Name):
            if node.id not in self.local:
                self._see(node.id)
                if not isinstance(node.ctx, ast.Load):
                    (self.attributes if self.scope == "class" else self.globals).add(node.id)
        elif isinstance(node, ast.Attribute):
            self._see(node.attr)
            if not isinstance(node.ctx, ast.Load):
                self.attributes.add(node.attr)
        elif isinstance(node, ast.arg) and node.arg in self.keywords and node.arg not in self.local:
            self._see(node.arg)
            self.globals.add(node.arg)
        elif isinstance(node, ast.keyword) and node.arg:
            self._see(node.arg)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self._see(alias.name)
        before = self.scope, self.local
        if isinstance(node, FUNCTIONS) and not self.local:
            self.scope, self.local = "function", frozenset(_locals(node, self.keywords)) | {""}
            self.functions.append((node, self.local - {""}))
        elif isinstance(node, ast.ClassDef):
            self.scope = "class"
        self.generic_visit(node)
        self.scope, self.local = before


class _Rename(ast.NodeTransformer):
    def __init__(self, names, attributes, functions):
        self.names, self.attributes, self.functions = names, attributes, functions
        self.local, self.in_class = {}, False

    def visit(self, node):
        before = self.local, self.in_class
        outside = self.attributes if self.in_class else self.names
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.name = self.local.get(node.name) or outside.get(node.name, node.name)
        if isinstance(node, ast.ClassDef):
            # Decorators and bases are outside; nothing that we define is used there but as a name of the module.
            self.in_class = True
        elif id(node) in self.functions:
            self.local, self.in_class = self.functions[id(node)], False
        if isinstance(node, ast.Name):
            node.id = self.local.get(node.id) or (outside if isinstance(node.ctx, ast.Store) else self.names).get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = self.local.get(node.arg) or self.names.get(node.arg, node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            node.name = self.local.get(node.name, node.name)
        elif isinstance(node, ast.Attribute):
            node.attr = self.attributes.get(node.attr, node.attr)
        elif isinstance(node, ast.keyword):
            node.arg = self.names.get(node.arg, node.arg)
        elif isinstance(node, ast.alias):
            node.name = self.names.get(node.name, node.name)
            node.asname = self.local.get(node.asname, node.asname)
        elif isinstance(node, ast.Nonlocal):
            node.names = [self.local.get(name, name) for name in node.names]
        self.generic_visit(node)
        self.local, self.in_class = before
        return node


def _letters(functions):
    """{local name: letter}: names that meet in a function have different letters, the others the same few."""
    count, meets = {}, {}
    for node, names in functions:
        for name in names:
            meets.setdefault(name, set()).update(names - {name})
        for child in ast.walk(node):
            name = getattr(child, "id", getattr(child, "arg", None))
            if name in names:
                count[name] = count.get(name, 0) + 1
    letters = {}
    for name in sorted(count, key=lambda name: (-count[name], name)):
        taken = {letters.get(other) for other in meets[name]}
        letters[name] = next(letter for letter in LETTERS if letter not in taken)
    return letters


def _private(trees, names):
    """{global name: module} of those that one module alone speaks of, and never as an attribute or keyword."""
    where = {}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.Attribute, ast.keyword, ast.arg)):
                where.setdefault(getattr(node, "attr", getattr(node, "arg", None)), set()).add(None)
            elif isinstance(node, ast.alias):
                where.setdefault(node.name, set()).add(None)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                where.setdefault(node.name, set()).add(module)
            elif isinstance(node, ast.Name):
                where.setdefault(node.id, set()).add(module)
    return {name: next(iter(where[name])) for name in sorted(names) if len(where.get(name, ())) == 1 and None not in where[name]}


def rename(trees, kept):
    """Renames in place; returns {old: new} of all but the local names."""
    keywords = _keywords(trees)
    survey = _Survey(keywords)
    for tree in trees.values():
        survey.visit(tree)
    foreign, parameters = _foreign(trees)
    fixed = foreign | set(_from_text(trees)) | _collected(trees) | set(trees) | set(kept)

    letters = _letters(survey.functions)

    def shortened(names, fixed, pool):
        ours = sorted((name for name in names if name not in fixed and not name.startswith("__")),
                      key=lambda name: (-survey.count[name], name))
        return dict(zip(ours, (text for text in pool if text not in fixed)))

    pairs = ["".join(pair) for pair in itertools.product(LETTERS, repeat=2)]
    # A global name mustn't be hidden by a local one; what only one module knows may be called as in the others.
    pool = [letter for letter in LETTERS if letter not in letters.values()] + pairs
    private = _private(trees, survey.globals)
    names = shortened(survey.globals - set(private), fixed | parameters, pool)
    taken = fixed | parameters | set(names.values())
    for module in sorted(trees):
        names.update(shortened([name for name, where in private.items() if where == module], taken, pool))
    # An attribute is never taken for a variable.
    attributes = {**shortened(survey.attributes - survey.globals, fixed | set(names.values()), [*LETTERS, *pairs]), **names}
    functions = {id(node): {name: letters[name] for name in local} for node, local in survey.functions}
    for tree in trees.values():
        _Rename(names, attributes, functions).visit(tree)
    return {"names": names, "attributes": attributes}
