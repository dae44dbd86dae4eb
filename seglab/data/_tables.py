"""Tables with a row for each class."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


def import_pandas() -> ModuleType:
    """pandas, or an error that names the extra."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "the tables need pandas: pip install 'seglab[data]'"
        ) from error
    return pd


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
