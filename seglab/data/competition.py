"""The bones competition: overlapping structures on radiographs.

``competition_files.write_competition`` makes the folder that is read here:
pictures, one polygon file for each training picture, a table about all of
them, and a sample submission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seglab.data._tables import import_pandas
from seglab.data.formats.labelme import read_labelme

if TYPE_CHECKING:
    import pandas as pd

CLASS_NAMES = (
    *(
        f"rib_{side}_{n}"
        for side in ("left", "right")
        for n in range(1, 13)
    ),
    "vertebrae",
    "heart",
    "lungs",
)

BoolMasks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CompetitionPart:
    """Pictures of the competition, with masks if it is the training part.

    Attributes:
        images: uint8 [N, H, W].
        masks: bool [N, K, H, W], or None for the test part; they overlap.
        about: pandas table of N rows: image, patient, chest_height,
            chest_width (relative to the scan) and distance_mm.
        names: the K classes.
    """

    images: NDArray[np.uint8]
    masks: BoolMasks | None
    about: pd.DataFrame
    names: tuple[str, ...] = CLASS_NAMES

    def __len__(self) -> int:
        return len(self.images)


def read_training_part(folder: str | Path) -> CompetitionPart:
    """Read the training pictures and rasterise their polygons.

    Args:
        folder: where `write_competition` wrote.

    Returns:
        The part, one mask per class; polygons of one class are united.

    Raises:
        FileNotFoundError: the folder or one of its files is missing.
        ValueError: a polygon carries a label that is no class.
    """
    about = _read_about(folder, "train")
    labels = Path(folder) / "train" / "labels"
    masks = [
        read_labelme((labels / name).with_suffix(".json")).masks(
            CLASS_NAMES
        )
        for name in about["image"]
    ]
    images = _read_images(folder, "train", about["image"])
    return CompetitionPart(images, np.stack(masks), about)


def read_test_part(folder: str | Path) -> CompetitionPart:
    """Read the test pictures, which have no masks.

    Raises:
        FileNotFoundError: the folder or one of its files is missing.
    """
    about = _read_about(folder, "test")
    images = _read_images(folder, "test", about["image"])
    return CompetitionPart(images, None, about)


def _read_about(folder: str | Path, part: str) -> pd.DataFrame:
    about = import_pandas().read_csv(Path(folder) / "about.csv")
    images = Path(folder) / part / "images"
    there = {path.name for path in images.glob("*.png")}
    if not there:
        raise FileNotFoundError(
            f"{images} holds no pictures: write_competition makes them"
        )
    return about[about["image"].isin(there)].reset_index(drop=True)


def _read_images(
    folder: str | Path, part: str, names: Sequence[str]
) -> NDArray[np.uint8]:
    images = Path(folder) / part / "images"
    return np.stack([np.asarray(Image.open(images / n)) for n in names])
