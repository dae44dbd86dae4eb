"""The site's configuration: what is built, and where its links lead."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))


def pages() -> list[str]:
    found = [CONTENTS["root"]]
    for part in CONTENTS["parts"]:
        for chapter in part["chapters"]:
            found.append(chapter["file"])
            found += [s["file"] for s in chapter.get("sections", [])]
    return found


def test_every_page_of_the_contents_exists():
    for page in pages():
        assert (ROOT / f"{page}.md").exists(), page


def test_every_chapter_and_page_is_in_the_contents():
    written = [
        str(path.relative_to(ROOT).with_suffix(""))
        for folder in ("chapters", "book")
        for path in (ROOT / folder).rglob("*.md")
    ]
    assert sorted(written) == sorted(pages())


def test_chapters_stand_in_order():
    chapters = [page for page in pages() if page.startswith("chapters/")]
    assert chapters == sorted(chapters)


def test_a_failing_cell_fails_the_build():
    assert CONFIG["execute"]["raise_on_error"] is True
    assert CONFIG["execute"]["execute_notebooks"] == "cache"
    assert CONFIG["execute"]["stderr_output"] == "warn"
    build = (ROOT / "tools/build_book.py").read_text("utf-8")
    assert '"-W", "--keep-going"' in build


def test_notebooks_are_kept_out_of_the_book():
    patterns = set(CONFIG["exclude_patterns"])
    assert {"chapters/*.ipynb", "chapters/**/*.ipynb"} <= patterns
    assert {"_build", ".venv"} <= patterns


def test_one_repository_address():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    address = CONFIG["repository"]["url"]
    assert project["project"]["urls"]["Repository"] == address
    owner = address.removeprefix("https://github.com/")
    for path in ROOT.glob("chapters/**/*.ipynb"):
        for found in re.findall(
            r"(?:github\.com|colab\.research\.google\.com/github)"
            r"/([\w.-]+/seglab)\b",
            path.read_text("utf-8"),
        ):
            assert found == owner, path


def test_the_themes_that_work_together_are_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    book = project["project"]["optional-dependencies"]["book"]
    assert "sphinx-book-theme==1.1.4" in book
    assert "pydata-sphinx-theme==0.15.4" in book
    assert any(re.match(r"jupyter-book.*<2$", line) for line in book)
