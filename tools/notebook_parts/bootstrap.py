"""The cells that open every notebook."""

from __future__ import annotations

from notebook_parts.context import Context
from notebook_parts.source import Chapter

# names of the chest CT in a chapter's list of data
SCAN = frozenset({"scan", "chest"})
# what tools/install.py installs because pip alone cannot
FRAMEWORKS = frozenset({"detectron2", "sam2"})

CODE = """\
# @title Run this first: it installs what is missing
import importlib.util
import subprocess
import sys
import tempfile

if importlib.util.find_spec("seglab") is None:
    address = "{address}"
    clone = tempfile.mkdtemp()
    fetch = ["git", "clone", "--quiet", "--depth", "1", "-b", "{branch}"]
    subprocess.run([*fetch, address, clone], check=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    packages = [{packages}]
    subprocess.run([*pip, *packages], check=True)
{tools}    importlib.invalidate_caches()

import seglab
import torch

print("seglab", seglab.__version__, "| torch", torch.__version__)
print("device:", seglab.device())"""

RUN_INSTALLER = """\
    install = clone + "/tools/install.py"
    subprocess.run([sys.executable, install, {targets}], check=True)
"""


def requirements(chapter: Chapter, context: Context) -> str:
    """What pip installs, as the items of a list in Python.

    The front matter's ``needs`` names extras of the package, single
    distributions that an extra would bring among others, or frameworks
    that ``tools/install.py`` installs. The scan's file format needs the
    extra ``medical``.
    """
    wanted = _needs(chapter) - FRAMEWORKS
    if _needs_scan(chapter):
        wanted.add("medical")
    wanted.discard("seglab")
    project = context.project
    extras = sorted(wanted & set(project.extras))
    others = sorted(wanted - set(project.extras))
    for name in others:
        if name not in project.requirements:
            context.problem(
                1,
                f"needs names {name}, which is neither an extra of the "
                "package nor in one; the extras are "
                + ", ".join(sorted(project.extras)),
            )
    package = f'clone + "[{",".join(extras)}]"' if extras else "clone"
    names = [f'"{project.requirements.get(name, name)}"' for name in others]
    return ", ".join([package, *names])


def _needs(chapter: Chapter) -> set[str]:
    return {str(name) for name in chapter.settings.get("needs") or ()}


def _needs_scan(chapter: Chapter) -> bool:
    return bool(SCAN & set(chapter.settings.get("data") or ()))


def _run_installer(chapter: Chapter) -> str:
    """Lines that install what pip alone cannot; none if there is none."""
    targets = ["scan"] if _needs_scan(chapter) else []
    targets += sorted(_needs(chapter) & FRAMEWORKS)
    if not targets:
        return ""
    named = ", ".join(f'"{target}"' for target in targets)
    return RUN_INSTALLER.format(targets=named)


def opening_code(chapter: Chapter, context: Context) -> str:
    """Code that installs the package where it is missing, as in Colab.

    PyTorch is not pinned: Colab's own fits its drivers.
    """
    return CODE.format(
        address=context.project.repository_url,
        branch=context.project.branch,
        packages=requirements(chapter, context),
        tools=_run_installer(chapter),
    )


def opening_text(chapter: Chapter, context: Context) -> str:
    """The lines above the title: what this is, and the way back."""
    project = context.project
    name = project.config.get("title", "the book")
    page = project.page_url(project.relative(chapter.path))
    return (
        f"Chapter {chapter.number} of [{name}]({project.book_url}/), a "
        "course book on image segmentation. "
        f"[Read it on the site]({page}). {context.edition.about}"
    )
