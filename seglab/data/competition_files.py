"""Write the folder of the bones competition.

It has the layout that such competitions have, and is made from the
simulated radiographs that come with the package, so its "patients" are
deformations of one person; see ``seglab.data.radiographs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from seglab.data._tables import import_pandas
from seglab.data.competition import CLASS_NAMES
from seglab.data.formats.labelme import LabelledImage, write_labelme
from seglab.data.formats.polygons import (
    Polygon,
    mask_to_polygons,
    polygon_area,
    polygons_to_mask,
    simplify,
)
from seglab.data.formats.rle import encode_columns
from seglab.data.radiographs import Radiographs, load_radiographs
from seglab.data.virtual_patients import shot, virtual_patient
from seglab.files import replacing

if TYPE_CHECKING:
    import pandas as pd

_LUNGS = "lungs_above_diaphragm"
_TEST_PATIENTS = 12
_OUTLINE_TOLERANCE = 0.5  # pixels that an outline may cut a corner by
_SMALLEST_PART = 4.0  # square pixels; nobody outlines less


def write_competition(
    folder: str | Path, *, patients: int | None = None
) -> Path:
    """Write the competition's files into a folder.

    ``train/images/*.png``, ``train/labels/*.json`` (polygons as LabelMe
    writes them), ``test/images/*.png``, ``about.csv``,
    ``sample_submission.csv`` and, for the scorer alone, ``solution.csv``.

    Args:
        folder: made if it is missing.
        patients: how many virtual patients, 4 or more; all if None. The
            last quarter of them is the test part.

    Returns:
        The folder.

    Raises:
        ValueError: there are fewer than four or not so many.

    Convention:
        An outline follows pixel edges within half a pixel, holes are
        filled and specks under 4 square pixels are left out: a person who
        outlines does the same. The truth *is* the polygon.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = write_competition(place, patients=4)
    ...     sorted(path.name for path in folder.iterdir())[:3]
    ['about.csv', 'sample_submission.csv', 'solution.csv']
    """
    films = load_radiographs()
    count = _checked_count(patients, len(np.unique(films.patient)))
    place = Path(folder)
    chosen = np.flatnonzero(films.patient < count).astype(np.int64)
    test = films.patient[chosen] >= count - count * _TEST_PATIENTS // 48
    outlines = _all_outlines(films, chosen)
    _write_table(place / "about.csv", _about(films, chosen))
    for index, in_test, shapes in zip(chosen, test, outlines, strict=True):
        part = place / ("test" if in_test else "train")
        name = _image_name(films, index)
        _write_image(part / "images" / name, films.images[index])
        if not in_test:
            _write_labels(part, name, films, shapes)
    _write_solution(
        place,
        [_image_name(films, index) for index in chosen[test]],
        [shapes for shapes, t in zip(outlines, test, strict=True) if t],
        films.images.shape[1:],
    )
    return place


def _checked_count(patients: int | None, there: int) -> int:
    count = there if patients is None else patients
    if not 4 <= count <= there:
        raise ValueError(
            f"patients must be from 4 to {there}, got {patients}"
        )
    return count


def _image_name(films: Radiographs, index: int | np.int64) -> str:
    return f"p{films.patient[index]:02d}_{films.shot[index]}.png"


def _all_outlines(
    films: Radiographs, chosen: NDArray[np.int64]
) -> list[dict[str, list[Polygon]]]:
    """For every chosen film: class name to its outlines."""
    outlines: list[dict[str, list[Polygon]]] = [{} for _ in chosen]
    for name in CLASS_NAMES:
        masks = films.mask(_LUNGS if name == "lungs" else name)[chosen]
        for shapes, mask in zip(outlines, masks, strict=True):
            shapes[name] = _outline(mask)
    return outlines


def _outline(mask: NDArray[np.bool_]) -> list[Polygon]:
    # no hole lies outside the mask's box, and the box is quick to fill
    (box,) = ndimage.find_objects(mask.astype(np.uint8))
    filled = mask.copy()
    filled[box] = ndimage.binary_fill_holes(mask[box])
    exact = sorted(mask_to_polygons(filled), key=polygon_area)
    worth = [p for p in exact if polygon_area(p) >= _SMALLEST_PART]
    return simplify(worth or exact[-1:], _OUTLINE_TOLERANCE)


def _about(films: Radiographs, chosen: NDArray[np.int64]) -> pd.DataFrame:
    """What a hospital would know of the picture beside the picture."""
    rows = []
    for index in chosen:
        patient = virtual_patient(int(films.patient[index]))
        rows.append(
            {
                "image": _image_name(films, index),
                "patient": f"p{films.patient[index]:02d}",
                "chest_height": round(float(patient.scale[0]), 3),
                "chest_width": round(float(patient.scale[2]), 3),
                "distance_mm": round(shot(int(index)).distance_mm),
            }
        )
    return import_pandas().DataFrame(rows)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with replacing(path) as part:
        table.to_csv(part, index=False)


def _write_image(path: Path, image: NDArray[np.uint8]) -> None:
    with replacing(path) as part:
        Image.fromarray(image).save(part, format="PNG")


def _write_labels(
    part: Path,
    name: str,
    films: Radiographs,
    shapes: dict[str, list[Polygon]],
) -> None:
    pairs = [(label, p) for label, found in shapes.items() for p in found]
    height, width = films.images.shape[1:]
    labelled = LabelledImage(
        path=part / "images" / name,
        size=(height, width),
        labels=tuple(label for label, _ in pairs),
        polygons=tuple(polygon for _, polygon in pairs),
    )
    path = (part / "labels" / name).with_suffix(".json")
    write_labelme(path, labelled)


def _write_solution(
    folder: Path,
    images: Sequence[str],
    outlines: Sequence[dict[str, list[Polygon]]],
    shape: tuple[int, ...],
) -> None:
    """The scorer's file, and a submission of nothing as an example."""
    rows = [
        (image, name, encode_columns(polygons_to_mask(polygons, shape)))
        for image, shapes in zip(images, outlines, strict=True)
        for name, polygons in shapes.items()
    ]
    columns = ["image", "class", "rle"]
    solution = import_pandas().DataFrame(rows, columns=columns)
    _write_table(folder / "solution.csv", solution)
    _write_table(
        folder / "sample_submission.csv", solution.assign(rle="1 1")
    )
