"""Annotations that pycocotools loads and gives back."""

import json

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from small_sam import ByColour

from seglab.data.formats.coco import read_coco
from seglab.promptable.automatic import AutomaticSettings, automatic_masks
from seglab.promptable.coco import automatic_coco, coco_annotations


def found_in(seed):
    rng = np.random.default_rng(seed)
    image = torch.zeros(1, 40, 60)
    for k in range(3):
        top, left = rng.integers(0, 25), 20 * k
        image[:, top : top + 12, left : left + 14] = (k + 1) / 9
        image[:, top + 4 : top + 6, left + 4 : left + 6] = 0  # a hole
    settings = AutomaticSettings(quality=0.85, per_side=20)
    return automatic_masks(ByColour(), image, settings)


def test_pycocotools_loads_the_file(tmp_path):
    pictures = [("a.png", found_in(0)), ("b.png", found_in(1))]
    file = tmp_path / "found.json"
    file.write_text(json.dumps(automatic_coco(pictures)))
    coco = COCO(file)
    assert len(coco.getImgIds()) == 2
    for image_id, (_, found) in enumerate(pictures, start=1):
        entries = coco.loadAnns(coco.getAnnIds(image_id))
        assert len(entries) == len(found) > 3
        for k, entry in enumerate(entries):
            assert isinstance(entry["segmentation"]["counts"], str)
            mask = coco.annToMask(entry).astype(bool)
            np.testing.assert_array_equal(mask, found.masks[k].numpy())
            assert entry["area"] == mask.sum()
            left, top, width, height = entry["bbox"]
            box = found.as_detections().boxes[k].tolist()
            assert [left, top, left + width, top + height] == box
            assert entry["predicted_iou"] == pytest.approx(0.9)
            assert 0.8 <= entry["stability_score"] <= 1
            assert entry["point_coords"] == [found.points[k].tolist()]
    again = read_coco(file)
    np.testing.assert_array_equal(again.masks(2), pictures[1][1].masks)


def test_ids_count_on():
    masks = torch.ones(2, 3, 3, dtype=torch.bool)
    entries = coco_annotations(masks, image_id=5, first_id=8, category_id=3)
    assert [e["id"] for e in entries] == [8, 9]
    assert {e["image_id"] for e in entries} == {5}
    assert {e["category_id"] for e in entries} == {3}


def test_refuses():
    masks = torch.ones(2, 3, 3, dtype=torch.bool)
    with pytest.raises(
        ValueError, match="score must hold a number for each"
    ):
        coco_annotations(masks, image_id=1, scores={"score": torch.ones(3)})
    with pytest.raises(ValueError, match="mask must not be empty"):
        coco_annotations(masks & False, image_id=1)
    with pytest.raises(ValueError, match="id must be 1 or more"):
        coco_annotations(masks, image_id=1, first_id=0)
    found = found_in(0)
    with pytest.raises(ValueError, match=r"got twice a\.png"):
        automatic_coco([("a.png", found), ("a.png", found)])
