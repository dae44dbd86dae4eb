"""The source of a package object as a chapter shows it."""

from __future__ import annotations

import ast
import re

from notebook_parts.package_module import PackageError, PackageModule

WIDTH = 76
CHECKED_AWAY = re.compile(r"[ \t]+# (?:noqa|type: ignore)\b.*$")


def shown_code(module: PackageModule, name: str) -> str:
    """The source of a definition as a chapter shows it.

    Docstrings are cut to their summaries, and comments for checkers go.

    Raises:
        PackageError: a line is too wide for the page, or a docstring does
            not open with a summary.
    """
    node = module.definitions[name]
    lines = module.text.split("\n")
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)])
    last = node.end_lineno or node.lineno
    edits = [*_docstring_edits(module, node)]
    edits += _annotation_edits(module, name, node)
    for edit in sorted(edits, reverse=True):
        _apply(lines, edit)
    shown: list[str] = []
    for number in range(first, last + 1):
        line = lines[number - 1]
        if line is _REMOVED:
            continue
        line = CHECKED_AWAY.sub("", line)
        if max(map(len, line.split("\n"))) > WIDTH:
            raise PackageError(
                f"{module.path}:{number} is wider than {WIDTH} columns"
            )
        shown.append(line)
    return "\n".join(shown)


# stands for a line that an edit removed; compared by identity
_REMOVED = "\0removed"

# start line, start byte, end line, end byte, text in place of it
Edit = tuple[int, int, int, int, str]


def _edit(node: ast.expr, text: str) -> Edit:
    end_line = node.end_lineno or node.lineno
    end = node.end_col_offset or 0
    return (node.lineno, node.col_offset, end_line, end, text)


def _apply(lines: list[str], edit: Edit) -> None:
    start_line, start, end_line, end, text = edit
    head = lines[start_line - 1].encode()[:start].decode()
    tail = lines[end_line - 1].encode()[end:].decode()
    lines[start_line - 1] = head + text + tail
    for number in range(start_line, end_line):
        lines[number] = _REMOVED


def _docstring_edits(module: PackageModule, node: ast.stmt) -> list[Edit]:
    edits: list[Edit] = []
    for inner in ast.walk(node):
        if not isinstance(
            inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ):
            continue
        head = inner.body[0]
        if not (
            isinstance(head, ast.Expr)
            and isinstance(head.value, ast.Constant)
            and isinstance(head.value.value, str)
            and head.lineno != head.end_lineno
        ):
            continue
        first = module.text.split("\n")[head.lineno - 1].strip()
        if first[-1] not in ".?!:" or first.endswith('"""'):
            raise PackageError(
                f"{module.path}:{head.lineno} the docstring's first line "
                "is not a complete summary: end it with a full stop"
            )
        closing = first.lstrip("rRuU")[:3]
        if head.col_offset + len(first) + len(closing) > WIDTH:
            closing = "\n" + " " * head.col_offset + closing
        edits.append(_edit(head.value, first + closing))
    return edits


def _annotation_edits(
    module: PackageModule, name: str, node: ast.stmt
) -> list[Edit]:
    """Quote annotations whose names do not exist when the cell runs.

    Package modules postpone annotations; a notebook cell does not, so a
    class may not name itself in one, nor anything made for checkers.
    """
    missing = {name} | module.checker_names
    edits: list[Edit] = []
    for annotation in _annotations(node):
        names = {
            n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)
        }
        if not names & missing:
            continue
        edits.append(_edit(annotation, f'"{ast.unparse(annotation)}"'))
    return edits


def _annotations(node: ast.stmt) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.arg | ast.AnnAssign):
            found.append(inner.annotation)
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(inner.returns)
    return [annotation for annotation in found if annotation is not None]
