import pytest
import torch
from panoptic_cases import KINDS, same_segments, scenes

from seglab.instances.panoptic.centre_loss import CentreLoss, CentreWeights
from seglab.instances.panoptic.centres import centre_targets
from seglab.instances.panoptic.deeplab import CentreOutputs, PanopticDeepLab
from seglab.instances.truth import true_objects
from seglab.train import fit

SMALL = {"widths": (8, 8, 16, 16), "channels": (16, 16)}


def make(**settings):
    torch.manual_seed(0)
    return PanopticDeepLab(
        KINDS.things, KINDS.stuff, **{**SMALL, **settings}
    ).eval()


def true_outputs(maps):
    """What heads without a fault would say."""
    targets = centre_targets(maps, KINDS)
    logits = torch.nn.functional.one_hot(targets.classes, len(KINDS))
    return CentreOutputs(
        20.0 * logits.movedim(-1, 1), targets.heat, targets.offsets
    )


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (5, 9)])
def test_any_size(size):
    model = make()
    images = torch.rand(2, 3, *size)
    logits, heat, offsets = model(images)
    assert logits.shape == (2, 8, *size)
    assert heat.shape == (2, 1, *size)
    assert offsets.shape == (2, 2, *size)
    assert model.segment(images).shape == (2, *size)


def test_images_do_not_depend_on_their_batch():
    model, images = make(), scenes(3)[0]
    together = model(images)
    alone = [model(image[None]) for image in images]
    for k, part in enumerate(together):
        torch.testing.assert_close(
            part, torch.cat([one[k] for one in alone]), atol=1e-4, rtol=1e-4
        )


def test_heads_without_a_fault_give_the_truth():
    _, maps = scenes(3, size=(64, 80))
    model = make(kernel=3)
    for found, truth in zip(
        model.group(true_outputs(maps)), maps, strict=True
    ):
        assert same_segments(found, truth)


def test_objects_are_those_of_the_map(monkeypatch):
    images, maps = scenes(3, size=(64, 80))
    model = make(kernel=3)
    outputs = true_outputs(maps)
    monkeypatch.setattr(model, "forward", lambda x: outputs)
    for found, truth in zip(model.detect(images), maps, strict=True):
        wanted = true_objects(truth, things=KINDS.things)
        assert sorted(found.labels.tolist()) == wanted["labels"].tolist()
        assert (found.scores > 0.8).all()
        for mask, box, label in zip(
            found.masks, found.boxes, found.labels, strict=True
        ):
            index = (wanted["masks"] == mask).all(dim=(1, 2)).nonzero()
            assert (wanted["boxes"][index] == box).all()
            assert wanted["labels"][index] == label


def test_nothing_is_found_where_nothing_is_warm():
    model = make(threshold=1e9)
    images = torch.rand(1, 3, 32, 32)
    found = model.detect(images)[0]
    assert len(found) == 0
    assert found.masks.shape == (0, 32, 32)
    assert (model.segment(images) % 1000 == 0).all()


def test_learns_one_scene_by_heart():
    images, maps = scenes(2, size=(48, 48))
    torch.manual_seed(0)
    model = make(widths=(8, 16, 32, 32), channels=(32, 32))
    data = list(zip(images, maps, strict=True))
    loss = CentreLoss(KINDS, weights=CentreWeights(offsets=0.1))
    rows = fit(
        model, data, loss=loss, steps=30, batch_size=2, learning_rate=1e-2
    ).rows
    assert rows[-1]["loss"] < 0.3 * rows[0]["loss"]


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 8, 8), torch.zeros(1, 1, 8, 8)]
)
def test_what_are_no_images(images):
    with pytest.raises(ValueError):
        make()(images)
