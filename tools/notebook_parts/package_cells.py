"""Fill the cells that show package code, in the chapter's source."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from notebook_parts.package_module import Import, PackageError, imports_of
from notebook_parts.package_source import Package
from notebook_parts.problems import Problems
from notebook_parts.shown_code import WIDTH
from notebook_parts.source import Chapter, CodeCell, parse_chapter

HEADER = re.compile(r"^# (seglab(?:\.\w+)+)[ \t]*$")
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def package_object(cell: CodeCell) -> str | None:
    """The dotted name in a package cell's first line, or None."""
    found = HEADER.match(cell.code.split("\n", 1)[0])
    return found.group(1) if found else None


class Bindings:
    """What the chapter's names stand for after the cells so far."""

    def __init__(self) -> None:
        self._meaning: dict[str, str] = {}
        self._loaded: set[str] = set()

    def has(self, wanted: Import) -> bool:
        """Whether the import would bind nothing new."""
        meaning = self._meaning.get(wanted.binds)
        if meaning is None:
            return False
        if wanted.attribute is None and wanted.alias is None:
            return meaning == wanted.means and wanted.module in self._loaded
        return _same(meaning, wanted.means)

    def add_cell(self, tree: ast.Module, cell: CodeCell) -> None:
        """Read what a cell of the author's binds."""
        # a reader may get an exercise wrong, so its name is not relied on
        authored = "exercise" not in cell.tags
        for statement in _statements(tree.body):
            for one in imports_of(statement):
                self.add_import(one)
            if isinstance(
                statement,
                ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
            ):
                self._meaning[statement.name] = (
                    f"seglab.{statement.name}" if authored else ""
                )
            for name in _assigned(statement):
                self._meaning[name] = ""

    def add_import(self, one: Import) -> None:
        """Note a name that an import binds."""
        self._meaning[one.binds] = one.means
        self._loaded.add(one.module)


def _same(one: str, other: str) -> bool:
    """Whether two dotted names mean one object, re-exports included."""
    if one == other:
        return True
    (a, _, name), (b, _, other_name) = (
        dotted.rpartition(".") for dotted in (one, other)
    )
    inside = all(f"{m}.".startswith("seglab.") for m in (a, b))
    nested = f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.")
    return name == other_name and inside and nested


def _statements(body: list[ast.stmt]) -> Iterable[ast.stmt]:
    """Statements that run when the cell runs, those in blocks too."""
    for statement in body:
        yield statement
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(
                statement,
                ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
            ):
                yield from _statements(getattr(statement, part, []))


def _assigned(statement: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.For):
        targets = [statement.target]
    elif isinstance(statement, ast.With):
        targets = [
            i.optional_vars for i in statement.items if i.optional_vars
        ]
    return [
        inner.id
        for target in targets
        for inner in ast.walk(target)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    ]


def fill_chapter(
    chapter: Chapter, package: Package, problems: Problems
) -> Chapter:
    """The chapter with its package cells filled; itself if none changes."""
    bindings = Bindings()
    lines = chapter.text.split("\n")
    shift = 0
    for cell in chapter.code_cells:
        code = cell.code
        dotted = package_object(cell)
        if dotted is not None:
            try:
                code = package_cell_code(dotted, package, bindings)
            except PackageError as error:
                problems.add(chapter.path, cell.body_line, str(error))
        else:
            _read_cell(chapter.path, cell, bindings, problems)
        start, end = cell.body_line - 1 + shift, cell.end_line - 1 + shift
        if code != cell.code:
            lines[start:end] = code.split("\n")
            shift += code.count("\n") - cell.code.count("\n")
    text = "\n".join(lines)
    if text == chapter.text:
        return chapter
    # faults of the text were noted when it was first read
    return parse_chapter(chapter.path, text, Problems())


def _read_cell(
    path: Path, cell: CodeCell, bindings: Bindings, problems: Problems
) -> None:
    try:
        tree = ast.parse(MAGIC.sub(r"\1pass", cell.code))
    except SyntaxError as error:
        line = cell.body_line + (error.lineno or 1) - 1
        problems.add(path, line, f"this is not Python: {error.msg}")
        return
    bindings.add_cell(tree, cell)


def package_cell_code(
    dotted: str, package: Package, bindings: Bindings
) -> str:
    """The whole text of a package cell, and note what it binds."""
    found = package.find(dotted)
    missing = [i for i in found.needed_imports() if not bindings.has(i)]
    for one in missing:
        bindings.add_import(one)
    bindings.add_import(Import(found.module.name, found.name))
    head = [f"# {dotted}"]
    if missing:
        is_block = found.code.startswith(("def ", "class ", "@"))
        head += import_lines(missing) + ["", ""][: 2 if is_block else 1]
    return "\n".join([*head, found.code])


def import_lines(imports: Iterable[Import]) -> list[str]:
    """Import statements in the usual order, grouped and wrapped."""
    plain = {i for i in imports if i.attribute is None}
    members: dict[str, set[str]] = {}
    for one in imports:
        if one.attribute is not None:
            name = f"{one.attribute} as {one.alias}" if one.alias else ""
            names = members.setdefault(one.module, set())
            names.add(name or one.attribute)
    statements = [
        (_group(i.module), 0, i.module, _plain_import(i)) for i in plain
    ]
    statements += [
        (_group(module), 1, module, _from_import(module, sorted(names)))
        for module, names in members.items()
    ]
    lines: list[str] = []
    group = None
    for this_group, _, _, text in sorted(statements):
        if group not in (None, this_group):
            lines.append("")
        group = this_group
        lines += text.split("\n")
    return lines


def _group(module: str) -> int:
    """Standard library, then other people's, then the package itself."""
    top = module.split(".")[0]
    if top in sys.stdlib_module_names:
        return 0
    return 2 if top == "seglab" else 1


def _plain_import(one: Import) -> str:
    suffix = f" as {one.alias}" if one.alias else ""
    return f"import {one.module}{suffix}"


def _from_import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    inner = "".join(f"    {name},\n" for name in names)
    return f"from {module} import (\n{inner})"
