"""Two public sets of chest radiographs with lung masks, as they come.

Montgomery County (138 radiographs) and Shenzhen (662, of which most have
a mask), Jaeger et al., Quantitative Imaging in Medicine and Surgery 4(6),
2014. Nothing is downloaded here: :func:`seglab.data.catalog.fetch` does.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from seglab.data.catalog import find

# MCUCXR_0001_0.png, CHNCXR_0001_0.png: the patient, then 0 for normal and
# 1 for signs of tuberculosis
_NAME = re.compile(r"(?:MCUCXR|CHNCXR)_(\d{4})_([01])")


class _Radiographs(Dataset[dict[str, Any]]):
    """What both sets share: a list of images and the masks of each."""

    def __init__(self, size: tuple[int, int] | None) -> None:
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(
                f"size must be (height, width) in pixels, got {size!r}"
            )
        self.size = size
        self.images: list[Path] = []
        self.masks: list[tuple[Path, ...]] = []

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict[str, Any]:
        path = self.images[index]
        patient, finding = _parse(path)
        image = _read_image(path)
        mask = np.zeros(image.shape, bool)
        for part in self.masks[index]:
            mask |= _read_mask(part, image.shape)
        if self.size is not None:
            image, mask = _resize(image, mask, self.size)
        return {
            "image": torch.from_numpy(image)[None],
            "mask": torch.from_numpy(mask),
            "name": path.stem,
            "patient": patient,
            "normal": finding == 0,
        }


class Montgomery(_Radiographs):
    """The Montgomery County set: 138 radiographs with lung masks.

    Items are dictionaries: ``image`` float32 [1, H, W] in [0, 1], ``mask``
    bool [H, W] (both lungs), ``name``, ``patient`` (a number) and
    ``normal`` (False with signs of tuberculosis).

    Args:
        folder: what holds ``MontgomerySet`` or is it; the downloaded set
            if not given.
        size: (height, width) to resize to, in pixels; images are 4,020 x
            4,892 or 4,892 x 4,020.

    Raises:
        FileNotFoundError: the set is not there, or a mask is missing.
        ValueError: ``size`` is no size.

    Convention:
        The masks show the lungs above the diaphragm; left is the
        patient's left. Grey values of 8 bits are divided by 255, of 12
        bits by 4,095 and of 16 bits by 65,535.

    >>> Montgomery("no such folder")
    Traceback (most recent call last):
    FileNotFoundError: the Montgomery set is not in no such folder: ...
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(size)
        root = _root(folder, "montgomery", "MontgomerySet")
        self.images = _list_images(root, "MCUCXR")
        left = root / "ManualMask" / "leftMask"
        right = root / "ManualMask" / "rightMask"
        self.masks = [(left / i.name, right / i.name) for i in self.images]
        both = [mask for pair in self.masks for mask in pair]
        missing = [mask for mask in both if not mask.is_file()]
        if missing:
            raise FileNotFoundError(
                f"{len(missing)} mask(s) of the Montgomery set are "
                f"missing, the first is {missing[0]}; remove {root} and "
                "run `seglab fetch montgomery`"
            )

    @staticmethod
    def is_available(folder: str | Path | None = None) -> bool:
        """Whether the set is on this machine."""
        return _find_root(folder, "montgomery", "MontgomerySet") is not None


