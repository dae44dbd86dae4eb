"""A person who knows the truth, to count clicks without any person.

The counts are those of a simulation: nobody's hand slipped, nobody took a
break, and every click costs the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seglab.data.formats.coco import CocoImage
from seglab.data.formats.polygons import mask_to_polygons, simplify
from seglab.metrics.overlap import binary_iou
from seglab.promptable.autolabel.clicking import (
    ClickCorrector,
    Correction,
)
from seglab.promptable.autolabel.proposals import Proposal
from seglab.promptable.autolabel.review import Review

BoolArray = NDArray[np.bool_]
FOUND = 0.5  # IoU from which a proposal stands for an object


@dataclass(frozen=True, eq=False)
class TrueObjects:
    """What is really in a picture.

    Args:
        masks: bool [K, H, W], none empty.
        labels: K of them.
    """

    masks: BoolArray
    labels: Sequence[int]


@dataclass(frozen=True)
class Effort:
    """Clicks, by what they were for.

    Args:
        accepting, rejecting: one for each proposal.
        correcting: on what was wrong with a mask, of outlines that were
            drawn anew, and of labels.
        adding: of boxes, clicks, outlines and labels of what was not
            proposed.
        by_hand: what all outlines and labels would have cost without
            any proposal.
    """

    accepting: int
    rejecting: int
    correcting: int
    adding: int
    by_hand: int

    @property
    def clicks(self) -> int:
        """All of them, with proposals."""
        return (
            self.accepting + self.rejecting + self.correcting + self.adding
        )

    @property
    def saved(self) -> float:
        """The share of the clicks by hand that was saved."""
        return 1 - self.clicks / self.by_hand if self.by_hand else 0.0


def outline_clicks(mask: BoolArray, *, tolerance: float = 1.0) -> int:
    """Points of an outline that leaves no pixel edge further off.

    Args:
        mask: bool [H, W].
        tolerance: in pixels.

    Source:
        Douglas and Peucker 1973, through
        :func:`~seglab.data.formats.polygons.simplify`.

    >>> square = np.zeros((20, 20), bool)
    >>> square[4:12, 4:12] = True
    >>> outline_clicks(square)
    4
    """
    rings = simplify(mask_to_polygons(mask), tolerance)
    return sum(len(ring) for p in rings for ring in (p.outer, *p.holes))


def review_all(
    review: Review,
    truth: Mapping[str, TrueObjects],
    *,
    corrector: ClickCorrector | None = None,
    accept_from: float = 0.85,
    tolerance: float = 1.0,
) -> Effort:
    """Decide on every proposal as someone who knows the truth would.

    Pictures come in their order, proposals of each by certainty. What was
    decided before stays. In the end every picture is finished.

    Convention:
        A proposal stands for the object that it overlaps most, if their
        IoU is one half or more and no other proposal does already. It is
        accepted if the IoU is at least ``accept_from`` and the label
        right; a wrong label costs a click, one click rejects. With a
        ``corrector`` a worse mask is mended by clicks, and what was not
        proposed gets a box and clicks; where that does not help, and
        without a corrector, the outline is drawn by hand. An outline
        costs its points; each object that was not proposed, and each one
        by hand, costs one more click for its label.

    Args:
        review: takes the decisions.
        truth: of each picture, by file name.
        corrector: what answers a person's boxes and clicks.
        accept_from: the IoU that is good enough, from 0.5 to 1.
        tolerance: of outlines, in pixels.

    Raises:
        ValueError: ``accept_from`` out of range, or a picture without
            truth.
    """
    if not FOUND <= accept_from <= 1:
        raise ValueError(
            f"accept_from must be from {FOUND} to 1, got {accept_from}"
        )
    efforts = []
    for image in review.proposals.images:
        if image.file_name not in truth:
            raise ValueError(
                f"truth must hold {image.file_name}, it does not"
            )
        one = _OnePicture(
            review, image, truth[image.file_name], accept_from, tolerance
        )
        efforts.append(one.decide(corrector))
    return Effort(
        *(
            sum(getattr(effort, name) for effort in efforts)
            for name in Effort.__dataclass_fields__
        )
    )


class _OnePicture:
    """The review of one picture."""

    def __init__(
        self,
        review: Review,
        image: CocoImage,
        truth: TrueObjects,
        accept_from: float,
        tolerance: float,
    ) -> None:
        self.review, self.image, self.truth = review, image, truth
        self.accept_from = accept_from
        self.outlines = [
            outline_clicks(mask, tolerance=tolerance)
            for mask in truth.masks
        ]
        self.left = set(range(len(truth.masks)))

    def decide(self, corrector: ClickCorrector | None) -> Effort:
        accepting = rejecting = correcting = 0
        items = self.review.proposals.of_image(self.image.id)
        decided = self.review.decisions
        for item in sorted(items, key=lambda p: -p.scores.certainty):
            mask = item.object.mask(self.image.size)
            true, iou = self._best(mask)
            if true is not None:
                self.left.discard(true)
            if item.id in decided:
                continue
            if true is None:
                self.review.reject(item.id)
                rejecting += 1
            elif self._is_right(item, true, iou):
                self.review.accept(item.id)
                accepting += 1
            else:
                correcting += self._correct(item, true, iou, corrector)
        adding = sum(
            self._add(true, corrector) for true in sorted(self.left)
        )
        self.review.finish(self.image.id)
        by_hand = sum(self.outlines) + len(self.outlines)
        return Effort(accepting, rejecting, correcting, adding, by_hand)

    def _best(self, mask: BoolArray) -> tuple[int | None, float]:
        """The object that a mask stands for, and their IoU."""
        ious = {k: binary_iou(mask, self.truth.masks[k]) for k in self.left}
        if not ious or max(ious.values()) < FOUND:
            return None, 0.0
        best = max(ious, key=lambda k: ious[k])
        return best, ious[best]

    def _is_right(self, item: Proposal, true: int, iou: float) -> bool:
        label = int(self.truth.labels[true])
        return iou >= self.accept_from and label == item.object.category_id

    def _correct(
        self,
        item: Proposal,
        true: int,
        iou: float,
        corrector: ClickCorrector | None,
    ) -> int:
        """Mend mask and label as needed; how many clicks that takes."""
        label = int(self.truth.labels[true])
        cost = int(label != item.object.category_id)
        mask = item.object.mask(self.image.size)
        if iou < self.accept_from:
            mask, clicks = self._redraw(item, true, corrector)
            cost += clicks
        self.review.correct(item.id, mask, label=label)
        return cost

    def _redraw(
        self, item: Proposal, true: int, corrector: ClickCorrector | None
    ) -> tuple[BoolArray, int]:
        """A better mask of a proposed object, and its clicks."""
        if corrector is None:
            return self._outline(true, None)
        found = corrector.correct(
            self.image.file_name,
            item.object,
            self.truth.masks[true],
            enough=self.accept_from,
        )
        return self._outline(true, found)

    def _add(self, true: int, corrector: ClickCorrector | None) -> int:
        """An object that nobody had proposed; its clicks."""
        truth, found = self.truth.masks[true], None
        if corrector is not None:
            found = corrector.draw(
                self.image.file_name, truth, enough=self.accept_from
            )
        mask, clicks = self._outline(true, found)
        label = int(self.truth.labels[true])
        self.review.add(self.image.id, mask, label)
        return clicks + 1

    def _outline(
        self, true: int, found: Correction | None
    ) -> tuple[BoolArray, int]:
        """What prompts gave if it will do, else an outline by hand."""
        spent = 0 if found is None else found.clicks
        if found is not None and found.iou >= self.accept_from:
            return found.mask, spent
        return self.truth.masks[true], spent + self.outlines[true]
