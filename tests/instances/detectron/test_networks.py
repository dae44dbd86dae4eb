"""The faces that the rest of the package knows."""

import pytest
import torch

pytest.importorskip("detectron2")

from detectron2.data import DatasetCatalog, DatasetMapper
from detectron2.utils.events import EventStorage

from seglab import weights
from seglab.instances.detections import Detector
from seglab.instances.detectron.config import panoptic_fpn_config
from seglab.instances.detectron.datasets import forget, register_panoptic
from seglab.instances.detectron.networks import (
    DetectronMaskRCNN,
    DetectronPanopticFPN,
)


@pytest.fixture(scope="module")
def panoptic():
    torch.manual_seed(0)
    return DetectronPanopticFPN(5, 3, side=64)


def test_it_is_a_detector_at_any_size(panoptic):
    detector: Detector = panoptic
    with torch.random.fork_rng():
        torch.manual_seed(1)
        images = torch.rand(2, 3, 50, 70)
    found = detector.detect(images)
    assert len(found) == 2 and len(found[0]) > 0
    assert found[0].masks.shape[1:] == (50, 70)
    assert found[0].labels.min() >= 1 and found[0].labels.max() <= 5
    assert detector.segment(images).shape == (2, 50, 70)


def test_training_goes_on_after_an_answer(panoptic):
    panoptic.train()
    panoptic.detect(torch.zeros(1, 3, 64, 64))
    assert panoptic.training and panoptic.network.training
    panoptic.eval()


def test_one_image_of_a_batch_is_answered_as_alone(panoptic):
    images = torch.rand(3, 3, 64, 64)
    together = panoptic.segment(images)
    alone = torch.cat([panoptic.segment(x[None]) for x in images])
    assert (together == alone).float().mean() > 0.999


def test_losses_of_every_branch_come_from_training(panoptic, grounded):
    name = register_panoptic("tests_of_networks", grounded[1])
    cfg = panoptic_fpn_config(5, 3, train=[name], side=64)
    mapper = DatasetMapper(cfg, is_train=True)
    batch = [mapper(record) for record in DatasetCatalog.get(name)]
    with EventStorage():
        losses = panoptic.train()(batch)
    panoptic.eval()
    forget(name)
    assert set(losses) == {
        "loss_sem_seg",
        "loss_rpn_cls",
        "loss_rpn_loc",
        "loss_cls",
        "loss_box_reg",
        "loss_mask",
    }
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_weights_are_kept_in_half_precision(tmp_path):
    torch.manual_seed(0)
    model = DetectronMaskRCNN(2, side=64).half().float().eval()
    weights.save_entry(
        "small",
        model,
        arguments={"num_classes": 2, "side": 64},
        recipe="none",
        seed=0,
        steps=0,
        seconds=0,
        metric={},
        folder=tmp_path,
    )
    again = weights.load_as(DetectronMaskRCNN, "small", folder=tmp_path)
    images = torch.rand(1, 3, 64, 64)
    (mine,), (theirs,) = model.detect(images), again.detect(images)
    assert torch.equal(mine.scores, theirs.scores)
    assert torch.equal(mine.masks, theirs.masks)
