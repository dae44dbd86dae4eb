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

from seglab.data._boxes import boxes_around
from seglab.data._crowds import draw_crowds
from seglab.data._ground import STUFF, plain_ground, stuff_ground
from seglab.data._scene_checks import check_scene
from seglab.data.shapes import (
    CATEGORIES,
    BoolArray,
    FloatArray,
    coat,
    develop,
    place_shapes,
    visible_masks,
    whole_masks,
)

__all__ = [
    "CATEGORIES",
    "LABEL_DIVISOR",
    "STUFF",
    "Scene",
    "SceneDataset",
    "detection_target",
    "draw_scene",
    "panoptic_target",
    "semantic_target",
]

IntArray = NDArray[np.int64]

LABEL_DIVISOR = 1000


# the fields are arrays, which have no one answer to ==
@dataclass(frozen=True, eq=False)
class Scene:
    """A picture of shapes with its instance, semantic and panoptic masks.

    Convention:
        Instance ids count from 1 within a scene. A panoptic pixel holds
        ``category * 1000 + instance id``, one of stuff
        ``category * 1000``; background is 0.

    Args:
        image: float32 [3, H, W] in [0, 1].
        instances: bool [K, H, W], the visible (modal) part of each shape;
            no two overlap. Front shapes first.
        categories: int64 [K], 1 for the first of ``names[1:]``.
        semantic: int64 [H, W], category of each pixel, 0 for background.
        panoptic: int64 [H, W].
        whole: bool [K, H, W], the whole (amodal) shapes, hidden or not.
        crowd: bool [K], whether it is a group that is not told apart.
        names: of the categories, background first and stuff last.

    >>> scene = draw_scene(0)
    >>> bool((scene.semantic == scene.panoptic // 1000).all())
    True
    """

    image: FloatArray
    instances: BoolArray
    categories: IntArray
    semantic: IntArray
    panoptic: IntArray
    whole: BoolArray
    crowd: BoolArray
    names: tuple[str, ...] = ("background", *CATEGORIES)


def draw_scene(
    seed: int,
    *,
    size: tuple[int, int] = (128, 128),
    shapes: tuple[int, int] = (2, 5),
    categories: Sequence[str] = CATEGORIES,
    stuff: Sequence[str] = (),
    crowds: int = 0,
) -> Scene:
    """Draw the scene that belongs to a seed.

    Colour says nothing about category: only the outline of a shape and
    the texture of stuff do. Of each shape at least about a third is
    visible. A seed gives the same shapes whatever is behind them.

    Args:
        seed: 0 or more; the same seed gives the same scene.
        size: (height, width) in pixels, each 32 or more.
        shapes: fewest and most shapes.
        categories: some of ``CATEGORIES``.
        stuff: some of ``STUFF``; two or three of them share the ground
            between wavy borders. Without it the ground is background.
        crowds: groups of six to ten small shapes of one category behind
            all others, each one instance; fewer where there is no room.

    Raises:
        ValueError: an argument is out of range or names no category.

    >>> scene = draw_scene(3, size=(64, 96), stuff=STUFF)
    >>> scene.image.shape, scene.instances.shape[1:]
    ((3, 64, 96), (64, 96))
    >>> scene.names[6:]
    ('sky', 'grass', 'water')
    """
    check_scene(seed, size, shapes, categories, stuff, crowds)
    rng = np.random.default_rng(seed)
    count = int(rng.integers(shapes[0], shapes[1] + 1))
    allowed = [CATEGORIES.index(name) + 1 for name in categories]
    placed = place_shapes(rng, count, size, allowed)
    whole = whole_masks(placed, size)
    # drawn in any case: what is behind must not move the shapes' stream
    picture = plain_ground(rng, size)
    semantic = np.zeros(size, np.int64)
    if stuff:
        ground_rng = np.random.default_rng([1, seed])
        picture, semantic = stuff_ground(ground_rng, size, stuff)
    groups = draw_crowds(
        np.random.default_rng([2, seed]), picture, crowds, allowed, whole
    )
    picture = coat(rng, groups.picture, placed, visible_masks(whole))
    kinds = [shape.category for shape in placed] + groups.categories
    return _labelled(
        develop(rng, picture),
        np.concatenate([whole, groups.whole]),
        np.array(kinds, np.int64),
        np.arange(len(kinds)) >= len(placed),
        semantic,
    )


