"""The three losses of Panoptic-DeepLab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from seglab.instances.panoptic.categories import IGNORE, Categories
from seglab.instances.panoptic.centres import CentreTargets, centre_targets
from seglab.instances.panoptic.deeplab import CentreOutputs


class CentreLosses(NamedTuple):
    """The three parts of the loss, unweighted scalars."""

    semantic: Tensor
    heat: Tensor
    offsets: Tensor


@dataclass(frozen=True)
class CentreWeights:
    """How much each part counts; as published without arguments.

    >>> CentreWeights().heat
    200.0
    """

    semantic: float = 1.0
    heat: float = 200.0
    offsets: float = 0.01


PUBLISHED = CentreWeights()


def centre_losses(
    outputs: CentreOutputs, targets: CentreTargets
) -> CentreLosses:
    """Cross-entropy, mean squared error of the heat, L1 of the offsets.

    Args:
        outputs: of N images.
        targets: of the same.

    Returns:
        Three scalars: means over the labelled pixels, over all pixels,
        and over the pixels of things (both directions added).

    Raises:
        ValueError: the outputs have another size than the targets.

    Convention:
        Every pixel counts alike in the cross-entropy. The paper keeps
        the hardest 15 percent, and lets those of small objects count
        three times. The heat is compared everywhere, as in the paper; no
        pixel of a thing, or none with a label, gives 0.

    Source:
        Cheng et al. 2020, section 3.

    >>> import torch
    >>> targets = centre_targets(
    ...     torch.full((1, 4, 4), 1001), Categories([1, 2]), sigma=1.0
    ... )
    >>> right = CentreOutputs(
    ...     torch.tensor([99.0, 0]).view(1, 2, 1, 1).expand(1, 2, 4, 4),
    ...     targets.heat,
    ...     targets.offsets,
    ... )
    >>> [part.item() for part in centre_losses(right, targets)]
    [0.0, 0.0, 0.0]
    """
    if outputs.heat.shape != targets.heat.shape:
        raise ValueError(
            "outputs must have the targets' size "
            f"{list(targets.heat.shape)}, got {list(outputs.heat.shape)}"
        )
    labelled = (targets.classes != IGNORE).sum().clamp_min(1)
    semantic = F.cross_entropy(
        outputs.logits,
        targets.classes,
        ignore_index=IGNORE,
        reduction="sum",
    )
    away = (outputs.offsets - targets.offsets).abs() * targets.is_thing
    pixels = targets.is_thing.sum().clamp_min(1)
    return CentreLosses(
        semantic / labelled,
        F.mse_loss(outputs.heat, targets.heat),
        away.sum() / pixels,
    )


class CentreLoss(nn.Module):
    """The weighted sum of the three, from a batch of panoptic maps.

    Args:
        categories: things and stuff.
        sigma: of the heat map's Gaussians, in pixels.
        weights: of the three parts.

    >>> import torch
    >>> outputs = CentreOutputs(
    ...     torch.zeros(1, 2, 8, 8),
    ...     torch.zeros(1, 1, 8, 8),
    ...     torch.zeros(1, 2, 8, 8),
    ... )
    >>> loss = CentreLoss(Categories([1], [6]))
    >>> loss(outputs, torch.full((1, 8, 8), 6000))
    tensor(0.6931)
    """

    def __init__(
        self,
        categories: Categories,
        *,
        sigma: float = 2.0,
        weights: CentreWeights = PUBLISHED,
    ) -> None:
        super().__init__()
        self.categories = categories
        self.sigma = sigma
        self.weights = weights

    def forward(self, outputs: CentreOutputs, panoptic: Tensor) -> Tensor:
        """The loss of outputs for N images and their maps [N, H, W]."""
        targets = centre_targets(
            panoptic, self.categories, sigma=self.sigma
        )
        parts = centre_losses(outputs, targets)
        return (
            self.weights.semantic * parts.semantic
            + self.weights.heat * parts.heat
            + self.weights.offsets * parts.offsets
        )
