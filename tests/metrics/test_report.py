"""The report of a data set, against slow obvious versions and peers."""

import math
import pickle
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torchmetrics.functional import classification as torchmetrics

from seglab import metrics
from seglab.metrics import _bootstrap
from seglab.metrics._figures import CLASS_FIGURES, FIGURES, margins
from seglab.metrics.report import ConfidenceInterval, SegmentationReport

IGNORED = 255
CLASSES = 3
NAMES = ("ground", "heart", "aorta")
TABLES = ("per_class", "per_image", "per_group")


@st.composite
def image_lists(draw, least=1):
    """Some (prediction, truth, group) of odd sizes; None is no group."""
    images = []
    for _ in range(draw(st.integers(least, 5))):
        axes = draw(st.integers(2, 3))
        shape = draw(
            hnp.array_shapes(min_dims=axes, max_dims=axes, max_side=4)
        )
        labels = st.integers(0, CLASSES - 1)
        prediction = draw(hnp.arrays(np.uint8, shape, elements=labels))
        labels = labels | st.just(IGNORED)
        truth = draw(hnp.arrays(np.uint8, shape, elements=labels))
        group = draw(st.sampled_from([None, "a", "b", 7]))
        images.append((prediction, truth, group))
    return images


def report_of(images, first=0):
    report = SegmentationReport(CLASSES, names=NAMES, ignore_index=IGNORED)
    for number, (prediction, truth, group) in enumerate(images, first):
        report.update(prediction, truth, image=number, group=group)
    return report


def flat(images):
    """All pixels that count, predicted and true."""
    pairs = [(p[t != IGNORED], t[t != IGNORED]) for p, t, _ in images]
    return tuple(np.concatenate(side) for side in zip(*pairs, strict=True))


def groups_of(images):
    """Lists of images that belong together, in order of appearance."""
    found = {}
    for number, image in enumerate(images):
        key = ("alone", number) if image[2] is None else image[2]
        found.setdefault(key, []).append(image)
    return list(found.values())


def slow_class_figures(images, label):
    """The figures of one class from sets of pixels; NaN for 0 / 0."""
    prediction, truth = flat(images)
    found = set(np.flatnonzero(prediction == label))
    true = set(np.flatnonzero(truth == label))

    def share(part, whole):
        return part / whole if whole else math.nan

    both = len(found & true)
    return {
        "precision": share(both, len(found)),
        "recall": share(both, len(true)),
        "iou": share(both, len(found | true)),
        "dice": share(2 * both, len(found) + len(true)),
    }


def slow_headlines(images):
    prediction, truth = flat(images)
    each = [slow_class_figures(images, label) for label in range(CLASSES)]

    def mean(values):
        values = [value for value in values if not math.isnan(value)]
        return sum(values) / len(values) if values else math.nan

    right = sum(p == t for p, t in zip(prediction, truth, strict=True))
    return {
        "pixels": len(truth),
        "pixel_accuracy": right / len(truth) if len(truth) else math.nan,
        "mean_iou": mean(row["iou"] for row in each),
        "mean_dice": mean(row["dice"] for row in each),
    }


def slow_row(images, class_metric):
    row = slow_headlines(images)
    for label, name in enumerate(NAMES):
        value = slow_class_figures(images, label)[class_metric]
        row[f"{class_metric}_{name}"] = value
    return row


def assert_rows(table, rows):
    assert len(table) == len(rows)
    for (_, found), wanted in zip(table.iterrows(), rows, strict=True):
        for name, value in wanted.items():
            assert found[name] == pytest.approx(value, nan_ok=True), name


@given(image_lists(), st.sampled_from(list(CLASS_FIGURES)))
def test_tables_are_those_of_a_loop_over_the_pixels(images, class_metric):
    report = report_of(images)
    by_image = report.per_image(class_metric=class_metric)
    assert_rows(by_image, [slow_row([i], class_metric) for i in images])
    for found, (_, _, group) in zip(by_image["group"], images, strict=True):
        assert pd.isna(found) if group is None else found == group
    assert list(by_image.index) == list(range(len(images)))
    groups = groups_of(images)
    by_group = report.per_group(class_metric=class_metric)
    assert_rows(by_group, [slow_row(g, class_metric) for g in groups])
    assert list(by_group["images"]) == [len(group) for group in groups]