class Shenzhen(_Radiographs):
    """The Shenzhen set: the radiographs that have a lung mask.

    The National Library of Medicine publishes the 662 radiographs. The
    lung masks come from others (Stirenko et al. 2018) and need an account
    at Kaggle (``yoctoman/shcxr-lung-mask``): unpack them as ``mask``
    beside ``CXR_png``. Items are those of :class:`Montgomery`.

    Args:
        folder: what holds ``ChinaSet_AllFiles`` or is it; the downloaded
            set if not given.
        size: (height, width) to resize to, in pixels.

    Raises:
        FileNotFoundError: the set or its masks are not there.
        ValueError: ``size`` is no size.

    Convention:
        Radiographs without a mask are left out.

    >>> Shenzhen("no such folder")
    Traceback (most recent call last):
    FileNotFoundError: the Shenzhen set is not in no such folder: ...
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(size)
        root = _root(folder, "shenzhen", "ChinaSet_AllFiles")
        for image in _list_images(root, "CHNCXR"):
            mask = _shenzhen_mask(root, image)
            if mask is not None:
                self.images.append(image)
                self.masks.append((mask,))
        if not self.images:
            raise FileNotFoundError(
                f"{root} holds radiographs but no lung masks: get them "
                "from Kaggle (yoctoman/shcxr-lung-mask) and unpack them "
                f"as {root / 'mask'}"
            )

    @staticmethod
    def is_available(folder: str | Path | None = None) -> bool:
        """Whether the set and lung masks for it are on this machine."""
        root = _find_root(folder, "shenzhen", "ChinaSet_AllFiles")
        return root is not None and any(
            _shenzhen_mask(root, image)
            for image in (root / "CXR_png").glob("CHNCXR_*.png")
        )


def is_available() -> bool:
    """Whether real radiographs (the Montgomery set) are on this machine.

    >>> is_available() in (True, False)
    True
    """
    return Montgomery.is_available()


def _find_root(
    folder: str | Path | None, name: str, top: str
) -> Path | None:
    base = find(name) if folder is None else Path(folder)
    if base is None:
        return None
    for root in (base / top, base):
        if (root / "CXR_png").is_dir():
            return root
    return None


def _root(folder: str | Path | None, name: str, top: str) -> Path:
    root = _find_root(folder, name, top)
    if root is None:
        where = "the cache folder" if folder is None else folder
        raise FileNotFoundError(
            f"the {name.capitalize()} set is not in {where}: run "
            f"`seglab fetch {name}`, or name the folder that holds {top}"
        )
    return root


def _list_images(root: Path, prefix: str) -> list[Path]:
    images = sorted(
        path
        for path in (root / "CXR_png").glob(f"{prefix}_*.png")
        if _NAME.fullmatch(path.stem)
    )
    if not images:
        raise FileNotFoundError(
            f"{root / 'CXR_png'} holds no {prefix}_NNNN_N.png"
        )
    return images


def _shenzhen_mask(root: Path, image: Path) -> Path | None:
    name = f"{image.stem}_mask.png"
    # the archive of the masks holds a folder in a folder
    for folder in (root / "mask", root / "mask" / "mask"):
        if (folder / name).is_file():
            return folder / name
    return None


def _parse(path: Path) -> tuple[int, int]:
    matched = _NAME.fullmatch(path.stem)
    assert matched is not None  # _list_images takes no others
    return int(matched[1]), int(matched[2])


def _read_image(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        wide = opened.mode.startswith("I")
        grey = np.asarray(opened if wide else opened.convert("L"))
    top = 255
    if wide:
        # radiographs of 12 bits are kept in files of 16
        top = 4095 if grey.max() <= 4095 else 65535
    return grey.astype(np.float32) / np.float32(top)


def _read_mask(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    with Image.open(path) as opened:
        grey = np.asarray(opened.convert("L"))
    if grey.shape != shape:
        raise ValueError(
            f"{path.name} must have the size of its radiograph, {shape}, "
            f"got {grey.shape}"
        )
    # 0/1 and 0/255 both occur
    return grey > grey.max() / 2


def _resize(
    image: np.ndarray, mask: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Averages pixels for both: nearest would drop thin parts of a mask."""
    height, width = size
    small, share = (
        np.asarray(
            Image.fromarray(array.astype(np.float32)).resize(
                (width, height), Image.Resampling.BOX
            )
        )
        for array in (image, mask)
    )
    return np.clip(small, 0, 1), share >= 0.5
