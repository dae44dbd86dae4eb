"""Lines that are only ever added to a file, each safe once it is written.

What a person has decided must outlive the process that asked: a closed
lid, a full disk, a kernel that is killed in the middle of a line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock


class Journal:
    """A file with one JSON object a line, which only grows.

    Convention:
        A line counts once its end is on the disk. What a killed process
        left without an end was never confirmed to anyone; it is passed
        over, and cut off before the next line is added.

    Args:
        path: of the file; its folder is made if it is missing.

    Raises:
        ValueError: a whole line is no JSON object; says which.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "decisions.jsonl"
    >>> Journal(path).append({"kept": 7})
    >>> Journal(path).entries
    ({'kept': 7},)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{self.path}.lock")
        with self._lock:
            content = self.path.read_bytes() if self.path.exists() else b""
        self._end = content.rfind(b"\n") + 1
        lines = content[: self._end].splitlines()
        self._entries = [
            _read_line(line, number, self.path)
            for number, line in enumerate(lines, start=1)
        ]

    @property
    def entries(self) -> tuple[dict[str, Any], ...]:
        """All that was written, the oldest first."""
        return tuple(self._entries)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add a line and wait until it is on the disk.

        Args:
            entry: what JSON can hold; no NaN.

        Raises:
            RuntimeError: another process has added lines since this
                journal was opened.
            ValueError, TypeError: JSON cannot hold the entry; the file
                stays as it was.
        """
        text = json.dumps(dict(entry), allow_nan=False)
        line = text.encode("utf-8") + b"\n"
        with self._lock, self.path.open("ab") as file:
            self._check_nobody_else(file.tell())
            file.truncate(self._end)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._end += len(line)
        self._entries.append(json.loads(text))

    def _check_nobody_else(self, size: int) -> None:
        """Refuse to write over whole lines that are not ours."""
        if size > self._end:
            tail = self.path.read_bytes()[self._end :]
            if b"\n" not in tail:
                return
        elif size == self._end:
            return
        raise RuntimeError(
            f"{self.path} must be written by one process at a time, but "
            "it was changed since it was opened: open it anew"
        )


def _read_line(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ValueError(
            f"{path} must hold one JSON object a line, but line {number} "
            f"is none: {error}"
        ) from error
    if not isinstance(entry, dict):
        raise ValueError(
            f"{path} must hold one JSON object a line, but line {number} "
            f"holds a {type(entry).__name__}"
        )
    return entry
