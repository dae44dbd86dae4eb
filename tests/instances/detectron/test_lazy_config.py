"""Two styles of configuration, one network."""

import pytest
import torch

pytest.importorskip("detectron2")

from detectron2.config import LazyConfig, instantiate

from seglab.instances.detectron.answers import to_inputs
from seglab.instances.detectron.lazy_config import mask_rcnn_lazy
from seglab.instances.detectron.networks import DetectronMaskRCNN


@pytest.fixture(scope="module")
def other():
    torch.manual_seed(0)
    return DetectronMaskRCNN(4, side=64).eval()


def outputs(network, images):
    with torch.no_grad():
        return [x["instances"] for x in network(to_inputs(images))]


def test_weights_of_one_give_the_same_answers_in_the_other(other):
    network = instantiate(mask_rcnn_lazy(4)).eval()
    network.load_state_dict(other.network.state_dict())
    images = torch.rand(2, 3, 64, 80)
    pairs = zip(
        outputs(network, images),
        outputs(other.network, images),
        strict=True,
    )
    for mine, theirs in pairs:
        assert len(mine) > 0
        assert torch.equal(mine.scores, theirs.scores)
        assert torch.equal(mine.pred_classes, theirs.pred_classes)
        assert torch.equal(mine.pred_boxes.tensor, theirs.pred_boxes.tensor)
        assert torch.equal(mine.pred_masks, theirs.pred_masks)


def test_training_counts_the_same_losses(other):
    network = instantiate(mask_rcnn_lazy(4))
    names = ("batch_size_per_image", "positive_fraction")
    for mine, theirs in (
        (network.proposal_generator, other.network.proposal_generator),
        (network.roi_heads, other.network.roi_heads),
    ):
        assert [getattr(mine, n) for n in names] == [
            getattr(theirs, n) for n in names
        ]


def test_it_survives_as_yaml(tmp_path):
    path = str(tmp_path / "model.yaml")
    LazyConfig.save(mask_rcnn_lazy(3), path)
    again = instantiate(LazyConfig.load(path))
    assert again.roi_heads.num_classes == 3


def test_any_argument_can_be_changed_before_the_call():
    node = mask_rcnn_lazy(3)
    node.roi_heads.num_classes = 9
    heads = instantiate(node).roi_heads
    assert heads.box_predictor.cls_score.out_features == 10
    assert heads.mask_head.predictor.out_channels == 9


def test_no_class_is_no_network():
    with pytest.raises(ValueError, match="num_classes"):
        mask_rcnn_lazy(0)
