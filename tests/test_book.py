"""Every chapter's source keeps the book's rhythm and its page's width."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import notebooks
import pytest
from notebook_parts.package_cells import MAGIC, package_object
from notebook_parts.problems import Problems
from notebook_parts.project import Project
from notebook_parts.prose import (
    HEADING,
    Directive,
    Node,
    Text,
    parse_prose,
    walk,
)
from notebook_parts.source import Chapter, CodeCell, Prose, read_chapter

ROOT = Path(notebooks.ROOT)
CHAPTERS = [
    read_chapter(path, Problems()) for path in Project(ROOT).chapter_files
]
WIDTH = 76
LONGEST_CELL = 25
FRONT_KEYS = {"number", "minutes", "execute", "data", "needs"}
PREFIXES = {"exercise": "ex-", "exercise-start": "ex-", "figure": "fig-"}
AMERICAN = re.compile(
    r"\b(?:colou?rize|color(?:s|ed|ing|ful)?|center(?:s|ed|ing)?|gray"
    r"|behaviors?|neighbors?|neighborhoods?|favorite|honor|labor"
    r"|optimiz\w+|normaliz\w+|visualiz\w+|generaliz\w+|regulariz\w+"
    r"|initializ\w+|minimiz\w+|maximiz\w+|summariz\w+|recogniz\w+"
    r"|organiz\w+|emphasiz\w+|analyz\w+|quantiz\w+|tokeniz\w+"
    r"|label(?:ed|ing)|model(?:ed|ing)|artifacts?|meters?|fibers?"
    r"|catalog|dialog|esophagus|license[sd]?)\b"
)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|TBD)\b|\blorem ipsum\b")
# not the author's words: code, addresses, HTML, quotations and labels
NOT_PROSE = re.compile(
    r"`[^`]*`|https?://\S+|<[^>]+>|“[^”]*”|\"[^\"]*\"|\]\([^)]*\)"
    r"|^\([\w:.-]+\)=$",
    re.MULTILINE,
)

each_chapter = pytest.mark.parametrize(
    "chapter", CHAPTERS, ids=lambda chapter: chapter.path.stem
)


def nodes_of(chapter: Chapter) -> list[Node]:
    return [
        node
        for block in chapter.blocks
        if isinstance(block, Prose)
        for node in walk(parse_prose(block.text, block.line))
    ]


def directives(chapter: Chapter, *names: str) -> list[Directive]:
    return [
        node
        for node in nodes_of(chapter)
        if isinstance(node, Directive) and node.name in names
    ]


def boxes(chapter: Chapter, of_class: str) -> list[Directive]:
    return [
        node
        for node in directives(chapter, "admonition")
        if of_class in str(node.options.get("class", "")).split()
    ]


def headings(chapter: Chapter) -> list[tuple[int, str]]:
    return [
        (len(found[1]), found[2])
        for node in nodes_of(chapter)
        if isinstance(node, Text)
        for line in node.text.split("\n")
        if (found := HEADING.match(line))
    ]


def written(chapter: Chapter) -> list[tuple[int, str]]:
    """The author's sentences, captions and alt texts, with their lines."""
    found = [
        (node.line, node.text)
        for node in nodes_of(chapter)
        if isinstance(node, Text)
    ]
    found += [
        (node.line, node.argument)
        for node in nodes_of(chapter)
        if isinstance(node, Directive)
    ]
    for cell in chapter.code_cells:
        mystnb = cell.metadata.get("mystnb") or {}
        image = mystnb.get("image") or {}
        found.append((cell.line, str(cell.figure.get("caption", ""))))
        found.append((cell.line, str(image.get("alt", ""))))
    return found


@each_chapter
def test_source_reads_without_faults(chapter: Chapter) -> None:
    problems = Problems()
    read_chapter(chapter.path, problems)
    assert not problems, f"\n{problems}"


@each_chapter
def test_front_matter_holds_every_key(chapter: Chapter) -> None:
    settings = chapter.settings
    assert set(settings) == FRONT_KEYS
    assert str(settings["number"]) == chapter.path.stem[:2]
    assert isinstance(settings["minutes"], int)
    assert set(settings["execute"]) >= {"smoke", "small"}
    assert isinstance(settings["data"], list)
    assert "seglab" in settings["needs"]


@each_chapter
def test_rhythm(chapter: Chapter) -> None:
    titles = headings(chapter)
    assert [level for level, _ in titles].count(1) == 1
    assert titles[0][0] == 1
    assert len(boxes(chapter, "objectives")) == 1
    assert len(boxes(chapter, "before")) == 1
    names = [title.lower() for level, title in titles if level == 2]
    names += [d.argument.lower() for d in directives(chapter, "admonition")]
    assert "exercises" in names
    assert "key points" in names


