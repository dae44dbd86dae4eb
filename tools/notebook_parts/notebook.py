"""Assemble a chapter's cells and write them as a notebook."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from notebook_parts.bootstrap import opening_code, opening_text
from notebook_parts.context import Context
from notebook_parts.directives import (
    REFERENCES,
    render_nodes,
    render_prose,
    solution_summary,
)
from notebook_parts.exercises import split_answer
from notebook_parts.prose import HEADING, Directive, Node, Text, parse_prose
from notebook_parts.source import Chapter, CodeCell

HIDDEN = frozenset(
    {"hide-input", "hide-cell", "remove-input", "remove-cell"}
)
FOLDED: dict[str, Any] = {
    "cellView": "form",
    "jupyter": {"source_hidden": True},
}
# a cell of its own for each, so that Colab folds sections well
OWN_CELL = frozenset({"exercise", "exercise-start"})


@dataclass
class Assembly:
    """The cells so far, and the solution that is open, if any."""

    context: Context
    cells: list[dict[str, Any]] = field(default_factory=list)
    solution: Directive | None = None

    def markdown(self, text: str) -> None:
        """Add a Markdown cell, unless it would be empty."""
        text = text.strip("\n")
        if text:
            self.cells.append(
                {"cell_type": "markdown", "metadata": {}, "source": text}
            )

    def code(self, text: str, metadata: dict[str, Any]) -> None:
        """Add a code cell without outputs."""
        self.cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": metadata,
                "outputs": [],
                "source": text,
            }
        )

    def prose(self, nodes: list[Node]) -> None:
        """Add cells for the nodes between two code cells."""
        group: list[Node] = []
        for node in nodes:
            name = node.name if isinstance(node, Directive) else ""
            if name in ("solution-start", "solution-end"):
                self._flush(group)
                group = []
                self._gate(node)
                continue
            if _opens_cell(node):
                self._flush(group)
                group = []
            group.append(node)
            if name == "exercise":
                self._flush(group)
                group = []
        self._flush(group)

    def _gate(self, node: Node) -> None:
        assert isinstance(node, Directive)
        if node.name == "solution-end":
            if self.solution is None:
                self.context.problem(node.line, "no solution is open here")
            self.solution = None
            return
        if self.solution is not None:
            line = self.solution.line
            self.context.problem(line, "this solution is never closed")
        # for its checks; a solution of code alone has no other use of it
        solution_summary(node, self.context)
        self.solution = node

    def _flush(self, group: list[Node]) -> None:
        text = render_nodes(group, self.context)
        if self.solution is not None and text:
            summary = solution_summary(self.solution, self.context)
            text = self.context.edition.solution_text(summary, text)
        self.markdown(text)

    def code_cell(self, cell: CodeCell) -> None:
        """Add a code cell of the chapter, and its figure's caption."""
        metadata = _metadata(cell)
        code = cell.code
        if self.solution is not None:
            if not self.context.edition.keeps_solution_code():
                return
            summary = solution_summary(self.solution, self.context)
            code = f"# @title {summary}\n{code}"
            metadata |= FOLDED
        elif "exercise" in cell.tags:
            code, metadata = self._answer(cell, metadata)
        self.code(code, metadata)
        caption = cell.figure.get("caption")
        if caption:
            number = self.context.index.number_at(
                self.context.path, cell.line
            )
            text = render_prose(str(caption), cell.line, self.context)
            self.markdown(f"**Figure {number}.** {text}")

    def _answer(
        self, cell: CodeCell, metadata: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        edition = self.context.edition
        context = self.context
        answer = split_answer(context.path, cell, context.problems)
        plain = {k: v for k, v in metadata.items() if k not in FOLDED}
        if answer is None:
            return cell.code, plain
        code = edition.answer_code(answer)
        if edition.folds_answers():
            title = f"# @title One solution: {answer.function}"
            return f"{title}\n{code}", plain | FOLDED
        return code, plain


def _opens_cell(node: Node) -> bool:
    if isinstance(node, Directive):
        return node.name in OWN_CELL
    return isinstance(node, Text) and bool(
        HEADING.match(_first_line(node.text))
    )


def _first_line(text: str) -> str:
    """The first line that is seen: blank lines and labels are not."""
    for line in text.split("\n"):
        if line.strip() and not re.match(r"^\([\w:.-]+\)=", line):
            return line
    return ""


def split_at_headings(nodes: list[Node]) -> list[Node]:
    """Cut text before each heading and at each ``+++``."""
    pieces: list[Node] = []
    for node in nodes:
        if not isinstance(node, Text):
            pieces.append(node)
            continue
        lines = node.text.split("\n")
        cuts = [0]
        for i, line in enumerate(lines):
            if HEADING.match(line) or line.startswith("+++"):
                cuts.append(i)
        for start, end in zip(cuts, [*cuts[1:], len(lines)], strict=True):
            text = "\n".join(lines[start:end])
            if text.strip():
                pieces.append(Text(node.line + start, text))
    return pieces


def _metadata(cell: CodeCell) -> dict[str, Any]:
    tags = list(cell.tags)
    # the book shows such a cell without running it; nbval must not either
    if "skip-execution" in tags:
        tags.append("nbval-skip")
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if HIDDEN & set(tags):
        metadata |= FOLDED
    return metadata


def notebook_text(chapter: Chapter, context: Context) -> str:
    """The bytes of a chapter's notebook, as text."""
    assembly = Assembly(context)
    assembly.markdown(opening_text(chapter, context))
    assembly.code(opening_code(chapter, context), dict(FOLDED))
    for block in chapter.blocks:
        if isinstance(block, CodeCell):
            assembly.code_cell(block)
        else:
            nodes = parse_prose(block.text, block.line)
            assembly.prose(split_at_headings(nodes))
    if assembly.solution is not None:
        line = assembly.solution.line
        context.problem(line, "this solution is never closed")
    _add_references(assembly)
    return _write(assembly.cells, _notebook_metadata(chapter))


def _add_references(assembly: Assembly) -> None:
    context = assembly.context
    listed = context.bibliography.listed(context.cited)
    placed = False
    for cell in assembly.cells:
        if REFERENCES in cell["source"]:
            cell["source"] = cell["source"].replace(REFERENCES, listed)
            placed = True
    if listed and not placed:
        # a chapter may have its own words about what it cites
        headed = any(
            cell["source"].startswith("## References\n")
            for cell in assembly.cells
        )
        assembly.markdown(
            listed if headed else f"## References\n\n{listed}"
        )


def _notebook_metadata(chapter: Chapter) -> dict[str, Any]:
    kernel = chapter.front.get("kernelspec") or {}
    return {
        "colab": {
            "name": f"{chapter.path.stem}.ipynb",
            "toc_visible": True,
        },
        "kernelspec": dict(kernel),
        "language_info": {"name": "python"},
        "seglab": chapter.settings,
    }


def _write(cells: list[dict[str, Any]], metadata: dict[str, Any]) -> str:
    """The same bytes as nbformat writes."""
    seen: Counter[str] = Counter()
    for cell in cells:
        content = f"{cell['cell_type']}\n{cell['source']}"
        name = hashlib.sha256(content.encode()).hexdigest()[:12]
        seen[name] += 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"
        cell["source"] = cell["source"].splitlines(keepends=True)
    notebook = {
        "cells": cells,
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    text = json.dumps(
        notebook,
        indent=1,
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ": "),
    )
    return f"{text}\n"