@given(image_lists(), st.sampled_from(list(CLASS_FIGURES)))
def test_classes_are_pooled_and_spread_over_groups(images, class_metric):
    table = report_of(images).per_class(class_metric=class_metric)
    assert list(table.index) == list(NAMES)
    rows = []
    for label in range(CLASSES):
        values = [
            slow_class_figures(group, label)[class_metric]
            for group in groups_of(images)
        ]
        values = [value for value in values if not math.isnan(value)]
        two = len(values) > 1
        rows.append(
            slow_class_figures(images, label)
            | {
                "pixels": int((flat(images)[1] == label).sum()),
                "groups": len(values),
                f"{class_metric}_mean": np.mean(values or [math.nan]),
                f"{class_metric}_std": (
                    np.std(values, ddof=1) if two else math.nan
                ),
            }
        )
    assert_rows(table, rows)


@given(image_lists())
@settings(max_examples=30)
def test_agrees_with_torchmetrics_where_classes_occur(images):
    report = report_of(images)
    prediction, truth = (
        torch.from_numpy(s.astype(int)) for s in flat(images)
    )
    if not len(truth):
        return
    table = report.per_class()
    kept = {"num_classes": CLASSES, "average": "none"}
    for name, theirs in {
        "iou": torchmetrics.multiclass_jaccard_index,
        "dice": torchmetrics.multiclass_f1_score,
        "precision": torchmetrics.multiclass_precision,
        "recall": torchmetrics.multiclass_recall,
    }.items():
        # theirs says 0 for an absent class, ours NaN
        wanted = theirs(prediction, truth, **kept).numpy()
        ours = np.nan_to_num(table[name].to_numpy())
        np.testing.assert_allclose(ours, wanted, atol=1e-6)
    macro = torchmetrics.multiclass_jaccard_index(
        prediction, truth, CLASSES
    )
    assert report.summary()["mean_iou"] == pytest.approx(macro.item())


@given(image_lists())
@settings(max_examples=30)
def test_figures_are_those_of_the_confusion_matrix(images):
    """The margins give what the functions of whole matrices give."""
    pooled = report_of(images).pooled()
    counts = margins(pooled.matrix)
    for name, figure in FIGURES.items():
        wanted = getattr(metrics, name)(pooled.matrix)
        assert figure(counts).item() == pytest.approx(wanted, nan_ok=True)
    assert list(FIGURES) == list(pooled.summary())
    for name, figure in CLASS_FIGURES.items():
        if name in ("iou", "dice"):
            wanted = getattr(metrics, name)(pooled.matrix)
            np.testing.assert_allclose(figure(counts), wanted)
    np.testing.assert_allclose(
        CLASS_FIGURES["recall"](counts),
        metrics.class_accuracy(pooled.matrix),
    )


@given(image_lists(least=2), st.integers(0, 5))
@settings(max_examples=20)
def test_merged_parts_are_one_report(images, cut):
    """The second part comes from another process: through a pickle."""
    cut = min(cut, len(images))
    left = report_of(images[:cut])
    right = pickle.loads(pickle.dumps(report_of(images[cut:], first=cut)))
    left.merge(right)
    whole = report_of(images)
    assert len(left) == len(whole)
    for table in TABLES:
        pd.testing.assert_frame_equal(
            getattr(left, table)(), getattr(whole, table)()
        )


@given(hnp.arrays(np.int64, (2, 4, 3, 5), elements=st.integers(0, 2)))
@settings(max_examples=20)
def test_a_batch_is_its_images_one_by_one(maps):
    one, batch = (SegmentationReport(CLASSES) for _ in range(2))
    names, groups = list("abcd"), ["u", None, "u", "v"]
    for row in zip(*maps, names, groups, strict=True):
        one.update(row[0], row[1], image=row[2], group=row[3])
    tensors = (torch.from_numpy(side) for side in maps)
    batch.update_batch(*tensors, images=np.array(names), groups=groups)
    for table in TABLES:
        pd.testing.assert_frame_equal(
            getattr(one, table)(), getattr(batch, table)()
        )


