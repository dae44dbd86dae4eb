"""Labels of the whole book, and the numbers that readers see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal as OneOf

from notebook_parts.problems import Problems
from notebook_parts.prose import (
    EQUATION,
    HEADING,
    TARGET,
    Directive,
    Node,
    Text,
    parse_prose,
    walk,
)
from notebook_parts.source import Chapter, CodeCell

Kind = OneOf[
    "chapter", "page", "section", "figure", "table", "exercise", "equation",
    "solution", "target",
]  # fmt: skip


@dataclass(frozen=True)
class Label:
    """Something that a reference can point at.

    Args:
        name: as references write it.
        kind: what it is.
        number: such as ``2.1``; empty where nothing is numbered.
        title: the heading or the exercise's title; may be empty.
        path: the file that holds it.
        line: where it stands.
    """

    name: str
    kind: Kind
    number: str
    title: str
    path: Path
    line: int

    @property
    def short_title(self) -> str:
        """The title up to its colon."""
        return self.title.split(":")[0].strip()


@dataclass
class Index:
    """Every label of the book, and the number of every numbered thing."""

    labels: dict[str, Label] = field(default_factory=dict)
    numbers: dict[tuple[Path, int], str] = field(default_factory=dict)

    def number_at(self, path: Path, line: int) -> str:
        """The number of the figure, table or exercise at a line."""
        return self.numbers.get((path, line), "")

    def add(self, label: Label, problems: Problems) -> None:
        """Note a label; a second one of the same name is a fault."""
        first = self.labels.setdefault(label.name, label)
        if first is not label:
            problems.add(
                label.path,
                label.line,
                f"the label {label.name} is used twice: it also stands in "
                f"{first.path.name}, line {first.line}",
            )


def build_index(
    chapters: Iterable[Chapter], pages: Iterable[Path], problems: Problems
) -> Index:
    """Number the chapters' figures, exercises, tables and equations."""
    index = Index()
    for chapter in chapters:
        numbering = _Numbering(
            index, problems, chapter.path, str(chapter.number)
        )
        for block in chapter.blocks:
            if isinstance(block, CodeCell):
                numbering.code_cell(block)
            else:
                numbering.prose(parse_prose(block.text, block.line))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        numbering = _Numbering(index, problems, page, "")
        numbering.prose(parse_prose(text, 1))
    return index


class _Numbering:
    """Walks one file in the order of its page and counts."""

    def __init__(
        self, index: Index, problems: Problems, path: Path, chapter: str
    ) -> None:
        self.index = index
        self.problems = problems
        self.path = path
        self.chapter = chapter
        self.counts: Counter[str] = Counter()
        self.has_title = False

    def prose(self, nodes: list[Node]) -> None:
        """Count what a piece of prose holds."""
        for node in walk(nodes):
            if isinstance(node, Text):
                self._text(node)
            elif isinstance(node, Directive):
                self._directive(node)

    def code_cell(self, cell: CodeCell) -> None:
        """Count the figure that a cell draws."""
        if not cell.figure.get("caption"):
            return
        number = self._count("figure", cell.line)
        name = cell.figure.get("name")
        if name:
            self._add(str(name), "figure", number, "", cell.line)

    def _count(self, kind: Kind, line: int) -> str:
        self.counts[kind] += 1
        number = f"{self.chapter}.{self.counts[kind]}".lstrip(".")
        self.index.numbers[self.path, line] = number
        return number

    def _add(
        self, name: str, kind: Kind, number: str, title: str, line: int
    ) -> None:
        label = Label(name, kind, number, title, self.path, line)
        self.index.add(label, self.problems)

    def _directive(self, node: Directive) -> None:
        label = str(node.options.get("label", "")).strip()
        name = str(node.options.get("name", "")).strip()
        numbered = "nonumber" not in node.options
        if node.name in ("exercise", "exercise-start"):
            number = self._count("exercise", node.line) if numbered else ""
            if label:
                self._add(
                    label, "exercise", number, node.argument, node.line
                )
            else:
                self.problems.add(
                    self.path, node.line, "this exercise has no :label:"
                )
        elif node.name in ("solution", "solution-start") and label:
            self._add(label, "solution", "", node.argument, node.line)
        elif node.name == "math" and label:
            number = self._count("equation", node.line)
            self._add(label, "equation", number, "", node.line)
        elif node.name == "figure" and node.body.strip():
            number = self._count("figure", node.line)
            if name:
                self._add(name, "figure", number, "", node.line)
        elif node.name == "table" and node.argument:
            number = self._count("table", node.line)
            if name:
                self._add(name, "table", number, "", node.line)
        elif name:
            self._add(name, "target", "", node.argument, node.line)

    def _text(self, node: Text) -> None:
        pending: list[tuple[str, int]] = []
        for offset, line in enumerate(node.text.split("\n")):
            target = TARGET.match(line)
            heading = HEADING.match(line)
            if target:
                pending.append((target[1], node.line + offset))
            elif line.strip():
                self._targets(pending, heading[2] if heading else "")
                if heading and len(heading[1]) == 1:
                    self.has_title = True
                pending = []
        self._targets(pending, "")
        for found in EQUATION.finditer(node.text):
            if found["label"]:
                line_number = node.line + node.text[: found.start()].count(
                    "\n"
                )
                number = self._count("equation", line_number)
                self._add(
                    found["label"], "equation", number, "", line_number
                )

    def _targets(self, pending: list[tuple[str, int]], title: str) -> None:
        kind: Kind = "section" if title else "target"
        number = ""
        if title and not self.has_title:
            kind = "chapter" if self.chapter else "page"
            number = self.chapter
        for name, line in pending:
            self._add(name, kind, number, title, line)
