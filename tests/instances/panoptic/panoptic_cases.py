"""Scenes of things and stuff, and answers about them, for these tests."""

from __future__ import annotations

import torch

from seglab.data.scenes import STUFF, SceneDataset, panoptic_target
from seglab.instances.detections import Detections
from seglab.instances.panoptic.categories import Categories
from seglab.instances.truth import true_objects

KINDS = Categories([1, 2, 3, 4, 5], [6, 7, 8])


def scenes(count, size=(48, 64), seed=0):
    """Images float32 [N, 3, H, W] and panoptic maps int64 [N, H, W]."""
    return SceneDataset(
        count, seed=seed, size=size, target=panoptic_target, stuff=STUFF
    ).tensors()


def oracle(panoptic):
    """The detections that a detector without a fault would give."""
    truth = true_objects(panoptic, things=KINDS.things)
    return Detections(
        truth["boxes"],
        truth["labels"],
        torch.linspace(1, 0.6, len(truth["labels"])),
        truth["masks"],
    )


def same_segments(one, other):
    """Whether two maps hold the same segments, whatever their ids."""
    pairs = torch.stack([one.flatten(), other.flatten()], 1).unique(dim=0)
    kinds = pairs // 1000
    return len(pairs) == len(one.unique()) == len(other.unique()) and bool(
        (kinds[:, 0] == kinds[:, 1]).all()
    )


def random_detections(generator, size, count):
    """Boxes of random size as masks; scores all differ."""
    masks = torch.zeros(count, *size, dtype=torch.bool)
    boxes = torch.zeros(count, 4)
    for k in range(count):
        top, left = (int(generator.integers(0, side)) for side in size)
        down = int(generator.integers(top + 1, size[0] + 1))
        right = int(generator.integers(left + 1, size[1] + 1))
        masks[k, top:down, left:right] = True
        boxes[k] = torch.tensor([left, top, right, down])
    return Detections(
        boxes,
        torch.from_numpy(generator.integers(1, 6, count)),
        torch.from_numpy(
            generator.permutation(count) / max(count, 1)
        ).float(),
        masks,
    )
