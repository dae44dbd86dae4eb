"""Read a chapter into blocks of prose and code cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from notebook_parts.problems import Problems

FENCE = re.compile(
    r"^(?P<indent>[ ]*)(?P<mark>`{3,}|~{3,}|:{3,})(?P<info>.*)$"
)
CODE_CELL = re.compile(r"\{code-cell\}\s*(\S*)\s*$")
OPTION = re.compile(r"^:([\w-]+):(?:[ \t]+(.*))?$")


@dataclass(frozen=True)
class CodeCell:
    """A code cell of a chapter.

    Args:
        line: where its opening fence stands, counted from 1.
        body_line: where its first line of code stands.
        metadata: its options, such as ``tags`` and ``mystnb``.
        code: its code, without a newline at the end.
    """

    line: int
    body_line: int
    metadata: dict[str, Any]
    code: str

    @property
    def tags(self) -> tuple[str, ...]:
        """The cell's tags, in the order that the source gives."""
        return tuple(self.metadata.get("tags") or ())

    @property
    def figure(self) -> dict[str, Any]:
        """Caption and name of the figure that the cell draws, if any."""
        mystnb = self.metadata.get("mystnb") or {}
        return dict(mystnb.get("figure") or {})

    @property
    def end_line(self) -> int:
        """Where the closing fence stands."""
        return self.body_line + (
            self.code.count("\n") + 1 if self.code else 0
        )


@dataclass(frozen=True)
class Prose:
    """The Markdown between two code cells; ``line`` is its first line."""

    line: int
    text: str


@dataclass(frozen=True)
class Chapter:
    """A chapter's source, read once."""

    path: Path
    front: dict[str, Any]
    blocks: tuple[CodeCell | Prose, ...]
    text: str = field(repr=False)

    @property
    def settings(self) -> dict[str, Any]:
        """What the front matter says under ``seglab``."""
        return dict(self.front.get("seglab") or {})

    @property
    def number(self) -> int:
        """The chapter's number, from its file name."""
        found = re.match(r"\d+", self.path.stem)
        return int(found.group()) if found else 0

    @property
    def code_cells(self) -> tuple[CodeCell, ...]:
        """The chapter's code cells, in order."""
        return tuple(b for b in self.blocks if isinstance(b, CodeCell))


@dataclass(frozen=True)
class Fence:
    """The lines ``start`` to ``end`` of a fenced block, fences included."""

    start: int
    end: int
    indent: str
    mark: str
    info: str
    closed: bool


def fence_at(lines: list[str], start: int) -> Fence | None:
    """The fenced block that opens at a line, or None."""
    opening = FENCE.match(lines[start])
    if opening is None:
        return None
    mark, info = opening["mark"], opening["info"].strip()
    if (mark[0] == "`" and "`" in info) or (mark[0] == ":" and not info):
        return None
    closing = re.compile(rf"^\s*{mark[0]}{{{len(mark)},}}\s*$")
    for end in range(start + 1, len(lines)):
        if closing.match(lines[end]):
            return Fence(start, end, opening["indent"], mark, info, True)
    return Fence(start, len(lines), opening["indent"], mark, info, False)


def split_options(lines: list[str]) -> tuple[dict[str, Any], int]:
    """Options at the head of a directive, and how many lines they take.

    Both forms are read: a YAML block between two ``---``, and lines such
    as ``:label: ex-iou``.
    """
    if lines and lines[0].strip() == "---":
        for end in range(1, len(lines)):
            if lines[end].strip() == "---":
                values = yaml.safe_load("\n".join(lines[1:end]))
                return dict(values or {}), end + 1
    options: dict[str, Any] = {}
    count = 0
    for line in lines:
        found = OPTION.match(line.strip())
        if found is None:
            break
        options[found[1]] = found[2] or ""
        count += 1
    return options, count


def read_chapter(path: Path, problems: Problems) -> Chapter:
    """Read a chapter's source from its file."""
    return parse_chapter(path, path.read_text(encoding="utf-8"), problems)


