"""The ground of a scene: stuff that can be told by its texture only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from seglab.data.shapes import CATEGORIES, random_colour, smooth_noise

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STUFF: tuple[str, ...] = ("sky", "grass", "water")
_SATURATION = (0.1, 0.4)


def plain_ground(rng: Generator, size: tuple[int, int]) -> FloatArray:
    """Blotches of one dull colour; float64 [3, H, W].

    >>> plain_ground(np.random.default_rng(0), (32, 40)).shape
    (3, 32, 40)
    """
    colour = np.array(random_colour(rng, saturation=_SATURATION))
    light = 0.7 + 0.6 * smooth_noise(rng, size, 8)
    return colour[:, None, None] * light


def stuff_ground(
    rng: Generator, size: tuple[int, int], stuff: Sequence[str]
) -> tuple[FloatArray, IntArray]:
    """Two or three regions, one for each kind of stuff that is drawn.

    A region takes its colour from the same wide range whatever it shows,
    so only its texture tells what it is.

    Args:
        rng: draws everything.
        size: (height, width).
        stuff: some of ``STUFF``; one alone covers the whole ground.

    Returns:
        float64 [3, H, W], and int64 [H, W]: categories, which follow
        those of the shapes.

    >>> rng = np.random.default_rng(0)
    >>> picture, kinds = stuff_ground(rng, (48, 48), STUFF[:2])
    >>> sorted(set(kinds.ravel().tolist()))
    [6, 7]
    """
    count = min(len(stuff), int(rng.integers(2, 4)))
    chosen = rng.permutation([STUFF.index(name) for name in stuff])[:count]
    kinds = chosen[_regions(rng, size, count)]
    picture = np.zeros((3, *size))
    for kind in chosen:
        colour = np.array(random_colour(rng, saturation=_SATURATION))
        light = _LIGHT[STUFF[kind]](rng, size)
        coat = colour[:, None, None] * light
        picture = np.where(kinds == kind, coat, picture)
    return picture, kinds + len(CATEGORIES) + 1


def _regions(rng: Generator, size: tuple[int, int], count: int) -> IntArray:
    """Bands side by side with wavy borders: 0 to count - 1 [H, W]."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    angle = rng.uniform(0, 2 * np.pi)
    along = rows * np.cos(angle) + columns * np.sin(angle)
    across = columns * np.cos(angle) - rows * np.sin(angle)
    for waves in (1, 2, 4):
        turn = 2 * np.pi * (waves * across / max(size) + rng.random())
        along = along + 0.05 * max(size) / waves * np.sin(turn)
    # shares of the ground, so that no region is a sliver
    shares = rng.uniform(-0.1, 0.1, count - 1) + np.arange(1, count) / count
    return np.digitize(along, np.quantile(along, shares))


def _sky(rng: Generator, size: tuple[int, int]) -> FloatArray:
    """Smooth: lighter towards the horizon, with faint haze."""
    fall = np.linspace(0.7, 1.15, size[0])[:, None]
    return fall + 0.1 * smooth_noise(rng, size, 3)


def _grass(rng: Generator, size: tuple[int, int]) -> FloatArray:
    """Fine upright streaks."""
    blades = ndimage.gaussian_filter(rng.normal(size=size), (2.5, 0.5))
    return 0.9 + 0.2 * blades / blades.std()


def _water(rng: Generator, size: tuple[int, int]) -> FloatArray:
    """Waves: light and dark lines that wander."""
    rows = np.arange(size[0])[:, None]
    # smooth noise has creases where its blobs meet
    sway = ndimage.gaussian_filter(smooth_noise(rng, size, 5), 3)
    turn = rows / rng.uniform(7, 10) + 1.5 * sway
    return 0.9 + 0.22 * np.sin(2 * np.pi * turn)


_LIGHT: dict[str, Callable[[Generator, tuple[int, int]], FloatArray]] = {
    "sky": _sky,
    "grass": _grass,
    "water": _water,
}
