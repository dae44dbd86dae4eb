"""Execute chapters several at a time, ahead of Sphinx, into its cache.

Sphinx executes the chapters that its cache does not hold, one by one. On a
machine with idle cores it is faster to fill the cache first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import yaml

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

    get_cache(cache).list_cache_records()  # makes its database
    threads = max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(
        jobs, initializer=_limit_threads, initargs=(threads,)
    ) as pool:
        done = list(pool.map(partial(execute, cache=cache), chapters))
    return [
        chapter
        for chapter, stored in zip(chapters, done, strict=True)
        if stored
    ]


def seconds_a_cell() -> int:
    """What Sphinx, too, lets a cell take."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return int(settings["execute"]["timeout"])


def _limit_threads(threads: int) -> None:
    """For the kernels that this process starts."""
    os.environ["OMP_NUM_THREADS"] = str(threads)


def execute(chapter: Path, *, cache: Path) -> bool:
    """Execute one chapter; False if the cache has it, or if it fails."""
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn
    from jupyter_cache.executors.utils import single_nb_execution
    from myst_nb.core.read import myst_nb_reader_plugin

    store = get_cache(cache)
    notebook = myst_nb_reader_plugin(str(chapter))
    try:
        store.match_cache_notebook(notebook)
    except KeyError:
        result = single_nb_execution(
            notebook,
            cwd=str(chapter.parent),
            timeout=seconds_a_cell(),
            allow_errors=False,
        )
    else:
        return False
    if result.err is not None:
        return False
    store.cache_notebook_bundle(
        CacheBundleIn(
            notebook,
            str(chapter),
            data={"execution_seconds": result.time},
        ),
        check_validity=False,
        overwrite=True,
    )
    return True
