"""The page shows the tables' numbers, all of them inside its border."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from seglab.data.report_page import data_report
from seglab.data.statistics import class_shares, instance_sizes

NAMES = ["background", "lung", "an unusually long name", "never seen"]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def label_set():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (6, 1, 20, 24)).astype(np.uint8)
    return images, rng.integers(0, 3, (6, 20, 24))


def layer_set(classes):
    rng = np.random.default_rng(0)
    images = rng.random((4, 20, 24)).astype(np.float32)
    return images, rng.random((4, classes, 20, 24)) < 0.3


def axes_titled(figure, title):
    found = [ax for ax in figure.axes if title in ax.get_title()]
    assert len(found) == 1
    return found[0]


def test_a_row_a_class_with_its_share():
    images, masks = label_set()
    figure = data_report(images, masks, NAMES)
    shares = class_shares(masks, NAMES)
    first = axes_titled(figure, "Share of pixels")
    labels = [text.get_text() for text in first.get_yticklabels()]
    assert labels == NAMES
    written = [text.get_text() for text in first.texts]
    assert written == [f"{100 * one:.2f} %" for one in shares["share"]]
    bars = axes_titled(figure, "Share of images").patches
    widths = [bar.get_width() for bar in bars]
    assert widths == shares["image_share"].tolist()
    # the first class is on top
    assert first.get_ylim()[0] > first.get_ylim()[1]


def test_label_maps_get_classes_an_image_and_layers_get_overlap():
    figure = data_report(*label_set(), NAMES)
    bars = axes_titled(figure, "Classes in an image").patches
    assert sum(bar.get_height() for bar in bars) == 6
    images, masks = layer_set(3)
    figure = data_report(images, masks, ["a", "b", "c"])
    shown = axes_titled(figure, "pixels inside").images[0].get_array()
    both = (masks[:, 0] & masks[:, 1]).sum() / masks[:, 0].sum()
    assert shown[0, 1] == pytest.approx(100 * both)
    depth = 100 * (masks.sum(axis=1) >= 2).mean()
    headline = figure.get_suptitle()
    assert headline.startswith("4 images, 3 classes")
    assert f"{depth:.0f} % of the pixels" in headline


def test_instances_may_be_given():
    images, masks = label_set()
    ids = np.where(masks == 1, 1, 0)
    sizes = instance_sizes(ids, masks, NAMES)
    figure = data_report(images, masks, NAMES, objects=sizes)
    dots = axes_titled(figure, "Object size").collections[1]
    median = np.median([(mask == 1).sum() for mask in masks])
    assert dots.get_offsets()[1, 0] == median


@pytest.mark.parametrize("classes", [1, 30])
def test_everything_stands_inside_the_page(classes):
    names = [f"structure_{k}" for k in range(classes)]
    figure = data_report(*layer_set(classes), names)
    figure.canvas.draw()
    page = figure.bbox
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1
        assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1
        if ax.get_label() != "<colorbar>":
            assert ax.bbox.width > 60 and ax.bbox.height > 40


@pytest.mark.filterwarnings("error")
def test_masks_without_an_object_can_be_drawn():
    images = np.zeros((2, 5, 5), np.uint8)
    figure = data_report(images, np.zeros((2, 5, 5), int), NAMES)
    figure.canvas.draw()
    empty = data_report(images, np.zeros((2, 2, 5, 5), bool), ["a", "b"])
    empty.canvas.draw()
    void = np.full((2, 5, 5), 255)
    data_report(images, void, NAMES, ignore_index=255).canvas.draw()


def test_an_odd_width_is_refused():
    with pytest.raises(ValueError, match="width must be above 0"):
        data_report(*label_set(), NAMES, width=0)
