"""Turn the blocks of MyST prose into plain Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

from notebook_parts.context import Context
from notebook_parts.editions import details
from notebook_parts.prose import (
    EQUATION,
    TARGET,
    Directive,
    Literal,
    Node,
    parse_prose,
)
from notebook_parts.roles import picture_address, render_inline

# where a chapter asks for its list of references
REFERENCES = "\0references"
DISPLAY = re.compile(r"\$\$.+?\$\$", re.DOTALL)
DEFINITION = re.compile(
    r"^(?P<term>[^\s:#>|-][^\n]*)\n:[ ]+(?P<text>[^\n]+)", re.MULTILINE
)
COMMENT = re.compile(r"^(?:%.*|\+\+\+.*)$")
BOXES = {
    "note": "Note",
    "tip": "Tip",
    "hint": "Hint",
    "important": "Important",
    "warning": "Warning",
    "caution": "Caution",
    "attention": "Attention",
    "danger": "Danger",
    "error": "Error",
    "seealso": "See also",
}


def render_nodes(nodes: list[Node], context: Context) -> str:
    """Plain Markdown of some nodes, one blank line between them."""
    parts = (_node(node, context) for node in nodes)
    return "\n\n".join(part for part in parts if part)


def render_prose(text: str, line: int, context: Context) -> str:
    """Plain Markdown of a piece of MyST."""
    return render_nodes(parse_prose(text, line), context)


def _node(node: Node, context: Context) -> str:
    if isinstance(node, Literal):
        return node.text
    if isinstance(node, Directive):
        render = DIRECTIVES.get(node.name)
        if render is None:
            name = f"{{{node.name}}}"
            context.problem(
                node.line, f"the directive {name} is not known to notebooks"
            )
            return ""
        return textwrap.indent(render(node, context), node.indent)
    return render_text(node.text, node.line, context)


def render_text(text: str, line: int, context: Context) -> str:
    """Plain Markdown of text that holds no fence."""
    text = render_inline(text, line, context)
    lines = [
        one
        for one in text.split("\n")
        if not TARGET.match(one) and not COMMENT.match(one)
    ]
    text = EQUATION.sub(
        lambda found: _equation(found, context), "\n".join(lines)
    )
    text = DEFINITION.sub(r"- **\g<term>**: \g<text>", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def _equation(found: re.Match[str], context: Context) -> str:
    body = _tagged(found["body"], found["label"], context)
    return f"{found['indent']}$${body}$${found['rest']}"


def _tagged(body: str, name: str | None, context: Context) -> str:
    label = context.index.labels.get(name or "")
    if label is None:
        return body
    kept = body.rstrip()
    space = body[len(kept) :] or " "
    return f"{kept} \\tag{{{label.number}}}{space}"


def quote(text: str) -> str:
    """A quoted block; display maths goes on one line, as quotes need."""
    text = DISPLAY.sub(lambda found: " ".join(found.group().split()), text)
    return "\n".join(
        f"> {line}" if line else ">" for line in text.split("\n")
    )


def _body(node: Directive, context: Context) -> str:
    return render_nodes(node.children, context)


def _box(title: str, text: str, node: Directive) -> str:
    if "dropdown" in str(node.options.get("class", "")).split():
        return details(title, text)
    return quote(f"**{title}**\n\n{text}" if text else f"**{title}**")


def _admonition(node: Directive, context: Context) -> str:
    title = render_inline(node.argument, node.line, context)
    return _box(title, _body(node, context), node)


def _named_box(node: Directive, context: Context) -> str:
    opening = render_inline(node.argument, node.line, context)
    text = "\n\n".join(filter(None, [opening, _body(node, context)]))
    return _box(BOXES[node.name], text, node)


def _folded(node: Directive, context: Context) -> str:
    title = render_inline(node.argument, node.line, context)
    return details(title, _body(node, context))


def exercise_heading(node: Directive, context: Context) -> str:
    """Such as ``### Exercise 2.1: IoU from Dice``."""
    number = context.index.number_at(context.path, node.line)
    title = render_inline(node.argument, node.line, context)
    name = f"Exercise {number}".strip()
    return f"### {name}: {title}" if title else f"### {name}"


def _exercise(node: Directive, context: Context) -> str:
    heading = exercise_heading(node, context)
    return f"{heading}\n\n{quote(_body(node, context))}"


def solution_summary(node: Directive, context: Context) -> str:
    """The line that opens a folded solution."""
    label = context.label(node.argument.strip(), node.line)
    if label is None:
        return "Solution"
    if label.kind != "exercise":
        context.problem(node.line, f"{label.name} is not an exercise")
    return f"Solution of exercise {label.number or label.title}"


def _solution(node: Directive, context: Context) -> str:
    summary = solution_summary(node, context)
    return context.edition.solution_text(summary, _body(node, context))


def _picture(node: Directive, context: Context) -> str:
    address = picture_address(node.argument, node.line, context)
    alt = " ".join(str(node.options.get("alt", "")).split())
    if not alt:
        context.problem(node.line, "this picture has no :alt: text")
    width = str(node.options.get("width", ""))
    if width:
        alt = alt.replace('"', "&quot;")
        return f'<img src="{address}" alt="{alt}" width="{width}">'
    return f"![{alt}]({address})"


def _figure(node: Directive, context: Context) -> str:
    picture = _picture(node, context)
    caption = _body(node, context)
    if not caption:
        return picture
    number = context.index.number_at(context.path, node.line)
    return f"{picture}\n\n**Figure {number}.** {caption}"


def _table(node: Directive, context: Context) -> str:
    if not node.argument:
        return _body(node, context)
    number = context.index.number_at(context.path, node.line)
    caption = render_inline(node.argument, node.line, context)
    return f"**Table {number}.** {caption}\n\n{_body(node, context)}"


def _math(node: Directive, context: Context) -> str:
    body = f"\n{node.body.strip()}\n"
    return f"$${_tagged(body, str(node.options.get('label')), context)}$$"


def _code_block(node: Directive, context: Context) -> str:
    return f"```{node.argument}\n{node.body.strip()}\n```"


def _aside(node: Directive, context: Context) -> str:
    title = render_inline(node.argument, node.line, context)
    parts = [f"**{title}**" if title else "", _body(node, context)]
    return quote("\n\n".join(filter(None, parts)))


def _tab(node: Directive, context: Context) -> str:
    return f"**{node.argument}**\n\n{_body(node, context)}"


def _nothing(node: Directive, context: Context) -> str:
    return ""


DIRECTIVES: dict[str, Callable[[Directive, Context], str]] = {
    **dict.fromkeys(BOXES, _named_box),
    "admonition": _admonition,
    "dropdown": _folded,
    "exercise": _exercise,
    "exercise-start": exercise_heading,
    "exercise-end": _nothing,
    "solution": _solution,
    "figure": _figure,
    "image": _picture,
    "table": _table,
    "math": _math,
    "code-block": _code_block,
    "code": _code_block,
    "margin": _aside,
    "sidebar": _aside,
    "topic": _aside,
    "epigraph": _aside,
    "tab-set": _body,
    "tab-item": _tab,
    "div": _body,
    "contents": _nothing,
    "bibliography": lambda node, context: REFERENCES,
}
