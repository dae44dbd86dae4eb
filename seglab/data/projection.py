"""Simulated chest radiographs of virtual patients, with exact masks.

Rays run from a point source behind the back to a film in front of the
chest (a PA film); viewed as usual, the heart lies on the viewer's right.
All films come from one real scan; see ``virtual_patients``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional as F

from seglab.data.chest_scan import ChestScan
from seglab.data.chest_volume import (
    ABDOMEN,
    ChestVolume,
    matching,
    prepare_volume,
)
from seglab.data.virtual_patients import (
    Shot,
    VirtualPatient,
    shot,
    virtual_patient,
)

FILM_MM = 300.0
LUNG_NAMES = ("lungs_silhouette", "lungs_above_diaphragm", "lungs_clear")

_APEX_MM = 22.0  # from the top of the film to the top of the lungs
_WATER_PER_MM = 0.02  # attenuation of water near 65 keV
_SAMPLES = 128
_RAY_NODES = 20
_BELOW_DIAPHRAGM_MM = 4.0


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One simulated film and what lies where on it.

    Attributes:
        image: uint8 [H, W]; dense is bright.
        masks: bool [K, H, W]; they overlap, as shadows do.
        names: the K names.
        spacing_mm: pixel size (row, column) in the middle of the chest.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    names: tuple[str, ...]
    spacing_mm: tuple[float, float]


def render(
    scan: ChestScan, patient_seed: int, shot_seed: int, size: int = 192
) -> Radiograph:
    """Render one shot of one virtual patient.

    Args:
        scan: from ``seglab.data.chest.load_scan()``; its preparation, a
            few seconds, happens once.
        patient_seed: which virtual patient.
        shot_seed: which pose and exposure.
        size: rows and columns of the film.

    Raises:
        ValueError: a seed is negative or the size is below 8.

    >>> labels = np.zeros((12, 12, 12), dtype=np.uint8)
    >>> labels[4:8, 4:8, 4:8] = 10
    >>> scan = ChestScan(
    ...     labels.astype(np.int16),
    ...     labels,
    ...     (3.0, 3.0, 3.0),
    ...     {"lung_upper_lobe_left": 10},
    ... )
    >>> render(scan, patient_seed=0, shot_seed=0, size=16).image.shape
    (16, 16)
    """
    patient, pose = virtual_patient(patient_seed), shot(shot_seed)
    return project(prepare_volume(scan), patient, pose, size)


def project(
    volume: ChestVolume, patient: VirtualPatient, pose: Shot, size: int
) -> Radiograph:
    """Project a prepared volume; `render` draws patient and pose for you.

    Args:
        volume: from ``prepare_volume``.
        patient: how to deform it.
        pose: how to look at it.
        size: rows and columns of the film.

    Raises:
        ValueError: the size is below 8.

    >>> density = torch.zeros(8, 8, 8)
    >>> codes = np.zeros((8, 8, 8), dtype=np.uint8)
    >>> volume = ChestVolume(
    ...     density, codes, {"heart": 1}, 1.5, (4, 4, 4), (6, 6, 6), 6
    ... )
    >>> film = project(volume, virtual_patient(0), shot(0), 16)
    >>> film.image.shape, film.masks.any().item()
    ((16, 16), False)
    """
    if size < 8:
        raise ValueError(f"size must be 8 or more, got {size}")
    half_depth = 1.1 * volume.half_depth_mm * float(patient.scale[1])
    step_mm = 2 * half_depth / _SAMPLES
    grid = _sampling_grid(volume, patient, pose, size, half_depth)
    depth = _optical_depth(volume.density, grid, patient) * step_mm
    names, masks = _masks(volume, grid, step_mm)
    pixel = FILM_MM / size
    return Radiograph(_develop(depth, pose), masks, names, (pixel, pixel))


def _sampling_grid(
    volume: ChestVolume,
    patient: VirtualPatient,
    pose: Shot,
    size: int,
    half_depth: float,
) -> torch.Tensor:
    """Where each ray samples the volume: [1, 3, S, H, W] in -1..1, xyz.

    Perspective is a scale that depends on depth. Perspective and pose are
    linear between the nodes of a coarse grid and the warp nearly so:
    it is computed at the nodes and interpolated.
    """
    nodes = torch.linspace(-1, 1, _RAY_NODES, dtype=torch.float64)
    depth, row, column = torch.meshgrid(nodes, nodes, nodes, indexing="ij")
    # pixel centres, half a pixel inside the film; samples likewise
    film = FILM_MM / 2 * (1 - 1 / size)
    y = depth * half_depth * (1 - 1 / _SAMPLES)
    nearer = 1 - y / pose.distance_mm
    ray = torch.stack([-row * film * nearer, y, column * film * nearer], -1)
    points = _stand(ray.numpy(), patient, pose, volume.half_size_mm[0])
    voxels = _deform(points, patient) / patient.scale / volume.voxel_mm
    voxels += np.array(volume.centre)
    shape = np.array(volume.codes.shape)
    coarse = (2 * voxels / (shape - 1) - 1)[..., ::-1].copy()
    fine = (_SAMPLES, size, size)
    return F.interpolate(
        torch.from_numpy(coarse).float().permute(3, 0, 1, 2)[None],
        fine,
        mode="trilinear",
        align_corners=True,
    )


def _stand(
    ray: NDArray[np.float64],
    patient: VirtualPatient,
    pose: Shot,
    half_height_mm: float,
) -> NDArray[np.float64]:
    """From the film's frame to the patient's, (z, y, x) in mm."""
    apex = FILM_MM / 2 - _APEX_MM - half_height_mm * patient.scale[0]
    down, right = pose.shift_mm
    points = ray - np.array([apex - down, 0, right])
    for degrees, axes in (
        (pose.roll, (0, 2)),
        (pose.tilt, (0, 1)),
        (pose.turn, (1, 2)),
    ):
        angle = math.radians(degrees)
        turn = np.eye(3)
        turn[np.ix_(axes, axes)] = [
            [math.cos(angle), -math.sin(angle)],
            [math.sin(angle), math.cos(angle)],
        ]
        points = points @ turn
    return points


def _deform(
    points: NDArray[np.float64], patient: VirtualPatient
) -> NDArray[np.float64]:
    """Add the smooth warp; its nodes span 400 mm each way."""
    middle = (patient.warp_mm.shape[1] - 1) / 2
    nodes = (points / 200 + 1) * middle
    where = np.moveaxis(nodes, -1, 0)
    moved = [
        ndimage.map_coordinates(field, where, order=3, mode="nearest")
        for field in patient.warp_mm
    ]
    return points + np.stack(moved, axis=-1)


def _optical_depth(
    density: torch.Tensor, grid: torch.Tensor, patient: VirtualPatient
) -> NDArray[np.float64]:
    """Attenuation along each ray, per mm of sampling step: [H, W]."""
    samples = F.grid_sample(
        density[None, None],
        grid.permute(0, 2, 3, 4, 1),
        align_corners=True,
    )[0, 0]
    # lung up to half of water's density, bone from 100 HU on
    attenuation = (
        patient.lung * samples.clamp(max=0.5)
        + patient.soft * (samples - 0.5).clamp(0, 0.6)
        + patient.bone * (samples - 1.1).clamp(min=0)
    )
    return _WATER_PER_MM * attenuation.sum(0).double().numpy()


def _masks(
    volume: ChestVolume, grid: torch.Tensor, step_mm: float
) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """All silhouettes in one pass: each structure is a bit of an int64."""
    groups = _groups(volume.structures)
    bit_of = np.zeros(256, dtype=np.int64)
    for bit, labels in enumerate(groups.values()):
        for label in labels:
            bit_of[[label, label + ABDOMEN]] |= 1 << bit
    shape = volume.codes.shape
    met = np.zeros(grid.shape[-2:], dtype=np.int64)
    below = np.zeros(grid.shape[-2:], dtype=np.int64)
    flat = volume.codes.ravel()
    for plane in range(grid.shape[2]):
        z, y, x = (
            ((grid[0, 2 - axis, plane] + 1) * ((shape[axis] - 1) / 2))
            .round_()
            .clamp_(0, shape[axis] - 1)
            .int()
            for axis in range(3)
        )
        codes = flat[((z * shape[1] + y) * shape[2] + x).numpy()]
        met |= bit_of[codes]
        below += codes >= ABDOMEN
    found = {name: (met >> bit) & 1 == 1 for bit, name in enumerate(groups)}
    return _named(found, below * step_mm > _BELOW_DIAPHRAGM_MM)


def _groups(structures: dict[str, int]) -> dict[str, list[int]]:
    """Mask name to label ids, at most 63 masks."""
    lungs = list(matching(structures, "lung_*_lobe_*").values())
    groups = {"lungs_silhouette": lungs}
    for name, label in matching(structures, "heart", "rib_*").items():
        groups[name] = [label]
    for name, label in matching(structures, "vertebrae_*").items():
        groups[name.replace("vertebrae_", "vertebra_")] = [label]
    return groups


def _named(
    found: dict[str, NDArray[np.bool_]], below: NDArray[np.bool_]
) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    lungs = found.pop("lungs_silhouette")
    above = lungs & ~below
    heart = found.get("heart", np.zeros_like(lungs))
    masks = dict(
        zip(LUNG_NAMES, (lungs, above, above & ~heart), strict=True)
    )
    masks.update(found)
    for union, start in (("ribs", "rib_"), ("vertebrae", "vertebra_")):
        parts = [m for name, m in found.items() if name.startswith(start)]
        masks[union] = np.any([np.zeros_like(lungs), *parts], axis=0)
    return tuple(masks), np.stack(list(masks.values()))


def _develop(depth: NDArray[np.float64], pose: Shot) -> NDArray[np.uint8]:
    """Turn optical depth into grey levels, with blur and quantum noise."""
    rng = np.random.default_rng([3, pose.seed])
    # fewer photons arrive behind dense tissue, so its noise is larger
    noise = pose.noise * rng.standard_normal(depth.shape)
    film = ndimage.gaussian_filter(depth, 0.5)
    # as digital films are processed: less of the coarse differences
    even = film - 0.4 * ndimage.gaussian_filter(film, len(film) / 14)
    body = even[film > 0.3]
    low, high = np.percentile(body, (2, 99)) if body.size else (0.0, 1.0)
    grey = (even - low) / max(high - low, 1e-6)
    grey = 0.06 + 0.86 * grey + noise * (1 + np.clip(grey, 0, 1))
    grey = 0.5 + pose.contrast * (grey - 0.5) + pose.brightness
    grey *= np.clip(film / 0.3, 0, 1)
    return np.clip(np.rint(255 * grey), 0, 255).astype(np.uint8)
