"""Tables with a row for each class."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seglab.extras import optional

if TYPE_CHECKING:
    import pandas as pd


def import_pandas() -> ModuleType:
    """pandas, or an error that names the extra."""
    return optional("pandas", "a table", "data")


def class_rows(names: Sequence[str]) -> pd.Index:
    """The index of a table with a row for each class."""
    return import_pandas().Index(list(names), name="class")


def square_table(
    values: NDArray[np.generic], names: Sequence[str]
) -> pd.DataFrame:
    """A table with a row and a column for each class."""
    return import_pandas().DataFrame(
        values, index=class_rows(names), columns=list(names)
    )
