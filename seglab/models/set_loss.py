"""The loss of a set of masks: match, then compare.

Source: N. Carion et al., "End-to-End Object Detection with Transformers",
ECCV 2020; B. Cheng et al., "Masked-attention Mask Transformer for
Universal Image Segmentation", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.models.mask_points import EVERY_PIXEL, MaskPoints
from seglab.models.set_prediction import (
    PUBLISHED_WEIGHTS,
    Match,
    SetPrediction,
    SetTarget,
    SetWeights,
    assign,
    matching_costs,
)


class SetLosses(NamedTuple):
    """The three parts of the loss, unweighted scalars."""

    classes: Tensor
    masks: Tensor
    dice: Tensor


class SetLoss(nn.Module):
    """Each truth teaches one query; the others learn to say nothing.

    A matched query learns the class and the mask of its truth, any other
    the class "no object". Every prediction of a list, such as those of a
    decoder's layers, is matched and judged by itself; the loss is the sum.

    Args:
        weights: of the three parts; as published without it.
        points: where masks are compared: at every pixel without it. The
            authors' choice for large images is ``SampledPoints()``.

    Raises:
        ValueError: no prediction, or targets that do not fit it.

    Convention: the class part is a mean over queries, in which one that
    says nothing weighs ``no_object``. The other two are means over a
    mask's points, summed over the matched pairs and divided by the number
    of truths in the batch. Dice has 1 added above and below.

    >>> from seglab.models.set_prediction import semantic_targets
    >>> prediction = SetPrediction(
    ...     torch.zeros(1, 4, 3), torch.zeros(1, 4, 8, 8)
    ... )
    >>> truth = semantic_targets(torch.zeros(1, 8, 8).int())
    >>> SetLoss()([prediction], truth)
    tensor(7.3124)
    """

    def __init__(
        self,
        *,
        weights: SetWeights = PUBLISHED_WEIGHTS,
        points: MaskPoints = EVERY_PIXEL,
    ) -> None:
        super().__init__()
        self.weights = weights
        self.points = points

    @torch.no_grad()
    def match(
        self, prediction: SetPrediction, targets: Sequence[SetTarget]
    ) -> list[Match]:
        """For each image: some queries, and the truths that they get."""
        class_logits, mask_logits = prediction
        matches = []
        # half precision cannot hold a sum over all pixels
        with torch.autocast(mask_logits.device.type, enabled=False):
            for classes, masks, target in zip(
                class_logits.float(),
                mask_logits.float(),
                targets,
                strict=True,
            ):
                costs = matching_costs(
                    classes,
                    masks,
                    target,
                    weights=self.weights,
                    points=self.points,
                )
                matches.append(assign(costs))
        return matches

    def parts(
        self, prediction: SetPrediction, targets: Sequence[SetTarget]
    ) -> SetLosses:
        """The three parts of one prediction's loss, unweighted."""
        check_targets(prediction, targets)
        matches = self.match(prediction, targets)
        classes = self._class_loss(
            prediction.class_logits.float(), targets, matches
        )
        matched = zip(
            prediction.mask_logits.float(), targets, matches, strict=True
        )
        pairs = [
            (masks[queries], target.masks[truths])
            for masks, target, (queries, truths) in matched
        ]
        logits, truth = (
            torch.cat(maps) for maps in zip(*pairs, strict=True)
        )
        values, wanted = self.points.paired(logits, truth)
        wrong_pixels = F.binary_cross_entropy_with_logits(
            values, wanted, reduction="none"
        ).mean(dim=1)
        chances = values.sigmoid()
        shared = 2 * (chances * wanted).sum(dim=1)
        both = chances.sum(dim=1) + wanted.sum(dim=1)
        wrong_shape = 1 - (shared + 1) / (both + 1)
        # a batch with nothing in it must not divide by zero
        truths = max(1, sum(len(target.labels) for target in targets))
        return SetLosses(
            classes, wrong_pixels.sum() / truths, wrong_shape.sum() / truths
        )

    def _class_loss(
        self,
        class_logits: Tensor,
        targets: Sequence[SetTarget],
        matches: Sequence[Match],
    ) -> Tensor:
        *shape, classes = class_logits.shape
        nothing = classes - 1
        wanted = torch.full(shape, nothing, device=class_logits.device)
        for says, target, (queries, truths) in zip(
            wanted, targets, matches, strict=True
        ):
            says[queries] = target.labels[truths]
        weights = class_logits.new_ones(classes)
        weights[nothing] = self.weights.no_object
        return F.cross_entropy(
            class_logits.transpose(1, 2), wanted, weight=weights
        )

    def forward(
        self,
        predictions: Sequence[SetPrediction],
        targets: Sequence[SetTarget],
    ) -> Tensor:
        """The weighted sum of all parts of all predictions, a scalar."""
        if not predictions:
            raise ValueError("predictions must hold one or more, got none")
        losses = []
        for prediction in predictions:
            parts = self.parts(prediction, targets)
            losses.append(
                self.weights.classes * parts.classes
                + self.weights.masks * parts.masks
                + self.weights.dice * parts.dice
            )
        return torch.stack(losses).sum()


def check_targets(
    prediction: SetPrediction, targets: Sequence[SetTarget]
) -> None:
    """Raise ``ValueError`` unless the targets fit the prediction.

    >>> target = SetTarget(torch.tensor([1]), torch.ones(1, 8, 8).bool())
    >>> prediction = SetPrediction(
    ...     torch.zeros(1, 4, 3), torch.zeros(1, 4, 8, 8)
    ... )
    >>> check_targets(prediction, [target])
    """
    images, _, classes = prediction.class_logits.shape
    if len(targets) != images:
        raise ValueError(
            f"targets must hold one for each of {images} images, got "
            f"{len(targets)}"
        )
    sizes = {tuple(target.masks.shape[1:]) for target in targets}
    if len(sizes) > 1:
        raise ValueError(
            "targets must have masks of one size, (height, width), got "
            f"{sorted(sizes)}"
        )
    for labels, masks in targets:
        if labels.shape != masks.shape[:1]:
            raise ValueError(
                "a target must have as many labels as masks, got labels "
                f"{list(labels.shape)} and masks {list(masks.shape)}"
            )
        if labels.numel() and not 0 <= labels.min() <= labels.max() < (
            classes - 1
        ):
            raise ValueError(
                f"labels must be classes from 0 to {classes - 2}, got "
                f"{labels.tolist()}"
            )
