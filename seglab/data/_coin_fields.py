"""Fields of coins: grey discs with a relief, apart, unevenly lit."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from seglab.data.shapes import (
    LEAST_PIXELS,
    BoolArray,
    FloatArray,
    Shape,
    visible_masks,
    whole_masks,
)

DISC = 1  # the category of round shapes


def draw_coin_field(
    rng: Generator, size: tuple[int, int]
) -> tuple[FloatArray, BoolArray]:
    """A grey picture [3, H, W] and the masks of its coins [M, H, W].

    >>> image, masks = draw_coin_field(np.random.default_rng(0), (64, 64))
    >>> image.shape, bool(masks.any(axis=(1, 2)).all())
    ((3, 64, 64), True)
    """
    coins = _place_coins(rng, size)
    masks = visible_masks(whole_masks(coins, size))
    ramp = np.stack(
        np.meshgrid(
            *(np.linspace(-1, 1, side) for side in size), indexing="ij"
        )
    )
    slope = rng.uniform(-0.2, 0.2, 2)
    light = rng.uniform(0.15, 0.45) + np.tensordot(slope, ramp, 1)
    picture = light + rng.normal(0, 0.02, size)
    for coin, mask in zip(coins, masks, strict=True):
        picture[mask] = _relief(rng, coin, size)[mask]
    picture = ndimage.gaussian_filter(picture, rng.uniform(0.4, 0.9))
    picture = np.clip(picture + rng.normal(0, 0.02, size), 0, 1)
    return np.repeat(picture[None], 3, axis=0).astype(np.float32), masks


def _place_coins(rng: Generator, size: tuple[int, int]) -> list[Shape]:
    """Discs that do not touch; one in the middle if none has room."""
    typical = rng.uniform(0.06, 0.16) * min(size)
    coins: list[Shape] = []
    for _ in range(int(rng.integers(20, 60))):
        radius = typical * rng.uniform(0.75, 1.25)
        centre = (rng.uniform(0, size[1]), rng.uniform(0, size[0]))
        coin = Shape(DISC, centre, radius, 0.0, (1.0, 1.0, 1.0))
        if _apart(coin, coins) and coin.cover(size).sum() >= LEAST_PIXELS:
            coins.append(coin)
    middle = (size[1] / 2, size[0] / 2)
    return coins or [Shape(DISC, middle, typical, 0.0, (1.0, 1.0, 1.0))]


def _apart(coin: Shape, others: list[Shape]) -> bool:
    """Whether at least a pixel lies between a coin and each other one."""
    gaps = (
        np.hypot(*np.subtract(coin.centre, other.centre))
        - coin.radius
        - other.radius
        for other in others
    )
    return all(gap > 1 for gap in gaps)


def _relief(
    rng: Generator, coin: Shape, size: tuple[int, int]
) -> NDArray[np.float64]:
    """What a coin shows: a rim, and a stamp lit from one side."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    dx = (columns - coin.centre[0]) / coin.radius
    dy = (rows - coin.centre[1]) / coin.radius
    height = ndimage.gaussian_filter(
        rng.normal(size=size), rng.uniform(0.08, 0.2) * coin.radius
    )
    height /= height.std() + 1e-6
    lit = np.gradient(height, axis=0) - np.gradient(height, axis=1)
    rim = 0.1 * (np.hypot(dx, dy) > 0.85)
    bright = rng.uniform(0.45, 0.75)
    shade = rng.uniform(0.0, 0.12) * (dx + dy)
    return bright + rim - shade + rng.uniform(0.05, 0.2) * lit
