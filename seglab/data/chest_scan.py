"""The chest CT's files, prepared once and kept in the cache."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from seglab.data import catalog
from seglab.extras import optional
from seglab.settings import cache_folder

SCAN_FILES = ("cxr.nii.gz", "mask.nii.gz", "structures.csv")
HOUNSFIELD_RANGE = (-1024, 3071)

_CACHE_NAME = "chest-v1.npz"
_CACHE_MARK = "seglab chest 1"


@dataclass(frozen=True, eq=False)
class ChestScan:
    """A CT volume and its label map, oriented as radiologists look at it.

    Attributes:
        hounsfield: int16 [Z, Y, X], clipped to -1024..3071 HU (outside
            the scanner's circle the file says -2048: air here). Slice 0
            is nearest the feet, row 0 is the front of the chest, column 0
            the patient's right.
        labels: uint8 [Z, Y, X]; 0 is what no structure claims.
        spacing_mm: distance of voxel centres along (z, y, x).
        structures: name to label id, for structures present in the scan.
    """

    hounsfield: NDArray[np.int16]
    labels: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    structures: dict[str, int]


def load_scan() -> ChestScan:
    """Load the chest CT and its labels, prepared on first use.

    Reading the original files takes some seconds and needs nibabel; what
    comes out is kept in ``cache_folder()`` and loads in a fraction of a
    second. A damaged cache is noticed and made again, and processes that
    start together wait for the one that prepares.

    Raises:
        FileNotFoundError: there is no scan on this machine.
        ImportError: nibabel is missing and the scan is not prepared yet.

    >>> if catalog.find("chest"):
    ...     assert load_scan().hounsfield.shape == (133, 512, 512)
    """
    cache = cache_folder() / _CACHE_NAME
    scan = _read_cache(cache)
    if scan is not None:
        return scan
    with FileLock(f"{cache}.lock"):
        scan = _read_cache(cache)
        if scan is None:
            scan = _read_original(_scan_folder())
            _write_cache(cache, scan)
    return scan


def _scan_folder() -> Path:
    folder = catalog.find("chest")
    if folder is None:
        raise FileNotFoundError(
            "the chest CT is not on this machine: run `seglab fetch "
            "chest`, or `python tools/install.py scan` in a checkout"
        )
    return Path(folder)


def _read_original(folder: Path) -> ChestScan:
    nibabel = optional("nibabel", "preparing the chest CT", "medical")
    image, mask, table = (folder / name for name in SCAN_FILES)
    hounsfield, spacing = _oriented(nibabel.load(image))
    labels, _ = _oriented(nibabel.load(mask))
    if hounsfield.shape != labels.shape:
        raise ValueError(
            f"the scan has shape {hounsfield.shape} and its labels "
            f"{labels.shape}; fetch both files again"
        )
    present = set(np.unique(labels).tolist())
    with table.open(newline="") as lines:
        ids = {r["structure"]: int(r["id"]) for r in csv.DictReader(lines)}
    return ChestScan(
        np.clip(hounsfield, *HOUNSFIELD_RANGE).astype(np.int16),
        labels.astype(np.uint8),
        spacing,
        {name: label for name, label in ids.items() if label in present},
    )


def _oriented(
    volume: Any,  # a nibabel image; nibabel is optional
) -> tuple[NDArray[np.generic], tuple[float, float, float]]:
    """Values with axes feet to head, front to back, right to left."""
    from nibabel import orientations

    affine = volume.affine
    turn = orientations.ornt_transform(
        orientations.io_orientation(affine),
        orientations.axcodes2ornt(("S", "P", "L")),
    )
    values = np.asarray(volume.dataobj)
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    z, y, x = (float(steps[turn[:, 0] == axis][0]) for axis in range(3))
    return orientations.apply_orientation(values, turn), (z, y, x)


def _write_cache(path: Path, scan: ChestScan) -> None:
    about = {"mark": _CACHE_MARK, "structures": scan.structures}
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(
                file,
                hounsfield=scan.hounsfield,
                labels=scan.labels,
                spacing_mm=np.array(scan.spacing_mm),
                about=np.array(json.dumps(about)),
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read_cache(path: Path) -> ChestScan | None:
    """What the cache holds; None if it is missing, damaged or foreign."""
    try:
        with np.load(path) as stored:
            about = json.loads(stored["about"].item())
            if about["mark"] != _CACHE_MARK:
                return None
            z, y, x = stored["spacing_mm"].tolist()
            return ChestScan(
                stored["hounsfield"],
                stored["labels"],
                (z, y, x),
                about["structures"],
            )
    except FileNotFoundError:
        return None
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError):
        # np.load says in each of these ways that a file is no such cache
        return None
