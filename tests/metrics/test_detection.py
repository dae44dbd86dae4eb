"""Average precision: beside COCO's own files, and worked by hand."""

import contextlib
import io
import math
import sys

import numpy as np
import pytest
import torch
from coco_images import BIG, coco_files, image, random_images
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from seglab.data.scenes import SceneDataset, detection_target
from seglab.metrics import average_precision


def coco_stats(truth, results, of, label=None):
    """What COCOeval itself prints, from files."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(truth))
        kind = "segm" if of == "masks" else "bbox"
        evaluation = COCOeval(coco, coco.loadRes(str(results)), kind)
        if label is not None:
            evaluation.params.catIds = [label]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = evaluation.stats[:6]
    return np.where(stats == -1, np.nan, stats)


@pytest.mark.parametrize("of", ["masks", "boxes"])
@pytest.mark.parametrize("seed", [0, 1])
def test_cocos_files_give_the_same(of, seed, tmp_path):
    predictions, targets = random_images(seed)
    files = coco_files(predictions, targets, tmp_path, of)
    ours = average_precision(predictions, targets, of=of)
    theirs = coco_stats(*files, of)
    assert 0.1 < ours.ap < 0.9
    np.testing.assert_allclose(list(ours.summary().values()), theirs)
    for name, figures in ours.per_class().items():
        np.testing.assert_allclose(
            list(figures.values()), coco_stats(*files, of, int(name))
        )


def test_perfect_scenes_score_one():
    scenes = SceneDataset(3, target=detection_target)
    targets = [scenes[k][1] for k in range(3)]
    predictions = [
        target | {"scores": torch.ones(len(target["labels"]))}
        for target in targets
    ]
    for of in ("masks", "boxes"):
        result = average_precision(predictions, targets, of=of)
        assert result.ap == pytest.approx(1)
        assert result.ap50 == pytest.approx(1)


def test_thresholds_worked_by_hand():
    # IoU 0.8: found at 0.50 ... 0.80, which is 7 of 10 thresholds
    target = image([(0, 0, 100, 100)], [1])
    found = image([(0, 0, 80, 100)], [1], scores=[0.5])
    result = average_precision([found], [target])
    assert result.ap == pytest.approx(0.7)
    assert (result.ap50, result.ap75) == (
        pytest.approx(1),
        pytest.approx(1),
    )


def test_a_false_alarm_above_the_hit_halves_the_precision():
    target = image([BIG], [1])
    boxes = [(100, 0, 140, 20), BIG]
    for scores, wanted in (([0.9, 0.8], 0.5), ([0.8, 0.9], 1)):
        found = image(boxes, [1, 1], scores=scores)
        assert average_precision([found], [target]).ap == pytest.approx(
            wanted
        )


def test_sizes_are_in_pixels():
    boxes = [(0, 0, 32, 31), (0, 0, 32, 33), (0, 0, 96, 95), BIG]
    sizes = ("ap_small", "ap_medium", "ap_medium", "ap_large")
    for box, size in zip(boxes, sizes, strict=True):
        target = image([box], [1])
        result = average_precision([target | {"scores": [1.0]}], [target])
        summary = result.summary()
        present = {k for k, v in summary.items() if not math.isnan(v)}
        assert present == {"ap", "ap50", "ap75", size}


def test_an_area_on_the_limit_is_in_both_groups():
    target = image([(0, 0, 32, 32)], [1])
    result = average_precision([target | {"scores": [1.0]}], [target])
    assert (result.ap_small, result.ap_medium) == (result.ap, result.ap)


def test_an_area_that_is_given_counts():
    target = image([BIG], [1], area=[50.0])
    result = average_precision([image([BIG], [1], scores=[1.0])], [target])
    assert result.ap_small == pytest.approx(1)
    assert math.isnan(result.ap_large)


def test_minus_one_is_nan_and_left_out():
    target = image([BIG], [1])
    found = image([BIG, BIG], [1, 2], scores=[0.9, 0.8])
    result = average_precision([found], [target])
    assert result.ap == pytest.approx(1)
    assert math.isnan(result.per_class()["2"]["ap"])


def test_a_class_that_is_never_found_is_zero():
    targets = [image([BIG], [1]), image([BIG], [2])]
    found = [image([BIG], [1], scores=[0.9]), image([], [], scores=[])]
    result = average_precision(found, targets)
    assert result.per_class()["2"]["ap"] == 0
    assert result.ap == pytest.approx(0.5)


def test_a_prediction_on_a_crowd_is_no_error():
    target = image([BIG, (100, 0, 140, 40)], [1, 1], iscrowd=[0, 1])
    boxes = [(110, 5, 120, 15), BIG]
    found = image(boxes, [1, 1], scores=[0.9, 0.8])
    assert average_precision([found], [target]).ap == pytest.approx(1)


def test_only_the_best_detections_count():
    target = image([BIG], [1])
    boxes = [(100, 0, 140, 20), BIG]
    found = image(boxes, [1, 1], scores=[0.9, 0.8])
    result = average_precision([found], [target], max_detections=1)
    assert result.ap == 0


@pytest.mark.parametrize("of", ["masks", "boxes"])
def test_images_without_objects(of):
    nothing = {"masks": [], "boxes": [], "labels": [], "scores": []}
    result = average_precision([nothing], [nothing], of=of)
    assert all(math.isnan(value) for value in result.summary().values())
    assert result.per_class() == {}
    target = image([BIG], [1])
    assert average_precision([nothing], [target], of=of).ap == 0
    found = target | {"scores": [1.0]}
    assert math.isnan(average_precision([found], [nothing], of=of).ap)


def test_an_empty_mask_matches_nothing():
    target = image([BIG], [1])
    found = image([(0, 0, 0, 0)], [1], scores=[0.9])
    assert average_precision([found], [target]).ap == 0


def test_tensors_and_names():
    target = image([BIG], [1])
    found = {k: torch.as_tensor(v) for k, v in target.items()}
    found["scores"] = torch.tensor([0.9], requires_grad=True)
    names = ("background", "coin")
    result = average_precision([found], [target], names=names)
    assert list(result.per_class()) == ["coin"]


def test_nothing_is_printed(capsys):
    target = image([BIG], [1])
    average_precision([target | {"scores": [0.9]}], [target])
    assert capsys.readouterr() == ("", "")


def test_without_pycocotools_it_says_what_to_install(monkeypatch):
    for part in ("coco", "cocoeval"):
        monkeypatch.setitem(sys.modules, f"pycocotools.{part}", None)
    target = image([BIG], [1])
    with pytest.raises(ImportError, match=r"pip install 'seglab\[peers\]'"):
        average_precision([target | {"scores": [0.9]}], [target])
