"""Panoptic quality: are the segments found, and how well do they fit?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._categories import category_names, check_integer
from seglab.metrics._inputs import (
    Masks,
    as_array,
    binary_mask,
    check_same_shape,
)
from seglab.metrics._ratios import mean_of_present, ratio
from seglab.metrics._segments import Labelling, Matches, match_segments


def panoptic_quality(
    prediction: Masks,
    truth: Masks,
    *,
    things: Sequence[int],
    stuff: Sequence[int] = (),
    void: int | None = None,
    divisor: int = 1000,
    crowd: Masks | None = None,
    names: Sequence[str] | None = None,
) -> PanopticQuality:
    """Panoptic quality of one image or of a batch, in one call.

    Args:
        prediction: panoptic map [H, W] or [N, H, W] of integers,
            ``category * divisor + id``.
        truth: panoptic map of the same shape.
        things, stuff, void, divisor, names: as :class:`PanopticQuality`.
        crowd: bool mask of the maps' shape, as
            :meth:`PanopticQuality.update`.

    Returns:
        A :class:`PanopticQuality` that has seen the maps.

    Raises:
        TypeError, ValueError: as :class:`PanopticQuality`.

    Convention:
        As :class:`PanopticQuality` (Kirillov et al. 2019).

    >>> truth = [[1001, 1001, 1001, 0]]
    >>> prediction = [[1007, 1007, 0, 0]]
    >>> seen = panoptic_quality(prediction, truth, things=[1], stuff=[0])
    >>> seen.per_class()["1"]["sq"]
    0.6666666666666666
    """
    seen = PanopticQuality(
        things, stuff, void=void, divisor=divisor, names=names
    )
    seen.update(prediction, truth, crowd=crowd)
    return seen


class PanopticQuality:
    """Panoptic quality that grows image by image, with its two factors.

    In each class ``PQ = SQ * RQ``: the mean IoU of the matched segments,
    times ``tp / (tp + fp / 2 + fn / 2)``.

    Args:
        things: categories whose segments are told apart by their id.
        stuff: categories that are one segment in an image, whatever the
            ids say.
        void: category of the pixels that carry no label, if there is one.
        divisor: a map holds ``category * divisor + id``, with
            ``0 <= id < divisor``.
        names: of the categories, ``names[category]``; without it a
            category is called "0", "1" and so on.

    Raises:
        TypeError: a category or the divisor is no integer.
        ValueError: no category, one given twice, or one without a name.

    Convention:
        Two segments match if their category is the same and their IoU is
        greater than 0.5, not equal to it; pixels that are void in the truth
        are out of the union. An unmatched prediction of which more than
        half lies on void, or on a crowd of its own category, is no error;
        a crowd is neither matched nor missed. Void in a prediction covers
        nothing: what it leaves open counts as missed (torchmetrics forgives
        it). A class without tp, fp and fn is NaN and left out of the means;
        one without tp is 0. Nothing left -> NaN.

    Source:
        Kirillov et al. 2019; panopticapi.

    >>> seen = PanopticQuality([1], [0], names=("background", "coin"))
    >>> seen.update([[1001, 1001, 0, 0]], [[1001, 1001, 0, 0]])
    >>> seen.update([[0, 0, 0, 0]], [[1001, 0, 0, 0]])
    >>> seen.per_class()["coin"]["rq"]
    0.6666666666666666
    >>> round(seen.pq, 4)
    0.7708
    """

    def __init__(
        self,
        things: Sequence[int],
        stuff: Sequence[int] = (),
        *,
        void: int | None = None,
        divisor: int = 1000,
        names: Sequence[str] | None = None,
    ) -> None:
        _check_categories([*things, *stuff], void)
        check_integer(divisor, "divisor", lowest=1)
        categories = sorted(int(c) for c in [*things, *stuff])
        self.categories = np.array(categories, dtype=np.int64)
        self.names = category_names(categories, names)
        self._labelling = Labelling(
            things=np.array(list(things), dtype=np.int64),
            stuff=np.array(list(stuff), dtype=np.int64),
            void=void,
            divisor=int(divisor),
        )
        # rows: tp, fp, fn
        self._counts = np.zeros((3, len(categories)), dtype=np.int64)
        self._iou_sum = np.zeros(len(categories))

    def update(
        self,
        prediction: Masks,
        truth: Masks,
        *,
        crowd: Masks | None = None,
    ) -> None:
        """Count the segments of one more image [H, W] or batch [N, H, W].

        Args:
            prediction: panoptic map, ``category * divisor + id``.
            truth: panoptic map of the same shape.
            crowd: bool mask of that shape, true where the truth marks a
                crowd: things of one category that are not told apart.

        Raises:
            TypeError: a map holds no integers, or the crowd no bools.
            ValueError: the shapes differ, or a category is unknown.
        """
        # all images before any is counted: a bad one leaves no trace
        matched = [
            match_segments(*image, labelling=self._labelling)
            for image in _images(prediction, truth, crowd)
        ]
        for matches in matched:
            self._count(matches)

    def _count(self, matches: Matches) -> None:
        kinds = len(self.categories)
        for row, category in enumerate(
            (matches.found, matches.false, matches.missed)
        ):
            index = np.searchsorted(self.categories, category)
            self._counts[row] += np.bincount(index, minlength=kinds)
        index = np.searchsorted(self.categories, matches.found)
        self._iou_sum += np.bincount(index, matches.iou, minlength=kinds)

    def merge(self, other: PanopticQuality) -> None:
        """Add what another one, of another worker perhaps, has counted.

        Raises:
            ValueError: the categories, their names or the labels differ.
        """
        mine, theirs = self._reading(), other._reading()
        if mine != theirs:
            raise ValueError(
                "other must read the maps in the same way, got "
                f"{theirs} for {mine}"
            )
        self._counts += other._counts
        self._iou_sum += other._iou_sum

    def _reading(self) -> tuple[object, ...]:
        kinds = np.isin(self.categories, self._labelling.things)
        labels = self._labelling.void, self._labelling.divisor
        return self.names, self.categories.tolist(), kinds.tolist(), *labels

    def _factors(self) -> dict[str, NDArray[np.float64]]:
        found, false, missed = self._counts
        rq = ratio(found, found + (false + missed) / 2)
        # no match in a class that occurs: its mean IoU counts as 0
        sq = np.where(np.isnan(rq), rq, ratio(self._iou_sum, found, 0.0))
        return {"pq": sq * rq, "sq": sq, "rq": rq}

    @property
    def pq(self) -> float:
        """Panoptic quality, mean of the classes that occur."""
        return mean_of_present(self._factors()["pq"])

    @property
    def sq(self) -> float:
        """Segmentation quality, mean of the classes that occur."""
        return mean_of_present(self._factors()["sq"])

    @property
    def rq(self) -> float:
        """Recognition quality, mean of the classes that occur."""
        return mean_of_present(self._factors()["rq"])

    def summary(self) -> dict[str, float]:
        """PQ, SQ and RQ of all classes, of things and of stuff."""
        is_thing = np.isin(self.categories, self._labelling.things)
        groups = {
            "": np.ones_like(is_thing),
            "_things": is_thing,
            "_stuff": ~is_thing,
        }
        factors = self._factors()
        return {
            f"{key}{suffix}": mean_of_present(values[chosen])
            for suffix, chosen in groups.items()
            for key, values in factors.items()
        }

    def per_class(self) -> dict[str, dict[str, float]]:
        """PQ, SQ, RQ, and the counts tp, fp and fn of each class."""
        columns = self._factors()
        columns |= zip(("tp", "fp", "fn"), self._counts, strict=True)
        return {
            name: {key: float(row[i]) for key, row in columns.items()}
            for i, name in enumerate(self.names)
        }


def _check_categories(categories: Sequence[int], void: int | None) -> None:
    if not categories:
        raise ValueError("things or stuff must name a category, got none")
    for category in categories:
        check_integer(category, "a category of things or stuff", lowest=0)
    if len(set(categories)) != len(categories):
        raise ValueError(
            "things and stuff must name each category once, got "
            f"{list(categories)}"
        )
    if void is not None:
        check_integer(void, "void")
    if void in categories:
        raise ValueError(
            f"void must be no category of things or stuff, got {void}"
        )


def _images(
    prediction: Masks, truth: Masks, crowd: Masks | None
) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    maps = as_array(prediction, "prediction"), as_array(truth, "truth")
    for name, array in zip(("prediction", "truth"), maps, strict=True):
        if array.dtype.kind not in "ui":
            raise TypeError(
                f"{name} must hold integers category * divisor + id, got "
                f"{array.dtype}"
            )
    check_same_shape(*maps)
    shape = maps[0].shape
    if len(shape) not in (2, 3):
        raise ValueError(
            f"prediction must be [H, W] or [N, H, W], got shape {shape}"
        )
    in_crowd = np.zeros(shape, dtype=bool)
    if crowd is not None:
        in_crowd = binary_mask(crowd, "crowd")
    if in_crowd.shape != shape:
        raise ValueError(
            f"crowd must have the maps' shape {shape}, got {in_crowd.shape}"
        )
    images = shape[0] if len(shape) == 3 else 1
    pixels = int(np.prod(shape[-2:]))
    size = images, pixels
    return zip(
        maps[0].reshape(size),
        maps[1].reshape(size),
        in_crowd.reshape(size),
        strict=True,
    )
