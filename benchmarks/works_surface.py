"""What is measured of the surface metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import monai.metrics
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from harness import Work
from seglab import metrics

TOLERANCE = 2.0


def wavy(
    shape: tuple[int, ...], radius: float, shift: float
) -> NDArray[np.bool_]:
    """An object with a wavy outline, off the middle by a shift."""
    grid = np.indices(shape, dtype=np.float64)
    grid -= np.reshape(shape, (-1, *[1] * len(shape))) / 2 + shift
    turn = np.arctan2(grid[-1], grid[-2])
    bumps = 1 + 0.1 * np.sin(7 * turn)
    return np.sqrt((grid**2).sum(axis=0)) < radius * bumps


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for PyTorch, as for ours.

    MONAI's many small tensor operations wait for a second thread longer
    than they compute: on a busy machine it took ten times as long with two.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def hd95_and_surface_dice(
    name: str, shape: tuple[int, ...], spacing: tuple[float, ...]
) -> Work:
    """HD95 and surface Dice of one pair of masks."""
    truth = wavy(shape, 0.3 * shape[0], 0.0)
    prediction = wavy(shape, 0.31 * shape[0], 2.0)
    as_torch = [
        torch.from_numpy(m)[None, None] for m in (prediction, truth)
    ]
    common = {"include_background": True, "spacing": spacing}

    def ours() -> tuple[float, float]:
        distances = metrics.surface_distances(
            prediction, truth, spacing=spacing
        )
        return (
            metrics.hausdorff_percentile(distances),
            metrics.surface_dice(distances, tolerance=TOLERANCE),
        )

    def in_monai() -> tuple[float, float]:
        with one_thread():
            far = monai.metrics.compute_hausdorff_distance(
                *as_torch, percentile=95, **common
            )
            share = monai.metrics.compute_surface_dice(
                *as_torch, class_thresholds=[TOLERANCE], **common
            )
        return far.item(), share.item()

    def in_surface_distance() -> tuple[float, float]:
        import surface_distance.metrics as deepmind

        distances = deepmind.compute_surface_distances(
            truth, prediction, spacing
        )
        return (
            deepmind.compute_robust_hausdorff(distances, 95),
            deepmind.compute_surface_dice_at_tolerance(
                distances, TOLERANCE
            ),
        )

    peers = {"MONAI": in_monai}
    if find_spec("surface_distance"):  # pip install 'seglab[bench]'
        peers["surface-distance (by area, between pixels)"] = (
            in_surface_distance
        )
    sizes = " x ".join(str(side) for side in shape)
    return Work(
        id=name,
        work=f"HD95 and surface Dice of one pair, {sizes}, with spacing",
        ours=ours,
        peers=peers,
        compare=lambda ours, peer: (
            f"HD95 {ours[0]:.4f}, peer {peer[0]:.4f}; "
            f"surface Dice {ours[1]:.4f}, peer {peer[1]:.4f}"
        ),
    )


def surface_2d() -> Work:
    """A picture."""
    return hd95_and_surface_dice("surface_2d", (512, 512), (0.8, 0.7))


def surface_3d() -> Work:
    """A volume."""
    return hd95_and_surface_dice(
        "surface_3d", (96, 128, 128), (1.5, 0.8, 0.8)
    )


def boundary_iou() -> Work:
    """Boundary IoU of one pair of masks."""
    truth = wavy((512, 512), 150, 0.0)
    prediction = wavy((512, 512), 155, 2.0)
    times = round(0.02 * math.hypot(512, 512))

    def band(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        eroded = ndimage.binary_erosion(
            np.pad(mask, 1), np.ones((3, 3)), iterations=times
        )
        return mask & ~eroded[1:-1, 1:-1]

    def by_erosion() -> float:
        return metrics.binary_iou(band(prediction), band(truth))

    return Work(
        id="boundary_iou",
        work="Boundary IoU of one pair, 512 x 512",
        ours=lambda: metrics.boundary_iou(prediction, truth),
        peers={"the paper's erosions, in SciPy": by_erosion},
        compare=lambda ours, peer: f"{ours:.6f}, peer {peer:.6f}",
    )
