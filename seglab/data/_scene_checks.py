"""Arguments of a scene that make no sense, each in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from seglab.data._ground import STUFF
from seglab.data.shapes import CATEGORIES


def check_scene(
    seed: int,
    size: tuple[int, int],
    shapes: tuple[int, int],
    categories: Sequence[str],
    stuff: Sequence[str],
    crowds: int,
) -> None:
    """Refuse what ``draw_scene`` cannot draw.

    Raises:
        ValueError: names the argument, what came and what is wanted.
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    if len(size) != 2 or min(size) < 32:
        raise ValueError(
            f"size must be (height, width), each 32 or more, got {size}"
        )
    if not 1 <= shapes[0] <= shapes[1] <= 12:
        raise ValueError(
            f"shapes must be (fewest, most) from 1 to 12, got {shapes}"
        )
    if crowds < 0:
        raise ValueError(f"crowds must be 0 or more, got {crowds}")
    _check_names("categories", categories, CATEGORIES)
    if stuff:
        _check_names("stuff", stuff, STUFF)
        if len(set(stuff)) < len(stuff):
            raise ValueError(f"stuff must differ, got {list(stuff)}")


def _check_names(
    argument: str, names: Sequence[str], known: Sequence[str]
) -> None:
    unknown = [name for name in names if name not in known]
    if isinstance(names, str) or unknown or not names:
        shown = names if isinstance(names, str) else list(names)
        raise ValueError(
            f"{argument} must be some of {', '.join(known)}, got {shown!r}"
        )
