"""Categories and their names, for metrics of instances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def check_integer(
    value: object, name: str, *, lowest: int | None = None
) -> None:
    """Refuse what is no integer, or one that is too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if lowest is not None and value < lowest:
        raise ValueError(f"{name} must be {lowest} or more, got {value}")


def category_names(
    categories: Sequence[int], names: Sequence[str] | None
) -> tuple[str, ...]:
    """``names[category]`` of each category, or its number in words."""
    if names is None:
        return tuple(str(category) for category in categories)
    if isinstance(names, str):
        raise TypeError(f"names must be a list of names, got {names!r}")
    beyond = [c for c in categories if not 0 <= c < len(names)]
    if beyond:
        raise ValueError(
            "names must have an entry for each category, got "
            f"{len(names)} names, and category {beyond[0]} has none"
        )
    chosen = tuple(names[category] for category in categories)
    if len(set(chosen)) != len(chosen):
        raise ValueError(
            f"names must differ between categories, got {list(chosen)}"
        )
    return chosen
