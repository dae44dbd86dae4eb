"""The chest CT made ready for simulated radiographs.

A film shows things that a CT scan shows otherwise: the table would draw
lines, and the contrast agent in the veins would glow. Both are taken out
here, once, before any ray is traced.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional as F

from seglab.data.chest_scan import ChestScan

VOXEL_MM = 1.5
ABDOMEN = 128  # added to the code of what lies below the diaphragm

_LUNGS = ("lung_*_lobe_*",)
_BONES = (
    "rib_*",
    "vertebrae_*",
    "sternum",
    "costal_cartilages",
    "scapula_*",
    "clavicula_*",
    "humerus_*",
)
_VESSELS = (
    "heart",
    "aorta",
    "*_vein*",
    "*vena_cava",
    "brachiocephalic_trunk",
    "subclavian_*",
    "common_carotid_*",
    "atrial_*",
)
_ABDOMINAL = (
    "liver",
    "spleen",
    "stomach",
    "kidney_*",
    "pancreas",
    "colon",
    "duodenum",
    "small_bowel",
    "gallbladder",
    "adrenal_*",
)
_BLOOD_HU = 45.0
_CONTRAST_HU = 120.0
_DENSE_CONTRAST_HU = 400.0
_CONTRAST_IN_RIBS_HU = 900.0
_FAT_GAP_MM = 40.0
_DOME_MM = 30.0


@dataclass(frozen=True, eq=False)
class ChestVolume:
    """An isotropic volume to trace rays through.

    Attributes:
        density: float32 [Z, Y, X], relative to water: 0 is air, 1 water.
        codes: uint8 [Z, Y, X], label ids, plus ``ABDOMEN`` below the
            diaphragm; the outermost voxels hold 0.
        structures: name to label id.
        voxel_mm: edge of a voxel.
        centre: middle of the lungs, (z, y, x) in voxels.
        half_size_mm: from there to the lungs' furthest point, (z, y, x).
        half_depth_mm: from there to the body's furthest point along y.
    """

    density: torch.Tensor
    codes: NDArray[np.uint8]
    structures: dict[str, int]
    voxel_mm: float
    centre: tuple[float, float, float]
    half_size_mm: tuple[float, float, float]
    half_depth_mm: float


@lru_cache(maxsize=1)
def prepare_volume(scan: ChestScan) -> ChestVolume:
    """Resample the scan, take out table and contrast, find the diaphragm.

    Takes some seconds; the last scan's volume is kept.

    Raises:
        ValueError: the scan has no lungs, or a label above 127.

    >>> labels = np.zeros((12, 12, 12), dtype=np.uint8)
    >>> labels[4:8, 4:8, 4:8] = 10
    >>> scan = ChestScan(
    ...     np.zeros((12, 12, 12), dtype=np.int16),
    ...     labels,
    ...     (3.0, 3.0, 3.0),
    ...     {"lung_upper_lobe_left": 10},
    ... )
    >>> prepare_volume(scan).codes.shape
    (24, 24, 24)
    """
    density, codes = _resample(scan)
    _close_heart(codes, scan)
    if codes.max() >= ABDOMEN:
        raise ValueError(
            f"labels must be at most {ABDOMEN - 1}, got {codes.max()}"
        )
    lungs = _where(codes, scan, _LUNGS)
    if not lungs.any():
        raise ValueError("the scan has no structure lung_*_lobe_*")
    body = _body(density)
    density = np.where(body, _without_contrast(density, codes, scan), 0)
    centre, half_size = _extent(lungs)
    depth = np.flatnonzero(body.any(axis=(0, 2))) - centre[1]
    codes = codes + ABDOMEN * _below_diaphragm(codes, lungs, scan)
    return ChestVolume(
        torch.from_numpy(density.astype(np.float32)),
        _with_empty_border(codes.astype(np.uint8)),
        dict(scan.structures),
        VOXEL_MM,
        centre,
        half_size,
        float(np.abs(depth).max()) * VOXEL_MM,
    )


def matching(structures: dict[str, int], *patterns: str) -> dict[str, int]:
    """The structures whose names fit one of the patterns.

    >>> matching({"heart": 1, "rib_left_1": 2}, "rib_*")
    {'rib_left_1': 2}
    """
    return {
        name: label
        for name, label in structures.items()
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    }


def _resample(
    scan: ChestScan,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    shape = [
        max(3, round(count * step / VOXEL_MM))
        for count, step in zip(
            scan.labels.shape, scan.spacing_mm, strict=True
        )
    ]
    values = torch.from_numpy(scan.hounsfield.astype(np.float32))
    # antialiased in the plane, where voxels shrink; then between slices
    values = F.interpolate(
        values[:, None], shape[1:], mode="bilinear", antialias=True
    )
    values = F.interpolate(
        values[:, 0][None, None], shape, mode="trilinear"
    )[0, 0]
    labels = F.interpolate(
        torch.from_numpy(scan.labels)[None, None],
        shape,
        mode="nearest-exact",
    )[0, 0]
    density = (values / 1000 + 1).clamp(min=0)
    return density.numpy(), labels.numpy()


def _where(
    codes: NDArray[np.uint8], scan: ChestScan, patterns: tuple[str, ...]
) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=bool)
    table[list(matching(scan.structures, *patterns).values())] = True
    return table[codes]


def _close_heart(codes: NDArray[np.uint8], scan: ChestScan) -> None:
    """Close the gaps that the model left in the heart, in place."""
    label = scan.structures.get("heart", 0)
    boxes = (
        ndimage.find_objects((codes == label).astype(int)) if label else []
    )
    for box in boxes:
        part = codes[box]
        heart = np.pad(part == label, 4)
        closed = ndimage.binary_closing(heart, iterations=4)
        part[closed[4:-4, 4:-4, 4:-4] & (part == 0)] = label


def _body(density: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The patient without the table: the largest thick piece, filled."""
    coarse = density[::2, ::2, ::2] > 0.6
    thick = ndimage.binary_opening(coarse, iterations=2)
    pieces, count = ndimage.label(thick)
    if count == 0:
        return np.ones(density.shape, dtype=bool)
    largest = pieces == np.bincount(pieces.flat)[1:].argmax() + 1
    near = ndimage.binary_dilation(largest, iterations=3) & coarse
    filled = np.stack([ndimage.binary_fill_holes(part) for part in near])
    index = [np.arange(count) // 2 for count in density.shape]
    return filled[np.ix_(*index)]


def _without_contrast(
    density: NDArray[np.float32],
    codes: NDArray[np.uint8],
    scan: ChestScan,
) -> NDArray[np.float32]:
    """Blood everywhere at the density that it has without contrast."""
    blood = _BLOOD_HU / 1000 + 1
    bone = _where(codes, scan, _BONES)
    near_bone = ndimage.binary_dilation(bone, iterations=2)
    bright = (density > _CONTRAST_HU / 1000 + 1) & ~near_bone
    bright |= (density > _DENSE_CONTRAST_HU / 1000 + 1) & ~bone
    # labels take a vein beside the first ribs for bone
    ribs = _where(codes, scan, ("rib_*",))
    hot = ribs & (density > _CONTRAST_IN_RIBS_HU / 1000 + 1)
    bright |= ndimage.binary_dilation(hot, iterations=3)
    vessel = _where(codes, scan, _VESSELS)
    changed = (bright | vessel) & (density > blood)
    return np.where(changed, np.float32(blood), density)


def _below_diaphragm(
    codes: NDArray[np.uint8],
    lungs: NDArray[np.bool_],
    scan: ChestScan,
) -> NDArray[np.uint8]:
    """What lies below the dome that abdominal organs draw.

    The dome is a height over (y, x): the top of the highest organ, raised
    through the fat above it to the lung's base, small valleys closed.
    """
    organs = _where(codes, scan, _ABDOMINAL)
    heights = np.arange(len(codes))[:, None, None]
    top = np.where(organs, heights, -1).max(axis=0)
    above = np.where(lungs & (heights > top), heights, len(codes))
    base = above.min(axis=0)
    near = base - top <= _FAT_GAP_MM / VOXEL_MM
    other = _where(codes, scan, (*_VESSELS, *_BONES))
    between = other & (heights > top) & (heights < base)
    fat = (top >= 0) & near & ~between.any(axis=0)
    width = (round(_DOME_MM / VOXEL_MM),) * 2
    # fat beside the heart makes narrow spikes, not a diaphragm
    raised = ndimage.grey_opening(np.where(fat, base - 1 - top, 0), width)
    dome = ndimage.grey_closing(top + raised, width)
    return ((heights <= dome) & ~lungs).astype(np.uint8)


def _extent(
    area: NDArray[np.bool_],
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    middle, half = [], []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        found = np.flatnonzero(area.any(axis=others))
        middle.append(float(found[0] + found[-1]) / 2)
        half.append(float(np.ptp(found) + 1) / 2 * VOXEL_MM)
    return (middle[0], middle[1], middle[2]), (half[0], half[1], half[2])


def _with_empty_border(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Zeros outside, so that rays clamped to the volume meet nothing."""
    inner = (slice(1, -1),) * 3
    framed = np.zeros_like(codes)
    framed[inner] = codes[inner]
    return framed
