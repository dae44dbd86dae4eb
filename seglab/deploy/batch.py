"""Score a folder of pictures, and go on after a kill.

The results are one line of JSON a picture, appended and flushed to disk
when its mask is written. What is on disk is what is done: a run that is
killed loses at most the pictures it was working on, and the next run does
those.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seglab.deploy.answers import as_png, figures
from seglab.deploy.segmenter import Segmenter
from seglab.deploy.uploads import Limits, UploadError, check_length, decode
from seglab.extras import optional
from seglab.files import replacing

Row = dict[str, Any]
Task = Callable[[str], Row]
# how tasks are run: gives rows in any order, as they are ready
Runner = Callable[[Task, Sequence[str]], Iterator[Row]]

RESULTS = "results.jsonl"
SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        scored: pictures of this run with a mask.
        failed: pictures of this run that could not be read.
        skipped: pictures that an earlier run had done.
    """

    scored: int
    failed: int
    skipped: int


def in_turn(task: Task, files: Sequence[str]) -> Iterator[Row]:
    """Run a task for each file, here and one after the other.

    >>> list(in_turn(lambda file: {"file": file}, ["a", "b"]))
    [{'file': 'a'}, {'file': 'b'}]
    """
    return map(task, files)


def on_dask(client: Any, *, ahead: int = 4) -> Runner:
    """Run tasks on the workers of a Dask cluster.

    Every worker must see the folders under the same names. A task whose
    worker dies is given to another one.

    Args:
        client: a ``distributed.Client``.
        ahead: tasks handed out for each thread of the cluster; few, so
            that a million files do not become a million tasks at once.

    Raises:
        ImportError: distributed is missing; names the extra.
    """
    distributed = optional("distributed", "a Dask cluster", "cluster")

    def run(task: Task, files: Sequence[str]) -> Iterator[Row]:
        left = iter(files)
        threads = max(1, sum(client.nthreads().values()))
        started = client.map(
            task, list(islice(left, ahead * threads)), pure=False
        )
        ready = distributed.as_completed(started)
        for future in ready:
            yield future.result()
            for file in islice(left, 1):
                ready.add(client.submit(task, file, pure=False))

    return run


def score_folder(
    folder: str | Path,
    out: str | Path,
    load: Callable[[], Segmenter],
    *,
    run: Runner = in_turn,
    limits: Limits | None = None,
) -> Summary:
    """Segment every picture below a folder.

    Args:
        folder: PNG, JPEG and TIFF files in it, and in folders in it, are
            read.
        out: a folder for ``results.jsonl`` and, below ``masks``, one PNG
            a picture. An earlier run's results are kept and not redone.
        load: gives the segmenter, once in each process; a function of a
            module, so that other processes can import it.
        run: how tasks are run; see `on_dask`.
        limits: of each picture; the default ones if None.

    Returns:
        How many were scored, failed and skipped.

    Raises:
        NotADirectoryError: ``folder`` is no folder.
        BlockingIOError: another run is writing to ``out``.
        ValueError: ``out`` holds results of another network.

    Convention:
        A picture that cannot be read becomes a row with the reason and
        ends nothing. Its row counts as done; remove it to try again.
    """
    folder, out = Path(folder).resolve(), Path(out).resolve()
    if not folder.is_dir():
        raise NotADirectoryError(f"folder must be a folder, got {folder}")
    out.mkdir(parents=True, exist_ok=True)
    # the system lets the lock go when a process is killed
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BlockingIOError(f"another run is writing to {out}") from error
    try:
        return _score(folder, out, load, run, limits or Limits())
    finally:
        lock.release()


def read_rows(out: str | Path) -> list[Row]:
    """The rows that are wholly on disk, in the order they were written.

    Args:
        out: the folder that `score_folder` wrote to.

    >>> read_rows("no such folder")
    []
    """
    file = Path(out) / RESULTS
    if not file.exists():
        return []
    lines = file.read_bytes().split(b"\n")
    # what stands behind the last newline is the torn row of a kill
    return [json.loads(line) for line in lines[:-1]]


def _score(
    folder: Path,
    out: Path,
    load: Callable[[], Segmenter],
    run: Runner,
    limits: Limits,
) -> Summary:
    model = _once(load).name
    rows = read_rows(out)
    others = {row["model"] for row in rows} - {model}
    if others:
        raise ValueError(
            f"out must be empty or hold results of {model}, got results "
            f"of {', '.join(sorted(others))} in {out}"
        )
    done = {row["file"] for row in rows}
    files = [name for name in _pictures(folder, out) if name not in done]
    task = functools.partial(_score_one, folder, out, load, limits)
    failed = 0
    with _appending(out / RESULTS) as append:
        for row in run(task, files):
            append(row)
            failed += row["error"] is not None
    return Summary(len(files) - failed, failed, len(done))


def _pictures(folder: Path, out: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and out not in path.parents
    )


def _score_one(
    folder: Path,
    out: Path,
    load: Callable[[], Segmenter],
    limits: Limits,
    name: str,
) -> Row:
    segmenter = _once(load)
    row: Row = {"file": name, "model": segmenter.name, "error": None}
    try:
        data = _read(folder / name, limits)
        row["sha256"] = hashlib.sha256(data).hexdigest()
        image = decode(data, limits)
    except (UploadError, OSError) as error:
        row["error"] = str(error)
        return row
    found = segmenter(image)
    mask = f"masks/{name}.png"
    with replacing(out / mask) as temporary:
        temporary.write_bytes(as_png(found)[0])
    return {**row, "mask": mask, "size": image.shape, **figures(found)}


def _read(path: Path, limits: Limits) -> bytes:
    with path.open("rb") as file:
        data = file.read(limits.max_bytes + 1)
    check_length(len(data), limits)
    return data


@functools.cache
def _once(load: Callable[[], Segmenter]) -> Segmenter:
    return load()


@contextlib.contextmanager
def _appending(file: Path) -> Iterator[Callable[[Row], None]]:
    """Append rows, each on disk before the next is asked for."""
    if file.exists():
        # a torn row is cut off, so that the next one starts a line
        os.truncate(file, file.read_bytes().rfind(b"\n") + 1)
    with file.open("ab") as results:

        def append(row: Row) -> None:
            results.write(json.dumps(row).encode() + b"\n")
            results.flush()
            os.fsync(results.fileno())

        yield append
