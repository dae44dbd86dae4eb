"""A real chest CT with more than eighty labelled structures.

The scan is LIDC-IDRI-0001 of The Cancer Imaging Archive (Armato et al.,
2011; CC BY 3.0); the labels were made by TotalSegmentator (Wasserthal et
al., 2023), a model, and look right by eye without being a radiologist's.
It is one patient: a model that does well on held-out slices of this scan
has not been shown to do well on anyone else.
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional as F

from seglab.data.chest_scan import ChestScan, load_scan
from seglab.data.splits import slab_split

__all__ = [
    "TORSO_CLASSES",
    "AxialSlices",
    "ChestScan",
    "class_slices",
    "load_scan",
    "match_structures",
    "slab_split",
    "window",
]

TORSO_CLASSES: dict[str, tuple[str, ...]] = {
    "lungs": ("lung_*_lobe_*",),
    "heart": ("heart",),
    "aorta": ("aorta",),
    "vertebrae": ("vertebrae_*",),
    "ribs": ("rib_*",),
    "trachea": ("trachea",),
    "oesophagus": ("esophagus",),
    "liver": ("liver",),
}

_TORSO = ("lung_*_lobe_*", "rib_*", "sternum", "vertebrae_*", "liver")
_TORSO_MARGIN_MM = 12.0


@dataclass(frozen=True, eq=False)
class AxialSlices:
    """Axial slices ready for training.

    Attributes:
        images: float32 [N, 1, H, W] in [0, 1], windowed.
        masks: int64 [N, H, W], indices into ``names``.
        names: the classes, background first.
        z: int64 [N], each slice's place in the scan, ascending.
        spacing_mm: pixel size (row, column).
    """

    images: torch.Tensor
    masks: torch.Tensor
    names: tuple[str, ...]
    z: NDArray[np.int64]
    spacing_mm: tuple[float, float]


def window(
    hounsfield: ArrayLike, *, centre: float = 40, width: float = 400
) -> NDArray[np.float32]:
    """Map Hounsfield units to [0, 1] as a viewer's grey levels.

    ``centre - width / 2`` and below are black, ``centre + width / 2`` and
    above are white. The default suits soft tissue; lungs want about
    -600 and 1500, bone 300 and 1500.

    Args:
        hounsfield: any shape, in HU.
        centre: the value shown as middle grey, in HU.
        width: the range between black and white, in HU, above 0.

    Raises:
        ValueError: the width is not above 0.

    >>> window([-1000, 40, 240, 3000]).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    if not width > 0:
        raise ValueError(f"width must be above 0 HU, got {width}")
    values = np.asarray(hounsfield, dtype=np.float32)
    grey = (values - np.float32(centre)) / np.float32(width) + 0.5
    return np.clip(grey, 0, 1, dtype=np.float32)


def class_slices(
    classes: Mapping[str, Sequence[str]] | None = None,
    *,
    size: tuple[int, int] = (96, 128),
    crop: Literal["torso", "whole"] = "torso",
    every: int = 1,
) -> AxialSlices:
    """Axial slices of the chest CT with the classes you choose.

    Images are resampled with antialiasing, masks by nearest neighbour.

    Args:
        classes: class name to structures of the scan; ``*`` stands for
            any characters (``"rib_left_*"``). Without it
            ``TORSO_CLASSES``. Background comes first by itself.
        size: (rows, columns) of the result.
        crop: ``"torso"`` keeps one box around the rib cage, widened to
            the proportions of ``size`` where the scan allows;
            ``"whole"`` keeps the whole slice.
        every: take each ``every``-th slice, counted from the feet.

    Raises:
        ValueError: a structure is unknown or claimed by two classes, or
            another argument makes no sense.

    >>> from seglab.data import catalog
    >>> if catalog.find("chest"):
    ...     slices = class_slices({"heart": ["heart"]}, every=8)
    ...     assert slices.names == ("background", "heart")
    """
    chosen = TORSO_CLASSES if classes is None else classes
    _check_slices(size, crop, every)
    scan = load_scan()
    table = _class_table(scan.structures, chosen)
    box = _torso_box(scan, size) if crop == "torso" else _whole_box(scan)
    z = np.arange(0, len(scan.labels), every)
    rows, columns = box
    hounsfield = torch.from_numpy(
        scan.hounsfield[::every, rows, columns].astype(np.float32)
    )
    masks = torch.from_numpy(table[scan.labels[::every, rows, columns]])
    images = F.interpolate(
        hounsfield[:, None], size, mode="bilinear", antialias=True
    )
    masks = F.interpolate(masks[:, None], size, mode="nearest-exact")
    return AxialSlices(
        images=torch.from_numpy(window(images.numpy())),
        masks=masks[:, 0].long(),
        names=("background", *chosen),
        z=z,
        spacing_mm=_pixel_size(scan, box, size),
    )


