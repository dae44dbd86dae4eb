"""Execute chapters several at a time, ahead of Sphinx, into its cache.

Sphinx executes the chapters that its cache does not hold, one by one. On a
machine with idle cores it is faster to fill the cache first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent


def execute_chapters(
    chapters: Sequence[Path], cache: Path, *, jobs: int
) -> list[Path]:
    """Execute what the cache does not hold.

    Kernels share the cores evenly. A chapter that fails is left to Sphinx,
    which executes it again and says what is wrong.

    Args:
        chapters: MyST sources.
        cache: folder of an execution cache, made where it is missing.
        jobs: chapters at a time, 1 or more.

    Returns:
        The chapters that were executed and stored.

    Raises:
        ValueError: jobs is less than 1.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be 1 or more, got {jobs}")
    from jupyter_cache import get_cache

    # this process alone writes: of two that write, one may take the record
    # that the other has just begun for one too many
    store = get_cache(cache)
    missing = [one for one in chapters if not is_stored(store, one)]
    threads = max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(
        jobs, initializer=_limit_threads, initargs=(threads,)
    ) as pool:
        running = {pool.submit(execute, one): one for one in missing}
        done = {
            running[future]
            for future in as_completed(running)
            if store_result(store, running[future], future.result())
        }
    return [chapter for chapter in missing if chapter in done]


def is_stored(store: Any, chapter: Path) -> bool:
    """Whether a cache holds a chapter as it is now."""
    try:
        store.match_cache_notebook(read_chapter(chapter))
    except KeyError:
        return False
    return True


def read_chapter(chapter: Path) -> NotebookNode:
    """The notebook that Sphinx makes of a MyST source."""
    from myst_nb.core.read import myst_nb_reader_plugin

    return myst_nb_reader_plugin(str(chapter))


def seconds_a_cell() -> int:
    """What Sphinx, too, lets a cell take."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return int(settings["execute"]["timeout"])


def _limit_threads(threads: int) -> None:
    """For the kernels that this process starts."""
    os.environ["OMP_NUM_THREADS"] = str(threads)


def execute(chapter: Path) -> tuple[NotebookNode, float] | None:
    """The executed notebook and its seconds, or None if a cell fails."""
    from jupyter_cache.executors.utils import single_nb_execution

    notebook = read_chapter(chapter)
    result = single_nb_execution(
        notebook,
        cwd=str(chapter.parent),
        timeout=seconds_a_cell(),
        allow_errors=False,
    )
    return None if result.err is not None else (notebook, result.time)


def store_result(
    store: Any,
    chapter: Path,
    result: tuple[NotebookNode, float] | None,
) -> bool:
    """Put an executed chapter into the cache; False if there is none."""
    from jupyter_cache.base import CacheBundleIn

    if result is None:
        return False
    notebook, seconds = result
    data = {"execution_seconds": seconds}
    store.cache_notebook_bundle(
        CacheBundleIn(notebook, str(chapter), data=data),
        check_validity=False,
        overwrite=True,
    )
    return True
