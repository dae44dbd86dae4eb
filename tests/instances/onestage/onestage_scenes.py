"""Scenes that the tests of both networks learn by heart."""

import torch

from seglab.data.scenes import SceneDataset, panoptic_target
from seglab.instances.truth import true_objects

IMAGES, MAPS = SceneDataset(
    2, 3, size=(64, 64), shapes=(2, 2), target=panoptic_target
).tensors()
TRUTH = [true_objects(one, things=range(1, 6)) for one in MAPS]
PAIRS = list(zip(IMAGES, MAPS, strict=True))


def overlap_of_best(found, truth):
    """Of each true object, the IoU with the best mask of its label."""
    best = []
    for label, mask in zip(truth["labels"], truth["masks"], strict=True):
        masks = found.masks[found.labels == label]
        both = (masks & mask).sum((1, 2))
        either = (masks | mask).sum((1, 2))
        best.append((both / either).max().item() if len(masks) else 0.0)
    return torch.tensor(best)