def parse_chapter(path: Path, text: str, problems: Problems) -> Chapter:
    """Read a chapter's source from its text; ``path`` is for messages."""
    lines = text.split("\n")
    front, position = _front_matter(path, lines, problems)
    blocks: list[CodeCell | Prose] = []
    prose_start = position
    while position < len(lines):
        fence = fence_at(lines, position)
        if fence is None:
            position += 1
            continue
        if CODE_CELL.match(fence.info) and not fence.indent:
            _add_prose(blocks, lines, prose_start, position)
            blocks.append(_code_cell(path, lines, fence, problems))
            prose_start = fence.end + 1
        else:
            _check_fence(path, lines, fence, problems)
        position = fence.end + 1
    _add_prose(blocks, lines, prose_start, len(lines))
    return Chapter(path, front, tuple(blocks), text)


def _front_matter(
    path: Path, lines: list[str], problems: Problems
) -> tuple[dict[str, Any], int]:
    """The YAML at the head of the file, and the line after it."""
    if lines[0].strip() == "---" and "---" in lines[1:]:
        end = lines.index("---", 1)
        try:
            front = yaml.safe_load("\n".join(lines[1:end])) or {}
        except yaml.YAMLError as error:
            problems.add(path, 1, f"the front matter is not YAML: {error}")
            front = {}
        _check_header(path, front, problems)
        return front, end + 1
    problems.add(path, 1, "the jupytext header is missing: no front matter")
    return {}, 0


def _check_header(
    path: Path, front: dict[str, Any], problems: Problems
) -> None:
    jupytext = front.get("jupytext") or {}
    form = jupytext.get("text_representation") or {}
    if form.get("format_name") != "myst" or "kernelspec" not in front:
        problems.add(
            path,
            1,
            "the jupytext header is missing or incomplete (it needs "
            "text_representation with format_name myst, and kernelspec): "
            "the chapter would not be executed",
        )


def _add_prose(
    blocks: list[CodeCell | Prose], lines: list[str], start: int, end: int
) -> None:
    text = "\n".join(lines[start:end])
    if text.strip():
        blocks.append(Prose(start + 1, text))


def _check_fence(
    path: Path, lines: list[str], fence: Fence, problems: Problems
) -> None:
    """A fenced block must close, and must not swallow a code cell."""
    if not fence.closed:
        problems.add(
            path,
            fence.start + 1,
            f"{fence.mark}{fence.info} is never closed",
        )
    literal = not fence.info.startswith("{")
    for number in range(fence.start, min(fence.end, len(lines))):
        inner = FENCE.match(lines[number])
        if inner and not literal and CODE_CELL.match(inner["info"].strip()):
            problems.add(
                path,
                number + 1,
                "this code cell stands inside another block, "
                "where it is not executed",
            )


def _code_cell(
    path: Path, lines: list[str], fence: Fence, problems: Problems
) -> CodeCell:
    body = lines[fence.start + 1 : fence.end]
    if not fence.closed:
        problems.add(
            path, fence.start + 1, "this code cell is never closed"
        )
    metadata, count = _cell_options(path, fence.start + 1, body, problems)
    code = body[count:]
    while code and not code[0].strip():
        code = code[1:]
        count += 1
    return CodeCell(
        fence.start + 1,
        fence.start + 2 + count,
        metadata,
        "\n".join(code).rstrip(),
    )


def _cell_options(
    path: Path, line: int, body: list[str], problems: Problems
) -> tuple[dict[str, Any], int]:
    try:
        options, count = split_options(body)
        is_block = bool(body) and body[0].strip() == "---"
        if not is_block:
            options = {k: yaml.safe_load(v) for k, v in options.items()}
    except yaml.YAMLError as error:
        problems.add(
            path, line, f"the cell's options are not YAML: {error}"
        )
        return {}, 0
    return options, count
