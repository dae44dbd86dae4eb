"""Automatic masks, against the package's generator and on flat pictures."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from segment_anything import SamAutomaticMaskGenerator
from small_sam import ByColour, blobs, small_sam

from seglab.promptable.automatic import (
    AutomaticMasks,
    AutomaticSettings,
    automatic_masks,
)
from seglab.promptable.mask_filters import point_grid
from seglab.promptable.sam import PromptableSam


def squares(places, size=(96, 128), side=16):
    """A picture of squares, each of its own grey."""
    image = torch.zeros(1, *size)
    for k, (top, left) in enumerate(places):
        image[:, top : top + side, left : left + side] = (k + 1) / 99
    return image


def same_masks(found, wanted):
    rows = [
        {m.numpy().tobytes() for m in masks} for masks in (found, wanted)
    ]
    return rows[0] == rows[1]


class Scatter(torch.nn.Module):
    """Folds what the head expects into [0, 1], many times over."""

    def forward(self, expected):
        return (expected * 300 % 2 - 1).abs()


def lively_sam():
    """Random weights whose qualities and stabilities differ a lot."""
    network = copy.deepcopy(small_sam().network)
    decoder = network.mask_decoder
    with torch.no_grad():
        for mlp in decoder.output_hypernetworks_mlps:
            for weights in mlp.layers[-1].parameters():
                weights.mul_(100)
    decoder.iou_prediction_head = torch.nn.Sequential(
        decoder.iou_prediction_head, Scatter()
    )
    return PromptableSam(network)


@pytest.mark.parametrize(
    ("quality", "stability"), [(0.0, 0.0), (0.5, 0.0), (0.4, 0.3)]
)
def test_filters_as_the_package_does(quality, stability):
    """The same candidates pass; duplicates are left in by both."""
    sam, image, per_side = lively_sam(), blobs(), 5
    settings = AutomaticSettings(
        per_side=per_side,
        quality=quality,
        stability=stability,
        most_iou=1.0,
    )
    found = automatic_masks(sam, image, settings)
    package = SamAutomaticMaskGenerator(
        sam.network,
        points_per_side=None,
        # the package multiplies by the size
        point_grids=[point_grid((128, 128), per_side).numpy() / 128],
        pred_iou_thresh=quality,
        stability_score_thresh=stability,
        box_nms_thresh=1.1,
    )
    grey = (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    # an empty mask is no object here
    theirs = [one for one in package.generate(grey) if one["area"]]
    theirs.sort(key=lambda one: -one["predicted_iou"])
    assert 5 < len(theirs) == len(found)
    columns = found.quality, found.stability, found.masks
    keys = "predicted_iou", "stability_score", "segmentation"
    for column, key in zip(columns, keys, strict=True):
        wanted = torch.tensor(np.array([one[key] for one in theirs]))
        torch.testing.assert_close(
            column.float(), wanted.float(), atol=2e-3, rtol=0
        )
    if quality:
        everything = automatic_masks(
            sam,
            image,
            dataclasses.replace(settings, quality=0, stability=0),
        )
        assert len(found) < len(everything)


def test_finds_every_square_once():
    places = [(4, 6), (40, 30), (70, 100), (10, 90)]
    image = squares(places)
    found = automatic_masks(
        ByColour(), image, AutomaticSettings(quality=0.85)
    )
    wanted = [image[0] == (k + 1) / 99 for k in range(4)]
    ground = image[0] == 0
    assert same_masks(found.masks, torch.stack([*wanted, ground]))
    assert (found.quality == 0.9).all()
    assert (found.stability > 0.8).all()
    for mask, (x, y) in zip(
        found.masks, found.points.round().int().tolist(), strict=True
    ):
        assert mask[y, x]


def test_the_quality_decides_which_candidates_stay():
    image = squares([(4, 6), (40, 30)])
    for quality, count in ((0.05, 4), (0.5, 3), (0.95, 0)):
        settings = AutomaticSettings(quality=quality, most_iou=0.97)
        found = automatic_masks(ByColour(), image, settings)
        # two squares, the ground, and at 0.05 the whole picture
        assert len(found) == count, quality


def test_tiles_find_each_object_once_and_whole():
    places = [(2, 2), (24, 44), (66, 100), (40, 60), (76, 8), (4, 112)]
    image = squares(places)
    settings = AutomaticSettings(quality=0.85, tile=48, per_side=8)
    found = automatic_masks(ByColour(), image, settings)
    wanted = [image[0] == (k + 1) / 99 for k in range(len(places))]
    # the ground reaches every tile's edge: it is cut, and goes
    assert same_masks(found.masks, torch.stack(wanted))
    for mask, (x, y) in zip(
        found.masks, found.points.round().int().tolist(), strict=True
    ):
        assert mask[y, x]


def test_what_is_larger_than_a_tile_is_not_found():
    image = squares([(10, 10)], side=60)
    settings = AutomaticSettings(quality=0.85, tile=40, per_side=6)
    assert len(automatic_masks(ByColour(), image, settings)) == 0


def test_cleans_specks_and_holes():
    image = squares([(10, 10)], size=(64, 64), side=30)
    image[0, 20, 20] = 0.9  # a hole of one pixel, another object
    settings = AutomaticSettings(quality=0.85, least=4, per_side=9)
    found = automatic_masks(ByColour(), image, settings)
    areas = sorted(found.masks.sum((1, 2)).tolist())
    assert areas == [900, 64 * 64 - 900]
    assert (
        automatic_masks(
            ByColour(), image, AutomaticSettings(quality=0.85, per_side=9)
        )
        .masks.sum((1, 2))
        .max()
        < 64 * 64 - 899
    )


def test_a_detection_for_each_mask():
    image = squares([(4, 6)])
    found = automatic_masks(
        ByColour(), image, AutomaticSettings(quality=0.85)
    )
    boxes = found.as_detections().boxes.tolist()
    assert [6.0, 4.0, 22.0, 20.0] in boxes
    assert len(found[:1]) == 1
    assert len(found[found.quality > 2]) == 0
    # best first
    assert (found.quality.diff() <= 0).all()


def test_a_small_picture_and_a_strip():
    for size in ((20, 20), (20, 90)):
        image = squares([(2, 2)], size=size, side=10)
        settings = AutomaticSettings(quality=0.85)
        found = automatic_masks(ByColour(), image, settings)
        assert any(m.sum() == 100 for m in found.masks)


@pytest.mark.parametrize(
    "wrong",
    [
        {"per_side": 0},
        {"batch": 0},
        {"tile": 0},
        {"quality": 1.1},
        {"stability": -0.1},
        {"most_iou": 2},
        {"overlap": 1.0},
        {"offset": 0.0},
        {"least": -1},
    ],
)
def test_settings_refuse(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AutomaticSettings(**wrong)


def test_refuses_what_is_no_picture():
    with pytest.raises(TypeError, match="image must be a tensor"):
        automatic_masks(small_sam(), np.zeros((3, 8, 8)))
    with pytest.raises(ValueError, match=r"shape \[3, H, W\]"):
        automatic_masks(small_sam(), torch.zeros(4, 8, 8))


def test_nothing_is_a_detection_too():
    none = AutomaticMasks(
        torch.zeros(0, 8, 8, dtype=torch.bool),
        torch.zeros(0),
        torch.zeros(0),
        torch.zeros(0, 2),
    )
    assert len(none.as_detections()) == 0
