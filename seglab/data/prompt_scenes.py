"""Pictures full of things to point at: wholes, their parts, and coins.

A click on a wheel may ask for the wheel or for the car. These scenes hold
both answers, so that a promptable model can learn that there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from seglab.data._coin_fields import draw_coin_field
from seglab.data._ground import plain_ground
from seglab.data.shapes import (
    CATEGORIES,
    LEAST_PIXELS,
    BoolArray,
    FloatArray,
    Shape,
    coat,
    develop,
    place_shapes,
    random_colour,
    visible_masks,
    whole_masks,
)

__all__ = ["COIN", "PART", "WHOLE", "PromptScene", "draw_prompt_scene"]

WHOLE, PART, COIN = "whole", "part", "coin"
PART_CHANCE = 0.6  # of a shape to carry a part
COIN_CHANCE = 1 / 4  # of a scene to be a field of coins
_PART_SHAPES = ("disc", "square", "triangle")


@dataclass(frozen=True, eq=False)
class PromptScene:
    """A picture with every mask that a prompt in it may mean.

    Convention:
        A part lies inside its whole; apart from that no two masks overlap.

    Args:
        image: float32 [3, H, W] in [0, 1].
        masks: bool [M, H, W], none of them empty.
        kinds: str [M]: ``whole``, ``part`` or ``coin``.
        parents: int64 [M], the index of a part's whole; -1 for the rest.

    >>> scene = draw_prompt_scene(0)
    >>> len(scene.masks) == len(scene.kinds) == len(scene.parents)
    True
    """

    image: FloatArray
    masks: BoolArray
    kinds: NDArray[np.str_]
    parents: NDArray[np.int64]


def draw_prompt_scene(
    seed: int, *, size: tuple[int, int] = (128, 128)
) -> PromptScene:
    """Draw the scene that belongs to a seed: shapes with parts, or coins.

    Three of four scenes hold overlapping shapes, of which about half carry
    a part in another colour; the fourth is a field of coins.

    Args:
        seed: 0 or more; the same seed gives the same scene.
        size: (height, width) in pixels, each 64 or more.

    Raises:
        ValueError: an argument is out of range.

    >>> draw_prompt_scene(1).image.shape
    (3, 128, 128)
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    if len(size) != 2 or min(size) < 64:
        raise ValueError(
            f"size must be (height, width), each 64 or more, got {size}"
        )
    rng = np.random.default_rng([seed, 12])
    if rng.random() < COIN_CHANCE:
        image, masks = draw_coin_field(rng, size)
        kinds, parents = [COIN] * len(masks), [-1] * len(masks)
    else:
        image, masks, owners = _shapes_with_parts(rng, size)
        wholes = len(masks) - len(owners)
        kinds = [WHOLE] * wholes + [PART] * len(owners)
        parents = [-1] * wholes + owners
    return PromptScene(
        image, masks, np.array(kinds), np.array(parents, np.int64)
    )


def _shapes_with_parts(
    rng: Generator, size: tuple[int, int]
) -> tuple[FloatArray, BoolArray, list[int]]:
    """Picture, masks (wholes first), and whose each of the parts is."""
    allowed = range(1, len(CATEGORIES) + 1)
    wholes = place_shapes(rng, int(rng.integers(1, 7)), size, list(allowed))
    seen = visible_masks(whole_masks(wholes, size))
    parts = [_part_of(rng, whole) for whole in wholes]
    inside = {
        owner: part.cover(size) & seen[owner]
        for owner, part in enumerate(parts)
        if part is not None
    }
    owners = [
        owner
        for owner, mask in inside.items()
        if mask.sum() >= LEAST_PIXELS
    ]
    shapes = [*wholes, *(part for part in parts if part is not None)]
    painted = np.concatenate([seen, _stack(list(inside.values()), size)])
    kept = _stack([inside[owner] for owner in owners], size)
    picture = coat(rng, plain_ground(rng, size), shapes, painted)
    return develop(rng, picture), np.concatenate([seen, kept]), owners


def _stack(masks: Sequence[BoolArray], size: tuple[int, int]) -> BoolArray:
    """The masks as one array, also where there are none."""
    return np.array(list(masks), bool).reshape(-1, *size)


def _part_of(rng: Generator, whole: Shape) -> Shape | None:
    """A smaller shape inside a shape, or none; a ring has no room."""
    is_ring = CATEGORIES[whole.category - 1] == "ring"
    if rng.random() > PART_CHANCE or is_ring:
        return None
    away = rng.uniform(0, 0.2) * whole.radius
    turn = rng.uniform(0, 2 * np.pi)
    kind = _PART_SHAPES[int(rng.integers(len(_PART_SHAPES)))]
    return replace(
        whole,
        category=CATEGORIES.index(kind) + 1,
        centre=(
            whole.centre[0] + away * np.cos(turn),
            whole.centre[1] + away * np.sin(turn),
        ),
        radius=whole.radius * rng.uniform(0.45, 0.65),
        angle=rng.uniform(0, 2 * np.pi),
        colour=random_colour(rng, saturation=(0.1, 0.9)),
    )
