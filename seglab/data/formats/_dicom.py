"""The slices of one DICOM series, in order and without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seglab.data.formats._inputs import FloatArray
from seglab.extras import optional

# mm; positions are written as decimal text, and scanners round it
_SLACK = 0.01


def read_slices(folder: Path) -> list[Any]:
    """Every DICOM file of a folder that holds pixels, in file order."""
    pydicom = optional("pydicom", "reading DICOM", "medical")
    found = []
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            dataset = pydicom.dcmread(file)
        except pydicom.errors.InvalidDicomError:
            continue  # a README, a DICOMDIR of another kind
        if "PixelData" in dataset:
            found.append(dataset)
    if not found:
        raise ValueError(f"{folder} holds no DICOM files with pixels")
    return found


def check_series(slices: Sequence[Any], folder: Path) -> None:
    """Refuse slices that do not make one volume."""
    for tag in ("ImagePositionPatient", "ImageOrientationPatient"):
        missing = sum(tag not in one for one in slices)
        if missing:
            raise ValueError(
                f"{missing} slices of {folder} have no {tag}: they cannot "
                "be put in order"
            )
    for tag in (
        "SeriesInstanceUID",
        "Rows",
        "Columns",
        "PixelSpacing",
        "ImageOrientationPatient",
    ):
        values = {_comparable(one.get(tag)) for one in slices}
        if len(values) > 1:
            raise ValueError(
                f"{folder} must hold slices of one series, but {tag} has "
                f"{len(values)} values: {', '.join(sorted(values))[:200]}"
            )


def _comparable(value: Any) -> str:
    """A tag's value as text, without the last digits of decimals."""
    if isinstance(value, (str, int)) or value is None:
        return str(value)
    # adding 0 turns -0 into 0
    return str([round(float(number), 4) + 0.0 for number in value])


def in_order(
    slices: Sequence[Any], folder: Path
) -> tuple[list[Any], FloatArray]:
    """The slices along their normal, and the step from one to the next.

    Their numbers and file names say nothing about where they lie.
    """
    turn = np.array(slices[0].ImageOrientationPatient, np.float64)
    normal = np.cross(turn[:3], turn[3:])
    places = np.array([o.ImagePositionPatient for o in slices], np.float64)
    heights = places @ normal
    order = np.argsort(heights, kind="stable")
    ordered = [slices[index] for index in order]
    if len(ordered) == 1:
        return ordered, normal * float(slices[0].get("SliceThickness") or 1)
    steps = np.diff(heights[order])
    step = float(np.median(steps))
    if step < _SLACK or (steps < _SLACK).any():
        raise ValueError(
            f"two slices of {folder} lie at the same place: it holds a "
            "series twice, or several times of one"
        )
    gaps = int((np.abs(steps - step) > _SLACK + 0.01 * step).sum())
    if gaps:
        raise ValueError(
            f"slices of {folder} must be evenly spaced, but {gaps} of "
            f"{len(steps)} steps differ from {step:g} mm (the largest is "
            f"{steps.max():g}): a slice is missing"
        )
    ends = places[order[[0, -1]]]
    return ordered, (ends[1] - ends[0]) / len(steps)


def hounsfield(one: Any) -> FloatArray:
    """The pixels in the unit that the file rescales them to."""
    slope = float(one.get("RescaleSlope", 1))
    intercept = float(one.get("RescaleIntercept", 0))
    return one.pixel_array * slope + intercept
