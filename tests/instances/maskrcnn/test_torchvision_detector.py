import pytest
import torch
from torch import nn

from seglab.instances.maskrcnn.small import SmallMaskRCNN
from seglab.instances.maskrcnn.torchvision_detector import (
    OFFICIAL,
    TorchvisionDetector,
    official,
)


class Stub(nn.Module):
    """Finds one object, with the image's mean as its mask."""

    def forward(self, images, targets=None):
        return [
            {
                "boxes": torch.tensor([[0.0, 0.0, 4.0, 4.0]]),
                "labels": torch.tensor([2]),
                "scores": torch.tensor([0.9]),
                "masks": x.mean(0)[None, None],
            }
            for x in images
        ]


def test_a_mask_begins_at_the_threshold():
    image = torch.tensor([0.2, 0.4, 0.5, 0.9]).expand(1, 3, 4, 4)
    for threshold, wanted in ((0.5, 2), (0.4, 3), (0.95, 0)):
        detector = TorchvisionDetector(Stub(), mask_threshold=threshold)
        found = detector.eval().detect(image)
        assert found[0].masks.sum() == 4 * wanted
        assert found[0].labels.tolist() == [2]


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_the_official_networks_have_the_classes_asked_for(name):
    # without memory for the weights, which take seconds to draw
    with torch.device("meta"):
        detector = official(name, num_classes=3)
    heads = detector.network.roi_heads
    assert heads.mask_predictor.mask_fcn_logits.out_channels == 3
    assert heads.box_predictor.cls_score.out_features == 3


def test_an_official_network_detects():
    detector = official("maskrcnn_resnet50_fpn", num_classes=3).eval()
    # 800 px and a thousand proposals would take seconds
    detector.network.transform.min_size = (64,)
    detector.network.transform.max_size = 64
    detector.network.rpn._post_nms_top_n["testing"] = 10
    found = detector.detect(torch.rand(1, 3, 48, 64))
    assert found[0].masks.shape[1:] == (48, 64)


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(ValueError, match="name must be one of"):
        official("fasterrcnn_resnet50_fpn")
    with pytest.raises(ValueError, match="91 for pretrained"):
        official("maskrcnn_resnet50_fpn", pretrained=True, num_classes=3)
    with pytest.raises(ValueError, match="mask_threshold"):
        TorchvisionDetector(Stub(), mask_threshold=1)
    model = SmallMaskRCNN(2)
    with pytest.raises(ValueError, match="eval mode"):
        model.detect(torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="images must be"):
        model.eval().detect(torch.zeros(1, 1, 64, 64))
