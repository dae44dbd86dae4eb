"""How far the proposals agreed with what a person made of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from seglab.metrics.overlap import binary_iou
from seglab.promptable.autolabel.review import (
    ACCEPTED,
    ADDED,
    CORRECTED,
    REJECTED,
    Decision,
    Review,
)


@dataclass(frozen=True)
class Agreement:
    """What became of the proposals of one class.

    Args:
        accepted, corrected, rejected: proposals by decision.
        added: objects that nobody had proposed.
        ious: of each corrected proposal with what it was corrected to,
            in the order of their ids; 1 where only the label was wrong.
    """

    accepted: int
    corrected: int
    rejected: int
    added: int
    ious: tuple[float, ...]

    @property
    def precision(self) -> float:
        """Share of the proposals that stood for an object; NaN of none."""
        right = self.accepted + self.corrected
        return _share(right, right + self.rejected)

    @property
    def recall(self) -> float:
        """Share of the objects that were proposed; NaN of none."""
        right = self.accepted + self.corrected
        return _share(right, right + self.added)

    @property
    def mean_iou(self) -> float:
        """Mean IoU of what was kept: 1 for an accepted one; NaN of none."""
        kept = self.accepted + self.corrected
        return _share(self.accepted + sum(self.ious), kept)


def agreement(review: Review) -> dict[str, Agreement]:
    """What became of the proposals, by the name of their class.

    Convention:
        A proposal counts for the class it was proposed as, an added
        object for its own. An accepted mask agrees with itself: that it
        was accepted says that a person saw nothing to mend, not that it
        is exact. Objects that were overlooked by both are not in here.

    Args:
        review: finished or not; only what is decided counts.

    Returns:
        By name, in the order of the categories, each of them.
    """
    decided: dict[int, list[tuple[int, Decision]]] = defaultdict(list)
    proposed = {p.id: p.object for p in review.proposals.items}
    for number, decision in sorted(review.decisions.items()):
        one = proposed.get(number, decision.object)
        assert one is not None
        decided[one.category_id].append((number, decision))
    return {
        name: _of_class(review, decided[label])
        for label, name in review.proposals.categories.items()
    }


def _of_class(
    review: Review, decided: list[tuple[int, Decision]]
) -> Agreement:
    kinds = [decision.kind for _, decision in decided]
    sizes = {i.id: i.size for i in review.proposals.images}
    before = {p.id: p.object for p in review.proposals.items}
    ious = []
    for number, decision in decided:
        if decision.kind == CORRECTED and decision.object is not None:
            size = sizes[decision.object.image_id]
            pair = before[number].mask(size), decision.object.mask(size)
            ious.append(binary_iou(*pair))
    return Agreement(
        accepted=kinds.count(ACCEPTED),
        corrected=kinds.count(CORRECTED),
        rejected=kinds.count(REJECTED),
        added=kinds.count(ADDED),
        ious=tuple(ious),
    )


def _share(part: float, whole: int) -> float:
    return part / whole if whole else np.nan
