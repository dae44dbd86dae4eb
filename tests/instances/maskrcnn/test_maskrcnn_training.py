import pytest
import torch

from seglab.data.scenes import SceneDataset, panoptic_target
from seglab.instances.maskrcnn.small import SmallMaskRCNN
from seglab.instances.maskrcnn.training import (
    LOSSES,
    DetectorWithLoss,
    PairedScenes,
    total_loss,
    turn_or_mirror,
)
from seglab.instances.truth import true_objects
from seglab.train import fit

IMAGES, MAPS = SceneDataset(
    4, size=(64, 64), target=panoptic_target
).tensors()
THINGS = range(1, 6)


def test_the_losses_are_the_detectors():
    torch.manual_seed(0)
    learner = DetectorWithLoss(SmallMaskRCNN(), THINGS)
    truth = [true_objects(m, things=THINGS) for m in MAPS]
    torch.manual_seed(1)
    ours = learner((IMAGES, MAPS))
    torch.manual_seed(1)
    peer = learner.detector(list(IMAGES), truth)
    # batch norm has moved on, but in training it does not matter
    assert torch.allclose(ours, torch.stack([peer[n] for n in LOSSES]))
    assert set(peer) == set(LOSSES)


def test_the_mean_is_that_of_the_batches_since():
    torch.manual_seed(0)
    learner = DetectorWithLoss(SmallMaskRCNN(), THINGS)
    seen = torch.stack([learner((IMAGES, MAPS)) for _ in range(3)])
    means = learner.mean_losses()
    assert list(means) == list(LOSSES)
    assert torch.allclose(torch.tensor(list(means.values())), seen.mean(0))
    with pytest.raises(RuntimeError, match="train first"):
        learner.mean_losses()


def test_the_loop_of_every_chapter_trains_it():
    learner = DetectorWithLoss(
        SmallMaskRCNN(widths=(8, 8, 8, 8), channels=8, hidden=16), THINGS
    )
    history = fit(
        learner,
        PairedScenes(IMAGES, MAPS, turn_or_mirror),
        loss=total_loss,
        steps=8,
        batch_size=2,
        learning_rate=3e-3,
        evaluate=lambda _: learner.mean_losses(),
        evaluate_every=4,
    )
    first, last = history.rows
    assert last["loss"] < first["loss"]
    parts = sum(last[name] for name in LOSSES)
    assert parts == pytest.approx(last["loss"], rel=1e-4)
    assert not learner.training


def test_image_and_map_turn_together():
    image = torch.rand(3, 6, 6)
    panoptic = (image[0] * 1000).long()
    seen = set()
    for seed in range(60):
        torch.manual_seed(seed)
        turned, moved = turn_or_mirror(image, panoptic)
        assert torch.equal((turned[0] * 1000).long(), moved)
        seen.add(tuple(moved.flatten().tolist()))
    assert len(seen) == 8


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="as many as the 4 images"):
        PairedScenes(IMAGES, MAPS[:2])
    with pytest.raises(ValueError, match="square"):
        turn_or_mirror(torch.zeros(3, 4, 6), torch.zeros(4, 6))
