"""What SOLOv2 is trained with: classes of cells, Dice of their masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from seglab.instances.onestage.grid_targets import (
    GRIDS,
    SIZES,
    grid_targets,
)
from seglab.instances.onestage.masks import assemble_masks, shrink_masks
from seglab.instances.onestage.parted_loss import PartedLoss
from seglab.instances.onestage.semantic import semantic_loss
from seglab.instances.onestage.solov2 import Solov2Output
from seglab.instances.truth import true_objects
from seglab.losses import binary_focal_loss

WEIGHTS = {"class": 1.0, "mask": 3.0, "semantic": 2.0}


class Solov2Loss(PartedLoss):
    """The sum of SOLOv2's losses, for ``fit``.

    - class: focal loss of every cell and class, divided by the number of
      cells with an object, plus one;
    - mask: the mean Dice loss of those cells' masks;
    - semantic: which classes each position of a map shows. The paper
      has no such loss; it shortens the training.

    Convention:
        True masks are averaged down to the size of the mask features, so
        that a pixel on a rim is half in.

    Args:
        num_classes: the things are categories 1 to this.
        grids: as the network's.
        sizes: as in ``grid_targets``.
        weights: of the losses.

    Raises:
        ValueError: weights with other names.

    Source: Wang et al. 2020, SOLOv2, section 3.

    >>> from seglab.instances.onestage.solov2 import Solov2
    >>> maps = torch.zeros(1, 64, 64, dtype=torch.int64)
    >>> maps[0, 10:40, 20:50] = 2001
    >>> loss = Solov2Loss(2)(Solov2(2)(torch.rand(1, 3, 64, 64)), maps)
    >>> bool(loss > 0)
    True
    """

    def __init__(
        self,
        num_classes: int = 5,
        *,
        grids: Sequence[int] = GRIDS,
        sizes: Sequence[tuple[float, float]] = SIZES,
        weights: Mapping[str, float] = WEIGHTS,
    ) -> None:
        super().__init__(WEIGHTS, weights)
        self.things = tuple(range(1, num_classes + 1))
        self.grids, self.sizes = tuple(grids), tuple(sizes)

    def parts(
        self, output: Solov2Output, panoptic: Tensor
    ) -> dict[str, Tensor]:
        """The losses by name, before they are weighted.

        Args:
            output: of ``Solov2`` in training.
            panoptic: integers [N, H, W].
        """
        classes = torch.zeros_like(output.logits)
        dice = []
        for n, one in enumerate(panoptic):
            truth = true_objects(one, things=self.things)
            targets = grid_targets(
                truth, grids=self.grids, sizes=self.sizes
            )
            cells = (targets >= 0).nonzero()[:, 0]
            objects = targets[cells]
            classes[n, cells, truth["labels"][objects] - 1] = 1
            logits = assemble_masks(
                output.features[n], output.kernels[n, cells]
            )
            small = shrink_masks(
                truth["masks"], (logits.shape[-2], logits.shape[-1])
            )
            dice.append(mask_dice_loss(logits.sigmoid(), small[objects]))
        found = torch.cat(dice)
        focal = binary_focal_loss(
            output.logits.transpose(1, 2),
            classes.transpose(1, 2),
            reduction="sum",
            alpha=0.25,
        )
        return {
            "class": focal / (len(found) + 1),
            "mask": found.sum() / max(len(found), 1),
            "semantic": semantic_loss(
                output.semantic, panoptic, self.things
            ),
        }


def mask_dice_loss(chances: Tensor, truth: Tensor) -> Tensor:
    """One minus the Dice coefficient with squares below, mask by mask.

    Args:
        chances: floats [M, h, w] in [0, 1].
        truth: floats of the same shape, in [0, 1].

    Returns:
        Losses [M]; 0 where both are empty.

    Convention:
        1 - 2 sum(p t) / (sum(p^2) + sum(t^2)): with the squares, masks of
        0 and 1 score as without, and an unsure p is drawn out less.

    Source: Milletari et al. 2016, as in SOLO.

    >>> chances = torch.tensor([[[1.0, 0.0]], [[0.5, 0.5]]])
    >>> mask_dice_loss(chances, torch.tensor([[[1.0, 0.0]]] * 2))
    tensor([0.0000, 0.3333])
    """
    both = (chances * truth).sum((1, 2))
    squares = (chances**2).sum((1, 2)) + (truth**2).sum((1, 2))
    tiny = torch.finfo(chances.dtype).tiny
    dice: Tensor = 2 * both / squares.clamp(min=tiny)
    return torch.where(squares > 0, 1 - dice, 0)