class SceneDataset(Dataset[Any]):
    """Scenes as a PyTorch data set; item i is the same on every run.

    Args:
        count: how many scenes.
        seed: another seed gives other scenes.
        target: what is learnt from a scene: ``semantic_target`` (the
            default), ``panoptic_target``, ``detection_target``, or a
            function of your own.
        size, shapes, categories, stuff, crowds: as in ``draw_scene``.

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
        stuff: Sequence[str] = (),
        crowds: int = 0,
    ) -> None:
        if count < 1:
            raise ValueError(f"count must be 1 or more, got {count}")
        check_scene(seed, size, shapes, categories, stuff, crowds)
        self.count = count
        self.seed = seed
        self.target = target or semantic_target
        self.size = size
        self.shapes = shapes
        self.categories = tuple(categories)
        self.stuff = tuple(stuff)
        self.crowds = crowds

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
            stuff=self.stuff,
            crowds=self.crowds,
        )

    def tensors(self) -> tuple[Tensor, Tensor]:
        """All items, drawn once: an epoch then costs no drawing.

        Returns:
            Images float32 [N, 3, H, W] and the stacked targets [N, ...].

        Raises:
            TypeError: the targets are no tensors, so cannot be stacked.

        >>> images, maps = SceneDataset(3, target=panoptic_target).tensors()
        >>> tuple(images.shape), tuple(maps.shape)
        ((3, 3, 128, 128), (3, 128, 128))
        """
        images = torch.empty(self.count, 3, *self.size)
        targets: list[Tensor] = []
        for index in range(self.count):
            images[index], target = self[index]
            if not isinstance(target, Tensor):
                raise TypeError(
                    "target must give a tensor for each scene, got "
                    f"{type(target).__name__}"
                )
            targets.append(target)
        return images, torch.stack(targets)


def semantic_target(scene: Scene) -> Tensor:
    """The category of each pixel, int64 [H, W].

    >>> semantic_target(draw_scene(0)).dtype
    torch.int64
    """
    return torch.from_numpy(scene.semantic)


def panoptic_target(scene: Scene) -> Tensor:
    """Category * 1000 + id of each pixel, int64 [H, W].

    >>> panoptic_target(draw_scene(0)).unique().tolist()
    [0, 1005, 3002, 3003, 3004, 4001]
    """
    return torch.from_numpy(scene.panoptic)


def detection_target(scene: Scene) -> dict[str, Tensor]:
    """Boxes, labels and masks as torchvision's detectors want them.

    Boxes are float32 xyxy [K, 4]; the right and lower edge lie one past
    the last pixel, so that width and height count pixels. Crowds are left
    out: nobody can say which box is right.

    >>> sorted(detection_target(draw_scene(0)))
    ['boxes', 'labels', 'masks']
    """
    masks = scene.instances[~scene.crowd]
    return {
        "boxes": boxes_around(masks),
        "labels": torch.from_numpy(scene.categories[~scene.crowd]),
        "masks": torch.from_numpy(masks.astype(np.uint8)),
    }


def _labelled(
    image: FloatArray,
    whole: BoolArray,
    categories: IntArray,
    crowd: BoolArray,
    ground: IntArray,
) -> Scene:
    """The scene with all its maps."""
    seen = visible_masks(whole)
    semantic, panoptic = ground.copy(), ground * LABEL_DIVISOR
    for k, mask in enumerate(seen):
        semantic[mask] = categories[k]
        panoptic[mask] = categories[k] * LABEL_DIVISOR + k + 1
    names = ("background", *CATEGORIES)
    if ground.any():
        names += STUFF
    return Scene(
        image, seen, categories, semantic, panoptic, whole, crowd, names
    )
