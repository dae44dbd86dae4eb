"""Exercises in code: the reference, the stub, and where they stand."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from notebook_parts.problems import Problems
from notebook_parts.prose import Directive, parse_prose
from notebook_parts.source import Chapter, CodeCell

START = re.compile(r"^([ \t]*)# <solution>[ \t]*$")
END = re.compile(r"^[ \t]*# </solution>[ \t]*$")
MARKER = re.compile(r"^[ \t]*# ?</?solution>", re.MULTILINE)
STUB = ("# Your code here", "raise NotImplementedError")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Answer:
    """Both forms of an exercise's cell.

    Args:
        function: the name that the reader defines.
        reference: the cell with its solution, without the markers.
        stub: the cell with the solution taken out.
    """

    function: str
    reference: str
    stub: str


@dataclass(frozen=True)
class ExerciseCell:
    """An exercise in code: its label, its cell's line, both answers."""

    chapter: int
    label: str
    line: int
    answer: Answer


def has_markers(cell: CodeCell) -> bool:
    """Whether a cell holds a solution marker."""
    return MARKER.search(cell.code) is not None


def split_answer(
    path: Path, cell: CodeCell, problems: Problems
) -> Answer | None:
    """Reference and stub of an exercise's cell, or None with a problem."""

    def fault(offset: int, message: str) -> None:
        problems.add(path, cell.body_line + offset, message)

    lines = cell.code.split("\n")
    starts = [i for i, line in enumerate(lines) if START.match(line)]
    ends = [i for i, line in enumerate(lines) if END.match(line)]
    if len(starts) != 1:
        fault(
            starts[1] if starts else 0,
            "an exercise's cell holds exactly one # <solution> line, "
            f"this one has {len(starts)}",
        )
        return None
    start = starts[0]
    if len(ends) != 1 or ends[0] < start:
        fault(start, "# <solution> is not closed by one # </solution>")
        return None
    end = ends[0]
    indent = " " * (len(lines[start]) - len(lines[start].lstrip()))
    stub_lines = [indent + line for line in STUB]
    stub = "\n".join([*lines[:start], *stub_lines, *lines[end + 1 :]])
    middle = lines[start + 1 : end]
    reference = "\n".join([*lines[:start], *middle, *lines[end + 1 :]])
    try:
        tree = ast.parse(stub)
        ast.parse(reference)
    except SyntaxError as error:
        fault(start, f"the cell or its stub is not Python: {error.msg}")
        return None
    function = _enclosing(tree, start + 2)
    if function is None:
        fault(start, "# <solution> stands outside a function's body")
        return None
    return Answer(function, reference, stub)


def _enclosing(tree: ast.Module, line: int) -> str | None:
    """The top-level name whose function holds the stub's line."""
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, Function) and _spans(inner.body, line):
                return node.name
    return None


def _spans(body: list[ast.stmt], line: int) -> bool:
    last = body[-1].end_lineno or body[-1].lineno
    return body[0].lineno <= line <= last


def exercise_cells(
    chapter: Chapter, problems: Problems
) -> list[ExerciseCell]:
    """The exercises in code of a chapter, in order."""
    found: list[ExerciseCell] = []
    label = ""
    cells = chapter.code_cells
    for block in chapter.blocks:
        if not isinstance(block, CodeCell):
            label = _last_label(block.text, block.line) or label
            continue
        if "exercise" not in block.tags:
            if has_markers(block):
                problems.add(
                    chapter.path,
                    block.line,
                    "a cell with a solution marker needs the tag exercise",
                )
            continue
        answer = split_answer(chapter.path, block, problems)
        if answer is None:
            continue
        if not label:
            problems.add(
                chapter.path,
                block.line,
                "no exercise stands before this cell",
            )
        follower = cells[cells.index(block) + 1 :][:1]
        call = rf"\bcheck\.{answer.function}\({answer.function}\b"
        if not follower or not re.search(call, follower[0].code):
            name = answer.function
            problems.add(
                chapter.path,
                block.line,
                f"the next code cell must call check.{name}({name})",
            )
        found.append(
            ExerciseCell(chapter.number, label, block.line, answer)
        )
    return found


def _last_label(text: str, line: int) -> str:
    label = ""
    for node in parse_prose(text, line):
        if isinstance(node, Directive) and node.name in (
            "exercise",
            "exercise-start",
        ):
            label = str(node.options.get("label", "")).strip()
    return label
