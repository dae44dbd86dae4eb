"""Tables of figures, with a row for each class, image or group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seglab.extras import optional
from seglab.metrics._figures import CLASS_FIGURES, FIGURES, class_figure

if TYPE_CHECKING:
    import pandas as pd

# what a table of images shows beside its classes
HEADLINES = ("pixel_accuracy", "mean_iou", "mean_dice")


def class_table(
    names: Sequence[str], counts: NDArray[np.float64], class_metric: str
) -> pd.DataFrame:
    """A row for each class, from margins of the groups [G, 3, C]."""
    spread = class_figure(class_metric)(counts)
    total = counts.sum(axis=0)
    columns = {"pixels": total[1].astype(np.int64)}
    columns |= {name: f(total) for name, f in CLASS_FIGURES.items()}
    table = _frame(columns, names, "class")
    by_class = _frame(dict(zip(names, spread.T, strict=True)))
    table["groups"] = by_class.count()
    table[f"{class_metric}_mean"] = by_class.mean()
    table[f"{class_metric}_std"] = by_class.std()
    return table


def row_table(
    names: Sequence[str],
    counts: NDArray[np.float64],
    class_metric: str,
    rows: Sequence[Any],
    of: str,
) -> pd.DataFrame:
    """A row for each image or group, from margins of them [N, 3, C]."""
    values = class_figure(class_metric)(counts)
    columns: dict[str, Any] = {
        "pixels": counts[:, 1].sum(axis=-1).astype(np.int64)
    }
    columns |= {name: FIGURES[name](counts) for name in HEADLINES}
    for name, column in zip(names, values.T, strict=True):
        columns[f"{class_metric}_{name}"] = column
    return _frame(columns, rows, of)


def _frame(
    columns: dict[str, Any], rows: Sequence[Any] | None = None, of: str = ""
) -> pd.DataFrame:
    pd = optional("pandas", "a table", "peers")
    index = None if rows is None else pd.Index(list(rows), name=of)
    return pd.DataFrame(columns, index=index)