def test_names_are_numbers_where_none_are_given():
    report = SegmentationReport(2)
    report.update([[0]], [[0]])
    report.update_batch([[[0]], [[1]]], [[[0]], [[1]]])
    assert list(report.per_image().index) == [0, 1, 2]
    assert len(report) == 3
    patients = torch.tensor([4, 4])
    report.update_batch([[[0]]] * 2, [[[0]]] * 2, groups=patients)
    assert list(report.per_group().index) == [0, 1, 2, 4]


def test_an_image_without_a_group_is_not_of_the_group_of_its_name():
    report = SegmentationReport(2)
    report.update([[0]], [[0]], image="a")
    report.update([[1]], [[1]], image="b", group="a")
    table = report.per_group()
    assert list(table.index) == ["a", "a"]
    assert list(table["images"]) == [1, 1]


def test_groups_that_are_numbers_stay_so_beside_a_missing_one():
    report = SegmentationReport(2)
    report.update([[0]], [[0]], group=np.int64(7))
    report.update([[0]], [[0]])
    seven, missing = report.per_image()["group"]
    assert isinstance(seven, int)
    assert pd.isna(missing)


def test_figures_of_a_group_are_not_means_of_its_images():
    report = SegmentationReport(2, names=("ground", "coin"))
    report.update([[1]], [[1]], image="small", group="Ann")
    report.update([[1, 0, 0]], [[1, 1, 1]], image="large", group="Ann")
    assert report.per_group().loc["Ann", "dice_coin"] == pytest.approx(
        2 / 3
    )
    assert report.per_image()["dice_coin"].tolist() == [1, 0.5]


def test_absent_classes_are_nan_and_merely_predicted_ones_0():
    report = SegmentationReport(4)
    report.update([[0, 0, 1]], [[0, 0, 0]])
    table = report.per_class()
    assert table["dice"].tolist() == pytest.approx(
        [4 / 5, 0, math.nan, math.nan], nan_ok=True
    )
    assert table["precision"].tolist() == pytest.approx(
        [1, 0, math.nan, math.nan], nan_ok=True
    )
    assert table["recall"].isna().tolist() == [False, True, True, True]
    assert table["groups"].tolist() == [1, 1, 0, 0]
    assert table["dice_std"].isna().all()
    image = report.per_image().iloc[0]
    assert image["mean_dice"] == pytest.approx(2 / 5)
    assert math.isnan(image["dice_2"])


def test_nothing_but_ignored_pixels_is_nan_everywhere():
    report = SegmentationReport(2, ignore_index=IGNORED)
    report.update([[0, 9]], [[IGNORED, IGNORED]], image="a")
    figures = report.per_image().drop(columns=["group", "pixels"])
    assert figures.isna().all(axis=None)
    assert np.isnan(list(report.summary().values())).all()
    report.update([[0, 1]], [[0, 0]], image="b")
    assert report.summary()["pixel_accuracy"] == 0.5
    assert report.per_image()["pixels"].tolist() == [0, 2]


# the bootstrap


def many_images(groups=12, each=2, seed=0):
    """Images whose quality depends on their group; aorta in some only."""
    rng = np.random.default_rng(seed)
    report = SegmentationReport(CLASSES, names=NAMES)
    for group in range(groups):
        quality = rng.uniform(0.3, 0.9)
        for _ in range(each):
            shape = 4, int(rng.integers(3, 30))
            truth = rng.integers(0, 3 if group % 3 == 0 else 2, shape)
            right = rng.random(shape) < quality
            prediction = np.where(right, truth, rng.integers(0, 2, shape))
            report.update(prediction, truth, group=group)
    return report


def slow_value(metric, class_name, matrix):
    if class_name is None:
        return getattr(metrics, metric)(matrix)
    index = NAMES.index(class_name)
    if metric == "precision":
        column = matrix[:, index]
        return column[index] / column.sum() if column.any() else math.nan
    name = {"recall": "class_accuracy"}.get(metric, metric)
    return getattr(metrics, name)(matrix)[index]


EACH_METRIC = pytest.mark.parametrize(
    ("metric", "class_name"),
    [(name, None) for name in FIGURES]
    + [(name, "aorta") for name in CLASS_FIGURES],
)


