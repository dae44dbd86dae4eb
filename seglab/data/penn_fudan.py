"""The Penn-Fudan pictures of pedestrians, once they are downloaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from seglab.data._instance_pictures import (
    BoolArray,
    InstancePictures,
    find_root,
)


class PennFudan(InstancePictures):
    """170 street pictures in which 345 pedestrians are outlined.

    Items are (image, target): image float32 [3, H, W] in [0, 1]; target
    with "boxes" float32 [K, 4] xyxy in pixels, right and lower edge one
    past the last pixel, "labels" int64 [K], all 1, and "masks" uint8
    [K, H, W]. The pictures differ in size.

    Args:
        folder: what holds ``PennFudanPed`` or is it; the downloaded set
            if not given.

    Raises:
        FileNotFoundError: the set is not there, or a mask is missing.
        ValueError: on reading, a mask of another size than its picture.

    Convention:
        Pedestrians are in the order of their numbers in the mask; no two
        overlap. Some that are small or hidden are not outlined.

    Source:
        Wang et al., Object Detection Combining Recognition and
        Segmentation, ACCV 2007.

    >>> PennFudan("no such folder")
    Traceback (most recent call last):
    FileNotFoundError: the set penn_fudan is not in no such folder: ...
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        root = find_root(
            folder,
            "penn_fudan",
            ("PennFudanPed",),
            lambda root: (root / "PNGImages").is_dir(),
        )
        super().__init__(sorted((root / "PNGImages").glob("*.png")))
        self.masks = [
            root / "PedMasks" / f"{image.stem}_mask.png"
            for image in self.images
        ]
        missing = [mask for mask in self.masks if not mask.is_file()]
        if missing or not self.images:
            raise FileNotFoundError(
                f"{root} must hold PNGImages and a mask for each, but "
                f"{len(self.images)} picture(s) lack {len(missing)} "
                "mask(s): remove it and run `seglab fetch penn_fudan`"
            )

    def masks_of(self, index: int) -> BoolArray:
        """The masks of one picture's pedestrians, bool [K, H, W]."""
        # not converted: the values are numbers, not grey
        with Image.open(self.masks[index]) as opened:
            numbers = np.asarray(opened)
        present = np.unique(numbers)
        return numbers == present[present > 0][:, None, None]
