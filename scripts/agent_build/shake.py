"""What the installed edition leaves out: what only the full edition does (`if FULL:`), and whatever is then not used.

By name, and careful: whatever has a name that is read anywhere in what stays, stays.
"""
import ast


class _Fold(ast.NodeTransformer):
    """FULL is False: decides every `if`, `… if … else …`, `and` and `or` that asks it."""

    def visit_Name(self, node):
        return ast.copy_location(ast.Constant(False), node) if node.id == "FULL" and isinstance(node.ctx, ast.Load) else node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        decided = _decided(node.operand)
        return ast.Constant(not decided) if isinstance(node.op, ast.Not) and decided is not None else node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        deciding = isinstance(node.op, ast.Or)
        values = []
        for value in node.values:
            if _decided(value) is not (not deciding):
                values.append(value)
            if _decided(value) is deciding:
                break
        if not values:
            return ast.Constant(not deciding)
        if len(values) == 1:
            return values[0]
        node.values = values
        return node

    def visit_IfExp(self, node):
        self.generic_visit(node)
        decided = _decided(node.test)
        return node if decided is None else node.body if decided else node.orelse

    def visit_If(self, node):
        self.generic_visit(node)
        decided = _decided(node.test)
        if isinstance(node.test, ast.BoolOp) and _decided(node.test.values[-1]) is isinstance(node.test.op, ast.Or) and not any(
                isinstance(part, ast.Call) for part in ast.walk(node.test)):
            decided = _decided(node.test.values[-1])  # `if present is None or True`
        return node if decided is None else node.body if decided else node.orelse

    def visit_Call(self, node):
        """What to do about a problem is said by the full edition."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "Problem":
            node.args = node.args[:3]
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "remedy"]
        return node

    def visit_Dict(self, node):
        """{…, **({…} if FULL else {})} and the like."""
        self.generic_visit(node)
        kept = [(key, value) for key, value in zip(node.keys, node.values)
                if not (key is None and isinstance(value, ast.Dict) and not value.keys)]
        node.keys, node.values = [key for key, _ in kept], [value for _, value in kept]
        return node

    def generic_visit(self, node):
        super().generic_visit(node)
        for field in ("body", "orelse"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                for index, statement in enumerate(body):
                    if isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                        del body[index + 1:]
                        break
                if not body and field == "body" and not isinstance(node, ast.Module):
                    body.append(ast.Pass())
        return node


class _Unread(ast.NodeTransformer):
    """Leaves out what is assigned to a local name that is never read, where making it does nothing else."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        read = {child.id for child in ast.walk(node) if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Store)}
        node.body = self._kept(node.body, read) or [ast.Pass()]
        return node

    def _kept(self, body, read):
        found = []
        for statement in body:
            if isinstance(statement, ast.Assign) and all(
                    isinstance(name, ast.Name) and name.id not in read for target in statement.targets
                    for name in (target.elts if isinstance(target, ast.Tuple) else [target])) and not any(
                    isinstance(part, (ast.Call, ast.Attribute, ast.Subscript, ast.Await)) for part in ast.walk(statement.value)):
                continue
            found.append(statement)
        return found


def _decided(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None


def _names(node):
    """Every name that is read below the node, and whether as an attribute (or by getattr), as members of classes are."""
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
            yield child.id, False
        elif isinstance(child, ast.Attribute):
            yield child.attr, True
        elif isinstance(child, ast.Call) and getattr(child.func, "id", "") in ("getattr", "hasattr"):
            yield child.args[1].value, True


def _defined(statement):
    """The names that a statement of a module or class defines, where it does nothing else."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = [name for target in statement.targets for name in (target.elts if isinstance(target, ast.Tuple) else [target])]
        if all(isinstance(target, ast.Name) for target in targets):
            return [target.id for target in targets]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _abstract(statement):
    return isinstance(statement, ast.FunctionDef) and ast.unparse(statement.body[-1]) == "raise NotImplementedError"


class _Shaker:
    """Marks what can be reached from the roots, then sweeps away the rest."""

    def __init__(self, trees, roots):
        self.read = {(name, attribute) for name in roots for attribute in (False, True)}
        self.kept = set()  # ids of statements
        while True:
            before = len(self.kept)
            for tree in trees.values():
                self._mark(tree.body, False)
            if len(self.kept) == before:
                break
        for tree in trees.values():
            tree.body = self._swept(tree.body)

    def _mark(self, body, member):
        for statement in body:
            names = _defined(statement)
            if id(statement) not in self.kept and not _abstract(statement) and (not names or any(
                    name.startswith("__") and name.endswith("__") or (name, True) in self.read
                    or not member and (name, False) in self.read for name in names)):
                self.kept.add(id(statement))
                if isinstance(statement, ast.ClassDef):
                    for part in [*statement.bases, *statement.decorator_list]:
                        self.read.update(_names(part))
                else:
                    self.read.update(_names(statement))
            if isinstance(statement, ast.ClassDef) and id(statement) in self.kept:
                self._mark(statement.body, True)

    def _swept(self, body):
        kept = [statement for statement in body if id(statement) in self.kept]
        for statement in kept:
            if isinstance(statement, ast.ClassDef):
                statement.body = self._swept(statement.body) or [ast.Pass()]
        return kept


def _without_imports(tree):
    used = {child.id for child in ast.walk(tree) if isinstance(child, ast.Name)}
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if not isinstance(body, list):
                continue
            for statement in list(body):
                if isinstance(statement, (ast.Import, ast.ImportFrom)):
                    statement.names = [alias for alias in statement.names
                                       if (alias.asname or alias.name.partition(".")[0]) in used]
                    if not statement.names:
                        body.remove(statement)


def shake(sources, roots):
    """{module: source} to {module: syntax tree} of what the installed edition has of it."""
    trees = {name: _Unread().visit(_Fold().visit(ast.parse(source))) for name, source in sources.items()}
    _Shaker(trees, roots)
    for tree in trees.values():
        _without_imports(tree)
    return trees
