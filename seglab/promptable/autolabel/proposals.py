"""Masks that a model proposes for boxes, and how sure it is of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from seglab.data.formats.coco import CocoObject, coco_object
from seglab.promptable.autolabel.sources import LabelledBoxes
from seglab.promptable.mask_filters import stability_scores
from seglab.promptable.prompts import Prompts, boxes


class Answer(Protocol):
    """What a promptable model answers: K masks for each prompt.

    ``masks`` bool [P, K, H, W], ``quality`` float [P, K] and ``logits``
    float [P, K, h, w], the best first.
    """

    @property
    def masks(self) -> Tensor: ...  # pragma: no cover

    @property
    def quality(self) -> Tensor: ...  # pragma: no cover

    @property
    def logits(self) -> Tensor: ...  # pragma: no cover


class PromptableModel(Protocol):
    """Any model with the face of ``PromptableSam``."""

    def embed(self, image: Tensor) -> Any:
        """Look at a picture float32 [3, H, W] once."""
        ...  # pragma: no cover

    def single(self, embedding: Any, prompts: Prompts) -> Answer:
        """One mask for each prompt."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class Scores:
    """Three opinions about one mask, each in [0, 1].

    Args:
        box: of the detector, that there is such an object.
        quality: the IoU that the mask's own model expects.
        stability: how little the mask changes with its threshold.

    Raises:
        ValueError: one lies outside [0, 1].

    >>> round(Scores(box=0.9, quality=0.8, stability=1.0).certainty, 2)
    0.72
    """

    box: float
    quality: float
    stability: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {value}")

    @property
    def certainty(self) -> float:
        """Their product: one doubt is enough to look again."""
        return self.box * self.quality * self.stability


@dataclass(frozen=True)
class Thresholds:
    """The least score of each kind for a mask to be proposed at all.

    Args:
        box, quality, stability: as in ``Scores``, each in [0, 1].

    Raises:
        ValueError: one lies outside [0, 1].

    >>> Thresholds(quality=0.5).allow(Scores(0.9, 0.4, 1.0))
    False
    """

    box: float = 0.3
    quality: float = 0.3
    stability: float = 0.5

    def __post_init__(self) -> None:
        Scores(**vars(self))  # the same ranges

    def allow(self, scores: Scores) -> bool:
        """Whether no score is below its threshold."""
        pairs = zip(vars(scores).values(), vars(self).values(), strict=True)
        return all(score >= least for score, least in pairs)


@dataclass(frozen=True)
class Proposal:
    """A mask that waits for a person's word.

    Args:
        object: as it would stand in the data set.
        scores: what speaks for it.
    """

    object: CocoObject
    scores: Scores

    @property
    def id(self) -> int:
        """Of the object, unique among all proposals."""
        return self.object.id

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold, for ``from_dict`` to read."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Proposal:
        """The proposal that ``as_dict`` wrote."""
        return cls(object_from(entry["object"]), Scores(**entry["scores"]))


def object_from(entry: Mapping[str, Any]) -> CocoObject:
    """An object out of its fields, as ``dataclasses.asdict`` gives them.

    JSON has no tuples, so the box comes as a list.

    >>> one = coco_object([[0, 1]], id=1, image_id=1, category_id=1)
    >>> object_from(dataclasses.asdict(one)) == one
    True
    """
    return CocoObject(**{**entry, "box": tuple(entry["box"])})


def propose(
    model: PromptableModel,
    image: Tensor,
    found: LabelledBoxes,
    *,
    image_id: int,
    first_id: int = 1,
    thresholds: Thresholds | None = None,
) -> list[Proposal]:
    """A mask for each box, if all of its scores are good enough.

    Convention:
        Stability is measured on the model's own small logits, which costs
        nothing more; at the picture's size it may differ in the second
        decimal.

    Args:
        model: has ``embed`` and ``single``.
        image: float32 [3, H, W] in [0, 1].
        found: boxes with labels; what reaches beyond the picture is cut.
        image_id: of the picture in the data set.
        first_id: of the first proposal; the others count on.
        thresholds: the usual ones without it.

    Returns:
        The proposals, in the order of the boxes. Empty masks are left out.
    """
    least = thresholds or Thresholds()
    size = (int(image.shape[-2]), int(image.shape[-1]))
    found = found.inside(size)
    found = found[found.scores >= least.box]
    if not len(found):
        return []
    answer = model.single(model.embed(image), boxes(found.boxes))
    steady = stability_scores(answer.logits[:, 0])
    proposals: list[Proposal] = []
    for k, mask in enumerate(answer.masks[:, 0]):
        scores = Scores(
            box=round(float(found.scores[k]), 4),
            quality=round(float(answer.quality[k, 0].clamp(0, 1)), 4),
            stability=round(float(steady[k]), 4),
        )
        if not (mask.any() and least.allow(scores)):
            continue
        one = coco_object(
            mask.numpy(),
            id=first_id + len(proposals),
            image_id=image_id,
            category_id=int(found.labels[k]),
        )
        proposals.append(Proposal(one, scores))
    return proposals
