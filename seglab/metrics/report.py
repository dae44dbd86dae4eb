"""A report of a data set: by class, image and patient, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from seglab.metrics._bootstrap import estimate_and_limits
from seglab.metrics._class_plot import plot_classes
from seglab.metrics._figures import single_figure
from seglab.metrics._image_matrices import ImageMatrices, Label
from seglab.metrics._inputs import Masks
from seglab.metrics._tables import class_table, row_table
from seglab.metrics.overlap import ConfusionMatrix

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class ConfidenceInterval:
    """A figure, and the limits between which it varies with the groups.

    Args:
        value: of the images that were seen.
        low, high: the limits; NaN if fewer than 2 groups have the figure.
        groups: that have the figure, and were drawn from.
        level: how often such limits should hold the true figure.
        resamples: how often they were drawn.
    """

    value: float
    low: float
    high: float
    groups: int
    level: float
    resamples: int


class SegmentationReport:
    """A report that grows image by image: tables, intervals, a picture.

    It keeps the confusion matrix of each image, its name and its group:
    the patient, say, or the street.

    Args:
        num_classes: C, 2 or more.
        names: one name a class; "0", "1" and so on without it.
        ignore_index: true label whose pixels are not counted.

    Raises:
        TypeError, ValueError: as
            :class:`~seglab.metrics.overlap.ConfusionMatrix`.

    Convention:
        Figures of a group or of the data set come from its images' matrices
        added up. A class absent from truth and prediction is NaN and left
        out of means; one that is only predicted has IoU and Dice 0. An
        image without a group is a group by itself.

    Source:
        cityscapesScripts for absent classes; Maier-Hein et al. 2024 for
        patients, not images, as the unit of a mean.

    >>> report = SegmentationReport(2, names=("background", "heart"))
    >>> report.update([[0, 1, 1]], [[0, 1, 1]], image="a", group="Ann")
    >>> report.update([[0, 0, 1]], [[0, 1, 1]], image="b", group="Ben")
    >>> report
    SegmentationReport(2 classes, 2 images in 2 groups)
    >>> report.per_class()["dice"].round(2).to_dict()
    {'background': 0.8, 'heart': 0.86}
    >>> report.confidence_interval("mean_dice", over="group").groups
    2
    """

    def __init__(
        self,
        num_classes: int,
        *,
        names: Sequence[str] | None = None,
        ignore_index: int | None = None,
    ) -> None:
        blank = ConfusionMatrix(
            num_classes, ignore_index=ignore_index, names=names
        )
        self.num_classes = blank.num_classes
        self.ignore_index = ignore_index
        self.names = blank.names
        self._images = ImageMatrices(blank)

    def __len__(self) -> int:
        return len(self._images)

    def __repr__(self) -> str:
        return (
            f"SegmentationReport({self.num_classes} classes, {len(self)} "
            f"images in {len(self._images.groups())} groups)"
        )

    def update(
        self,
        prediction: Masks,
        truth: Masks,
        *,
        image: Label | None = None,
        group: Label | None = None,
    ) -> None:
        """Add one image; a batch goes to :meth:`update_batch`.

        Args:
            prediction: class indices [H, W], or of one volume [Z, H, W].
            truth: class indices of the same shape.
            image: its name, a string or an integer; without it, how many
                images there were before.
            group: what it belongs to, a string or an integer.

        Raises:
            TypeError: maps that hold no integers, or a name that is none.
            ValueError: shapes that are wrong or differ, an index outside
                0..C-1, or a name that the report has already.
        """
        self._images.add_one(prediction, truth, image, group)

    def update_batch(
        self,
        prediction: Masks,
        truth: Masks,
        *,
        images: Sequence[Label] | NDArray | None = None,
        groups: Sequence[Label | None] | NDArray | None = None,
    ) -> None:
        """Add N images, or none of them if one is refused.

        Args:
            prediction: class indices [N, H, W], or of volumes [N, Z, H, W].
            truth: class indices of the same shape.
            images: their names.
            groups: what each belongs to; None for an image without a group.

        Raises:
            TypeError, ValueError: as :meth:`update`, or lists that do not
                have N entries.
        """
        self._images.add_batch(prediction, truth, images, groups)

    def merge(self, other: SegmentationReport) -> None:
        """Add the images of another report, of another process perhaps.

        Raises:
            TypeError: ``other`` is no report.
            ValueError: the classes, their names or what is ignored differ,
                or both hold an image of one name; nothing is added then.
        """
        if not isinstance(other, SegmentationReport):
            raise TypeError(
                "other must be a SegmentationReport, got "
                f"{type(other).__name__}"
            )
        self._images.merge(other._images)

    def pooled(self) -> ConfusionMatrix:
        """The matrices of all images added up."""
        return self._filled().pooled()

    def summary(self) -> dict[str, float]:
        """Every figure of the data set that is one number, by name."""
        return self.pooled().summary()

    def per_class(self, *, class_metric: str = "dice") -> pd.DataFrame:
        """One row a class: its figures, and how one varies over groups.

        Args:
            class_metric: "precision", "recall", "iou" or "dice".

        Returns:
            Of the data set, ``pixels`` in the truth, ``precision``,
            ``recall``, ``iou``, ``dice``; then ``groups`` that have the
            class metric, its ``_mean`` and ``_std`` (divisor: groups - 1)
            over them, each group counting the same.

        Raises:
            ImportError: pandas is not installed.
            ValueError: another metric, or no image yet.
        """
        counts = self._filled().counts_of_groups()
        return class_table(self.names, counts, class_metric)

    def per_image(self, *, class_metric: str = "dice") -> pd.DataFrame:
        """One row an image: its group, figures, the metric of each class.

        ``class_metric`` and errors are as for :meth:`per_class`.
        """
        images = self._filled()
        counts, rows = images.counts(), images.names()
        table = row_table(self.names, counts, class_metric, rows, "image")
        table.insert(0, "group", images.group_of_each())
        return table

    def per_group(self, *, class_metric: str = "dice") -> pd.DataFrame:
        """One row a group: how many images, and the figures of all of them.

        ``class_metric`` and errors are as for :meth:`per_class`.
        """
        images = self._filled()
        counts, rows = images.counts_of_groups(), images.groups()
        table = row_table(self.names, counts, class_metric, rows, "group")
        table.insert(0, "images", images.images_of_groups())
        return table

    def confidence_interval(
        self,
        metric: str,
        *,
        over: str,
        class_name: str | None = None,
        level: float = 0.95,
        resamples: int = 2000,
        seed: int = 0,
    ) -> ConfidenceInterval:
        """Percentile bootstrap of a figure, which draws groups, not images.

        Args:
            metric: "pixel_accuracy", "mean_class_accuracy", "mean_iou",
                "frequency_weighted_iou", "mean_dice"; or, of one class,
                "precision", "recall", "iou", "dice".
            over: ``"dataset"``: the matrices of the drawn groups are added,
                as for :meth:`summary`; ``"group"``: the mean of the groups'
                figures, in which each group counts the same.
            class_name: for a metric of one class.
            level: between 0 and 1.
            resamples: how often the groups are drawn, with replacement.
            seed: of the draw.

        Raises:
            TypeError: resamples or seed are no integers.
            ValueError: an argument not from its list or out of range, no
                image yet, or a report of one group.

        Convention:
            A group in which the figure is undefined is left out, and so not
            drawn. A class that no drawn group has is left out of that
            draw's mean. The interval shows chance in the choice of groups
            alone, not in the training, and below about 20 groups it is too
            narrow.

        Source:
            Efron and Tibshirani 1993; Field and Welsh 2007 for groups.
        """
        figure = single_figure(metric, class_name, self.names)
        counts = self._filled().counts_of_groups()
        if len(counts) < 2:
            raise ValueError(
                "an interval needs 2 groups of images or more, got 1"
            )
        found = estimate_and_limits(
            figure,
            counts,
            over=over,
            level=level,
            resamples=resamples,
            seed=seed,
        )
        return ConfidenceInterval(*found, level, resamples)

    def plot(
        self,
        class_metric: str = "dice",
        *,
        level: float = 0.95,
        ax: Axes | None = None,
    ) -> Axes:
        """One row a class: dots are groups, then figure and interval.

        Args:
            class_metric: as :meth:`per_class`.
            level: of the interval of the figure, over the data set.
            ax: where to draw; a new figure without it.

        Raises:
            ValueError: another metric, a level out of range, or no image
                yet. A report of one group has no intervals to draw.
        """
        dot = "group" if self._images.has_groups() else "image"
        counts = self._filled().counts_of_groups()
        return plot_classes(
            self.names, counts, class_metric, level, f"one {dot}", ax
        )

    def _filled(self) -> ImageMatrices:
        if not len(self):
            raise ValueError(
                "the report holds no image yet: call update first"
            )
        return self._images
