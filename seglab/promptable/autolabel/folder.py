"""A folder of pictures becomes proposals, a picture at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from seglab.data.formats.coco import CocoDataset, CocoImage
from seglab.promptable.autolabel.journal import Journal
from seglab.promptable.autolabel.proposals import (
    PromptableModel,
    Proposal,
    Thresholds,
    propose,
)
from seglab.promptable.autolabel.sources import BoxSource

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Proposals:
    """All that was proposed for a set of pictures.

    Args:
        images: the pictures that were looked at.
        items: the proposals, by picture.
        categories: id to name.
    """

    images: tuple[CocoImage, ...]
    items: tuple[Proposal, ...]
    categories: Mapping[int, str]

    def of_image(self, image_id: int) -> list[Proposal]:
        """The proposals of one picture."""
        return [p for p in self.items if p.object.image_id == image_id]

    def as_dataset(self) -> CocoDataset:
        """As if every proposal were right: what any viewer can open."""
        objects = tuple(p.object for p in self.items)
        return CocoDataset(self.images, objects, dict(self.categories))


def pictures_in(folder: str | Path) -> Iterator[tuple[str, Tensor]]:
    """The pictures of a folder by name: float32 [3, H, W] in [0, 1].

    Pictures are turned as their camera says, and grey ones get three
    equal channels.

    Args:
        folder: files in it that are no pictures are passed over.

    Raises:
        FileNotFoundError: there is no picture in it.

    >>> list(pictures_in("no_such_folder"))
    Traceback (most recent call last):
        ...
    FileNotFoundError: folder must hold pictures, got no_such_folder ...
    """
    base = Path(folder)
    files = sorted(
        file
        for file in (base.iterdir() if base.is_dir() else ())
        if file.suffix.lower() in SUFFIXES
    )
    if not files:
        raise FileNotFoundError(
            f"folder must hold pictures, got {folder} with none of "
            f"{', '.join(SUFFIXES)}"
        )
    for file in files:
        with Image.open(file) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        pixels = np.asarray(upright, np.float32) / 255
        yield file.name, torch.from_numpy(pixels).permute(2, 0, 1)


def propose_all(
    pictures: Iterable[tuple[str, Tensor]],
    model: PromptableModel,
    source: BoxSource,
    journal: Journal,
    *,
    categories: Mapping[int, str],
    thresholds: Thresholds | None = None,
) -> Proposals:
    """Look for boxes in every picture, and make masks of them.

    A picture that stands in the journal is not looked at again: a run
    that was interrupted goes on, and a folder may grow.

    Args:
        pictures: file names with pictures float32 [3, H, W] in [0, 1].
        model: has ``embed`` and ``single``.
        source: of the boxes.
        journal: of proposals; a line is added for each picture.
        categories: id to name, of all labels that ``source`` may give.
        thresholds: the usual ones without it.

    Raises:
        ValueError: a box with a label that no category has.
        RuntimeError: another process writes to the journal.
    """
    known = read_proposals(journal, categories)
    seen = {image.file_name for image in known.images}
    image_id = max((image.id for image in known.images), default=0)
    first_id = max((item.id for item in known.items), default=0) + 1
    for name, image in pictures:
        if name in seen:
            continue
        seen.add(name)
        image_id += 1
        found = source.find(name, image)
        strange = set(found.labels.tolist()) - set(categories)
        if strange:
            raise ValueError(
                f"categories must name every label, but {name} has "
                f"{sorted(strange)}"
            )
        items = propose(
            model,
            image,
            found,
            image_id=image_id,
            first_id=first_id,
            thresholds=thresholds,
        )
        first_id += len(items)
        size = (int(image.shape[-2]), int(image.shape[-1]))
        about = dataclasses.asdict(CocoImage(image_id, name, size))
        journal.append(
            {"image": about, "proposals": [p.as_dict() for p in items]}
        )
    return read_proposals(journal, categories)


def read_proposals(
    journal: Journal, categories: Mapping[int, str]
) -> Proposals:
    """What ``propose_all`` has written.

    Args:
        journal: of proposals.
        categories: id to name.

    Raises:
        ValueError: the journal holds something else.
    """
    images: list[CocoImage] = []
    items: list[Proposal] = []
    try:
        for entry in journal.entries:
            about = entry["image"]
            size = (about["size"][0], about["size"][1])
            images.append(CocoImage(about["id"], about["file_name"], size))
            items += [Proposal.from_dict(p) for p in entry["proposals"]]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"{journal.path} must hold proposals, but "
            f"{type(error).__name__}: {error}"
        ) from error
    return Proposals(tuple(images), tuple(items), dict(categories))
