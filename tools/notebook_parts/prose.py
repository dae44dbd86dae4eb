"""Read MyST prose into text, literal blocks and directives."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from notebook_parts.source import fence_at, split_options

DIRECTIVE = re.compile(r"^\{([\w:+.-]+)\}[ \t]*(.*)$")
TARGET = re.compile(r"^\(([\w:.-]+)\)=[ \t]*$")
HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*$")
EQUATION = re.compile(
    r"^(?P<indent>[ ]*)\$\$(?P<body>.+?)\$\$"
    r"(?:[ \t]*\((?P<label>[\w:.-]+)\))?(?P<rest>[^\n]*)$",
    re.DOTALL | re.MULTILINE,
)
# directives whose bodies are not Markdown
LITERAL_BODIES = frozenset({"code-block", "code", "math", "bibliography"})


@dataclass(frozen=True)
class Text:
    """Lines of Markdown that no fence holds."""

    line: int
    text: str


@dataclass(frozen=True)
class Literal:
    """A fenced code block, shown as it stands."""

    line: int
    text: str


@dataclass(frozen=True)
class Directive:
    """A MyST directive.

    Args:
        line: where its opening fence stands.
        name: such as ``admonition``.
        argument: the rest of the opening line.
        options: the lines such as ``:class: tip``.
        body: what it holds, without its indent.
        body_line: where the body starts.
        indent: the spaces before the opening fence.
    """

    line: int
    name: str
    argument: str
    options: dict[str, Any]
    body: str
    body_line: int
    indent: str

    @property
    def children(self) -> list[Node]:
        """The body's nodes; none where the body is not Markdown."""
        if self.name in LITERAL_BODIES:
            return []
        return parse_prose(self.body, self.body_line)


Node = Text | Literal | Directive


def parse_prose(text: str, line: int) -> list[Node]:
    """Nodes of a piece of prose whose first line has this number."""
    lines = text.split("\n")
    nodes: list[Node] = []
    position = start = 0

    def close_text(end: int) -> None:
        piece = "\n".join(lines[start:end])
        if piece.strip():
            nodes.append(Text(line + start, piece))

    while position < len(lines):
        fence = fence_at(lines, position)
        if fence is None:
            position += 1
            continue
        close_text(position)
        body = lines[position + 1 : fence.end]
        named = DIRECTIVE.match(fence.info)
        if named is None:
            whole = lines[position : fence.end + 1]
            nodes.append(Literal(line + position, "\n".join(whole)))
        else:
            nodes.append(
                _directive(named, body, line + position, fence.indent)
            )
        position = start = fence.end + 1
    close_text(len(lines))
    return nodes


def _directive(
    named: re.Match[str], body: list[str], line: int, indent: str
) -> Directive:
    body = textwrap.dedent("\n".join(body)).split("\n")
    options, count = split_options(body)
    return Directive(
        line,
        named[1],
        named[2].strip(),
        options,
        "\n".join(body[count:]),
        line + 1 + count,
        indent,
    )


def walk(nodes: list[Node]) -> Iterator[Node]:
    """All nodes in the order of the page, those inside others too."""
    for node in nodes:
        yield node
        if isinstance(node, Directive):
            yield from walk(node.children)
