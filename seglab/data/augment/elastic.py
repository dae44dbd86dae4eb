"""Elastic warps: tissue gives way, smoothly, and nothing folds."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor


class ElasticWarp:
    """A new smooth warp of image and mask at every call.

    Safe for soft and irregular tissue. Not where shape is what is
    measured, and not for what cannot bend: bones, ribs, implants.

    Args:
        strength: how far the farthest pixel moves, in pixels, 0 or more.
        smoothness: standard deviation of the Gaussian that smooths the
            displacements, in pixels, above 0.
        mask_fill: label of what moves in from outside the image; the
            image is 0 there.

    Raises:
        ValueError: a strength below 0, or a smoothness that is not above
            0.

    Convention:
        Called with image float [C, H, W] and mask [..., H, W]; returns
        both with their types. It follows torch's seed. A strength of a
        quarter of the smoothness, as by default, folds nothing.

    Source:
        Simard et al. 2003; Ronneberger et al. 2015 for segmentation.

    >>> image = torch.rand(1, 64, 64)
    >>> image, mask = ElasticWarp()(image, (image > 0.5).long())
    >>> image.shape, mask.unique().tolist()
    (torch.Size([1, 64, 64]), [0, 1])
    """

    def __init__(
        self,
        *,
        strength: float = 4.0,
        smoothness: float = 16.0,
        mask_fill: int = 0,
    ) -> None:
        _check(strength, smoothness)
        self.strength, self.smoothness = strength, smoothness
        self.mask_fill = mask_fill

    def __call__(
        self, image: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Image and mask, warped alike."""
        displacement = random_displacement(
            (image.shape[-2], image.shape[-1]),
            strength=self.strength,
            smoothness=self.smoothness,
        )
        moved = warp(image, displacement)
        return moved, warp_mask(mask, displacement, fill=self.mask_fill)


def random_displacement(
    size: tuple[int, int],
    *,
    strength: float = 4.0,
    smoothness: float = 16.0,
) -> Tensor:
    """Draw a smooth field of displacements.

    White noise, smoothed by a Gaussian, then scaled so that the longest
    displacement has the length ``strength``.

    Args:
        size: (rows, columns) of the image.
        strength, smoothness: as for :class:`ElasticWarp`.

    Returns:
        float32 [2, H, W], down and right, in pixels: where the pixel of
        the warped image is taken from, relative to its own place.

    Raises:
        ValueError: a size below 1, a strength below 0, or a smoothness
            that is not above 0.

    >>> field = random_displacement((32, 48), strength=3)
    >>> field.shape, round(float(field.norm(dim=0).max()), 4)
    (torch.Size([2, 32, 48]), 3.0)
    """
    _check(strength, smoothness)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size must be (rows, columns), got {size}")
    noise = torch.randn(2, *size, dtype=torch.float64).numpy()
    smooth = torch.from_numpy(
        ndimage.gaussian_filter(noise, (0, smoothness, smoothness))
    )
    longest = smooth.norm(dim=0).max()
    return (smooth * (strength / longest)).float()


def jacobian(displacement: Tensor) -> Tensor:
    """How much the warp magnifies at each place: 1 is unchanged.

    Where it is 0 or less, the warp folds: two places of the new image
    show the same place of the old one, mirrored.

    Args:
        displacement: [2, H, W] of at least 2 rows and columns, as from
            :func:`random_displacement`.

    Returns:
        The Jacobian determinant [H, W], by differences of neighbours.

    Raises:
        ValueError: another shape.

    >>> jacobian(torch.zeros(2, 3, 3)).unique().tolist()
    [1.0]
    """
    shape = tuple(displacement.shape)
    if len(shape) != 3 or shape[0] != 2 or min(shape[1:]) < 2:
        raise ValueError(
            "displacement must be [2, H, W] with H and W of 2 or more, got "
            f"{shape}"
        )
    (down_y, right_y), (down_x, right_x) = (
        torch.gradient(one) for one in displacement
    )
    return (1 + down_y) * (1 + right_x) - right_y * down_x


def warp(image: Tensor, displacement: Tensor) -> Tensor:
    """Move an image by a field, with bilinear interpolation.

    Args:
        image: float [C, H, W].
        displacement: [2, H, W], as from :func:`random_displacement`.

    Raises:
        TypeError: an image that is not float.
        ValueError: shapes that do not fit.

    Convention:
        What lies outside the image is 0.

    >>> image = torch.tensor([[[0.0, 1.0, 0.0]]])
    >>> half = torch.tensor([[[0.0] * 3], [[0.5] * 3]])
    >>> warp(image, half).tolist()
    [[[0.5, 0.5, 0.0]]]
    """
    if not image.is_floating_point():
        raise TypeError(f"image must be float, got {image.dtype}")
    return _sample(image, displacement, "bilinear")


def warp_mask(
    mask: Tensor, displacement: Tensor, *, fill: int = 0
) -> Tensor:
    """Move a mask by a field: each pixel takes its nearest label.

    Args:
        mask: [..., H, W] of any type.
        displacement: [2, H, W], as from :func:`random_displacement`.
        fill: label of what lies outside the image.

    Raises:
        ValueError: shapes that do not fit.

    >>> right = torch.tensor([[[0.0] * 3], [[1.0] * 3]])
    >>> warp_mask(torch.tensor([[1, 2, 3]]), right, fill=255).tolist()
    [[2, 3, 255]]
    """
    # zeros come in from outside, so the fill is made zero; double holds
    # every label
    shifted = mask.to(torch.float64) - fill
    return (_sample(shifted, displacement, "nearest") + fill).to(mask.dtype)


def _sample(values: Tensor, displacement: Tensor, mode: str) -> Tensor:
    if values.ndim < 2 or displacement.shape != (2, *values.shape[-2:]):
        raise ValueError(
            "image or mask must be [..., H, W] and displacement [2, H, W], "
            f"got {tuple(values.shape)} and {tuple(displacement.shape)}"
        )
    height, width = values.shape[-2:]
    field = displacement.to(values)
    rows = torch.arange(height).to(values)[:, None] + field[0]
    columns = torch.arange(width).to(values) + field[1]
    # grid_sample counts from -1 to 1, from edge to edge, x first
    grid = torch.stack(
        [(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1
    )
    layers = values.reshape(1, -1, height, width)
    moved = F.grid_sample(layers, grid[None], mode, align_corners=False)
    return moved.reshape(values.shape)


def _check(strength: float, smoothness: float) -> None:
    if not strength >= 0:
        raise ValueError(f"strength must be 0 or more, got {strength}")
    if not smoothness > 0:
        raise ValueError(f"smoothness must be above 0, got {smoothness}")
