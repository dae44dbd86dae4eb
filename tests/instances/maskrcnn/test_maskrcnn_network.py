import pytest
import torch

from seglab.data.scenes import SceneDataset, detection_target
from seglab.instances.maskrcnn.network import MaskRCNN, load_parts
from seglab.instances.maskrcnn.small import SmallMaskRCNN
from seglab.instances.maskrcnn.training import LOSSES

SCENES = SceneDataset(3, target=detection_target)
IMAGES = torch.stack([SCENES[i][0] for i in range(3)])
TRUTH = [SCENES[i][1] for i in range(3)]


def pair(num_classes=6, **arguments):
    """The two networks with the same random weights."""
    torch.manual_seed(0)
    theirs = SmallMaskRCNN(num_classes, **arguments).eval()
    heads = theirs.network.roi_heads
    # random heads are undecided: make them sure of something
    torch.nn.init.normal_(heads.box_predictor.cls_score.weight, std=0.5)
    torch.nn.init.normal_(theirs.network.rpn.head.cls_logits.weight, std=1)
    ours = MaskRCNN(num_classes, **arguments).eval()
    load_parts(ours, theirs)
    return ours, theirs


@pytest.mark.parametrize("size", [(128, 128), (96, 64), (75, 90)])
def test_the_detections_are_those_of_torchvisions_parts(size):
    ours, theirs = pair()
    images = IMAGES[:, :, : size[0], : size[1]]
    for mine, other in zip(
        ours.detect(images), theirs.detect(images), strict=True
    ):
        assert len(mine) == len(other) > 0
        assert torch.allclose(mine.boxes, other.boxes, atol=1e-3)
        assert torch.equal(mine.labels, other.labels)
        assert torch.allclose(mine.scores, other.scores, atol=1e-5)
        assert (mine.masks != other.masks).float().mean() < 1e-4


def test_the_five_losses_and_their_gradients_are_torchvisions():
    ours, theirs = pair()
    ours.train(), theirs.train()
    torch.manual_seed(7)
    mine = ours(IMAGES, TRUTH)
    torch.manual_seed(7)
    found = theirs(list(IMAGES), TRUTH)
    other = torch.stack([found[name] for name in LOSSES])
    assert (mine > 0).all()
    assert torch.allclose(mine, other, rtol=1e-4, atol=1e-6)
    mine.sum().backward()
    other.sum().backward()
    for name, grad in (
        ("stem.0.weight", theirs.network.backbone.body.stem[0].weight.grad),
    ):
        assert torch.allclose(
            ours.body.get_parameter(name).grad, grad, rtol=1e-2, atol=1e-4
        )


def test_an_image_without_objects_is_all_background():
    ours, theirs = pair()
    ours.train(), theirs.train()
    empty = {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.int64),
        "masks": torch.zeros(0, 128, 128, dtype=torch.uint8),
    }
    torch.manual_seed(7)
    mine = ours(IMAGES[:2], [empty, TRUTH[1]])
    torch.manual_seed(7)
    found = theirs(list(IMAGES[:2]), [empty, TRUTH[1]])
    other = torch.stack([found[name] for name in LOSSES])
    assert torch.allclose(mine, other, rtol=1e-4, atol=1e-6)


def test_only_empty_images_teach_no_box_and_no_mask():
    ours, _ = pair()
    ours.train()
    empty = {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.int64),
        "masks": torch.zeros(0, 128, 128, dtype=torch.uint8),
    }
    losses = ours(IMAGES[:1], [empty])
    assert losses[[1, 3, 4]].tolist() == [0, 0, 0]
    losses.sum().backward()


def test_other_arguments_do_not_fit():
    with pytest.raises(ValueError, match="does not fit BoxHead"):
        load_parts(MaskRCNN(4), SmallMaskRCNN(3))