@EACH_METRIC
@pytest.mark.parametrize("over", ["dataset", "group"])
def test_the_interval_is_that_of_a_slow_loop(
    metric, class_name, over, monkeypatch
):
    """Draw groups, add or average, and sort: 60 times, one by one."""
    report = many_images()
    groups = {}
    for image in report._images._images.values():
        matrix = groups.setdefault(image.group, np.zeros((3, 3), int))
        matrix += image.matrix.matrix
    kept = [
        matrix
        for matrix in groups.values()
        if not math.isnan(slow_value(metric, class_name, matrix))
    ]

    def estimate(matrices):
        if over == "dataset":
            return slow_value(metric, class_name, sum(matrices))
        values = [slow_value(metric, class_name, m) for m in matrices]
        return sum(values) / len(values)

    rng, values = np.random.default_rng(3), []
    for _ in range(60):
        drawn = rng.integers(0, len(kept), len(kept))
        values.append(estimate([kept[i] for i in drawn]))
    # the pieces in which it is computed change nothing
    monkeypatch.setattr(_bootstrap, "CHUNK", 7 * len(kept))
    found = report.confidence_interval(
        metric,
        over=over,
        class_name=class_name,
        level=0.8,
        resamples=60,
        seed=3,
    )
    assert found.value == pytest.approx(estimate(kept))
    limits = np.percentile(values, [10, 90])
    assert [found.low, found.high] == pytest.approx(list(limits))
    assert (found.groups, found.resamples) == (len(kept), 60)
    assert found.level == 0.8


@pytest.mark.parametrize("class_name", NAMES)
def test_the_mean_over_groups_is_that_of_scipy(class_name):
    report = many_images(groups=20)
    values = report.per_group()[f"dice_{class_name}"].dropna()
    theirs = scipy.stats.bootstrap(
        (values.to_numpy(),),
        np.mean,
        n_resamples=20_000,
        method="percentile",
        random_state=1,
    ).confidence_interval
    ours = report.confidence_interval(
        "dice", over="group", class_name=class_name, resamples=20_000
    )
    assert ours.value == pytest.approx(values.mean())
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.03 * width)


def test_values_are_those_of_the_tables():
    report = many_images()
    table, summary = report.per_class(class_metric="iou"), report.summary()
    by_group = report.per_group()
    for name in FIGURES:
        found = report.confidence_interval(name, over="dataset")
        assert found.value == pytest.approx(summary[name])
        assert found.low < found.value < found.high
    for name in ("pixel_accuracy", "mean_iou", "mean_dice"):
        found = report.confidence_interval(name, over="group")
        assert found.value == pytest.approx(by_group[name].mean())
        assert found.low < found.value < found.high
    for name in NAMES:
        pooled, mean = (
            report.confidence_interval("iou", over=over, class_name=name)
            for over in ("dataset", "group")
        )
        assert pooled.value == pytest.approx(table.loc[name, "iou"])
        assert mean.value == pytest.approx(table.loc[name, "iou_mean"])
        assert pooled.groups == mean.groups == table.loc[name, "groups"]


