"""Give tensors to an albumentations pipeline, seeded by torch."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    import albumentations


class TensorAugment:
    """An albumentations pipeline for tensors that follows torch's seed.

    Every call draws its seed from torch's random numbers. So a run with
    the same seed sees the same pictures, every item and every epoch sees
    another change, and the workers of a ``DataLoader``, which torch seeds
    apart, do not repeat each other. A pipeline with a ``seed`` of its own
    is copied into every worker with the same state.

    Args:
        pipeline: what :func:`~seglab.data.augment.pipelines.ct_slice` and
            the others return, or an ``albumentations.Compose`` of your own.

    Raises:
        TypeError: a pipeline that is no ``albumentations.Compose``.

    Convention:
        Called with image [C, H, W], float in [0, 1] or uint8, and mask,
        integer [H, W] or layers [K, H, W] of any type; returns both with
        their types. Masks move by nearest neighbour: no label appears
        that was not there, but for the fill.

    >>> from seglab.data.augment.pipelines import ct_slice
    >>> augment = TensorAugment(ct_slice(mask_fill=255))
    >>> image, mask = torch.rand(1, 16, 16), torch.ones(16, 16).long()
    >>> image, mask = augment(image, mask)
    >>> image.dtype, mask.dtype, set(mask.unique().tolist()) <= {1, 255}
    (torch.float32, torch.int64, True)
    """

    def __init__(self, pipeline: albumentations.Compose) -> None:
        if not callable(getattr(pipeline, "set_random_state", None)):
            raise TypeError(
                "pipeline must be an albumentations Compose, got "
                f"{type(pipeline).__name__}"
            )
        self.pipeline = pipeline

    def __call__(
        self, image: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Image and mask, changed alike.

        Raises:
            TypeError: an image that is neither float nor uint8.
            ValueError: shapes that do not fit, a float image outside
                [0, 1], or a label above 2**24.
        """
        _check_pair(image, mask)
        seed = int(torch.randint(2**31, ()))
        # one stream for all steps: set_random_seed gives each step the
        # same, and what is drawn with it then happens together
        self.pipeline.set_random_state(
            np.random.default_rng(seed), random.Random(seed)
        )
        target = "mask" if mask.ndim == 2 else "masks"
        found = self.pipeline(
            image=_channels_last(image), **{target: _drawable(mask)}
        )
        return (
            _channels_first(found["image"]).to(image.dtype),
            torch.from_numpy(found[target].copy()).to(mask.dtype),
        )


def _channels_last(image: Tensor) -> NDArray[Any]:
    array = image.detach().cpu().numpy()
    if array.dtype != np.uint8:
        array = array.astype(np.float32)
    return np.ascontiguousarray(np.moveaxis(array, 0, -1))


def _channels_first(image: NDArray[Any]) -> Tensor:
    if image.ndim == 2:
        image = image[..., None]
    return torch.from_numpy(np.moveaxis(image, -1, 0).copy())


def _drawable(mask: Tensor) -> NDArray[Any]:
    """In a type that OpenCV moves."""
    array = mask.detach().cpu().numpy()
    if array.dtype == bool or array.dtype == np.uint8:
        return array.astype(np.uint8)
    if array.dtype.kind in "ui" and np.abs(array).max() > 2**24:
        raise ValueError(
            "mask must hold labels up to 2**24, which float32 keeps apart, "
            f"got {array.min()} to {array.max()}"
        )
    return array.astype(np.float32)


def _check_pair(image: Tensor, mask: Tensor) -> None:
    if not (image.is_floating_point() or image.dtype == torch.uint8):
        raise TypeError(f"image must be float or uint8, got {image.dtype}")
    if (
        image.ndim != 3
        or mask.ndim not in (2, 3)
        or not image.numel()
        or image.shape[1:] != mask.shape[-2:]
    ):
        raise ValueError(
            "image must be [C, H, W] and mask [H, W] or [K, H, W] of the "
            f"same H and W, got {tuple(image.shape)} and "
            f"{tuple(mask.shape)}"
        )
    # a NaN is not in the range either
    if image.is_floating_point() and not (
        image.min() >= 0 and image.max() <= 1
    ):
        raise ValueError("image must be in [0, 1]: window or divide it")
