"""What Detectron2 writes while it works: to files, not into notebooks."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# fvcore and iopath speak for it when they load files
LOGGERS = ("detectron2", "fvcore", "iopath")
LOG = "log.txt"
METRICS = "metrics.json"


@contextlib.contextmanager
def logging_to(folder: str | Path) -> Iterator[Path]:
    """Write Detectron2's log to a file while the block runs.

    Left alone, it prints the whole network, every configuration and a line
    for every twenty steps, some of it to stderr; pycocotools prints too.

    Args:
        folder: for ``log.txt``, to which lines are added.

    Yields:
        The file.

    >>> import tempfile
    >>> with logging_to(tempfile.mkdtemp()) as file:
    ...     logging.getLogger("detectron2.engine").info("loss: 1.5")
    >>> file.read_text().split(": ", 1)[1]
    'loss: 1.5\\n'
    """
    file = Path(folder) / LOG
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(name)s: %(message)s")
    )
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(x.level, x.propagate, x.handlers) for x in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.propagate, logger.handlers = False, [handler]
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            # about arrays of its own that it hands to PyTorch
            warnings.filterwarnings("ignore", module=r"detectron2\.")
            yield file
    finally:
        for logger, state in zip(loggers, before, strict=True):
            logger.level, logger.propagate, logger.handlers = state
        handler.close()


def read_metrics(folder: str | Path) -> list[dict[str, Any]]:
    """The figures of a training, one row for each twenty steps.

    Args:
        folder: that ``cfg.OUTPUT_DIR`` names.

    Returns:
        Rows by ``iteration``, ascending: losses, learning rate, seconds a
        step, and scores where an evaluation was made. Of steps that were
        trained twice, because a run went on from a checkpoint, the later
        row.

    Raises:
        FileNotFoundError: nothing was trained there.
    """
    file = Path(folder) / METRICS
    if not file.exists():
        raise FileNotFoundError(
            f"folder must be that of a training, got {folder}, where there "
            f"is no {METRICS}"
        )
    rows: dict[int, dict[str, Any]] = {}
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        rows[row["iteration"]] = row
    return [rows[step] for step in sorted(rows)]
