"""Checks the exercises of chapter 08."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from seglab.checks import _ch08_references as reference
from seglab.checks.checker import Case, Result, run_cases


def box_and_mask_iou(answer: Callable[[Tensor], Any]) -> Result:
    """Check the IoU of boxes beside the IoU of masks."""
    far = _blank(2)
    far[0, 1:3, 1:4] = far[1, 6:9, 7:9] = True
    nested = _blank(2)
    nested[0, 1:9, 1:9] = True
    nested[0, 3:7, 3:7] = False
    nested[1, 3:7, 3:7] = True
    overlap = _blank(3)
    overlap[0, 0:4, 0:6] = overlap[1, 2:6, 3:9] = True
    overlap[2, 2, 2] = True
    tall = torch.zeros(2, 4, 20, dtype=torch.bool)
    tall[0, 1:3, 2:17] = tall[1, 1:2, 5:19] = True

    def fits(masks: Tensor) -> bool:
        wanted = reference.ious(masks)
        found = answer(masks.clone())
        return all(
            torch.as_tensor(mine).shape == other.shape
            and torch.allclose(
                torch.as_tensor(mine).float(), other, atol=1e-5
            )
            for mine, other in zip(found, wanted, strict=True)
        )

    return run_cases(
        "box_and_mask_iou",
        [
            Case(
                "what lies apart shares nothing, and each is itself",
                lambda: fits(far),
                "two tensors [K, K], ones on the diagonal",
            ),
            Case(
                "a square in a ring: boxes overlap, masks do not",
                lambda: fits(nested),
                "a box ends one past its last pixel; count pixels of masks",
            ),
            Case(
                "masks that overlap, and one pixel",
                lambda: fits(overlap),
                "union = one + other - both",
            ),
            Case(
                "a wide image",
                lambda: fits(tall),
                "x counts columns, y counts rows",
            ),
        ],
    )


def soft_nms(
    answer: Callable[[Tensor, Tensor, float], Tensor],
) -> Result:
    """Check that overlapping boxes are lowered one after the other."""
    apart = torch.tensor([[0.0, 0, 4, 4], [10, 10, 14, 14]])
    twins = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 4]])
    row = torch.tensor(
        [[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10], [1, 0, 11, 10]]
    )
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(12, 2, generator=generator) * 20
    many = torch.cat(
        [corner, corner + 5 + 10 * torch.rand(12, 2, generator=generator)],
        1,
    )
    chances = torch.rand(12, generator=generator)

    def fits(boxes: Tensor, scores: Tensor, sigma: float) -> bool:
        given = scores.clone()
        found = torch.as_tensor(answer(boxes.clone(), given, sigma))
        untouched = torch.equal(given, scores)
        wanted = reference.soft_nms(boxes, scores, sigma)
        return untouched and bool(torch.allclose(found, wanted, atol=1e-5))

    return run_cases(
        "soft_nms",
        [
            Case(
                "boxes apart keep their scores",
                lambda: fits(apart, torch.tensor([0.4, 0.9]), 0.5),
                "exp(0) is 1; return scores in the order of the boxes",
            ),
            Case(
                "of two equal boxes the better one keeps its score",
                lambda: fits(twins, torch.tensor([0.6, 0.8]), 0.5),
                "what was taken is not lowered, not even by itself",
            ),
            Case(
                "a row of boxes: the next best is found anew",
                lambda: fits(
                    row, torch.tensor([0.9, 0.85, 0.8, 0.88]), 0.3
                ),
                "scores change, so look for the highest after every step",
            ),
            Case(
                "many boxes, and another sigma",
                lambda: (
                    fits(many, chances, 0.5) and fits(many, chances, 0.1)
                ),
                "multiply by exp(-IoU ** 2 / sigma)",
            ),
            Case(
                "no boxes at all",
                lambda: fits(torch.zeros(0, 4), torch.zeros(0), 0.5),
                "the loop ends when none is left",
            ),
        ],
    )


def losses_by_hand(answer: Callable[..., Any]) -> Result:
    """Check the losses of objectness, class, box and mask."""
    names = "objectness", "class", "box", "mask"
    usual, few, huge = (reference.draw(seed) for seed in (0, 1, 2))
    few["labels"][1:] = 0
    huge["objectness"] = huge["objectness"] * 300
    huge["logits"] = huge["logits"] * 300
    huge["masks"] = huge["masks"] * 300

    def fits(given: dict[str, Tensor], which: int) -> bool:
        found = answer(*(x.clone() for x in given.values()))
        value = float(torch.as_tensor(found[which]))
        return math.isclose(
            value,
            reference.losses(**given)[which],
            rel_tol=1e-4,
            abs_tol=1e-6,
        )

    hints = (
        "mean over all N of -y log p - (1 - y) log(1 - p)",
        "-log softmax of the true class, as a mean over R",
        "true class, positives only, smooth at 1/9, divided by R",
        "true class, positives only, mean over positives and pixels",
    )
    cases = [
        Case(
            f"the loss of {name}",
            partial(fits, usual, which),
            hints[which],
        )
        for which, name in enumerate(names)
    ]
    cases += [
        Case(
            "one positive among background",
            lambda: all(fits(few, which) for which in range(4)),
            "boxes are divided by R, masks by the number of positives",
        ),
        Case(
            "very sure logits do not overflow",
            lambda: all(fits(huge, which) for which in range(4)),
            "log(sigmoid(x)) of a large -x: use log1p and logsumexp",
        ),
    ]
    return run_cases("losses_by_hand", cases)


def true_class_mask_loss(
    answer: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Result:
    """Check that only the true class of positives is taught."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(6, 4, 5, 5, generator=generator)
    targets = torch.rand(6, 5, 5, generator=generator).round()
    labels = torch.tensor([2, 0, 1, 3, 0, 2])

    def fits(kinds: Tensor) -> bool:
        found = answer(logits.clone(), kinds, targets)
        wanted = reference.mask_loss(logits, kinds, targets)
        return math.isclose(
            float(found), wanted, rel_tol=1e-4, abs_tol=1e-6
        )

    def taught() -> list[list[int]]:
        x = logits.clone().requires_grad_()
        answer(x, labels, targets).backward()
        assert x.grad is not None
        moved: list[list[int]] = (
            (x.grad.abs().sum((2, 3)) > 0).nonzero().tolist()
        )
        return moved

    def empty() -> bool:
        x = logits.clone().requires_grad_()
        loss = answer(x, torch.zeros_like(labels), targets)
        loss.backward()
        nothing = x.grad is None or not bool(x.grad.abs().sum())
        return float(loss.detach()) == 0 and nothing

    return run_cases(
        "true_class_mask_loss",
        [
            Case(
                "six objects, none of them background",
                lambda: fits(torch.tensor([2, 1, 1, 3, 3, 2])),
                "of each object take the mask of its own class",
            ),
            Case(
                "background has no mask to learn",
                lambda: fits(labels),
                "keep the rows with labels above 0, and average over them",
            ),
            Case(
                "no other class gets a gradient",
                lambda: taught() == [[0, 2], [2, 1], [3, 3], [5, 2]],
                "index the logits before the loss, do not fill targets",
            ),
            Case(
                "without positives the loss is 0 and can be derived",
                empty,
                "the mean of nothing is NaN: logits.sum() * 0 is not",
            ),
        ],
    )


def _blank(count: int) -> Tensor:
    return torch.zeros(count, 10, 10, dtype=torch.bool)
