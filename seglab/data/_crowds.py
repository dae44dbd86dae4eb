"""Crowds of a scene: many small shapes that nobody tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from seglab.data.shapes import (
    LEAST_PIXELS,
    LEAST_VISIBLE,
    BoolArray,
    Shape,
    coat,
    random_colour,
    visible_masks,
    whole_masks,
)

_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


@dataclass(frozen=True, eq=False)
class Crowds:
    """Crowds and the picture with them.

    Args:
        picture: float64 [3, H, W].
        whole: bool [C, H, W], the front crowd first.
        categories: of each crowd.
    """

    picture: NDArray[np.float64]
    whole: BoolArray
    categories: list[int]


def draw_crowds(
    rng: Generator,
    picture: NDArray[np.float64],
    count: int,
    allowed: Sequence[int],
    shapes: BoolArray,
) -> Crowds:
    """Place crowds behind the shapes and paint them on the ground.

    Args:
        rng, count, allowed: as :func:`place_crowds`.
        picture: the ground, float64 [3, H, W].
        shapes: bool [K, H, W], what the shapes in front cover.

    >>> rng, free = np.random.default_rng(0), np.zeros((0, 64, 64), bool)
    >>> draw_crowds(rng, np.ones((3, 64, 64)), 2, [4], free).categories
    [4, 4]
    """
    size, taken = shapes.shape[1:], np.any(shapes, axis=0)
    groups = place_crowds(rng, count, size, allowed, taken)
    whole = np.zeros((len(groups), *size), bool)
    # the front crowd is painted last
    for k, members in reversed(list(enumerate(groups))):
        parts = whole_masks(members, size)
        whole[k] = parts.any(axis=0)
        picture = coat(rng, picture, members, visible_masks(parts))
    return Crowds(picture, whole, [group[0].category for group in groups])


def place_crowds(
    rng: Generator,
    count: int,
    size: tuple[int, ...],
    allowed: Sequence[int],
    taken: BoolArray,
) -> list[list[Shape]]:
    """Choose places behind everything that is there already.

    Args:
        rng: draws everything.
        count: how many; fewer where there is no room.
        size: (height, width).
        allowed: categories, 1 for the first.
        taken: bool [H, W], what the shapes in front cover.

    Returns:
        The members of each crowd, the front crowd first.

    >>> rng, free = np.random.default_rng(0), np.zeros((64, 64), bool)
    >>> crowd, = place_crowds(rng, 1, (64, 64), [4], free)
    >>> {member.category for member in crowd}
    {4}
    """
    crowds: list[list[Shape]] = []
    taken = taken.copy()
    for _ in range(count):
        for _ in range(100):
            members = _random_crowd(rng, size, allowed)
            whole = whole_masks(members, size).any(axis=0)
            seen = int((whole & ~taken).sum())
            if seen >= max(LEAST_PIXELS, LEAST_VISIBLE * whole.sum()):
                crowds.append(members)
                taken |= whole
                break
    return crowds


def _random_crowd(
    rng: Generator, size: tuple[int, ...], allowed: Sequence[int]
) -> list[Shape]:
    """Six to ten members, packed like seeds in a sunflower."""
    radius = rng.uniform(0.05, 0.065) * min(size)
    x = rng.uniform(0.15, 0.85) * size[1]
    y = rng.uniform(0.15, 0.85) * size[0]
    category, start = int(rng.choice(allowed)), rng.uniform(0, 2 * np.pi)
    members = []
    for number in range(int(rng.integers(6, 11))):
        away = radius * np.sqrt(number)
        turn = start + number * _GOLDEN_ANGLE
        members.append(
            Shape(
                category=category,
                centre=(
                    float(x + away * np.cos(turn)),
                    float(y + away * np.sin(turn)),
                ),
                radius=float(radius),
                angle=float(rng.uniform(0, 2 * np.pi)),
                colour=random_colour(rng, saturation=(0.45, 0.9)),
            )
        )
    return members
