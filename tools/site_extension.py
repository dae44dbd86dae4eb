"""What the book's site needs beyond Jupyter Book.

Chapter numbers come from the file names, so that a figure of chapter 17 is
Figure 17.1 however many chapters the book holds. The execution cache is
keyed on the package's source. Every chapter opens with a line that tells
its time and links to its notebooks.
"""

from __future__ import annotations

import hashlib
import html
import importlib.metadata
import os
import re
import shutil
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

ROOT = Path(__file__).resolve().parent.parent
CHAPTER = re.compile(r"chapters/(\d\d)_\w+$")
SOURCES = ("seglab/**/*", "recipes/results/*")


def chapter_number(docname: str) -> int | None:
    """17 for ``chapters/17_lungs``; None for any other page."""
    found = CHAPTER.match(docname)
    return int(found.group(1)) if found else None


def package_digest() -> str:
    """A name for all that a chapter's output depends on but its code.

    The package's files, the recipes' results, the scale, and the versions
    of the libraries that do the arithmetic.
    """
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(path.read_bytes())
    digest.update(os.environ.get("SEGLAB_SCALE", "auto").encode())
    for library in ("torch", "torchvision", "numpy", "matplotlib"):
        digest.update(importlib.metadata.version(library).encode())
    return digest.hexdigest()[:16]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Put the execution cache where only this package's pages are found.

    A changed path makes Sphinx read every chapter again; caches of other
    versions of the package are removed, since nothing will ask for them.
    """
    caches = ROOT / "_build" / "execution"
    chosen = caches / package_digest()
    if caches.is_dir():
        for old in caches.iterdir():
            if old != chosen:
                shutil.rmtree(old)
    config["nb_execution_cache_path"] = str(chosen)


def number_chapters(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Replace the running numbers by those in the chapters' file names."""
    for docname in env.found_docs:
        number = chapter_number(docname)
        if number is None:
            continue
        sections = env.toc_secnumbers.get(docname, {})
        for anchor, numbers in sections.items():
            sections[anchor] = (number, *numbers[1:])
        for kinds in env.toc_fignumbers.get(docname, {}).values():
            for name, numbers in kinds.items():
                kinds[name] = (number, *numbers[1:])
        # what the links to the previous and the next page show
        running = env.titles[docname].get("secnumber")
        if running:
            env.titles[docname]["secnumber"] = (number, *running[1:])
        toc = env.tocs.get(docname)
        for link in toc.findall(nodes.reference) if toc else ():
            running = link.attributes.get("secnumber")
            if running:
                link["secnumber"] = (number, *running[1:])
    return []


def _repository() -> str:
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return str(settings["repository"]["url"])


def _colab(path: str) -> str:
    owner = _repository().removeprefix("https://github.com/")
    base = "https://colab.research.google.com/github"
    return f"{base}/{owner}/blob/main/{path}"


def chapter_bar(docname: str, seconds: float | None, up: str) -> str:
    """The line under a chapter's title, as HTML.

    Args:
        docname: such as ``chapters/17_lungs``.
        seconds: what executing it took, if that is known.
        up: the way from the page to the site's root, such as ``../``.
    """
    folder, stem = docname.split("/")
    student = f"{folder}/student/{stem}.ipynb"
    items = [
        f'<a href="{html.escape(_colab(student))}">Work it in Colab</a>',
        f'<a href="{up}notebooks/{stem}_student.ipynb" download>'
        "Download: exercises to fill in</a>",
        f'<a href="{up}notebooks/{stem}.ipynb" download>'
        "Download: with solutions</a>",
    ]
    if seconds is not None:
        scale = os.environ.get("SEGLAB_SCALE", "small")
        items.append(
            f"<span>All its code ran in {seconds:.0f} s "
            f"(scale {html.escape(scale)}) for this page</span>"
        )
    return f'<div class="seglab-bar">{" ".join(items)}</div>'


def add_bar(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Insert the bar after the page's first heading."""
    if chapter_number(pagename) is None or "body" not in context:
        return
    metadata = getattr(app.env, "nb_metadata", {}).get(pagename, {})
    seconds = (metadata.get("exec_data") or {}).get("runtime")
    up = context["pathto"]("", 1)
    bar = chapter_bar(pagename, seconds, up if up.endswith("/") else "")
    context["body"] = context["body"].replace("</h1>", "</h1>" + bar, 1)


def copy_notebooks(app: Sphinx, error: Exception | None) -> None:
    """Lay the committed notebooks beside the pages that link to them."""
    if error or app.builder.format != "html":
        return
    target = Path(app.outdir) / "notebooks"
    target.mkdir(exist_ok=True)
    sources = Path(app.outdir) / "_sources" / "chapters"
    for notebook in sorted((ROOT / "chapters").glob("*.ipynb")):
        shutil.copyfile(notebook, target / notebook.name)
        # the theme's own download button leads here
        if (sources / notebook.name).exists():
            shutil.copyfile(notebook, sources / notebook.name)
        student = notebook.parent / "student" / notebook.name
        shutil.copyfile(student, target / f"{notebook.stem}_student.ipynb")


def silence_thebe(app: Sphinx) -> None:
    """Take Thebe, which Jupyter Book always loads, out of the pages.

    It is off in this book, yet writes its settings into each page twice,
    which the browser's console reports as an error.
    """
    off = ("init_thebe_core", "update_thebe_context")
    for listeners in app.events.listeners.values():
        listeners[:] = [
            listener
            for listener in listeners
            if getattr(listener.handler, "__name__", "") not in off
        ]


def drop_preloads(app: Sphinx, error: Exception | None) -> None:
    """Remove the theme's font preloads.

    A browser refuses them on pages opened from a folder (they ask for
    another origin than ``file:``); the style sheets load the same fonts.
    """
    if error or app.builder.format != "html":
        return
    preload = re.compile(r'\s*<link rel="preload" as="font"[^>]*>')
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text("utf-8")
        lighter = preload.sub("", text)
        if lighter != text:
            page.write_text(lighter, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to Sphinx's events."""
    silence_thebe(app)
    app.connect("config-inited", choose_cache)
    # after Sphinx's own collectors have numbered sections and figures
    app.connect("env-get-updated", number_chapters, priority=900)
    app.connect("html-page-context", add_bar, priority=900)
    app.connect("build-finished", copy_notebooks)
    app.connect("build-finished", drop_preloads)
    return {"version": "1", "parallel_read_safe": True}
