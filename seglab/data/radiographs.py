"""Simulated chest radiographs of virtual patients, ready to train on.

They were rendered by ``recipes/render_radiographs.py`` from one real CT:
LIDC-IDRI-0001 of The Cancer Imaging Archive (Armato et al., 2011; Creative
Commons Attribution 3.0 Unported), with labels made by TotalSegmentator
(Wasserthal et al., 2023). Every virtual patient is a smooth deformation
of that one patient: splitting by virtual patient keeps the shots of one
deformation together, and says nothing about other people.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# a fixed date keeps the file's bytes equal from run to run
_DATE = (1980, 1, 1, 0, 0, 0)
_FILE = Path(__file__).parent / "files" / "radiographs.npz"


@dataclass(frozen=True, eq=False)
class Radiographs:
    """Films with all their masks; masks are unpacked when you ask.

    Attributes:
        images: uint8 [N, H, W]; dense is bright, and the virtual
            patient's right is on the left.
        patient: int64 [N], the virtual patient; split by it.
        shot: int64 [N], the shot of that virtual patient, from 0.
            ``projection.render`` makes film i from seeds ``patient[i]``
            and i.
        names: what ``mask`` knows. Three definitions of the lungs:
            ``lungs_silhouette`` (any lung on the ray),
            ``lungs_above_diaphragm`` (without what lies behind the dome
            of the diaphragm) and ``lungs_clear`` (without the heart's
            shadow too); ``heart``; ``rib_left_1`` to ``rib_right_12``;
            ``vertebra_C7`` and others; the unions ``ribs`` and
            ``vertebrae``.
        spacing_mm: pixel size (row, column) in the middle of the chest.
        packed: uint8 [N, K, H, W / 8], the masks eight pixels a byte.
    """

    images: NDArray[np.uint8]
    patient: NDArray[np.int64]
    shot: NDArray[np.int64]
    names: tuple[str, ...]
    spacing_mm: tuple[float, float]
    packed: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.images)

    def mask(self, name: str) -> NDArray[np.bool_]:
        """One structure on every film: bool [N, H, W].

        Raises:
            ValueError: no mask has that name.

        >>> films = load_radiographs()
        >>> films.mask("heart").shape == films.images.shape
        True
        """
        if name not in self.names:
            raise ValueError(
                f"name must be one of {', '.join(self.names)}; got {name!r}"
            )
        bits = self.packed[:, self.names.index(name)]
        width = self.images.shape[-1]
        return np.unpackbits(bits, axis=-1, count=width).astype(bool)

    def masks(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Several structures on every film: bool [N, K, H, W].

        Raises:
            ValueError: no mask has one of the names, or there is none.

        >>> films = load_radiographs()
        >>> films.masks(["heart", "ribs"]).shape[1]
        2
        """
        if isinstance(names, str) or not len(names):
            raise ValueError(
                f"names must be a sequence of mask names, got {names!r}"
            )
        return np.stack([self.mask(name) for name in names], axis=1)


def load_radiographs() -> Radiographs:
    """Load the simulated radiographs that come with the package.

    Takes well under a second and needs neither network nor CT.

    Raises:
        FileNotFoundError: the file is missing from the installation.
        ValueError: the file is damaged.

    >>> films = load_radiographs()
    >>> films.images.shape[1:], films.images.dtype
    ((192, 192), dtype('uint8'))
    """
    return read_radiographs(_FILE)


def read_radiographs(path: str | Path) -> Radiographs:
    """Read a file that `write_radiographs` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or something else.

    >>> len(read_radiographs(_FILE)) == len(load_radiographs())
    True
    """
    try:
        with np.load(path) as stored:
            about = json.loads(stored["about"].item())
            return Radiographs(
                images=_undo_differences(stored["images"]),
                patient=stored["patient"].astype(np.int64),
                shot=stored["shot"].astype(np.int64),
                names=tuple(about["names"]),
                spacing_mm=(about["spacing_mm"][0], about["spacing_mm"][1]),
                packed=stored["masks"],
            )
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} is missing: install seglab again, or run "
            "`python recipes/render_radiographs.py` in a checkout"
        ) from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        EOFError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(
            f"{path} is damaged or holds no radiographs ({error}); "
            "install seglab again"
        ) from error


def write_radiographs(path: str | Path, films: Radiographs) -> None:
    """Write radiographs small: equal input gives equal bytes.

    Images are stored as differences of neighbours, masks as bits, both
    deflated, in an ordinary npz file.

    >>> import tempfile
    >>> image, one = np.zeros((1, 8, 8), np.uint8), np.zeros(1, np.int64)
    >>> packed = np.zeros((1, 1, 8, 1), np.uint8)
    >>> films = Radiographs(image, one, one, ("heart",), (1, 1), packed)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_radiographs(Path(folder) / "films.npz", films)
    ...     read_radiographs(Path(folder) / "films.npz").names
    ('heart',)
    """
    about = {"names": films.names, "spacing_mm": films.spacing_mm}
    arrays: dict[str, NDArray[np.generic]] = {
        "images": _differences(films.images),
        "masks": films.packed,
        "patient": films.patient.astype(np.int16),
        "shot": films.shot.astype(np.int16),
        "about": np.array(json.dumps(about)),
    }
    target = Path(path)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            for name, values in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", _DATE)
                content = io.BytesIO()
                np.lib.format.write_array(content, values)
                archive.writestr(
                    entry, content.getvalue(), zipfile.ZIP_DEFLATED, 9
                )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _differences(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Differences down and across, modulo 256: smooth becomes small."""
    down = np.diff(images, axis=1, prepend=np.uint8(0))
    return np.diff(down, axis=2, prepend=np.uint8(0))


def _undo_differences(stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    down = np.cumsum(stored, axis=2, dtype=np.uint8)
    return np.cumsum(down, axis=1, dtype=np.uint8)
