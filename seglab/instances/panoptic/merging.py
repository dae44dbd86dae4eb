"""One panoptic map out of two answers: instances and a semantic map."""

from __future__ import annotations

import torch
from torch import Tensor

from seglab.instances.detections import Detections
from seglab.instances.panoptic.categories import Categories
from seglab.instances.truth import DIVISOR


def merge_detections(
    found: Detections,
    semantic: Tensor,
    *,
    categories: Categories,
    min_score: float = 0.5,
    max_overlap: float = 0.5,
    min_stuff: int = 0,
) -> Tensor:
    """Things from a detector and stuff from a semantic map, in one map.

    The detector's objects go first, best score first. Each gets those of
    its pixels that are still free, and none at all if too many of them
    are taken. What is left belongs to the semantic map: its stuff, if
    there is enough of it. Things of the semantic map count for nothing.

    Args:
        found: objects of one image; their labels are things.
        semantic: the category of each pixel, integers [H, W].
        categories: things and stuff.
        min_score: objects below it are left out.
        max_overlap: an object is left out if a larger share of its mask
            is taken.
        min_stuff: stuff of fewer pixels is left out.

    Returns:
        int64 [H, W], ``category * 1000 + id``; ids count from 1, best
        object first, stuff has id 0, and 0 is a pixel without an answer.

    Raises:
        ValueError: the sizes differ, or a label is no thing.

    Convention:
        As Detectron2's ``combine_semantic_and_instance_outputs``: an
        object at exactly the score is kept, one at exactly the overlap
        too, stuff at exactly the area too.

    Source:
        Kirillov et al. 2019, "Panoptic Segmentation", and
        "Panoptic Feature Pyramid Networks" for the limits.

    >>> mask = torch.tensor([[[True, True, False, False]]])
    >>> disc = Detections(
    ...     torch.tensor([[0.0, 0, 2, 1]]),
    ...     torch.tensor([1]),
    ...     torch.tensor([0.9]),
    ...     mask,
    ... )
    >>> semantic = torch.tensor([[7, 1, 1, 7]])
    >>> merge_detections(disc, semantic, categories=Categories([1], [7]))
    tensor([[1001, 1001,    0, 7000]])
    """
    check_answers(found, semantic, categories)
    merged = torch.zeros_like(semantic, dtype=torch.int64)
    number = 0
    best = found.above(min_score).best_first()
    for label, mask in zip(best.labels, best.masks, strict=True):
        free = mask & (merged == 0)
        area = int(mask.sum())
        taken = area - int(free.sum())
        if area == taken or taken / area > max_overlap:
            continue
        number += 1
        merged[free] = label * DIVISOR + number
    return fill_stuff(
        merged, semantic, categories=categories, min_stuff=min_stuff
    )


def fill_stuff(
    panoptic: Tensor,
    semantic: Tensor,
    *,
    categories: Categories,
    min_stuff: int = 0,
) -> Tensor:
    """Give the pixels that no thing has to the stuff of a semantic map.

    Args:
        panoptic: things, and 0 elsewhere, int64 [H, W].
        semantic: the category of each pixel, integers [H, W].
        categories: things and stuff.
        min_stuff: stuff of fewer free pixels is left out.

    Returns:
        A new map, int64 [H, W].

    >>> things = torch.tensor([[1001, 0, 0, 0]])
    >>> semantic = torch.tensor([[7, 7, 7, 8]])
    >>> kinds = Categories([1], [7, 8])
    >>> fill_stuff(things, semantic, categories=kinds, min_stuff=2)
    tensor([[1001, 7000, 7000,    0]])
    """
    filled = panoptic.clone()
    for category in categories.stuff:
        free = (semantic == category) & (panoptic == 0)
        if free.sum() >= min_stuff:
            filled[free] = category * DIVISOR
    return filled


def check_answers(
    found: Detections, semantic: Tensor, categories: Categories
) -> None:
    """Raise ``ValueError`` unless the two answers speak of one image.

    >>> from seglab.instances.detections import no_detections
    >>> kinds = Categories([1], [7])
    >>> check_answers(no_detections((2, 2)), torch.ones(2, 2).int(), kinds)
    """
    if semantic.ndim != 2 or semantic.is_floating_point():
        raise ValueError(
            "semantic must be categories [H, W], got "
            f"{semantic.dtype} {list(semantic.shape)}"
        )
    if found.masks.shape[1:] != semantic.shape:
        raise ValueError(
            f"semantic must have the masks' size "
            f"{list(found.masks.shape[1:])}, got {list(semantic.shape)}"
        )
    if not bool(categories.is_thing(found.labels).all()):
        raise ValueError(
            f"labels of found must be things {categories.things}, got "
            f"{found.labels.unique().tolist()}"
        )
    if len(found) >= DIVISOR:
        raise ValueError(
            f"found must hold fewer than {DIVISOR} objects, got "
            f"{len(found)}"
        )
