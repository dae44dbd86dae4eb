"""albumentations pipelines, one a domain, and what each may be used for.

They need albumentations 2, whose last MIT release is 2.0.8; its successor
AlbumentationsX is under the AGPL. A pipeline alone takes NumPy arrays:
``pipeline(image=image, mask=mask)``, or ``masks=`` for layers [K, H, W].
Training goes through
:class:`~seglab.data.augment.tensors.TensorAugment`, which minds the seeds.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

from seglab.extras import optional

if TYPE_CHECKING:
    import albumentations


def natural(*, mask_fill: int = 0) -> albumentations.Compose:
    """Photographs: mirrored, moved, in another light.

    Safe for:
        everyday scenes in RGB, where left and right are alike.

    Not for:
        anything with a side: text, traffic signs, driving on one side of
        the road, medical images. Nothing is turned upside down, since
        gravity is not; nothing loses its colour, since sky and grass
        would lose their names.

    Args:
        mask_fill: label of what moves in from outside the image; 255, say,
            to ignore it. The image is black there.

    Raises:
        ValueError: a fill that is not from 0 to 255.
        ImportError: albumentations is not installed.

    >>> import numpy as np
    >>> image = np.zeros((8, 8, 3), np.uint8)
    >>> out = natural()(image=image, mask=image[..., 0])
    >>> out["image"].shape, out["mask"].shape
    ((8, 8, 3), (8, 8))
    """
    A = _albumentations(mask_fill)
    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.Affine(
                scale=(0.75, 1.33),
                translate_percent=(-0.1, 0.1),
                rotate=(-10, 10),
                fill_mask=mask_fill,
                p=0.8,
            ),
            A.ColorJitter(
                brightness=(0.7, 1.3),
                contrast=(0.7, 1.3),
                saturation=(0.7, 1.3),
                hue=(-0.03, 0.03),
                p=0.8,
            ),
            A.GaussianBlur(sigma_limit=(0.3, 1.0), p=0.1),
        ]
    )


def radiograph(*, mask_fill: int = 0) -> albumentations.Compose:
    """Radiographs: another stance, another exposure.

    Safe for:
        projections of one view, uint8 or float in [0, 1], grey.

    Not for:
        a measured angle (of the spine, say), which a rotation changes, or
        grey levels that are a measurement (bone density). Nothing is
        flipped: the heart would lie on the right. Nothing is warped: the
        outline of heart or rib is what is measured.

    Args:
        mask_fill: as for :func:`natural`.

    Raises:
        ValueError, ImportError: as :func:`natural`.

    >>> import numpy as np
    >>> film = np.full((8, 8), 0.5, np.float32)
    >>> radiograph()(image=film)["image"].dtype
    dtype('float32')
    """
    A = _albumentations(mask_fill)
    return A.Compose(
        [
            A.Affine(
                scale=(0.85, 1.18),
                translate_percent=(-0.08, 0.08),
                rotate=(-10, 10),
                fill_mask=mask_fill,
                p=0.9,
            ),
            A.RandomBrightnessContrast(0.2, 0.2, p=0.7),
            A.RandomGamma((75, 130), p=0.5),
            A.GaussNoise(std_range=(0.0, 0.04), p=0.5),
            A.GaussianBlur(sigma_limit=(0.3, 0.8), p=0.1),
        ]
    )


def ct_slice(*, mask_fill: int = 0) -> albumentations.Compose:
    """Windowed CT slices: another place on the table, a little noise.

    Safe for:
        axial slices after :func:`~seglab.data.chest.window`, float32 in
        [0, 1] with one channel, 0 being air.

    Not for:
        raw Hounsfield units, which lie outside [0, 1] and would be cut.
        Grey levels hardly move, since they mean tissue: no gamma, no hue.
        Nothing is flipped: the liver is on one side. Nothing is warped or
        sheared: areas and diameters are what is measured.

    Args:
        mask_fill: as for :func:`natural`.

    Raises:
        ValueError, ImportError: as :func:`natural`.

    >>> import numpy as np
    >>> slice_ = np.zeros((8, 8), np.float32)
    >>> ct_slice()(image=slice_)["image"].shape
    (8, 8)
    """
    A = _albumentations(mask_fill)
    return A.Compose(
        [
            A.Affine(
                scale=(0.9, 1.11),
                translate_percent=(-0.05, 0.05),
                rotate=(-8, 8),
                fill_mask=mask_fill,
                p=0.9,
            ),
            A.RandomBrightnessContrast(0.03, 0.05, p=0.5),
            A.GaussNoise(std_range=(0.0, 0.03), p=0.5),
            A.GaussianBlur(sigma_limit=(0.3, 0.8), p=0.2),
        ]
    )


def microscopy(*, mask_fill: int = 0) -> albumentations.Compose:
    """Microscopy: any side up, another focus, a slightly other stain.

    Safe for:
        cells and tissue without an up or a left, RGB or grey, in square
        tiles (a quarter turn swaps the sides of others).

    Not for:
        layered tissue cut in a fixed direction, or colour that is the
        label (one stain against another, channels of fluorescence): even
        the small shift of hue here may be too much. Nothing is warped:
        the shape of a cell may be the diagnosis.

    Args:
        mask_fill: as for :func:`natural`.

    Raises:
        ValueError, ImportError: as :func:`natural`.

    >>> import numpy as np
    >>> tile, layers = np.zeros((8, 8, 3), np.uint8), np.ones((2, 8, 8))
    >>> microscopy()(image=tile, masks=layers)["masks"].shape
    (2, 8, 8)
    """
    A = _albumentations(mask_fill)
    return A.Compose(
        [
            A.D4(p=1.0),
            A.Affine(
                scale=(0.8, 1.25),
                rotate=(-45, 45),
                fill_mask=mask_fill,
                p=0.5,
            ),
            A.ColorJitter(
                brightness=(0.8, 1.2),
                contrast=(0.8, 1.2),
                saturation=(0.8, 1.2),
                hue=(-0.02, 0.02),
                p=0.7,
            ),
            A.GaussianBlur(sigma_limit=(0.3, 1.2), p=0.2),
            A.GaussNoise(std_range=(0.0, 0.03), p=0.3),
        ]
    )


def _albumentations(mask_fill: int) -> ModuleType:
    """The library, which would look for a newer self in the network."""
    if not 0 <= mask_fill <= 255 or isinstance(mask_fill, bool):
        raise ValueError(f"mask_fill must be 0 to 255, got {mask_fill}")
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    return optional("albumentations", "a pipeline", "augment")
