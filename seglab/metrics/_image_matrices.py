"""Confusion matrices of images that have a name and perhaps a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._figures import margins
from seglab.metrics._inputs import Masks, as_array, check_same_shape
from seglab.metrics.overlap import ConfusionMatrix

Label: TypeAlias = str | int


@dataclass(frozen=True)
class ImageMatrix:
    """One image: its name, its group if it has one, its matrix."""

    name: Label
    group: Label | None
    matrix: ConfusionMatrix


class ImageMatrices:
    """Images by name, in the order in which they came."""

    def __init__(self, blank: ConfusionMatrix) -> None:
        self._blank = blank
        self._images: dict[Label, ImageMatrix] = {}

    def __len__(self) -> int:
        return len(self._images)

    def add_one(
        self, prediction: Masks, truth: Masks, name: Any, group: Any
    ) -> None:
        """Add one image or volume."""
        layouts = {2: "[H, W]", 3: "[Z, H, W]"}
        maps = _class_maps(prediction, truth, layouts)
        if name is None:
            name = len(self)
        self._add([self._counted(*maps, name, group)])

    def add_batch(
        self, prediction: Masks, truth: Masks, names: Any, groups: Any
    ) -> None:
        """Add the images of a batch, or none of them if one is wrong."""
        layouts = {3: "[N, H, W]", 4: "[N, Z, H, W]"}
        maps = _class_maps(prediction, truth, layouts)
        count, before = len(maps[0]), len(self)
        if names is None:
            names = range(before, before + count)
        if groups is None:
            groups = [None] * count
        rows = zip(
            *maps,
            _one_each(names, "images", count),
            _one_each(groups, "groups", count),
            strict=True,
        )
        self._add([self._counted(*row) for row in rows])

    def merge(self, other: ImageMatrices) -> None:
        """Add the images of another one with the same classes."""
        self.blank().merge(other.blank())  # refuses other classes
        self._add(list(other._images.values()))

    def blank(self) -> ConfusionMatrix:
        """An empty matrix with the classes of all."""
        return ConfusionMatrix(
            self._blank.num_classes,
            ignore_index=self._blank.ignore_index,
            names=self._blank.names,
        )

    def pooled(self) -> ConfusionMatrix:
        """All matrices added up."""
        total = self.blank()
        for image in self._images.values():
            total.merge(image.matrix)
        return total

    def names(self) -> list[Label]:
        """Of the images."""
        return list(self._images)

    def group_of_each(self) -> NDArray[np.object_]:
        """The group of each image, None where it has none, [N]."""
        groups = [image.group for image in self._images.values()]
        # else a table makes integers floats where a group is missing
        return np.array(groups, dtype=object)

    def has_groups(self) -> bool:
        """Whether an image has been given a group."""
        return any(group is not None for group in self.group_of_each())

    def groups(self) -> list[Label]:
        """Of the groups; an image without one lends its name."""
        return [name for _, name in self._rows_of_groups()]

    def counts(self) -> NDArray[np.float64]:
        """Margins of the images, [N, 3, C]."""
        each = [margins(i.matrix.matrix) for i in self._images.values()]
        return np.reshape(each, (len(self), 3, self._blank.num_classes))

    def images_of_groups(self) -> NDArray[np.int64]:
        """How many images each group has, [G]."""
        rows = self._rows_of_groups().values()
        return np.array([len(row) for row in rows], dtype=np.int64)

    def counts_of_groups(self) -> NDArray[np.float64]:
        """Margins of the groups, [G, 3, C]."""
        counts = self.counts()
        rows = self._rows_of_groups().values()
        each = [counts[row].sum(axis=0) for row in rows]
        return np.reshape(each, (len(rows), *counts.shape[1:]))

    def _counted(
        self, prediction: NDArray, truth: NDArray, name: Any, group: Any
    ) -> ImageMatrix:
        matrix = self.blank()
        matrix.update(prediction, truth)
        return ImageMatrix(
            name=_label(name, "image"),
            group=None if group is None else _label(group, "group"),
            matrix=matrix,
        )

    def _add(self, images: Sequence[ImageMatrix]) -> None:
        taken = set(self._images)
        for image in images:
            if image.name in taken:
                raise ValueError(
                    f"image {image.name!r} is in the report already; each "
                    "image counts once, under a name of its own"
                )
            taken.add(image.name)
        self._images |= {image.name: image for image in images}

    def _rows_of_groups(self) -> dict[tuple[bool, Label], list[int]]:
        rows: dict[tuple[bool, Label], list[int]] = {}
        for row, image in enumerate(self._images.values()):
            # the image "a" without a group is not of a group named "a"
            alone = image.group is None
            label = image.name if image.group is None else image.group
            rows.setdefault((alone, label), []).append(row)
        return rows


def _label(value: Any, name: str) -> Label:
    """A string or an integer, also one of NumPy's."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(
            f"{name} must be a string or an integer, got {value!r}"
        )
    return value


def _one_each(values: Any, name: str, count: int) -> Sequence[Any]:
    """A list of one entry for each image of a batch."""
    if hasattr(values, "tolist"):  # an array or a tensor
        values = values.tolist()
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(
            f"{name} must be a list with one entry for each image, got "
            f"{values!r}"
        )
    if len(values) != count:
        raise ValueError(
            f"{name} must have one entry for each of {count} images, got "
            f"{len(values)}"
        )
    return values


def _class_maps(
    prediction: Masks, truth: Masks, layouts: dict[int, str]
) -> tuple[NDArray, NDArray]:
    maps = as_array(prediction, "prediction"), as_array(truth, "truth")
    check_same_shape(*maps)
    if maps[0].ndim not in layouts:
        raise ValueError(
            "prediction must be class indices "
            f"{' or '.join(layouts.values())}, got shape {maps[0].shape}"
        )
    return maps
