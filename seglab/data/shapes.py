"""Shapes of synthetic scenes: their place, what they hide, their look."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32]

CATEGORIES: tuple[str, ...] = ("disc", "square", "triangle", "star", "ring")
LEAST_VISIBLE = 0.35
LEAST_PIXELS = 20


@dataclass(frozen=True)
class Shape:
    """One shape of a scene, where it stands and how it is coloured.

    Args:
        category: 1 for the first of ``CATEGORIES``, and so on.
        centre: (x, y) in pixels.
        radius: of the circle around it, in pixels.
        angle: in radians.
        colour: RGB in [0, 1].

    >>> disc = Shape(1, (4.0, 4.0), 2.0, 0.0, (1.0, 0.0, 0.0))
    >>> int(disc.cover((9, 9)).sum())
    13
    """

    category: int
    centre: tuple[float, float]
    radius: float
    angle: float
    colour: tuple[float, float, float]

    def cover(self, size: tuple[int, ...]) -> BoolArray:
        """The pixels that the whole shape covers, hidden or not [H, W]."""
        rows, columns = np.ogrid[: size[0], : size[1]]
        dx, dy = columns - self.centre[0], rows - self.centre[1]
        distance = np.hypot(dx, dy) / self.radius
        turned = np.arctan2(dy, dx) - self.angle
        return _INSIDE[CATEGORIES[self.category - 1]](distance, turned)


def place_shapes(
    rng: Generator,
    count: int,
    size: tuple[int, int],
    allowed: Sequence[int],
) -> list[Shape]:
    """Place shapes one behind the other, so that each stays visible.

    Every second shape, on average, is set close to an earlier one, so
    that most scenes hold an overlap.

    >>> rng = np.random.default_rng(0)
    >>> len(place_shapes(rng, 3, (64, 64), [1, 2]))
    3
    """
    placed: list[Shape] = []
    taken = np.zeros(size, bool)
    for _ in range(count):
        for _ in range(100):
            shape = _random_shape(rng, placed, size, allowed)
            whole = shape.cover(size)
            seen = int((whole & ~taken).sum())
            if seen >= max(LEAST_PIXELS, LEAST_VISIBLE * whole.sum()):
                placed.append(shape)
                taken |= whole
                break
    return placed


def whole_masks(
    shapes: Sequence[Shape], size: tuple[int, ...]
) -> BoolArray:
    """What each shape covers, hidden or not [K, H, W].

    >>> whole_masks([], (9, 8)).shape
    (0, 9, 8)
    """
    whole = np.zeros((len(shapes), *size), bool)
    for k, shape in enumerate(shapes):
        whole[k] = shape.cover(size)
    return whole


def visible_masks(whole: BoolArray) -> BoolArray:
    """What is seen of each shape [K, H, W]; earlier shapes hide later.

    Args:
        whole: bool [K, H, W], the front shape first.

    >>> disc = Shape(1, (4.0, 4.0), 2.0, 0.0, (1.0, 0.0, 0.0))
    >>> whole = whole_masks([disc, disc], (9, 9))
    >>> visible_masks(whole).sum(axis=(1, 2)).tolist()
    [13, 0]
    """
    covered = np.logical_or.accumulate(whole, axis=0)
    seen = whole.copy()
    seen[1:] &= ~covered[:-1]
    return seen


def coat(
    rng: Generator,
    picture: NDArray[np.float64],
    shapes: Sequence[Shape],
    masks: BoolArray,
) -> NDArray[np.float64]:
    """Lay textured shapes on a picture; a new one [3, H, W].

    >>> rng, nothing = np.random.default_rng(0), np.zeros((0, 32, 32), bool)
    >>> coat(rng, np.zeros((3, 32, 32)), [], nothing).shape
    (3, 32, 32)
    """
    for shape, mask in zip(shapes, masks, strict=True):
        grain = 0.85 + 0.3 * smooth_noise(rng, mask.shape, 3)
        colour = np.array(shape.colour)[:, None, None]
        picture = np.where(mask, colour * grain, picture)
    return picture


def develop(rng: Generator, picture: NDArray[np.float64]) -> FloatArray:
    """Soft edges and grain, as a camera gives them; float32 [3, H, W].

    >>> picture = np.ones((3, 32, 32))
    >>> develop(np.random.default_rng(0), picture).dtype
    dtype('float32')
    """
    picture = ndimage.gaussian_filter(picture, (0, 0.6, 0.6))
    picture += rng.normal(0, 0.03, picture.shape)
    return np.clip(picture, 0, 1).astype(np.float32)


def _random_shape(
    rng: Generator,
    placed: Sequence[Shape],
    size: tuple[int, int],
    allowed: Sequence[int],
) -> Shape:
    radius = rng.uniform(0.13, 0.24) * min(size)
    x = rng.uniform(0.15, 0.85) * size[1]
    y = rng.uniform(0.15, 0.85) * size[0]
    if placed and rng.random() < 0.5:
        near = placed[int(rng.integers(len(placed)))]
        away, turn = near.radius + 0.5 * radius, rng.uniform(0, 2 * np.pi)
        x = np.clip(near.centre[0] + away * np.cos(turn), 0, size[1] - 1)
        y = np.clip(near.centre[1] + away * np.sin(turn), 0, size[0] - 1)
    return Shape(
        category=int(rng.choice(allowed)),
        centre=(float(x), float(y)),
        radius=float(radius),
        angle=float(rng.uniform(0, 2 * np.pi)),
        colour=random_colour(rng, saturation=(0.45, 0.9)),
    )


def random_colour(
    rng: Generator, saturation: tuple[float, float]
) -> tuple[float, float, float]:
    """Any hue, neither dark nor glaring; RGB in [0, 1].

    >>> colour = random_colour(np.random.default_rng(0), (0.1, 0.4))
    >>> 0 < min(colour) <= max(colour) < 1
    True
    """
    hue, value = rng.uniform(0, 1), rng.uniform(0.45, 0.95)
    return colorsys.hsv_to_rgb(hue, rng.uniform(*saturation), value)


def smooth_noise(
    rng: Generator, size: tuple[int, ...], cells: int
) -> FloatArray:
    """Smooth noise in [0, 1] with about so many blobs a side [H, W].

    >>> smooth_noise(np.random.default_rng(0), (32, 40), 8).shape
    (32, 40)
    """
    coarse = rng.random((cells + 1, cells + 1))
    factors = (size[0] / (cells + 1), size[1] / (cells + 1))
    fine = ndimage.zoom(coarse, factors, order=1, grid_mode=False)
    return fine.astype(np.float32)


def _polygon(corners: int, distance: Any, turned: Any) -> BoolArray:
    """Inside a regular polygon with its corners on the unit circle."""
    sector = 2 * np.pi / corners
    off = np.abs(np.mod(turned, sector) - sector / 2)
    return distance * np.cos(off) <= np.cos(sector / 2)


def _star(distance: Any, turned: Any) -> BoolArray:
    """Inside a star of five points whose notches lie at half the radius."""
    sector = 2 * np.pi / 5
    off = np.abs(np.mod(turned, sector) - sector / 2)
    notch = 0.5 * np.array([np.cos(0.0), np.sin(0.0)])
    point = np.array([np.cos(sector / 2), np.sin(sector / 2)])
    edge = point - notch
    normal = np.array([edge[1], -edge[0]])
    reach = distance * (np.cos(off) * normal[0] + np.sin(off) * normal[1])
    return reach <= notch @ normal


_INSIDE: dict[str, Callable[[Any, Any], BoolArray]] = {
    "disc": lambda distance, turned: distance <= 1,
    "square": lambda distance, turned: _polygon(4, distance, turned),
    "triangle": lambda distance, turned: _polygon(3, distance, turned),
    "star": _star,
    "ring": lambda distance, turned: (distance <= 1) & (distance >= 0.55),
}
