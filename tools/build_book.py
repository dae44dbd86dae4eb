"""Build the book's site, one chapter of it, or the table of its times.

    python tools/build_book.py              the whole book
    python tools/build_book.py --jobs 2     two chapters at a time
    python tools/build_book.py --page 04    one chapter, for its author
    python tools/build_book.py --times      seconds a chapter took

Warnings and failing cells fail the build of the whole book. Claims about
networks that a chapter trains are listed where they do not hold, and fail
it only if one in ten of them falls.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path

import yaml
from execution import execute_chapters

from seglab.settings import NOT_SO

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
TOLERATED = 0.1  # share of the claims about trained networks
# kernels listen to this machine alone: that each of them warns of a line
# without encryption would hide what matters
KERNEL_SETTINGS = """\
c.IPKernelApp.log_level = "ERROR"
c.HistoryManager.enabled = False
"""


def prepare_environment() -> None:
    """What Jupyter Book and the chapters' kernels inherit."""
    # one scale for the whole build, said on every page
    os.environ.setdefault("SEGLAB_SCALE", "small")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    # kernels of this environment, whatever is registered elsewhere
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    # the book's own settings of IPython, and nobody's startup files
    folder = BUILD / "ipython"
    (folder / "profile_default").mkdir(parents=True, exist_ok=True)
    settings = folder / "profile_default" / "ipython_kernel_config.py"
    settings.write_text(KERNEL_SETTINGS, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder)


def run_jupyter_book(arguments: list[str]) -> int:
    """Call Jupyter Book's builder in the repository root."""
    command = [
        str(Path(sys.executable).parent / "jupyter-book"),
        "build",
        ".",
    ]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, check=False
    ).returncode


def build_book(jobs: int) -> int:
    """Build every page; Sphinx's warnings are errors."""
    if jobs > 1:
        from site_extension import package_digest

        execute_chapters(
            sorted((ROOT / "chapters").glob("[0-9]*.md")),
            BUILD / "execution" / package_digest(),
            jobs=jobs,
        )
    # --keep-going: one run shows every fault, and still fails
    code = run_jupyter_book(["-W", "--keep-going", "-q"])
    index = BUILD / "html" / "index.html"
    if code or not index.exists():
        print("The book was not built: see the messages above.")
        return code or 1
    print_times()
    print(f"The book is at {index}")
    return report_claims(BUILD / "html" / "chapters")


def fallen_claims(pages: Path) -> dict[str, list[str]]:
    """Claims about trained networks that a build did not bear out.

    Args:
        pages: the folder of the chapters' HTML.

    Returns:
        The claims of each chapter that has any, as its page prints them.
    """
    found = {
        page.stem: _lines_of(page.read_text("utf-8"))
        for page in sorted(pages.glob("[0-9]*.html"))
    }
    return {chapter: lines for chapter, lines in found.items() if lines}


def _lines_of(page: str) -> list[str]:
    """The lines of a page that say that a claim fell."""
    text = unescape(re.sub("<[^>]+>", "", page))
    return re.findall(f"^{NOT_SO}.*$", text, re.M)


def count_claims() -> int:
    """How many claims about trained networks the chapters make."""
    return sum(
        source.read_text("utf-8").count("expect_trained(")
        for source in ROOT.glob("chapters/[0-9]*.md")
    )


def report_claims(pages: Path) -> int:
    """List the claims that fell; 1 if they are too many for rounding."""
    fallen = fallen_claims(pages)
    for chapter, lines in fallen.items():
        for line in lines:
            print(f"{chapter}: {line}")
    number, claims = sum(map(len, fallen.values())), count_claims()
    if number > TOLERATED * claims:
        print(
            f"{number} of {claims} claims about trained networks do not "
            "hold here: that is more than processors differ by."
        )
        return 1
    return 0


def find_chapter(number: str) -> Path:
    """The source of the chapter with this number, such as ``04``."""
    wanted = number.zfill(2)
    found = sorted((ROOT / "chapters").glob(f"{wanted}_*.md"))
    if not found:
        present = ", ".join(
            path.name[:2]
            for path in sorted(ROOT.glob("chapters/[0-9]*.md"))
        )
        raise SystemExit(
            f"there is no chapter {number!r}; the chapters are {present}"
        )
    return found[0]


def build_page(number: str) -> int:
    """Build one chapter on its own, with links to others left open."""
    chapter = find_chapter(number).relative_to(ROOT).with_suffix("")
    contents = {
        "format": "jb-book",
        "root": "book/intro",
        "chapters": [{"file": str(chapter)}],
    }
    with tempfile.TemporaryDirectory() as folder:
        toc = Path(folder) / "_toc.yml"
        toc.write_text(yaml.safe_dump(contents), encoding="utf-8")
        target = BUILD / "page" / number.zfill(2)
        code = run_jupyter_book(
            ["--toc", str(toc), "--path-output", str(target), "-q"]
        )
    if code == 0:
        page = target / "_build" / "html" / f"{chapter}.html"
        print(f"The page is at {page}")
    return code


def chapter_times() -> dict[str, float]:
    """Seconds that each chapter took, from the execution caches."""
    from jupyter_cache import get_cache

    times: dict[str, float] = {}
    for folder in sorted((BUILD / "execution").glob("*/global.db")):
        for record in get_cache(folder.parent).list_cache_records():
            seconds = (record.data or {}).get("execution_seconds")
            if seconds is not None:
                times[Path(record.uri).stem] = float(seconds)
    return dict(sorted(times.items()))


def print_times() -> int:
    """Print the table of times; fails where nothing was executed."""
    times = chapter_times()
    if not times:
        print("No chapter has been executed yet: run make book first.")
        return 1
    width = max(map(len, times))
    for name, seconds in times.items():
        print(f"{name:<{width}} {seconds:7.1f} s")
    print(f"{'in all':<{width}} {sum(times.values()):7.1f} s")
    return 0


def main() -> int:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--page", metavar="NN", help="one chapter's number")
    choice.add_argument(
        "--times", action="store_true", help="print seconds a chapter took"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="chapters of the whole book to execute at a time",
    )
    arguments = parser.parse_args()
    prepare_environment()
    if arguments.times:
        return print_times()
    if arguments.page:
        return build_page(arguments.page)
    return build_book(arguments.jobs)


if __name__ == "__main__":
    raise SystemExit(main())
