"""Random changes of image and mask together."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2


class RadiographAugment:
    """Another position and another exposure of a radiograph.

    Position changes the mask too, exposure the image alone. Nothing is
    flipped: a flip would move the heart to the other side.

    Args:
        degrees: largest rotation either way.
        shift: largest move, as a share of the side.
        zoom: smallest and largest factor on the size.
        exposure: how far brightness and contrast may move from 1.
        noise: largest standard deviation of added noise.

    Shapes: image float [1, H, W] in [0, 1] and mask [..., H, W], to the
    same.

    >>> image = torch.rand(1, 32, 32)
    >>> image, mask = RadiographAugment()(image, (image > 0.5).float())
    >>> image.shape, mask.unique().tolist()
    (torch.Size([1, 32, 32]), [0.0, 1.0])
    """

    def __init__(
        self,
        *,
        degrees: float = 10.0,
        shift: float = 0.08,
        zoom: tuple[float, float] = (0.8, 1.2),
        exposure: float = 0.3,
        noise: float = 0.04,
    ) -> None:
        self.position = v2.RandomAffine(degrees, (shift, shift), zoom)
        self.exposure = v2.ColorJitter(exposure, exposure)
        self.noise = noise

    def __call__(
        self, image: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        image, mask = self.position(
            tv_tensors.Image(image), tv_tensors.Mask(mask)
        )
        image = self.exposure(image).as_subclass(torch.Tensor)
        strength = self.noise * torch.rand(1)
        image = image + strength * torch.randn_like(image)
        return image.clamp(0, 1), mask.as_subclass(torch.Tensor)
