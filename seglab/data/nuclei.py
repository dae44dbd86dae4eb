"""Nuclei under the microscope, of many kinds, once downloaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from seglab.data._instance_pictures import (
    BoolArray,
    InstancePictures,
    find_root,
)


class Nuclei(InstancePictures):
    """BBBC038: the training pictures of the 2018 Data Science Bowl.

    670 pictures of stained cells, fluorescent or in bright light. Items
    are those of :class:`~seglab.data.penn_fudan.PennFudan`.

    Args:
        folder: what holds the pictures' folders, or ``stage1_train``
            with them; the downloaded set if not given.

    Raises:
        FileNotFoundError: the set is not there, or a picture is missing.
        ValueError: on reading, masks of another size than their picture.

    Convention:
        Each nucleus has a file of its own; files are in order of their
        names. Pictures of one experiment look alike and nothing says
        which belong together: group those of the same size and colour
        before you split.

    Source:
        Caicedo et al., Nucleus segmentation across imaging experiments:
        the 2018 Data Science Bowl, Nature Methods 16, 2019.

    >>> Nuclei("no such folder")
    Traceback (most recent call last):
    FileNotFoundError: the set nuclei is not in no such folder: ...
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        root = find_root(
            folder,
            "nuclei",
            ("stage1_train",),
            lambda root: any(root.glob("*/masks")),
        )
        folders = sorted(path.parent for path in root.glob("*/masks"))
        super().__init__(
            [one / "images" / f"{one.name}.png" for one in folders]
        )
        missing = [path for path in self.images if not path.is_file()]
        if missing:
            raise FileNotFoundError(
                f"{len(missing)} picture(s) of the nuclei are missing, the "
                f"first is {missing[0]}; remove {root} and run `seglab "
                "fetch nuclei`"
            )

    def masks_of(self, index: int) -> BoolArray:
        """The masks of one picture's nuclei, bool [K, H, W]."""
        folder = self.images[index].parent.parent / "masks"
        masks = []
        for path in sorted(folder.glob("*.png")):
            with Image.open(path) as opened:
                masks.append(np.asarray(opened.convert("L")) > 127)
        if not masks:
            with Image.open(self.images[index]) as opened:
                return np.zeros((0, *opened.size[::-1]), bool)
        if len({mask.shape for mask in masks}) > 1:
            raise ValueError(f"the masks in {folder} must be of one size")
        return np.stack(masks)
