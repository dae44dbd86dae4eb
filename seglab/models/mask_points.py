"""Where predicted and true masks are compared: everywhere, or at points.

Source of the sampled points: A. Kirillov et al., "PointRend: Image
Segmentation as Rendering", CVPR 2020, as used by Mask2Former.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.models.layers import resize


class MaskPoints(Protocol):
    """Turns maps of logits and masks into rows of values to compare."""

    def shared(
        self, logits: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The same places for all masks of one image, for matching.

        Shapes: logits [Q, h, w] and masks [T, H, W] to values [Q, P] and
        [T, P].
        """
        ...

    def paired(
        self, logits: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Places of each matched pair, for the loss.

        Shapes: logits [M, h, w] and masks [M, H, W] to values [M, P] each.
        """
        ...


class EveryPixel:
    """Compare at every pixel of the true masks.

    Exact, and dear for large images: every query becomes as large as the
    image.

    >>> logits, masks = torch.zeros(3, 2, 2), torch.ones(1, 4, 5)
    >>> [tuple(v.shape) for v in EveryPixel().shared(logits, masks)]
    [(3, 20), (1, 20)]
    """

    def shared(
        self, logits: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """All pixels; see :class:`MaskPoints`."""
        full = resize(logits[:, None], masks.shape[-2:])
        return full.flatten(1), masks.to(logits.dtype).flatten(1)

    paired = shared


EVERY_PIXEL = EveryPixel()


@dataclass(frozen=True)
class SampledPoints:
    """Compare at random points, more of them where the mask is unsure.

    For matching, the points are uniform and the same for all masks of an
    image. For the loss every pair has its own: of ``oversample * count``
    candidates those whose logit is nearest to 0, and uniform ones.

    Args:
        count: how many points a mask has.
        oversample: how many candidates there are for each point.
        unsure: share of the points chosen by their logits.

    >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
    <torch...>
    >>> logits, masks = torch.zeros(3, 2, 2), torch.ones(3, 4, 5)
    >>> [tuple(v.shape) for v in SampledPoints(9).paired(logits, masks)]
    [(3, 9), (3, 9)]
    """

    count: int = 12544
    oversample: float = 3.0
    unsure: float = 0.75

    def shared(
        self, logits: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Uniform points; see :class:`MaskPoints`."""
        points = self._uniform(1, self.count, logits)
        return sample(logits, points), sample(masks.to(logits), points)

    def paired(
        self, logits: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Uncertain and uniform points; see :class:`MaskPoints`."""
        pairs = len(logits)
        chosen = int(self.unsure * self.count)
        with torch.no_grad():
            candidates = self._uniform(
                pairs, int(self.oversample * self.count), logits
            )
            doubt = -sample(logits, candidates).abs()
            best = doubt.topk(chosen, dim=1).indices
            points = torch.cat(
                [
                    candidates.gather(1, best[..., None].expand(-1, -1, 2)),
                    self._uniform(pairs, self.count - chosen, logits),
                ],
                dim=1,
            )
        return sample(logits, points), sample(masks.to(logits), points)

    def _uniform(self, masks: int, count: int, like: Tensor) -> Tensor:
        return torch.rand(masks, count, 2, device=like.device)


def sample(maps: Tensor, points: Tensor) -> Tensor:
    """Values of maps at points, interpolated bilinearly.

    Args:
        maps: [M, h, w].
        points: (x, y) from 0 to 1 over the whole map, [M, P, 2], or
            [1, P, 2] for the same points in all maps.

    Returns:
        Values [M, P]. Outside the outermost pixels' centres the maps fall
        off to zero.

    >>> sample(torch.tensor([[[1.0, 3.0]]]), torch.tensor([[[0.5, 0.5]]]))
    tensor([[2.]])
    """
    grid = (2 * points - 1).expand(len(maps), -1, -1)[:, :, None]
    values = F.grid_sample(maps[:, None], grid, align_corners=False)
    return values[:, 0, :, 0]
