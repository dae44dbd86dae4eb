"""Run ours and its peers in turn, and put the figures into a table.

The runs are interleaved in one process (ours, peer, ours, peer ...), so
that a machine that slows down slows both. What is reported is the median.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = "<!-- the table below is written by `make bench` -->"


@dataclass(frozen=True)
class Row:
    """One comparison; ``ratio`` is the peer's time divided by ours."""

    id: str
    work: str
    ours_s: float
    ours_peak_mib: float | None
    peer: str
    peer_s: float
    peer_peak_mib: float | None
    ratio: float
    equal: str


@dataclass(frozen=True)
class Work:
    """One piece of work, done by us and by peers.

    Args:
        id: short name, such as ``confusion_uint8``.
        work: what is done, with sizes.
        ours: does it, and returns the result.
        peers: name and function of each peer.
        compare: says how a peer's result compares with ours.
        runs: counted runs of each; one more is made first.
    """

    id: str
    work: str
    ours: Callable[[], object]
    peers: dict[str, Callable[[], object]]
    compare: Callable[[object, object], str]
    runs: int = 7


def peak_mib(function: Callable[[], object]) -> float | None:
    """The most memory that one call holds at a time, in MiB.

    The larger of two readings: what NumPy and Python report to
    tracemalloc, and how far the process's resident memory rises, which
    counts PyTorch and C++ libraries too but not memory that they got from
    the system earlier and kept (Linux only; None elsewhere).
    """
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    gc.collect()
    reset.write_text("5")
    before = _status_kib("VmHWM")
    function()
    risen = (_status_kib("VmHWM") - before) / 1024
    tracemalloc.start()
    function()
    traced = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return max(risen, traced)


def _status_kib(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    raise KeyError(key)


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(work: Work) -> list[Row]:
    """All rows of one piece of work, one for each peer."""
    ours_result = work.ours()
    equal = {
        name: work.compare(ours_result, peer())
        for name, peer in work.peers.items()
    }
    times: dict[str, list[float]] = {"": [], **{n: [] for n in work.peers}}
    for _ in range(work.runs):
        times[""].append(_seconds(work.ours))
        for name, peer in work.peers.items():
            times[name].append(_seconds(peer))
    ours_s = statistics.median(times[""])
    ours_peak = peak_mib(work.ours)
    rows = []
    for name, peer in work.peers.items():
        peer_s = statistics.median(times[name])
        rows.append(
            Row(
                id=work.id,
                work=work.work,
                ours_s=ours_s,
                ours_peak_mib=ours_peak,
                peer=name,
                peer_s=peer_s,
                peer_peak_mib=peak_mib(peer),
                ratio=peer_s / ours_s,
                equal=equal[name],
            )
        )
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| work | peer | ours | peer's | ratio | peak MiB, ours / peer "
        "| results |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.work} [`{row.id}`] | {row.peer} "
            f"| {row.ours_s * 1e3:.1f} ms | {row.peer_s * 1e3:.1f} ms "
            f"| {row.ratio:.1f} "
            f"| {_mib(row.ours_peak_mib)} / {_mib(row.peer_peak_mib)} "
            f"| {row.equal} |"
        )
    return "\n".join(lines)


def _mib(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def write(rows: Sequence[Row]) -> None:
    """Write results.json and the table in README.md."""
    _replace(
        HERE / "results.json",
        json.dumps([asdict(row) for row in rows], indent=1) + "\n",
    )
    readme = HERE / "README.md"
    prose = readme.read_text("utf-8").split(HEAD)[0]
    _replace(readme, f"{prose}{HEAD}\n\n{table(rows)}\n")


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(path.suffix + ".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