def match_structures(
    structures: Mapping[str, int], patterns: Sequence[str]
) -> list[int]:
    """The label ids of all structures that the patterns name.

    Raises:
        ValueError: a pattern matches nothing; near names are listed.

    >>> match_structures({"rib_left_1": 7, "rib_left_2": 8}, ["rib_*"])
    [7, 8]
    """
    if isinstance(patterns, str):
        raise TypeError(
            "patterns must be a sequence of structure names, got the "
            f"string {patterns!r}"
        )
    ids: list[int] = []
    for pattern in patterns:
        names = fnmatch.filter(structures, pattern)
        if not names:
            near = difflib.get_close_matches(
                pattern.replace("*", ""), structures, n=4, cutoff=0.4
            )
            hint = f"near it: {', '.join(near)}" if near else "no near name"
            raise ValueError(
                f"the scan has no structure {pattern!r}; {hint}"
            )
        ids += [structures[name] for name in names]
    return ids


def _check_slices(size: tuple[int, int], crop: str, every: int) -> None:
    if len(size) != 2 or min(size) < 1:
        raise ValueError(
            f"size must be two whole numbers above 0, got {size}"
        )
    if crop not in ("torso", "whole"):
        raise ValueError(f"crop must be 'torso' or 'whole', got {crop!r}")
    if every < 1:
        raise ValueError(f"every must be 1 or more, got {every}")


def _class_table(
    structures: Mapping[str, int], classes: Mapping[str, Sequence[str]]
) -> NDArray[np.uint8]:
    """A lookup from label id to class index."""
    if not 1 <= len(classes) <= 255:
        raise ValueError(
            f"classes must hold 1 to 255 classes, got {len(classes)}"
        )
    if "background" in classes:
        raise ValueError(
            "classes must not name 'background': it is what no class claims"
        )
    table = np.zeros(256, dtype=np.uint8)
    owner: dict[int, str] = {}
    for index, (name, patterns) in enumerate(classes.items(), start=1):
        for label in set(match_structures(structures, patterns)):
            if label in owner:
                raise ValueError(
                    f"classes {owner[label]!r} and {name!r} both claim "
                    f"label {label}; give each structure to one class"
                )
            owner[label] = name
            table[label] = index
    return table


def _torso_box(
    scan: ChestScan, size: tuple[int, int]
) -> tuple[slice, slice]:
    """Rows and columns around the rib cage, in the proportions of size."""
    inside = np.zeros(256, dtype=bool)
    for pattern in _TORSO:
        if fnmatch.filter(scan.structures, pattern):
            inside[match_structures(scan.structures, [pattern])] = True
    area = inside[scan.labels].any(axis=0)
    if not area.any():
        return _whole_box(scan)
    spacing = scan.spacing_mm[1:]
    edges = []
    for axis in (0, 1):
        found = np.flatnonzero(np.any(area, axis=1 - axis)) * spacing[axis]
        middle, extent = (found[0] + found[-1]) / 2, np.ptp(found)
        edges.append((middle, extent + 2 * _TORSO_MARGIN_MM))
    (y, height), (x, width) = edges
    pixel = max(height / size[0], width / size[1])
    return (
        _cut(y, pixel * size[0], spacing[0], area.shape[0]),
        _cut(x, pixel * size[1], spacing[1], area.shape[1]),
    )


def _cut(middle: float, extent: float, step: float, length: int) -> slice:
    """Indices of a stretch in mm, moved inside 0..length if it fits."""
    count = min(length, round(extent / step))
    first = round(middle / step - count / 2)
    first = min(max(first, 0), length - count)
    return slice(first, first + count)


def _whole_box(scan: ChestScan) -> tuple[slice, slice]:
    _, height, width = scan.labels.shape
    return slice(0, height), slice(0, width)


def _pixel_size(
    scan: ChestScan, box: tuple[slice, slice], size: tuple[int, int]
) -> tuple[float, float]:
    row, column = (
        (part.stop - part.start) * step / count
        for part, step, count in zip(
            box, scan.spacing_mm[1:], size, strict=True
        )
    )
    return row, column
