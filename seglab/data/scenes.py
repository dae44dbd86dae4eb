"""Synthetic scenes: overlapping shapes with every kind of mask.

Shapes are placed, what hides what is settled, and the picture is painted:
``seglab.data.shapes`` holds these three steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from seglab.data.shapes import (
    CATEGORIES,
    BoolArray,
    FloatArray,
    paint,
    place_shapes,
    visible_masks,
)

IntArray = NDArray[np.int64]

LABEL_DIVISOR = 1000


@dataclass(frozen=True)
class Scene:
    """A picture of shapes with its instance, semantic and panoptic masks.

    Convention:
        Instance ids count from 1 within a scene. A panoptic pixel holds
        ``category * 1000 + instance id``; background is 0.

    Args:
        image: float32 [3, H, W] in [0, 1].
        instances: bool [K, H, W], the visible part of each shape; no two
            overlap. Front shapes first.
        categories: int64 [K], 1 for the first of ``names[1:]``.
        semantic: int64 [H, W], category of each pixel, 0 for background.
        panoptic: int64 [H, W].
        names: of the categories, background first.

    >>> scene = draw_scene(0)
    >>> bool((scene.semantic == scene.panoptic // 1000).all())
    True
    """

    image: FloatArray
    instances: BoolArray
    categories: IntArray
    semantic: IntArray
    panoptic: IntArray
    names: tuple[str, ...] = ("background", *CATEGORIES)


def draw_scene(
    seed: int,
    *,
    size: tuple[int, int] = (128, 128),
    shapes: tuple[int, int] = (2, 5),
    categories: Sequence[str] = CATEGORIES,
) -> Scene:
    """Draw the scene that belongs to a seed.

    Colour says nothing about category: only the outline does. Of each
    shape at least about a third is visible.

    Args:
        seed: 0 or more; the same seed gives the same scene.
        size: (height, width) in pixels, each 32 or more.
        shapes: fewest and most shapes.
        categories: some of ``CATEGORIES``.

    Raises:
        ValueError: an argument is out of range or names no category.

    >>> scene = draw_scene(3, size=(64, 96))
    >>> scene.image.shape, scene.instances.shape[1:]
    ((3, 64, 96), (64, 96))
    """
    _check_scene(seed, size, shapes, categories)
    rng = np.random.default_rng(seed)
    count = int(rng.integers(shapes[0], shapes[1] + 1))
    allowed = [CATEGORIES.index(name) + 1 for name in categories]
    placed = place_shapes(rng, count, size, allowed)
    instances = visible_masks(placed, size)
    kinds = np.array([shape.category for shape in placed], np.int64)
    numbers = np.arange(1, len(placed) + 1)
    return Scene(
        image=paint(rng, placed, instances, size),
        instances=instances,
        categories=kinds,
        semantic=_labelled(instances, kinds),
        panoptic=_labelled(instances, kinds * LABEL_DIVISOR + numbers),
    )


class SceneDataset(Dataset[Any]):
    """Scenes as a PyTorch data set; item i is the same on every run.

    Args:
        count: how many scenes.
        seed: another seed gives other scenes.
        target: what is learnt from a scene: ``semantic_target`` (the
            default), ``detection_target``, or a function of your own.
        size, shapes, categories: as in ``draw_scene``.

    Raises:
        ValueError: ``count`` is below 1, or as ``draw_scene``.

    >>> image, target = SceneDataset(4)[0]
    >>> tuple(image.shape), tuple(target.shape)
    ((3, 128, 128), (128, 128))
    """

    def __init__(
        self,
        count: int,
        seed: int = 0,
        *,
        target: Callable[[Scene], Any] | None = None,
        size: tuple[int, int] = (128, 128),
        shapes: tuple[int, int] = (2, 5),
        categories: Sequence[str] = CATEGORIES,
    ) -> None:
        if count < 1:
            raise ValueError(f"count must be 1 or more, got {count}")
        _check_scene(seed, size, shapes, categories)
        self.count = count
        self.seed = seed
        self.target = target or semantic_target
        self.size = size
        self.shapes = shapes
        self.categories = tuple(categories)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Any]:
        scene = self.scene(index)
        return torch.from_numpy(scene.image), self.target(scene)

    def scene(self, index: int) -> Scene:
        """The whole scene behind item ``index``."""
        if not -self.count <= index < self.count:
            raise IndexError(
                f"index must be below {self.count}, got {index}"
            )
        # a stream of its own for each item, whatever the worker or epoch
        stream = np.random.SeedSequence([self.seed, index % self.count])
        return draw_scene(
            int(stream.generate_state(1)[0]),
            size=self.size,
            shapes=self.shapes,
            categories=self.categories,
        )


def semantic_target(scene: Scene) -> Tensor:
    """The category of each pixel, int64 [H, W].

    >>> semantic_target(draw_scene(0)).dtype
    torch.int64
    """
    return torch.from_numpy(scene.semantic)


def detection_target(scene: Scene) -> dict[str, Tensor]:
    """Boxes, labels and masks as torchvision's detectors want them.

    Boxes are float32 xyxy [K, 4]; the right and lower edge lie one past
    the last pixel, so that width and height count pixels.

    >>> sorted(detection_target(draw_scene(0)))
    ['boxes', 'labels', 'masks']
    """
    boxes = []
    for mask in scene.instances:
        rows, columns = np.nonzero(mask)
        boxes.append(
            (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        )
    return {
        "boxes": torch.tensor(np.array(boxes), dtype=torch.float32),
        "labels": torch.from_numpy(scene.categories),
        "masks": torch.from_numpy(scene.instances.astype(np.uint8)),
    }


def _labelled(instances: BoolArray, values: IntArray) -> IntArray:
    return np.einsum("khw,k->hw", instances.astype(np.int64), values)


def _check_scene(
    seed: int,
    size: tuple[int, int],
    shapes: tuple[int, int],
    categories: Sequence[str],
) -> None:
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
    unknown = [name for name in categories if name not in CATEGORIES]
    if unknown or not categories:
        raise ValueError(
            f"categories must be some of {', '.join(CATEGORIES)}, got "
            f"{list(categories)}"
        )
