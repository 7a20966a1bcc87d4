"""The full edition's form of a module: its source without comments, docstrings and blank lines.

The code itself isn't rewritten (not by ast.unparse either, whose output differs between versions of Python).
"""
import ast
import io
import tokenize


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


