"""Click by click: how soon is a mask right, if each error is clicked on?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seglab.promptable.overlap import mask_ious
from seglab.promptable.prompts import ON, Prompts
from seglab.promptable.sam import Candidates, ImageEmbedding, PromptableSam
from seglab.promptable.simulated_person import (
    check_masks,
    first_click,
    next_click,
)


@dataclass(frozen=True, eq=False)
class ClickRound:
    """What P objects look like after as many clicks each.

    Args:
        objects: int64 [P], which objects: those whose mask was perfect
            before get no more clicks and are left out.
        prompts: all clicks so far, and the logits before the last.
        masks: bool [P, H, W], the answer to them.
        ious: float32 [P], of the answer and the truth.
    """

    objects: Tensor
    prompts: Prompts
    masks: Tensor
    ious: Tensor


@dataclass(frozen=True)
class ClicksNeeded:
    """How many clicks objects took to reach an IoU.

    Args:
        level: the IoU.
        per_object: int64 [P]; the limit for those that never got there.
        failed: how many never got there.

    Source:
        "NoC@85" of the literature is ``mean`` at level 0.85.
    """

    level: float
    per_object: Tensor = field(repr=False)
    failed: int

    @property
    def mean(self) -> float:
        """Clicks an object on average, failures counted as the limit."""
        return float(self.per_object.float().mean())


def click_rounds(
    sam: PromptableSam,
    embedding: ImageEmbedding,
    truths: Tensor,
    *,
    count: int = 20,
    first_in: Tensor | None = None,
) -> Iterator[ClickRound]:
    """Ask for several objects of one picture, then correct each answer.

    Convention:
        The first click is answered by the candidate that the model trusts
        most. From the second on the answer is ``single``, asked with all
        clicks and with the logits of the answer before.

    Args:
        sam: the model.
        embedding: of the picture.
        truths: bool [P, H, W], none of them empty.
        count: clicks for each object, at most.
        first_in: bool [P, H, W], where first clicks fall; the truths if
            None.

    Yields:
        What all objects look like after one click, after two, and so on;
        it ends early when every mask is perfect.

    Raises:
        TypeError, ValueError: an argument is out of order.
    """
    _check_run(truths, embedding, count, first_in)
    regions = truths if first_in is None else first_in
    points = torch.tensor([first_click(region) for region in regions])
    points = points.reshape(-1, 1, 2).float()
    labels = torch.full(points.shape[:2], ON)
    active = torch.arange(len(truths))
    prompts = Prompts(points, labels)
    answer = sam.candidates(embedding, prompts)
    for number in range(count):
        masks = answer.best()
        ious = mask_ious(masks, truths[active])
        yield ClickRound(active, prompts, masks, ious)
        if number == count - 1:
            return
        wrong = (masks != truths[active]).flatten(1).any(1)
        if not wrong.any():
            return
        active = active[wrong]
        prompts = _corrected(prompts, answer, truths[active], wrong)
        answer = sam.single(embedding, prompts)


def simulate_clicks(
    sam: PromptableSam,
    embedding: ImageEmbedding,
    truths: Tensor,
    *,
    count: int = 20,
    first_in: Tensor | None = None,
) -> Tensor:
    """IoU after each click, for several objects of one picture.

    Args:
        sam, embedding, truths, count, first_in: as ``click_rounds``.

    Returns:
        Float32 [P, count]. An object whose mask is perfect stays at 1.

    Raises:
        TypeError, ValueError: as ``click_rounds``.
    """
    ious = torch.ones(len(truths), count)
    rounds = click_rounds(
        sam, embedding, truths, count=count, first_in=first_in
    )
    for number, state in enumerate(rounds):
        ious[state.objects, number] = state.ious
    return ious


def clicks_needed(ious: Tensor, level: float = 0.85) -> ClicksNeeded:
    """How many clicks each object took to reach an IoU: NoC.

    Convention:
        An object that never gets there counts as the limit, and is
        counted as failed: a mean without the failures would reward them.

    Args:
        ious: float [P, count], after each click.
        level: the IoU to reach.

    Raises:
        ValueError: another shape, NaN, nothing to count, or a level
            outside (0, 1].

    >>> ious = torch.tensor([[0.5, 0.9, 0.8], [0.1, 0.2, 0.3]])
    >>> needed = clicks_needed(ious)
    >>> needed.per_object.tolist(), needed.failed, needed.mean
    ([2, 3], 1, 2.5)
    """
    if ious.ndim != 2 or not ious.numel():
        raise ValueError(
            f"ious must have shape [P, count], got {tuple(ious.shape)}"
        )
    if not ((ious >= 0) & (ious <= 1)).all():
        raise ValueError("ious must lie in [0, 1], got one that does not")
    if not 0 < level <= 1:
        raise ValueError(f"level must lie in (0, 1], got {level}")
    there = ious >= level
    reached = there.any(1)
    clicks = there.int().argmax(1) + 1
    return ClicksNeeded(
        level,
        torch.where(reached, clicks, ious.shape[1]),
        int((~reached).sum()),
    )


def summarise_clicks(
    ious: Tensor,
    *,
    levels: Sequence[float] = (0.85, 0.9),
    after: Sequence[int] = (1, 3, 5),
) -> dict[str, float]:
    """What papers report of many objects: NoC, failures, IoU after k.

    Args:
        ious: float [P, count], after each click.
        levels: IoUs to reach.
        after: numbers of clicks, each at most ``count``.

    Returns:
        ``noc85``, ``failed85`` and so on, and ``iou1`` and so on: means
        over objects, and counts of objects.

    Raises:
        ValueError: as ``clicks_needed``, or a number of clicks that was
            not simulated.

    >>> ious = torch.tensor([[0.5, 0.9], [0.7, 0.8]])
    >>> summarise_clicks(ious, levels=[0.85], after=[2])
    {'noc85': 2.0, 'failed85': 1, 'iou2': 0.85}
    """
    rows: dict[str, float] = {}
    for level in levels:
        needed = clicks_needed(ious, level)
        name = f"{100 * level:g}"
        rows[f"noc{name}"] = needed.mean
        rows[f"failed{name}"] = needed.failed
    for number in after:
        if not 1 <= number <= ious.shape[1]:
            raise ValueError(
                f"after must hold 1 to {ious.shape[1]}, the clicks that "
                f"were simulated, got {number}"
            )
        rows[f"iou{number}"] = round(float(ious[:, number - 1].mean()), 6)
    return rows


def _corrected(
    prompts: Prompts, answer: Candidates, truths: Tensor, kept: Tensor
) -> Prompts:
    """The prompts of the kept objects with a click more, and logits."""
    assert prompts.points is not None and prompts.labels is not None
    points, labels = prompts.points[kept], prompts.labels[kept]
    new = []
    for truth, found, places in zip(
        truths, answer.best()[kept], points.int().tolist(), strict=True
    ):
        click = next_click(
            truth, found, clicked=[(x, y) for x, y in places]
        )
        assert click is not None  # only wrong masks are kept
        new.append(click)
    clicks = torch.tensor(new)
    return Prompts(
        torch.cat([points, clicks[:, None, :2].float()], 1),
        torch.cat([labels, clicks[:, 2:]], 1),
        masks=answer.logits[kept, :1],
    )


def _check_run(
    truths: Tensor,
    embedding: ImageEmbedding,
    count: int,
    first_in: Tensor | None,
) -> None:
    if count < 1:
        raise ValueError(f"count must be 1 or more, got {count}")
    for name, masks in (("truths", truths), ("first_in", first_in)):
        if masks is None:
            continue
        check_masks(name, masks, 3)
        if masks.shape != (len(truths), *embedding.size):
            raise ValueError(
                f"{name} must have shape "
                f"{(len(truths), *embedding.size)} of the picture, got "
                f"{tuple(masks.shape)}"
            )
        if not masks.flatten(1).any(1).all():
            raise ValueError(f"{name} must not be empty, got one that is")