@each_chapter
def test_title_has_the_chapter_label(chapter: Chapter) -> None:
    first = next(n for n in nodes_of(chapter) if isinstance(n, Text))
    assert re.match(r"\s*\(ch-[\w-]+\)=\n# ", first.text)


@each_chapter
def test_labels_say_what_they_are(chapter: Chapter) -> None:
    for node in directives(chapter, *PREFIXES):
        label = node.options.get("label") or node.options.get("name")
        assert str(label).startswith(PREFIXES[node.name]), node.line
    for cell in chapter.code_cells:
        if cell.figure:
            assert str(cell.figure.get("name")).startswith("fig-"), (
                cell.line
            )


@each_chapter
def test_exercises_are_enough_and_solved(chapter: Chapter) -> None:
    exercises = directives(chapter, "exercise", "exercise-start")
    assert len(exercises) >= 4
    assert any("bug hunt" in e.argument.lower() for e in exercises)
    solved = {
        d.argument.strip()
        for d in directives(chapter, "solution", "solution-start")
    }
    in_code = [c for c in chapter.code_cells if "exercise" in c.tags]
    assert len(in_code) >= 2
    for exercise in exercises:
        label = exercise.options.get("label")
        after = next(
            (e.line for e in exercises if e.line > exercise.line), 10**9
        )
        has_code = any(exercise.line < c.line < after for c in in_code)
        assert label in solved or has_code, f"{label} has no solution"


@each_chapter
def test_code_cells_are_short_and_narrow(chapter: Chapter) -> None:
    for cell in chapter.code_cells:
        lines = cell.code.split("\n")
        assert cell.code.strip(), f"line {cell.line}: an empty cell"
        for number, line in enumerate(lines, cell.body_line):
            assert len(line) <= WIDTH, f"line {number} is {len(line)} wide"
        if package_object(cell) is None:
            assert len(lines) <= LONGEST_CELL, (
                f"line {cell.line}: a cell of {len(lines)} lines"
            )


def draws_figure(cell: CodeCell) -> bool:
    """Whether running the cell, and not only a function in it, draws."""
    tree = ast.parse(MAGIC.sub(r"\1pass", cell.code))
    calls = [
        ast.unparse(node.func)
        for statement in tree.body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    ]
    drawing = ("plt.subplots", "plt.figure", "plt.show", "show_panels")
    return any(call.endswith(drawing) for call in calls)


ENDS = ("plt.show(", "expect(", "expect_trained(", "print(")


def is_shown(cell: CodeCell) -> bool:
    """Whether the cell ends in plt.show(), or in claims about the figure.

    A moving picture is shown by being the cell's value.
    """
    tree = ast.parse(MAGIC.sub(r"\1pass", cell.code))
    sources = [ast.unparse(statement) for statement in tree.body]
    if "animate(" in cell.code:
        return True
    ends_well = sources[-1].startswith(ENDS)
    return ends_well and "plt.show()" in sources


@each_chapter
def test_figures_have_caption_and_alt_text(chapter: Chapter) -> None:
    for cell in chapter.code_cells:
        if "exercise" in cell.tags or not (
            cell.figure or draws_figure(cell)
        ):
            continue
        where = f"line {cell.line}"
        image = (cell.metadata.get("mystnb") or {}).get("image") or {}
        assert cell.figure.get("caption"), f"{where}: no caption"
        assert cell.figure.get("name"), f"{where}: no name"
        assert len(str(image.get("alt", ""))) >= 20, f"{where}: no alt text"
        assert is_shown(cell), f"{where}: does not end in plt.show()"
    for node in directives(chapter, "figure", "image"):
        assert node.options.get("alt"), f"line {node.line}: no alt text"


@each_chapter
def test_seeds_what_is_drawn_at_random(chapter: Chapter) -> None:
    code = "\n".join(
        cell.code
        for cell in chapter.code_cells
        if package_object(cell) is None
    )
    if re.search(r"\b(?:fit|backward|torch\.rand\w*|manual_seed)\(", code):
        assert "seed_everything(" in code


@each_chapter
def test_text_is_british_and_finished(chapter: Chapter) -> None:
    for line, text in written(chapter):
        prose = NOT_PROSE.sub(" ", text)
        for pattern in (AMERICAN, UNFINISHED):
            found = pattern.search(prose)
            assert not found, f"about line {line}: {found.group()!r}"
