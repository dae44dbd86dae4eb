"""Moving scenes: textured shapes that turn, hide each other and leave.

Most clips hold a look-alike: a second shape of the same kind and nearly
the same colour. A tracker that goes by looks alone takes it for the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from seglab.data._ground import plain_ground
from seglab.data.shapes import (
    CATEGORIES,
    BoolArray,
    FloatArray,
    Shape,
    develop,
    place_shapes,
    visible_masks,
    whole_masks,
)

__all__ = ["Clip", "draw_clip"]

LOOKALIKE_CHANCE = 0.7  # of a clip to hold two shapes that look alike
LEAVE_CHANCE = 0.25  # of a clip to let a shape leave
CROSS_CHANCE = 0.5  # of a clip to lead one shape behind another
CROSS_WHEN = (4, 10)  # frames
HIDES = 0.75  # of the nearer one's radius a hidden one has at most
LEAST_SEEN = 60  # pixels of a shape in frame 0
FASTEST = 5.0  # pixels a frame that a shape may need to get there
COLOUR_SHIFT = 0.05
SPEED = (1.0, 3.5)  # pixels a frame, on 128 pixels
TURN = 0.12  # radians a frame at most
BREATH = 0.12  # share of the radius
MARGIN = 0.12  # of the side, where shapes turn back
_GRAIN = 33  # samples along a side of a shape's texture


@dataclass(frozen=True, eq=False)
class Clip:
    """A short film with the mask of each shape in each frame.

    Convention:
        Masks show what is seen: a shape that is hidden, or has left, has
        an empty mask. No two masks of a frame overlap.

    Args:
        frames: float32 [T, 3, H, W] in [0, 1].
        masks: bool [T, K, H, W].
        categories: int64 [K], 1 for the first of ``CATEGORIES``, and so
            on.

    >>> clip = draw_clip(0, frames=3)
    >>> clip.frames.shape, clip.masks.shape[1] == len(clip.categories)
    ((3, 3, 128, 128), True)
    """

    frames: FloatArray
    masks: BoolArray
    categories: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames)


def draw_clip(
    seed: int, *, frames: int = 16, size: tuple[int, int] = (128, 128)
) -> Clip:
    """Draw the clip that belongs to a seed: two to four moving shapes.

    Each goes its own way, turns, and grows and shrinks a little; the nearer
    one hides the farther one where they meet, and in half of the clips one
    is led behind another. In seven clips of ten two shapes look alike, in
    one of four a shape leaves for good. Whatever
    ``frames`` is, the first frames of a seed are the same but for their
    grain.

    Args:
        seed: 0 or more; the same seed gives the same clip.
        frames: how many, 1 or more.
        size: (height, width) in pixels, each 64 or more.

    Raises:
        ValueError: an argument is out of range.

    >>> bool(draw_clip(1, frames=2).masks[0].any(axis=(1, 2)).all())
    True
    """
    _check(seed, frames, size)
    rng = np.random.default_rng([seed, 13])
    shapes = _cast(rng, size)
    films = [_film(rng, shape, size) for shape in shapes]
    paths = [
        _path(rng, shape, size, leaves=leaves)
        for shape, leaves in zip(
            shapes, _who_leaves(rng, shapes), strict=True
        )
    ]
    paths = _cross(rng, paths, size)
    ground = plain_ground(rng, size)
    pictures = np.empty((frames, 3, *size), np.float32)
    masks = np.empty((frames, len(shapes), *size), bool)
    for t in range(frames):
        now = [path.at(t) for path in paths]
        masks[t] = visible_masks(whole_masks(now, size))
        pictures[t] = develop(rng, _paint(ground, now, films, masks[t]))
    categories = np.array([shape.category for shape in shapes], np.int64)
    return Clip(pictures, masks, categories)


@dataclass(frozen=True)
class _Path:
    """The way of one shape: straight, mirrored by walls, and turning."""

    start: Shape
    velocity: tuple[float, float]
    turn: float
    phase: float
    walls: tuple[tuple[float, float], tuple[float, float]] | None

    def at(self, t: int) -> Shape:
        """The shape at frame t."""
        place = [
            start + t * speed
            for start, speed in zip(
                self.start.centre, self.velocity, strict=True
            )
        ]
        if self.walls is not None:
            place = [
                _bounce(value, *wall)
                for value, wall in zip(place, self.walls, strict=True)
            ]
        breath = np.sin(0.3 * t + self.phase) - np.sin(self.phase)
        return replace(
            self.start,
            centre=(place[0], place[1]),
            radius=self.start.radius * (1 + BREATH * breath),
            angle=self.start.angle + self.turn * t,
        )


def _bounce(value: float, low: float, high: float) -> float:
    """A place on a line between two walls that throw it back."""
    span = high - low
    along = (value - low) % (2 * span)
    return low + (along if along <= span else 2 * span - along)


def _cast(rng: Generator, size: tuple[int, int]) -> list[Shape]:
    """The shapes at the start, each of them seen, the nearest first."""
    allowed = list(range(1, len(CATEGORIES) + 1))
    wanted = int(rng.integers(2, 5))
    shapes: list[Shape] = []
    while len(shapes) < 2:
        shapes = place_shapes(rng, wanted, size, allowed)
    if rng.random() < LOOKALIKE_CHANCE:
        first, second = rng.permutation(len(shapes))[:2]
        model = shapes[first]
        shift = rng.uniform(-COLOUR_SHIFT, COLOUR_SHIFT, 3)
        red, green, blue = np.clip(np.add(model.colour, shift), 0.05, 0.98)
        shapes[second] = replace(
            shapes[second],
            category=model.category,
            colour=(float(red), float(green), float(blue)),
        )
        # another kind may hide what lies behind it
        seen = visible_masks(whole_masks(shapes, size)).sum(axis=(1, 2))
        shapes = [
            s for s, n in zip(shapes, seen, strict=True) if n >= LEAST_SEEN
        ]
    return shapes if len(shapes) >= 2 else _cast(rng, size)


def _who_leaves(rng: Generator, shapes: Sequence[Shape]) -> list[bool]:
    leaver = int(rng.integers(len(shapes)))
    leaves = rng.random() < LEAVE_CHANCE
    return [leaves and k == leaver for k in range(len(shapes))]


def _path(
    rng: Generator, shape: Shape, size: tuple[int, int], *, leaves: bool
) -> _Path:
    """A way for a shape; one that leaves heads straight for an edge."""
    unit = min(size) / 128
    speed, heading = rng.uniform(*SPEED) * unit, rng.uniform(0, 2 * np.pi)
    turn = rng.uniform(-TURN, TURN)
    phase = rng.uniform(0, 2 * np.pi)
    if leaves:
        away = np.subtract(shape.centre, (size[1] / 2, size[0] / 2))
        heading = np.arctan2(away[1], away[0])
        speed = SPEED[1] * unit * 1.3
    walls = tuple(
        (MARGIN * side, (1 - MARGIN) * side) for side in size[::-1]
    )
    return _Path(
        shape,
        (float(speed * np.cos(heading)), float(speed * np.sin(heading))),
        float(turn),
        float(phase),
        None if leaves else (walls[0], walls[1]),
    )


def _cross(
    rng: Generator, paths: Sequence[_Path], size: tuple[int, int]
) -> list[_Path]:
    """Lead a shape behind one that is nearer and may hide it."""
    chance, when = rng.random(), int(rng.integers(*CROSS_WHEN))
    radii = [path.start.radius for path in paths]
    near, far = max(
        ((a, b) for b in range(len(paths)) for a in range(b)),
        key=lambda pair: radii[pair[0]] / radii[pair[1]],
    )
    goal, start = paths[near].at(when).centre, paths[far].start
    velocity = np.subtract(goal, start.centre) / when
    stays = paths[near].walls is not None and paths[far].walls is not None
    if chance > CROSS_CHANCE or not stays or np.hypot(*velocity) > FASTEST:
        return list(paths)
    small = min(radii[far], HIDES * radii[near])
    led = replace(
        paths[far],
        start=replace(start, radius=small),
        velocity=(float(velocity[0]), float(velocity[1])),
    )
    crossing = [led if k == far else path for k, path in enumerate(paths)]
    whole = whole_masks([path.at(0) for path in crossing], size)
    seen = int(visible_masks(whole)[far].sum())
    return crossing if seen >= LEAST_SEEN else list(paths)


def _film(
    rng: Generator, shape: Shape, size: tuple[int, int]
) -> NDArray[np.float64]:
    """The texture a shape carries with it, in its own frame [3, n, n]."""
    grain = ndimage.gaussian_filter(rng.normal(size=(_GRAIN, _GRAIN)), 2.5)
    light = 1 + 0.12 * grain / grain.std()
    colour: NDArray[np.float64] = np.array(shape.colour)
    return colour[:, None, None] * np.clip(light, 0.6, 1.4)


def _paint(
    ground: NDArray[np.float64],
    shapes: Sequence[Shape],
    films: Sequence[NDArray[np.float64]],
    masks: BoolArray,
) -> NDArray[np.float64]:
    """Lay each shape's texture where it is seen, turned with it."""
    picture = ground.copy()
    for shape, film, mask in zip(shapes, films, masks, strict=True):
        rows, columns = np.nonzero(mask)
        dx, dy = columns - shape.centre[0], rows - shape.centre[1]
        cosine, sine = np.cos(shape.angle), np.sin(shape.angle)
        # from the picture into the shape's own frame, -1 to 1
        own = np.stack([cosine * dy - sine * dx, cosine * dx + sine * dy])
        where = (own / shape.radius + 1) / 2 * (_GRAIN - 1)
        near = np.clip(np.rint(where), 0, _GRAIN - 1).astype(np.intp)
        picture[:, rows, columns] = film[:, near[0], near[1]]
    return picture


def _check(seed: int, frames: int, size: tuple[int, int]) -> None:
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    if frames < 1:
        raise ValueError(f"frames must be 1 or more, got {frames}")
    if len(size) != 2 or min(size) < 64:
        raise ValueError(
            f"size must be (height, width), each 64 or more, got {size}"
        )
