"""What is measured of metrics for instances and panoptic maps."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.detection import panoptic_quality

from harness import Work
from seglab import metrics
from seglab.data.scenes import LABEL_DIVISOR, draw_scene

TILES = 8
CATEGORIES = range(1, 6)


def wall_of_scenes() -> NDArray[np.int64]:
    """A panoptic map of 1024 x 1024: 64 scenes, each with its own ids."""
    wall = np.zeros((1024, 1024), dtype=np.int64)
    for tile in range(TILES * TILES):
        panoptic = draw_scene(tile, shapes=(3, 9)).panoptic
        category, number = np.divmod(panoptic, LABEL_DIVISOR)
        # ids 1 to 9 in a scene, 10 apart from scene to scene
        number = np.where(category > 0, number + 10 * tile, 0)
        row, column = 128 * (tile // TILES), 128 * (tile % TILES)
        wall[row : row + 128, column : column + 128] = (
            category * LABEL_DIVISOR + number
        )
    return wall


def pq() -> Work:
    """Panoptic quality of one large image."""
    truth = wall_of_scenes()
    # what a model does: moved outlines, and one object in ten forgotten
    prediction = np.roll(truth, (3, 5), axis=(0, 1))
    forgotten = prediction % LABEL_DIVISOR % 10 == 1
    prediction = np.where(forgotten, 0, prediction)
    pair = [
        torch.from_numpy(np.stack(np.divmod(m, LABEL_DIVISOR), -1))[None]
        for m in (prediction, truth)
    ]

    def ours() -> float:
        seen = metrics.panoptic_quality(
            prediction, truth, things=CATEGORIES, stuff=[0]
        )
        return seen.pq

    def torchmetrics() -> float:
        quality = panoptic_quality(
            *pair, things=set(CATEGORIES), stuffs={0}
        )
        return quality.item()

    segments = np.unique(truth).size
    return Work(
        id="pq",
        work=f"PQ of 1024 x 1024 panoptic maps, {segments} segments",
        ours=ours,
        peers={"torchmetrics": torchmetrics},
        compare=lambda ours, peer: f"difference {abs(ours - peer):.1e}",
        runs=5,
    )
