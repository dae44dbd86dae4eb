"""What a person says to each proposal, kept at once and for good."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from seglab.data.formats.coco import (
    CocoDataset,
    CocoImage,
    CocoObject,
    coco_object,
)
from seglab.promptable.autolabel.folder import Proposals
from seglab.promptable.autolabel.journal import Journal
from seglab.promptable.autolabel.proposals import Proposal, object_from

ACCEPTED, CORRECTED, REJECTED = "accepted", "corrected", "rejected"
ADDED, FINISHED = "added", "finished"
KINDS = (ACCEPTED, CORRECTED, REJECTED, ADDED, FINISHED)


@dataclass(frozen=True)
class Decision:
    """The last word on one proposal, or an object that none had found.

    Args:
        kind: accepted, corrected, rejected or added.
        object: what it stands for from now on; None if it was rejected.
    """

    kind: str
    object: CocoObject | None


class Review:
    """Proposals on one side, a journal of decisions on the other.

    Every decision is on the disk before the call returns. A second
    process that opens the same journal goes on where the first stopped.
    A later decision on the same proposal replaces the earlier one.

    Args:
        proposals: of ``propose_all``.
        journal: of decisions; not the one of the proposals.

    Raises:
        ValueError: the journal speaks of other proposals.

    >>> import tempfile
    >>> from pathlib import Path
    >>> nothing = Proposals((), (), {1: "coin"})
    >>> review = Review(nothing, Journal(Path(tempfile.mkdtemp()) / "d"))
    >>> review.waiting(), review.dataset().objects
    ([], ())
    """

    def __init__(self, proposals: Proposals, journal: Journal) -> None:
        self.proposals, self.journal = proposals, journal
        self._images = {image.id: image for image in proposals.images}
        self._items = {item.id: item for item in proposals.items}
        self._decisions: dict[int, Decision] = {}
        self._finished: set[int] = set()
        for entry in journal.entries:
            self._take(entry)

    @property
    def decisions(self) -> dict[int, Decision]:
        """The decision on each object so far, by its id."""
        return dict(self._decisions)

    def waiting(self) -> list[Proposal]:
        """The proposals without a decision, the least certain first."""
        open_ones = [
            item
            for item in self.proposals.items
            if item.id not in self._decisions
        ]
        return sorted(open_ones, key=lambda p: (p.scores.certainty, p.id))

    def accept(self, proposal_id: int) -> None:
        """The proposal is right as it is.

        Raises:
            KeyError: there is no such proposal.
        """
        self._decide(ACCEPTED, proposal_id, self._item(proposal_id).object)

    def reject(self, proposal_id: int) -> None:
        """There is no such object.

        Raises:
            KeyError: there is no such proposal.
        """
        self._item(proposal_id)
        self._decide(REJECTED, proposal_id, None)

    def correct(
        self,
        proposal_id: int,
        mask: ArrayLike,
        *,
        label: int | None = None,
    ) -> None:
        """The object is there, with another mask or label.

        Args:
            proposal_id: of the proposal.
            mask: the right one, bool [H, W].
            label: the right one; that of the proposal without it.

        Raises:
            KeyError: there is no such proposal.
            ValueError: a mask that is empty or of another size, or a
                label that no category has.
        """
        before = self._item(proposal_id).object
        kind = before.category_id if label is None else label
        right = self._object(proposal_id, before.image_id, mask, kind)
        self._decide(CORRECTED, proposal_id, right)

    def add(self, image_id: int, mask: ArrayLike, label: int) -> int:
        """An object that nobody had proposed.

        Returns:
            Its id.

        Raises:
            KeyError: there is no such image.
            ValueError: as ``correct``.
        """
        fresh = max([0, *self._items, *self._decisions]) + 1
        one = self._object(fresh, image_id, mask, label)
        self._decide(ADDED, fresh, one)
        return fresh

    def finish(self, image_id: int) -> None:
        """A person has looked at the whole picture: nothing is missing.

        Raises:
            KeyError: there is no such image.
            ValueError: some of its proposals still wait.
        """
        self._image(image_id)
        left = [
            p.id for p in self.waiting() if p.object.image_id == image_id
        ]
        if left:
            raise ValueError(
                f"image {image_id} must have no proposal that waits, got "
                f"{left}"
            )
        self._write({"kind": FINISHED, "image_id": image_id})

    def dataset(self) -> CocoDataset:
        """The finished pictures with what was decided on them.

        Convention:
            A picture that is not finished is left out, with all of its
            objects: what nobody has looked at yet would be taught to a
            detector as background.
        """
        images = [
            i for i in self.proposals.images if i.id in self._finished
        ]
        objects = [
            d.object
            for _, d in sorted(self._decisions.items())
            if d.object is not None and d.object.image_id in self._finished
        ]
        return CocoDataset(
            tuple(images), tuple(objects), dict(self.proposals.categories)
        )

    def _decide(
        self, kind: str, object_id: int, one: CocoObject | None
    ) -> None:
        entry: dict[str, Any] = {"kind": kind, "id": object_id}
        if kind in (CORRECTED, ADDED) and one is not None:
            entry["object"] = dataclasses.asdict(one)
        self._write(entry)

    def _write(self, entry: dict[str, Any]) -> None:
        self.journal.append(entry)
        self._take(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        """Let a line of the journal count."""
        try:
            kind = entry["kind"]
            if kind not in KINDS:
                raise KeyError(f"there is no decision {kind!r}")
            if kind == FINISHED:
                self._finished.add(self._image(entry["image_id"]).id)
                return
            number = entry["id"]
            one = None
            if kind in (CORRECTED, ADDED):
                one = object_from(entry["object"])
                self._image(one.image_id)
            if kind != ADDED:
                proposed = self._item(number).object
                one = proposed if kind == ACCEPTED else one
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{self.journal.path} must hold decisions on these "
                f"proposals, but {error}"
            ) from error
        self._decisions[number] = Decision(kind, one)

    def _item(self, proposal_id: int) -> Proposal:
        if proposal_id not in self._items:
            raise KeyError(f"there is no proposal {proposal_id!r}")
        return self._items[proposal_id]

    def _image(self, image_id: int) -> CocoImage:
        if image_id not in self._images:
            raise KeyError(f"there is no image {image_id!r}")
        return self._images[image_id]

    def _object(
        self, number: int, image_id: int, mask: ArrayLike, label: int
    ) -> CocoObject:
        if label not in self.proposals.categories:
            raise ValueError(
                f"label must be one of {sorted(self.proposals.categories)}"
                f", got {label}"
            )
        size = tuple(self._image(image_id).size)
        found = np.shape(mask)
        if found != size:
            raise ValueError(
                f"mask must have the image's size {size}, got {found}"
            )
        return coco_object(
            mask, id=number, image_id=image_id, category_id=label
        )
