"""Volumes of the clinic: DICOM series and NIfTI files.

Both say where a voxel lies in the patient. They count from opposite sides,
DICOM towards left, back and head, NIfTI towards right, front and head; here
everything is DICOM's.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seglab.data.formats import _dicom
from seglab.data.formats._inputs import FloatArray
from seglab.extras import optional
from seglab.files import replacing

# from left, back, head to right, front, head; it is its own inverse
_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])
# from voxel (z, row, column) to voxel (column, row, z)
_REVERSE = np.eye(4)[[2, 1, 0, 3]]


# eq would compare arrays, which have no one answer
@dataclass(frozen=True, eq=False, init=False)
class Volume:
    """A volume and where its voxels lie in the patient.

    Args:
        values: [Z, H, W]; Hounsfield units of a CT, or labels.
        affine: float64 [4, 4], from a voxel's index (z, row, column, 1) to
            its centre's place in the patient in mm (x, y, z, 1), towards
            the patient's left, back and head.

    Raises:
        ValueError: values that are not [Z, H, W], or an affine that is not
            [4, 4], finite and invertible.

    >>> affine = np.diag([2.5, 0.7, 0.7, 1])[[2, 1, 0, 3]]
    >>> Volume(np.zeros((3, 4, 5)), affine).spacing
    (2.5, 0.7, 0.7)
    """

    values: NDArray
    affine: FloatArray

    def __init__(self, values: ArrayLike, affine: ArrayLike) -> None:
        array = np.asarray(values)
        if array.ndim != 3:
            raise ValueError(
                f"values must be [Z, H, W], got shape {array.shape}"
            )
        matrix = np.array(affine, dtype=np.float64)
        if (
            matrix.shape != (4, 4)
            or not np.isfinite(matrix).all()
            or abs(np.linalg.det(matrix)) < 1e-12
        ):
            raise ValueError(
                "affine must be [4, 4], finite and invertible, got\n"
                f"{matrix}"
            )
        object.__setattr__(self, "values", array)
        object.__setattr__(self, "affine", matrix)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxels along (z, row, column) in mm."""
        z, row, column = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(z), float(row), float(column)


def read_dicom(folder: str | Path) -> Volume:
    """Read a series of DICOM slices as a volume.

    Args:
        folder: with the files of one series, one slice each; files that
            are not DICOM, or hold no pixels, are left out.

    Returns:
        float32 values, in Hounsfield units for a CT.

    Raises:
        ImportError: pydicom is missing.
        FileNotFoundError: there is no such folder.
        ValueError: no slices, slices of several series or sizes, two at the
            same place, one missing in between, or slices that do not say
            where they lie.

    Convention:
        Slices are ordered by their position along the normal of their plane
        (for axial slices: from feet to head), not by number or name. The
        spacing along z is the distance of their positions, which their
        thickness need not be.

    Source:
        DICOM PS3.3, C.7.6.2 (Image Plane Module) and C.7.6.16 (rescale).

    >>> read_dicom("no such folder")
    Traceback (most recent call last):
    FileNotFoundError: there is no folder no such folder
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    slices = _dicom.read_slices(folder)
    _dicom.check_series(slices, folder)
    ordered, step = _dicom.in_order(slices, folder)
    first = ordered[0]
    # the first three cosines point along a row, to the next column
    turn = np.array(first.ImageOrientationPatient, np.float64)
    between_rows, between_columns = map(float, first.PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = turn[3:] * between_rows
    affine[:3, 2] = turn[:3] * between_columns
    affine[:3, 3] = first.ImagePositionPatient
    values = np.stack([_dicom.hounsfield(one) for one in ordered])
    return Volume(values.astype(np.float32), affine)


def read_nifti(path: str | Path) -> Volume:
    """Read a NIfTI file as a volume.

    Args:
        path: ends in ``.nii`` or ``.nii.gz``.

    Returns:
        The values as stored, or float64 if the file rescales them. Axes are
        the file's, reversed: usually z, row, column, but a file may have
        any order and direction, which the affine tells.

    Raises:
        ImportError: nibabel is missing.
        FileNotFoundError: there is no such file.
        ValueError: not a NIfTI file, or not three axes.

    Source:
        NIfTI-1, whose axes go to the patient's right, front and head.
    """
    nibabel = optional("nibabel", "reading NIfTI", "medical")
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        image = nibabel.load(path)
        values = np.asarray(image.dataobj)
    except nibabel.filebasedimages.ImageFileError as error:
        raise ValueError(f"{path} must be a NIfTI file: {error}") from error
    if values.ndim != 3:
        raise ValueError(
            f"{path} must have three axes, got shape {values.shape}"
        )
    return Volume(values.T, _TURN @ image.affine @ _REVERSE)


def write_nifti(path: str | Path, volume: Volume) -> None:
    """Write a volume as a NIfTI file, whole or not at all.

    Args:
        path: ends in ``.nii`` or ``.nii.gz``; its folder is made if it is
            missing.
        volume: bool is written as uint8, and 64-bit integers as the
            smallest type of fewer bits that holds them.

    Raises:
        ImportError: nibabel is missing.
        TypeError: not a :class:`Volume`.
        ValueError: another ending, or integers that need 64 bits.
    """
    nibabel = optional("nibabel", "writing NIfTI", "medical")
    if not isinstance(volume, Volume):
        raise TypeError(
            f"volume must be a Volume, got {type(volume).__name__}"
        )
    path = Path(path)
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        raise ValueError(
            f"path must end in .nii or .nii.gz, got {path.name}"
        )
    image = nibabel.Nifti1Image(
        _writable(volume.values).T, _TURN @ volume.affine @ _REVERSE
    )
    image.header.set_xyzt_units("mm")
    # nibabel goes by the name's ending, which a temporary name has not
    content = image.to_bytes()
    if path.name.lower().endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _writable(values: NDArray) -> NDArray:
    """The values in a type that programs read everywhere."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.itemsize < 8 or values.dtype.kind not in "ui":
        return values
    smallest, largest = values.min(initial=0), values.max(initial=0)
    for fits in (np.uint8, np.int16, np.int32):
        limits = np.iinfo(fits)
        if limits.min <= smallest and largest <= limits.max:
            return values.astype(fits)
    raise ValueError(
        "volume must hold integers of at most 32 bits, got values from "
        f"{smallest} to {largest}"
    )
