"""Are today's pictures still like those that the network was tested on?

A *reference* holds the figures of pictures that were fine: brightness,
contrast, share of foreground, confidence. A *window* of later pictures is
compared with it, column by column.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from seglab.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("brightness", "contrast", "foreground_share", "confidence")
_KEPT = 2000
_BINS = 10
# of the population stability index; customary since credit scoring
MODERATE = 0.1

Rows = Sequence[Mapping[str, Any]]


# eq would compare arrays, which have no one answer
@dataclass(frozen=True, eq=False)
class Reference:
    """The figures of pictures that were fine.

    Args:
        values: for each column, its values in ascending order.
    """

    values: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, rows: Rows, columns: Sequence[str] = COLUMNS) -> Reference:
        """Take the figures from rows, such as ``batch.read_rows`` gives.

        Args:
            rows: twenty or more that have every column; rows without,
                such as those of files that could not be read, are left
                out.
            columns: which figures.

        Raises:
            ValueError: fewer rows, or a value that is not finite.

        Convention:
            Of more than 2,000 rows as many evenly spaced order statistics
            are kept, so that the file stays small.
        """
        values = {}
        for name, column in _table(rows, columns, "rows").items():
            ordered = np.sort(column)
            if len(ordered) > _KEPT:
                share = (np.arange(_KEPT) + 0.5) / _KEPT
                ordered = np.quantile(ordered, share)
            values[name] = ordered
        return cls(values)

    def save(self, file: str | Path) -> None:
        """Write it as JSON."""
        plain = {name: v.tolist() for name, v in self.values.items()}
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(plain) + "\n", "utf-8")

    @classmethod
    def load(cls, file: str | Path) -> Reference:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds something else.
        """
        try:
            plain = json.loads(Path(file).read_text("utf-8"))
            return cls({k: np.asarray(v, float) for k, v in plain.items()})
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"file must be a reference that save wrote, got {file}"
            ) from error


@dataclass(frozen=True)
class Drift:
    """How one column of a window differs from the reference.

    Attributes:
        column: which figure.
        reference_median, window_median: where its middle was, and is.
        psi: population stability index: 0 for equal shares in each tenth
            of the reference; from 0.1 on customarily worth a look, from
            0.25 on a large shift.
        ks: largest distance of the two cumulative distributions.
        p_value: how often samples of one distribution are that far apart.
        drifted: whether it is large and no accident.
    """

    column: str
    reference_median: float
    window_median: float
    psi: float
    ks: float
    p_value: float
    drifted: bool


def compare(
    reference: Reference, rows: Rows, *, alpha: float = 0.01
) -> list[Drift]:
    """Hold a window of rows against a reference.

    Args:
        reference: of pictures that were fine.
        rows: twenty or more of the window.
        alpha: how often a window without any drift may be called
            drifted, over all columns together.

    Raises:
        ValueError: fewer rows, a value that is not finite, or alpha
            outside (0, 1).

    Convention:
        A column has drifted if the Kolmogorov-Smirnov test rejects at
        alpha divided by the number of columns (no accident) and the index
        is 0.1 or more (not a trifle: in a window of millions every
        difference is significant). The p-value is the asymptotic one.

    Source:
        Massey 1951 for the test; Yurdakul and Naranjo 2020 for the index.

    >>> even = [{"x": i / 100} for i in range(100)]
    >>> far = [{"x": i / 100 + 0.5} for i in range(100)]
    >>> reference = Reference.of(even, ["x"])
    >>> [compare(reference, rows)[0].drifted for rows in (even, far)]
    [False, True]
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
    window = _table(rows, list(reference.values), "rows")
    return [
        _drift(name, known, window[name], alpha / len(reference.values))
        for name, known in reference.values.items()
    ]


def stability_index(
    reference: NDArray[np.float64], window: NDArray[np.float64]
) -> float:
    """Population stability index of a window.

    Args:
        reference: values [N], one or more.
        window: values [M], one or more.

    Raises:
        ValueError: no values.

    Convention:
        Ten bins that the reference fills equally; bins whose edges fall
        together are one. Half a value of the smaller side is added to the
        share of each bin, so that an empty one does not make the index
        infinite.

    >>> same = np.arange(100.0)
    >>> round(stability_index(same, same), 3)
    0.0
    """
    if not len(reference) or not len(window):
        raise ValueError("reference and window must hold values, got none")
    edges = np.unique(np.quantile(reference, np.arange(1, _BINS) / _BINS))
    if edges[0] == reference.min():
        # many equal values: below them is a bin of its own
        edges = np.insert(edges, 0, np.nextafter(edges[0], -np.inf))
    least = 0.5 / min(len(reference), len(window))
    p, q = (
        np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1)
        / len(x)
        + least
        for x in (reference, window)
    )
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def report(drifts: Sequence[Drift]) -> str:
    """A Markdown table, one line a column.

    >>> one = Drift("brightness", 0.5, 0.6, 0.8, 0.4, 1e-9, True)
    >>> report([one]).splitlines()[-1]
    '| brightness | 0.5 | 0.6 | 0.80 | 0.40 | 1e-09 | drifted |'
    """
    lines = [
        "| figure | reference median | window median | PSI | KS | p | |",
        "|---|---|---|---|---|---|---|",
    ]
    for d in drifts:
        verdict = "drifted" if d.drifted else "as before"
        lines.append(
            f"| {d.column} | {d.reference_median:.3g} "
            f"| {d.window_median:.3g} | {d.psi:.2f} | {d.ks:.2f} "
            f"| {d.p_value:.2g} | {verdict} |"
        )
    return "\n".join(lines)


def plot(reference: Reference, rows: Rows) -> Figure:
    """The cumulative distributions of every column, side by side.

    Args:
        reference, rows: as for `compare`.

    Raises:
        ValueError: as `compare`.
    """
    from matplotlib import pyplot as plt

    from seglab.viz.style import STYLE

    window = _table(rows, list(reference.values), "rows")
    number = len(reference.values)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            math.ceil(number / 2),
            min(number, 2),
            figsize=(6.4, 2.4 * math.ceil(number / 2)),
            layout="constrained",
            squeeze=False,
        )
        for ax, (name, known) in zip(
            axes.flat, reference.values.items(), strict=False
        ):
            ax.ecdf(known, label="reference")
            ax.ecdf(window[name], label="window", ls="--")
            ax.set_xlabel(name.replace("_", " "))
        for ax in axes.flat[number:]:
            ax.set_axis_off()
        for ax in axes[:, 0]:
            ax.set_ylabel("share at or below")
        axes[0, 0].legend()
    return figure


def _drift(
    name: str,
    known: NDArray[np.float64],
    seen: NDArray[np.float64],
    alpha: float,
) -> Drift:
    # the exact one takes seconds for thousands of values
    test = stats.ks_2samp(known, seen, method="asymp")
    psi = stability_index(known, seen)
    return Drift(
        column=name,
        reference_median=float(np.median(known)),
        window_median=float(np.median(seen)),
        psi=psi,
        ks=float(test.statistic),
        p_value=float(test.pvalue),
        drifted=bool(test.pvalue < alpha and psi >= MODERATE),
    )


def _table(
    rows: Rows, columns: Sequence[str], name: str
) -> dict[str, NDArray[np.float64]]:
    whole = [row for row in rows if all(c in row for c in columns)]
    if len(whole) < 20:
        raise ValueError(
            f"{name} must hold 20 or more with {', '.join(columns)}, got "
            f"{len(whole)}"
        )
    table = {c: np.array([r[c] for r in whole], float) for c in columns}
    for column, values in table.items():
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} must be finite, got {column} that is not"
            )
    return table
