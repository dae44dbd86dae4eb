"""Where things stand in the repository, and what it is called outside."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml


@dataclass(frozen=True)
class Project:
    """A checkout of the book.

    Args:
        root: the folder that holds ``_config.yml``.
    """

    root: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """The book's configuration, ``_config.yml``."""
        text = (self.root / "_config.yml").read_text(encoding="utf-8")
        config: dict[str, Any] = yaml.safe_load(text)
        return config

    @property
    def repository_url(self) -> str:
        """The repository's address, which only ``_config.yml`` holds."""
        return str(self.config["repository"]["url"]).rstrip("/")

    @property
    def branch(self) -> str:
        """The branch that notebooks are opened from."""
        return str(self.config["repository"].get("branch", "main"))

    @property
    def _owner_and_name(self) -> str:
        return "/".join(self.repository_url.split("/")[-2:])

    @property
    def book_url(self) -> str:
        """The site's address: ``html.baseurl``, or GitHub Pages."""
        given = (self.config.get("html") or {}).get("baseurl")
        if given:
            return str(given).rstrip("/")
        owner, name = self._owner_and_name.split("/")
        return f"https://{owner}.github.io/{name}"

    def colab_url(self, path: str) -> str:
        """The address that opens a committed notebook in Colab."""
        base = "https://colab.research.google.com/github"
        where = quote(path)
        return f"{base}/{self._owner_and_name}/blob/{self.branch}/{where}"

    def raw_url(self, path: str) -> str:
        """The address of a committed file's bytes, for pictures."""
        base = "https://raw.githubusercontent.com"
        return f"{base}/{self._owner_and_name}/{self.branch}/{quote(path)}"

    def file_url(self, path: str) -> str:
        """The address that shows a committed file."""
        return f"{self.repository_url}/blob/{self.branch}/{quote(path)}"

    def page_url(self, path: str) -> str:
        """The address of a page on the site, from its source's path."""
        return (
            f"{self.book_url}/{quote(str(Path(path).with_suffix('')))}.html"
        )

    @cached_property
    def extras(self) -> dict[str, list[str]]:
        """The package's optional extras, and what each installs."""
        text = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        found: dict[str, list[str]] = project["optional-dependencies"]
        return found

    @cached_property
    def requirements(self) -> dict[str, str]:
        """What the extras install, by the name of the distribution."""
        return {
            re.split(r"[^\w.-]", requirement)[0]: requirement
            for requirements in self.extras.values()
            for requirement in requirements
        }

    @cached_property
    def chapter_files(self) -> tuple[Path, ...]:
        """The chapters' sources, in the order of their numbers."""
        folder = self.root / "chapters"
        return tuple(sorted(folder.glob("[0-9][0-9]_*.md")))

    @cached_property
    def page_files(self) -> tuple[Path, ...]:
        """The front and back matter."""
        folder = self.root / "book"
        return tuple(
            path
            for path in sorted(folder.rglob("*.md"))
            if "reference" not in path.relative_to(folder).parts[:-1]
        )

    def relative(self, path: Path) -> str:
        """The path inside the repository, with forward slashes."""
        return path.resolve().relative_to(self.root.resolve()).as_posix()

    def notebook_path(self, chapter: Path) -> Path:
        """The notebook with solutions of a chapter's source."""
        return chapter.with_suffix(".ipynb")

    def student_path(self, chapter: Path) -> Path:
        """The notebook with stubs of a chapter's source."""
        return chapter.parent / "student" / f"{chapter.stem}.ipynb"
