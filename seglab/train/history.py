"""What a training run noted down, as a table, a plot and a file."""

from __future__ import annotations

import csv
import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seglab.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class History:
    """The rows that a training run noted, oldest first.

    A row is a dict of floats. ``fit`` notes ``step``, ``loss`` (the mean
    since the row before), ``learning_rate``, ``seconds`` (of training,
    evaluations left out) and whatever ``evaluate`` returned.

    Args:
        rows: dicts from a column's name to its value.

    >>> history = History([{"step": 10, "loss": 0.9, "dice": 0.2}])
    >>> history.note({"step": 20, "loss": 0.5, "dice": 0.7})
    >>> history.column("dice")
    array([0.2, 0.7])
    >>> print(history.table())
    step    loss    dice
      10  0.9000  0.2000
      20  0.5000  0.7000
    """

    def __init__(self, rows: Iterable[Mapping[str, float]] = ()) -> None:
        self.rows: list[dict[str, float]] = [dict(row) for row in rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"History of {len(self)} rows\n{self.table()}"

    def note(self, row: Mapping[str, float]) -> None:
        """Append one row."""
        self.rows.append(dict(row))

    def names(self) -> list[str]:
        """The names of the columns, in order of first appearance."""
        return list(
            dict.fromkeys(name for row in self.rows for name in row)
        )

    def column(self, name: str) -> np.ndarray:
        """One column as float64 [rows]; NaN where a row does not hold it.

        Raises:
            KeyError: no row holds that name; the message lists the names.
        """
        if name not in self.names():
            raise KeyError(
                f"name must be one of {self.names()}, got {name!r}"
            )
        return np.array([row.get(name, np.nan) for row in self.rows])

    def best(self, name: str, mode: str = "max") -> dict[str, float]:
        """The row with the best value of a column.

        Args:
            name: the column.
            mode: ``max`` or ``min``.

        >>> rows = [{"step": 1, "loss": 0.3}, {"step": 2, "loss": 0.4}]
        >>> History(rows).best("loss", mode="min")
        {'step': 1, 'loss': 0.3}
        """
        if mode not in ("max", "min"):
            raise ValueError(f"mode must be 'max' or 'min', got {mode!r}")
        pick = np.nanargmax if mode == "max" else np.nanargmin
        return self.rows[int(pick(self.column(name)))]

    def table(self) -> str:
        """The rows as aligned text, one line each."""
        cells = [self.names(), *self._cells()]
        widths = [
            max(map(len, column)) for column in zip(*cells, strict=True)
        ]
        return "\n".join(
            "  ".join(map(str.rjust, row, widths)) for row in cells
        )

    def _cells(self) -> list[list[str]]:
        return [
            [_text(name, row.get(name)) for name in self.names()]
            for row in self.rows
        ]

    def _repr_html_(self) -> str:
        """The table as notebooks show it."""
        head = "".join(f"<th>{html.escape(n)}</th>" for n in self.names())
        body = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
            for row in self._cells()
        )
        return (
            f"<table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def plot(
        self, ax: Axes | None = None, *, columns: Iterable[str] = ("loss",)
    ) -> Axes:
        """Draw columns over the optimiser's steps.

        Args:
            ax: where to draw; a new figure if None.
            columns: which columns; each becomes one line.

        Returns:
            The axes.
        """
        from seglab.viz import plot_history

        axes = plot_history(self.rows, list(columns), ax=ax)
        axes.set_xlabel("optimiser step")
        return axes

    def save(self, path: str | Path) -> None:
        """Write the rows as a CSV file."""
        with (
            replacing(path) as temporary,
            temporary.open("w", newline="") as file,
        ):
            writer = csv.DictWriter(file, self.names(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read the rows that ``save`` wrote.

        Raises:
            FileNotFoundError: there is no such file.
        """
        with Path(path).open(newline="") as file:
            return cls(
                {name: float(cell) for name, cell in row.items() if cell}
                for row in csv.DictReader(file)
            )


def _text(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name == "learning_rate":
        return f"{value:.1e}"
    if name == "seconds":
        return f"{value:.1f}"
    whole = np.isfinite(value) and float(value).is_integer()
    return f"{value:.0f}" if name == "step" and whole else f"{value:.4f}"
