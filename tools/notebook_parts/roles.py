"""Turn what stands inside a line of MyST into plain Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from notebook_parts.context import Context
from notebook_parts.labels import Label

SPAN = re.compile(
    r"(?:\{(?P<role>[a-zA-Z][\w:+.-]*)\})?"
    r"(?<!`)(?P<ticks>`+)(?!`)(?P<body>.+?)(?<!`)(?P=ticks)(?!`)",
    re.DOTALL,
)
TITLED = re.compile(r"^(?P<title>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
FOOTNOTE = re.compile(r"\[\^([\w-]+)\](:?)")
SENTENCE_END = re.compile(
    r"(?:^|[.!?:|]\s+|\n\s*(?:[-*>]|\d+[.)])\s+|\n\n)$"
)
AFTER_CHAPTER = re.compile(r"\bchapters?\s+$", re.IGNORECASE)
LONG_NAMES = {"figure": "Figure", "table": "Table", "chapter": "chapter"}


def render_inline(text: str, line: int, context: Context) -> str:
    """Roles, links and footnotes of a piece of text; code stays."""
    pieces: list[str] = []
    position = 0
    for found in SPAN.finditer(text):
        pieces.append(_links(text[position : found.start()], line, context))
        at = line + text.count("\n", 0, found.start())
        if found["role"] is None:
            pieces.append(found.group())
        else:
            rendered = _role(found["role"], found["body"], at, context)
            rendered = _fitted(rendered, text[: found.start()])
            pieces.append(rendered)
        position = found.end()
    pieces.append(_links(text[position:], line, context))
    return "".join(pieces)


def _fitted(text: str, before: str) -> str:
    """A reference as it reads after the words before it."""
    if AFTER_CHAPTER.search(before):
        return re.sub(r"^(\[?)chapter ", r"\1", text)
    if not SENTENCE_END.search(before):
        return text
    return re.sub(
        r"^(\[?)(exercise|chapter|figure|table)\b",
        lambda m: m[1] + m[2].capitalize(),
        text,
    )


def _links(text: str, line: int, context: Context) -> str:
    """Point links between files at where the files can be read."""

    def replace(found: re.Match[str]) -> str:
        mark, title, target = found.groups()
        if "://" in target or target.startswith(("#", "mailto:")):
            return found.group()
        name, _, anchor = target.partition("#")
        at = line + text.count("\n", 0, found.start())
        address = _address(name, at, context, picture=mark)
        suffix = f"#{anchor}" if anchor else ""
        return f"{mark}[{title}]({address}{suffix})"

    text = LINK.sub(replace, text)
    return FOOTNOTE.sub(r"<sup>[\1]</sup>", text)


def _address(target: str, line: int, context: Context, picture: str) -> str:
    relative = context.file_address(target, line)
    if relative is None:
        return target
    if picture:
        return context.project.raw_url(relative)
    path = context.project.root / relative
    if relative.startswith(("chapters/", "book/")):
        return context.link_to(path.with_suffix(".md"))
    return context.project.file_url(relative)


def picture_address(target: str, line: int, context: Context) -> str:
    """The address of a picture that the chapter names by its path."""
    if "://" in target:
        return target
    return _address(target, line, context, picture="!")


def _role(name: str, body: str, line: int, context: Context) -> str:
    body = " ".join(body.split())
    render = ROLES.get(name)
    if render is not None:
        return render(body, line, context)
    if name.startswith("py:") or name in API_ROLES:
        title, target = _split(body)
        return f"`{title or target.lstrip('~!')}`"
    context.problem(line, f"the role {{{name}}} is not known to notebooks")
    return body


API_ROLES = frozenset(
    {"func", "class", "meth", "mod", "attr", "obj", "data", "exc"}
)


def _split(body: str) -> tuple[str, str]:
    """Title and target of ``title <target>``; the title may be empty."""
    found = TITLED.match(body)
    if found:
        return found["title"], found["target"]
    return "", body


def _linked(text: str, label: Label, context: Context) -> str:
    if label.path == context.path:
        return text
    address = context.link_to(label.path)
    if label.kind in ("section", "target") and "/book/" in address:
        address += f"#{label.name}"
    return f"[{text}]({address})"


def _ref(body: str, line: int, context: Context) -> str:
    title, target = _split(body)
    label = context.label(target, line)
    if label is None:
        return title or target
    text = title or _name(label)
    if not text:
        context.problem(
            line, f"{target} has no title: write one, <{target}>"
        )
    return _linked(text, label, context)


def _name(label: Label) -> str:
    if label.kind == "chapter":
        return f"chapter {label.number}, {label.short_title}"
    if label.kind == "equation":
        return f"({label.number})"
    if label.number:
        return f"{label.kind} {label.number}"
    if label.kind == "exercise":
        return f"exercise “{label.title}”"
    return f"*{label.title}*" if label.title else ""


def _numref(body: str, line: int, context: Context) -> str:
    title, target = _split(body)
    label = context.label(target, line)
    if label is None:
        return title or target
    if not label.number:
        context.problem(line, f"{target} has no number")
    if title:
        text = title.replace("%s", label.number)
        text = text.replace("{number}", label.number)
        text = text.replace("{name}", label.title)
    else:
        text = f"{LONG_NAMES.get(label.kind, label.kind)} {label.number}"
    return _linked(text, label, context)


def _eq(body: str, line: int, context: Context) -> str:
    label = context.label(_split(body)[1], line)
    if label is None:
        return body
    if label.kind != "equation":
        context.problem(line, f"{body} is not an equation")
    return _linked(f"({label.number})", label, context)


def _doc(body: str, line: int, context: Context) -> str:
    title, target = _split(body)
    name = target if target.endswith(".md") else f"{target}.md"
    relative = context.file_address(name, line)
    if relative is None:
        return title or target
    path = context.project.root / relative
    label = next(
        (
            label
            for label in context.index.labels.values()
            if label.path.resolve() == path.resolve()
            and label.kind in ("chapter", "page")
        ),
        None,
    )
    text = title or (
        _name(label).strip("*") if label else Path(target).name
    )
    return f"[{text}]({context.link_to(path)})"


def _download(body: str, line: int, context: Context) -> str:
    title, target = _split(body)
    relative = context.file_address(target, line)
    if relative is None:
        return title or target
    return f"[{title or target}]({context.project.file_url(relative)})"


def _cite(form: str) -> Callable[[str, int, Context], str]:
    """A renderer that writes authors and year in one of the usual forms."""
    opening, closing, joint = {
        "parenthetical": ("(", ")", ", "),
        "textual": ("", "", " ("),
    }[form]

    def render(body: str, line: int, context: Context) -> str:
        works: list[str] = []
        for key in (part.strip() for part in body.split(",")):
            if key not in context.bibliography:
                context.problem(line, f"references.bib has no entry {key}")
                continue
            context.cited.add(key)
            authors = context.bibliography.authors(key)
            year = context.bibliography.year(key)
            works.append(authors + joint + year + ")" * (not closing))
        return opening + "; ".join(works) + closing

    return render


def _html(tag: str) -> Callable[[str, int, Context], str]:
    return lambda body, line, context: f"<{tag}>{body}</{tag}>"


def _term(body: str, line: int, context: Context) -> str:
    return f"*{_split(body)[0] or body}*"


ROLES: dict[str, Callable[[str, int, Context], str]] = {
    "ref": _ref,
    "numref": _numref,
    "eq": _eq,
    "doc": _doc,
    "term": _term,
    "download": _download,
    "cite": _cite("parenthetical"),
    "cite:p": _cite("parenthetical"),
    "cite:t": _cite("textual"),
    "math": lambda body, line, context: f"${body}$",
    "abbr": lambda body, line, context: body,
    "code": lambda body, line, context: f"`{body}`",
    "kbd": _html("kbd"),
    "sub": _html("sub"),
    "sup": _html("sup"),
}
