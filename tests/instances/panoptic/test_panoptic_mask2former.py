import sys

import pytest
import torch
from panoptic_cases import KINDS, scenes

from seglab.instances.panoptic.mask2former import SmallMask2Former
from seglab.instances.panoptic.queries import panoptic_targets
from seglab.models.mask_points import SampledPoints
from seglab.models.set_loss import SetLoss
from seglab.models.set_prediction import SetPrediction
from seglab.train import fit

SMALL = {"widths": (8, 8, 16, 16), "width": 32, "queries": 9, "inner": 32}


def make(**settings):
    torch.manual_seed(0)
    return SmallMask2Former(
        KINDS.things, KINDS.stuff, **{**SMALL, **settings}
    ).eval()


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("transformers")
    return make()


def test_one_prediction_before_the_layers_and_one_after_each(model):
    for layers in (1, 3):
        said = make(layers=layers)(torch.rand(2, 3, 64, 96))
        assert len(said) == layers + 1
        for one in said:
            assert one.class_logits.shape == (2, 9, len(KINDS) + 1)
            assert one.mask_logits.shape == (2, 9, 16, 24)


def test_predictions_are_the_library_s(model):
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        said = model(images)
        theirs = model.network(images)
    assert (said[-1].mask_logits == theirs.masks_queries_logits).all()
    assert (said[-1].class_logits == theirs.class_queries_logits).all()


def test_the_loss_is_the_library_s(model):
    images, maps = scenes(2, size=(64, 64))
    targets = panoptic_targets(maps, KINDS)
    said = model(images)
    ours = SetLoss(points=SampledPoints(20000))(said, targets)
    torch.manual_seed(0)
    model.network.criterion.num_points = 20000
    model.network.criterion.matcher.num_points = 20000
    theirs = model.network(
        images,
        mask_labels=[target.masks.float() for target in targets],
        class_labels=[target.labels for target in targets],
    ).loss
    # the points are drawn at random, so the two differ by chance
    assert theirs.item() == pytest.approx(ours.item(), rel=0.01)


def test_objects_and_maps_of_the_right_size(model):
    images = scenes(2)[0]
    maps = model.segment(images)
    assert maps.shape == (2, 48, 64)
    assert maps.dtype == torch.int64
    known = {0, *KINDS.everything}
    assert set((maps // 1000).unique().tolist()) <= known
    for found in model.detect(images):
        assert found.masks.shape[1:] == (48, 64)


def test_objects_are_the_queries_that_say_a_thing(model, monkeypatch):
    classes = torch.full((1, 3, 9), -9.0)
    classes[0, 0, 1] = classes[0, 1, 6] = classes[0, 2, 8] = 9.0
    masks = torch.full((1, 3, 4, 4), -9.0)
    masks[0, :, 1:3, :2] = 9.0
    said = [SetPrediction(classes, masks)]
    monkeypatch.setattr(model, "forward", lambda x: said)
    (found,) = model.detect(torch.zeros(1, 3, 4, 4))
    assert found.labels.tolist() == [2]
    assert found.boxes.tolist() == [[0, 1, 2, 3]]
    assert found.scores.item() == pytest.approx(1, abs=0.01)
    masks[:] = -9.0
    (nothing,) = model.detect(torch.zeros(1, 3, 4, 4))
    assert len(nothing) == 0


def test_learns_two_scenes_by_heart(model):
    images, maps = scenes(2, size=(64, 64))
    loss = SetLoss(points=SampledPoints(256))
    learner = make()
    rows = fit(
        learner,
        list(zip(images, maps, strict=True)),
        loss=lambda said, maps: loss(said, panoptic_targets(maps, KINDS)),
        steps=30,
        batch_size=2,
        learning_rate=3e-3,
    ).rows
    assert rows[-1]["loss"] < 0.85 * rows[0]["loss"]


def test_bad_arguments(model, monkeypatch):
    with pytest.raises(ValueError, match="multiple of 32"):
        make(width=48)
    with pytest.raises(ValueError):
        model(torch.zeros(1, 1, 64, 64))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"seglab\[transformers\]"):
        make()