def test_a_seed_gives_one_interval_and_a_level_its_width():
    report = many_images()
    first, again, other = (
        report.confidence_interval("mean_dice", over="group", seed=seed)
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first.value == other.value
    assert first.low != other.low
    narrow = report.confidence_interval(
        "mean_dice", over="group", level=0.5
    )
    assert first.low < narrow.low < narrow.high < first.high


def test_images_of_one_group_are_no_new_evidence():
    """Copies of the images leave the interval of the groups as it is."""
    once, copied = (SegmentationReport(CLASSES) for _ in range(2))
    apart = SegmentationReport(CLASSES)
    rng = np.random.default_rng(0)
    for group in range(10):
        pair = rng.integers(0, 3, (2, 4, 4 + group))
        once.update(*pair, group=group)
        for _ in range(5):
            copied.update(*pair, group=group)
            apart.update(*pair)
    intervals = [
        report.confidence_interval("mean_iou", over="dataset")
        for report in (once, copied, apart)
    ]
    assert intervals[0] == intervals[1]
    widths = [found.high - found.low for found in intervals]
    assert widths[2] < 0.6 * widths[0]


def test_a_figure_of_fewer_than_two_groups_has_no_limits():
    report = SegmentationReport(3, names=NAMES)
    report.update([[0, 1]], [[0, 1]])
    report.update([[0, 0]], [[0, 0]])
    for over in ("dataset", "group"):
        heart, aorta = (
            report.confidence_interval("dice", over=over, class_name=name)
            for name in ("heart", "aorta")
        )
        assert (heart.value, heart.groups) == (1, 1)
        assert math.isnan(heart.low)
        assert math.isnan(heart.high)
        assert math.isnan(aorta.value)
        assert aorta.groups == 0


def test_intervals_of_few_groups_are_too_narrow():
    """What the docstring warns of: they miss the truth too often."""
    rng = np.random.default_rng(0)
    figure = FIGURES["pixel_accuracy"]

    def share_that_hold(groups):
        hold = 0
        for seed in range(300):
            hits = rng.beta(9, 2, groups) * 1e6
            counts = np.zeros((groups, 3, 2))
            counts[:, :, 0] = 1e6
            counts[:, 0, 0] = hits
            _, low, high, _ = _bootstrap.estimate_and_limits(
                figure,
                counts,
                over="group",
                level=0.95,
                resamples=300,
                seed=seed,
            )
            hold += low <= 9 / 11 <= high
        return hold / 300

    assert share_that_hold(4) < 0.86
    assert 0.9 < share_that_hold(40) < 0.98


# what is refused


def test_an_empty_report_has_no_tables():
    report = SegmentationReport(2)
    assert repr(report) == (
        "SegmentationReport(2 classes, 0 images in 0 groups)"
    )
    for name in (*TABLES, "summary", "pooled", "plot"):
        with pytest.raises(ValueError, match="no image yet: call update"):
            getattr(report, name)()
    with pytest.raises(ValueError, match="no image yet: call update"):
        report.confidence_interval("mean_iou", over="group")


@pytest.mark.parametrize(
    ("prediction", "truth", "keywords", "error", "message"),
    [
        ([0], [0], {}, ValueError, r"\[H, W\] or \[Z, H, W\], got shape"),
        ([[[[0]]]], [[[[0]]]], {}, ValueError, r"\(1, 1, 1, 1\)"),
        ([[0, 1]], [[0]], {}, ValueError, "same shape"),
        ([[2]], [[0]], {}, ValueError, "prediction must hold .* 0 to 1"),
        ([[0]], [[-1]], {}, ValueError, "truth must hold"),
        ([[0.5]], [[0]], {}, TypeError, "argmax"),
        ([[0]], [[0]], {"image": "a"}, ValueError, "'a' is in the report"),
        ([[0]], [[0]], {"image": 1.5}, TypeError, "image must be a string"),
        (
            [[0]],
            [[0]],
            {"group": True},
            TypeError,
            "group must be a string",
        ),
    ],
)
def test_a_wrong_image_is_refused_and_not_added(
    prediction, truth, keywords, error, message
):
    report = SegmentationReport(2)
    report.update([[0]], [[0]], image="a")
    with pytest.raises(error, match=message):
        report.update(prediction, truth, **keywords)
    assert len(report) == 1


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"images": ["a"]}, ValueError, "images must have one entry"),
        ({"images": ["a", "a"]}, ValueError, "'a' is in the report"),
        ({"images": "ab"}, TypeError, "images must be a list"),
        ({"images": ["a", None]}, TypeError, "image must be a string"),
        ({"groups": [1, 2, 3]}, ValueError, "groups must have one entry"),
        ({"groups": 1}, TypeError, "groups must be a list"),
        ({"groups": [0.5, 1]}, TypeError, "group must be a string"),
    ],
)
def test_a_wrong_batch_is_refused_whole(keywords, error, message):
    report = SegmentationReport(2)
    batch = np.zeros((2, 3, 4), int)
    with pytest.raises(error, match=message):
        report.update_batch(batch, batch, **keywords)
    wrong = batch.copy()
    wrong[1] = 2
    with pytest.raises(ValueError, match="prediction must hold"):
        report.update_batch(wrong, batch)
    with pytest.raises(ValueError, match=r"\[N, H, W\]"):
        report.update_batch(batch[0], batch[0])
    assert len(report) == 0


