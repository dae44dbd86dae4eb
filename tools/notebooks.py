"""Write both notebooks of every chapter, and fill its package cells.

    python tools/notebooks.py                       all chapters
    python tools/notebooks.py chapters/04_unet.md   one of them
    python tools/notebooks.py --check               write nothing

``chapters/NN_topic.md`` is the only file to edit: a code cell that opens
with ``# seglab.module.Object`` is filled from the package in the source
itself, and the notebooks follow from the source.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from notebook_parts.book import Book
from notebook_parts.problems import Problems
from notebook_parts.project import Project

ROOT = Path(__file__).resolve().parent.parent


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file whole or not at all; True if its bytes changed."""
    content = text.encode()
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}."
    )
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)
    return True


def stale_files(book: Book, chosen: Sequence[Path]) -> list[Path]:
    """Files of these chapters that differ from what they should hold."""
    return [
        target
        for path in chosen
        for target, text in book.outputs(path).items()
        if not target.exists() or target.read_text("utf-8") != text
    ]


def problems_in(book: Book, chosen: Sequence[Path]) -> Problems:
    """The faults of these chapters and of the pages beside them."""
    others = set(book.project.chapter_files) - set(chosen)
    kept = {p for p in book.problems.found if p.path not in others}
    return Problems(kept)


def write_chapters(book: Book, chosen: Sequence[Path]) -> int:
    """Write what changed; a chapter with faults gets no notebook."""
    for path in chosen:
        outputs = book.outputs(path)
        faulty = any(p.path == path for p in book.problems.found)
        for target, text in outputs.items():
            # the filled source helps its author even before all is right
            if faulty and target != path:
                continue
            if write_if_changed(target, text):
                print(f"wrote {book.project.relative(target)}")
    return 0


def check_chapters(book: Book, chosen: Sequence[Path]) -> int:
    """Say which files are stale; writes nothing."""
    stale = stale_files(book, chosen)
    for path in stale:
        print(f"{book.project.relative(path)} is stale: run make notebooks")
    return int(bool(stale))


def chosen_chapters(project: Project, names: Sequence[str]) -> list[Path]:
    """The chapters that the command line names; all if it names none."""
    known = {path.resolve(): path for path in project.chapter_files}
    chosen = []
    for name in names:
        path = Path(name).resolve()
        if path not in known:
            raise SystemExit(
                f"{name} is no chapter of this book: a chapter is a file "
                "chapters/NN_topic.md"
            )
        chosen.append(known[path])
    return chosen or list(known.values())


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER.md")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, report drift"
    )
    options = parser.parse_args(arguments)
    project = Project(root)
    book = Book(project, Problems())
    chosen = chosen_chapters(project, options.chapters)
    work = check_chapters if options.check else write_chapters
    code = work(book, chosen)
    for orphan in book.orphans():
        name = project.relative(orphan)
        print(f"{name} has no chapter: remove it", file=sys.stderr)
        code = 1
    problems = problems_in(book, chosen)
    if problems:
        print(problems, file=sys.stderr)
        code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
