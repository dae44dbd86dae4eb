"""What is measured of the surface metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import monai.metrics
import numpy as np
import surface_distance.metrics as deepmind
import torch
from numpy.typing import NDArray
from scipy import ndimage

from harness import Work
from seglab import metrics

TOLERANCE = 2.0
PICTURE = (1024, 1024)
VOLUME = (128, 128, 128)
VOXEL = (1.5, 0.8, 0.8)


def sizes(shape: tuple[int, ...]) -> str:
    """The shape in words."""
    return " x ".join(str(side) for side in shape)


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
    """One thread for PyTorch.

    MONAI's many small tensor operations may wait for a second thread longer
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
        far = monai.metrics.compute_hausdorff_distance(
            *as_torch, percentile=95, **common
        )
        share = monai.metrics.compute_surface_dice(
            *as_torch, class_thresholds=[TOLERANCE], **common
        )
        return far.item(), share.item()

    def in_monai_with_one_thread() -> tuple[float, float]:
        with one_thread():
            return in_monai()

    def in_surface_distance() -> tuple[float, float]:
        distances = deepmind.compute_surface_distances(
            truth, prediction, spacing
        )
        return (
            deepmind.compute_robust_hausdorff(distances, 95),
            deepmind.compute_surface_dice_at_tolerance(
                distances, TOLERANCE
            ),
        )

    return Work(
        id=name,
        work=(
            f"HD95 and surface Dice of one pair, {sizes(shape)}, with "
            "spacing"
        ),
        ours=ours,
        peers={
            "MONAI": in_monai,
            "MONAI, one thread": in_monai_with_one_thread,
            "surface-distance (by area, between pixels)": (
                in_surface_distance
            ),
        },
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
    return hd95_and_surface_dice("surface_3d", VOLUME, VOXEL)


def weighted_surface_3d() -> Work:
    """Surface Dice by area, of one pair of volumes."""
    truth, prediction = wavy(VOLUME, 38, 0.0), wavy(VOLUME, 40, 2.0)
    as_torch = [
        torch.from_numpy(m)[None, None] for m in (prediction, truth)
    ]

    def in_surface_distance() -> float:
        distances = deepmind.compute_surface_distances(
            truth, prediction, VOXEL
        )
        return deepmind.compute_surface_dice_at_tolerance(
            distances, TOLERANCE
        )

    def in_monai() -> float:
        return monai.metrics.compute_surface_dice(
            *as_torch,
            class_thresholds=[TOLERANCE],
            include_background=True,
            spacing=VOXEL,
            use_subvoxels=True,
        ).item()

    return Work(
        id="weighted_surface_3d",
        work=f"surface Dice by area of one pair, {sizes(VOLUME)}",
        ours=lambda: metrics.weighted_surface_dice(
            prediction, truth, tolerance=TOLERANCE, spacing=VOXEL
        ),
        peers={"surface-distance": in_surface_distance, "MONAI": in_monai},
        compare=lambda ours, peer: f"difference {abs(ours - peer):.1e}",
    )


def boundary_iou() -> Work:
    """Boundary IoU of one pair of masks."""
    truth = wavy(PICTURE, 300, 0.0)
    prediction = wavy(PICTURE, 310, 4.0)
    times = round(0.02 * math.hypot(*PICTURE))

    def band(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        eroded = ndimage.binary_erosion(
            np.pad(mask, 1), np.ones((3, 3)), iterations=times
        )
        return mask & ~eroded[1:-1, 1:-1]

    def by_erosion() -> float:
        return metrics.binary_iou(band(prediction), band(truth))

    return Work(
        id="boundary_iou",
        work=f"Boundary IoU of one pair, {sizes(PICTURE)}",
        ours=lambda: metrics.boundary_iou(prediction, truth),
        peers={"the paper's erosions, in SciPy": by_erosion},
        compare=lambda ours, peer: f"{ours:.6f}, peer {peer:.6f}",
    )