def test_partners_that_do_not_fit_are_refused():
    report = SegmentationReport(2)
    report.update([[0]], [[0]], image="a")
    for other in (
        SegmentationReport(3),
        SegmentationReport(2, names=("x", "y")),
        SegmentationReport(2, ignore_index=IGNORED),
    ):
        with pytest.raises(ValueError, match="same classes"):
            report.merge(other)
    other = SegmentationReport(2)
    other.update([[0]], [[0]], image="b")
    other.update([[0]], [[0]], image="a")
    with pytest.raises(ValueError, match="image 'a' is in the report"):
        report.merge(other)
    with pytest.raises(TypeError, match="must be a SegmentationReport"):
        report.merge(report.pooled())
    assert list(report.per_image().index) == ["a"]


@pytest.mark.parametrize(
    ("metric", "keywords", "error", "message"),
    [
        (
            "f1",
            {},
            ValueError,
            "metric must be one of pixel_accuracy, .*f1",
        ),
        ("dice", {}, ValueError, "one of ground, heart, aorta for 'dice'"),
        ("dice", {"class_name": "lung"}, ValueError, "got 'lung'"),
        ("mean_iou", {"class_name": "heart"}, ValueError, "left out"),
        ("mean_iou", {"over": "image"}, ValueError, "over must be"),
        ("mean_iou", {"level": 95}, ValueError, "level must be between"),
        ("mean_iou", {"level": math.nan}, ValueError, "level must be"),
        ("mean_iou", {"resamples": 0}, ValueError, "resamples must be 1"),
        ("mean_iou", {"resamples": 9.5}, TypeError, "resamples must be an"),
        ("mean_iou", {"seed": -1}, ValueError, "seed must be 0 or more"),
        ("mean_iou", {"seed": None}, TypeError, "seed must be an integer"),
    ],
)
def test_a_wrong_interval_is_refused(metric, keywords, error, message):
    report = many_images(groups=2)
    with pytest.raises(error, match=message):
        report.confidence_interval(metric, **({"over": "group"} | keywords))


def test_one_group_makes_no_interval():
    report = many_images(groups=1, each=3)
    with pytest.raises(ValueError, match="2 groups of images or more"):
        report.confidence_interval("mean_iou", over="dataset")


@pytest.mark.parametrize("call", [*TABLES, "plot"])
def test_an_unknown_class_metric_is_named(call):
    report = many_images(groups=2)
    with pytest.raises(ValueError, match="precision, recall, iou, dice"):
        getattr(report, call)(class_metric="mean_iou")


@pytest.mark.parametrize("table", TABLES)
def test_without_pandas_the_tables_name_the_extra(table, monkeypatch):
    report = many_images(groups=2)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"'seglab\[peers\]'"):
        getattr(report, table)()
    assert report.confidence_interval("mean_iou", over="group").groups == 2
    assert 0 < report.summary()["mean_iou"] < 1


# the picture


@pytest.fixture
def _closed():
    yield
    plt.close("all")


@pytest.mark.usefixtures("_closed")
def test_the_picture_shows_groups_value_and_interval():
    report = many_images()
    before = dict(plt.rcParams)
    _, ax = plt.subplots()
    assert report.plot("iou", level=0.9, ax=ax) is ax
    assert dict(plt.rcParams) == before
    dots, bars = ax.collections
    shown = np.asarray(dots.get_offsets())
    by_group = report.per_group(class_metric="iou")
    for row, name in enumerate(NAMES):
        near = (np.abs(shown[:, 1] - row) < 0.3) & ~np.isnan(shown[:, 0])
        np.testing.assert_allclose(
            np.sort(shown[near, 0]),
            np.sort(by_group[f"iou_{name}"].dropna()),
        )
        interval = report.confidence_interval(
            "iou", over="dataset", class_name=name, level=0.9
        )
        assert isinstance(interval, ConfidenceInterval)
        bar = bars.get_segments()[row]
        assert bar[:, 0] == pytest.approx([interval.low, interval.high])
        assert ax.lines[0].get_xdata()[row] == pytest.approx(interval.value)
    assert [text.get_text() for text in ax.get_yticklabels()] == list(NAMES)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first class on top
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["one group", "90 % interval", "data set"]


@pytest.mark.usefixtures("_closed")
def test_the_picture_of_one_image_has_no_interval():
    report = SegmentationReport(3)
    report.update([[0, 1]], [[0, 0]])
    ax = report.plot()
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["one image", "data set"]
    assert len(ax.collections) == 1
    ax.figure.canvas.draw()
