"""Vertebrae of the chest CT in sagittal slices: real instances.

The scan is one patient (see ``seglab.data.chest``), and neighbouring
slices are nearly the same picture: split with
``seglab.data.splits.slab_split`` by ``x``, and say nothing of others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from seglab.data.chest import match_structures, window
from seglab.data.chest_scan import ChestScan, load_scan

LABEL_DIVISOR = 1000


@dataclass(frozen=True, eq=False)
class SagittalSlices:
    """Slices from the patient's right to left, ready for a detector.

    Attributes:
        images: float32 [N, 3, H, W] in [0, 1]: a bone window, thrice. The
            head is at the top, the front of the chest on the left.
        panoptic: int64 [N, H, W]: 1000 + number of a vertebra, or 0.
        vertebrae: number to name; 1 is the lowest in the scan.
        x: int64 [N], each slice's column in the scan; split by it.
        spacing_mm: of pixels, in both directions.
    """

    images: Tensor
    panoptic: Tensor
    vertebrae: dict[int, str]
    x: NDArray[np.int64]
    spacing_mm: float

    def __len__(self) -> int:
        return len(self.images)

    def counts(self) -> list[int]:
        """How many vertebrae each slice shows."""
        return [len(one[one > 0].unique()) for one in self.panoptic]


def sagittal_vertebrae(
    *,
    size: tuple[int, int] = (256, 160),
    spacing_mm: float = 1.25,
    least_shown: int = 8,
    least_mm2: float = 30.0,
) -> SagittalSlices:
    """Sagittal slices of the chest CT with each vertebra told apart.

    Args:
        size: (rows, columns) of the result, around the spine; what lies
            beyond the scan is air.
        spacing_mm: pixel size; the scan's are 2.5 mm by 0.7 mm here, so
            without resampling a vertebra would look flat.
        least_shown: slices with fewer vertebrae are left out.
        least_mm2: smaller sections of a vertebra are left out of the map.

    Raises:
        FileNotFoundError: there is no scan on this machine.
        ValueError: an argument makes no sense, or no slice is left.

    Convention:
        A vertebra is one instance though a slice cuts body and process
        apart. Images are resampled with antialiasing; a pixel belongs to
        the label with the largest share after the same resampling.

    >>> sagittal_vertebrae(spacing_mm=0)
    Traceback (most recent call last):
    ValueError: spacing_mm must be above 0, got 0
    """
    _check(size, spacing_mm, least_shown, least_mm2)
    scan = load_scan()
    places = _places(scan)
    columns = [place[2] for place in places.values()]
    box = _box(scan, places, size, spacing_mm)
    least = least_mm2 / spacing_mm**2
    kept, images, maps = [], [], []
    for x in range(
        min(part.start for part in columns),
        max(part.stop for part in columns),
    ):
        plane = scan.labels[::-1, :, x]
        panoptic = _numbered(plane, list(places), box, least)
        if len(panoptic.unique()) - 1 < least_shown:
            continue
        grey = window(scan.hounsfield[::-1, :, x], centre=300, width=1500)
        image = box.cut(torch.from_numpy(grey)[None])
        kept.append(x)
        images.append(image.expand(3, -1, -1))
        maps.append(panoptic)
    if not kept:
        raise ValueError(
            f"least_shown={least_shown} leaves no slice; ask for fewer "
            "vertebrae"
        )
    names = {label: name for name, label in scan.structures.items()}
    return SagittalSlices(
        images=torch.stack(images),
        panoptic=torch.stack(maps),
        vertebrae={k: names[i] for k, i in enumerate(places, start=1)},
        x=np.array(kept),
        spacing_mm=spacing_mm,
    )


@dataclass(frozen=True)
class _Box:
    """Where a slice is cut out after it was resampled."""

    fine: tuple[int, int]
    top: int
    left: int
    size: tuple[int, int]

    def cut(self, planes: Tensor) -> Tensor:
        """From [C, Z, Y] of the scan to [C, H, W]; 0 outside of it."""
        fine = F.interpolate(
            planes[None], self.fine, mode="bilinear", antialias=True
        )[0]
        below = self.top + self.size[0] - self.fine[0]
        behind = self.left + self.size[1] - self.fine[1]
        # negative padding cuts
        return F.pad(fine, (-self.left, behind, -self.top, below))


def _places(scan: ChestScan) -> dict[int, tuple[slice, slice, slice]]:
    """Each vertebra's label and bounding box, the lowest first."""
    labels = match_structures(scan.structures, ["vertebrae_*"])
    boxes = ndimage.find_objects(scan.labels)
    return {
        label: boxes[label - 1]
        for label in sorted(
            labels,
            key=lambda i: boxes[i - 1][0].start + boxes[i - 1][0].stop,
        )
    }


def _box(
    scan: ChestScan,
    places: dict[int, tuple[slice, slice, slice]],
    size: tuple[int, int],
    spacing_mm: float,
) -> _Box:
    """Around the spine from front to back, around the scan from top."""
    depth, width, _ = scan.labels.shape
    z, y, _ = scan.spacing_mm
    fine = (round(depth * z / spacing_mm), round(width * y / spacing_mm))
    rows = [place[1] for place in places.values()]
    front = min(part.start for part in rows)
    middle = (front + max(part.stop for part in rows)) / 2 * y / spacing_mm
    return _Box(
        fine=fine,
        top=(fine[0] - size[0]) // 2,
        left=round(middle - size[1] / 2),
        size=size,
    )


def _numbered(
    plane: NDArray[np.uint8], labels: list[int], box: _Box, least: float
) -> Tensor:
    """The panoptic map of one slice [H, W]."""
    if not np.isin(plane, labels).any():
        return torch.zeros(box.size, dtype=torch.int64)
    # of the resampled shares, the largest: smoother than the nearest label
    shares = np.stack([plane == label for label in labels])
    found = box.cut(torch.from_numpy(shares.astype(np.float32)))
    other = 1 - found.sum(0, keepdim=True)
    number = torch.cat([other, found]).argmax(0)
    areas = number.flatten().bincount(minlength=len(labels) + 1)
    number[(areas < least)[number]] = 0
    return torch.where(number > 0, LABEL_DIVISOR + number, 0)


def _check(
    size: tuple[int, int],
    spacing_mm: float,
    least_shown: int,
    least_mm2: float,
) -> None:
    if len(size) != 2 or min(size) < 1:
        raise ValueError(
            f"size must be two whole numbers above 0, got {size}"
        )
    if not spacing_mm > 0:
        raise ValueError(f"spacing_mm must be above 0, got {spacing_mm}")
    if least_shown < 1:
        raise ValueError(
            f"least_shown must be 1 or more, got {least_shown}"
        )
    if not least_mm2 >= 0:
        raise ValueError(f"least_mm2 must be 0 or more, got {least_mm2}")
