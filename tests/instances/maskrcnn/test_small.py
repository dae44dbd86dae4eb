import pytest
import torch

from seglab.instances.maskrcnn.small import (
    ExactPaste,
    PyramidBackbone,
    SmallMaskRCNN,
    Unresized,
)


def test_half_precision_weights_stay_below_the_limit():
    count = sum(p.numel() for p in SmallMaskRCNN().parameters())
    assert 2 * count < 1.4e6


@pytest.mark.parametrize("size", [(128, 128), (50, 70)])
def test_images_of_any_size(size):
    model = SmallMaskRCNN(3).eval()
    found = model.detect(torch.rand(2, 3, *size))
    assert [x.masks.shape[1:] for x in found] == [size] * 2


def test_a_model_of_grey_images_is_not_resized():
    images, _ = Unresized().eval()([torch.rand(3, 40, 96)])
    assert tuple(images.tensors.shape) == (1, 3, 64, 96)


def test_masks_are_pasted_only_to_detect():
    raw = [{"masks": torch.rand(2, 1, 28, 28)}]
    assert ExactPaste().train().postprocess(raw, [(9, 9)], [(9, 9)]) is raw


def test_torchvisions_own_pasting_is_at_hand():
    torch.manual_seed(0)
    model = SmallMaskRCNN(3).eval()
    torch.nn.init.normal_(
        model.network.roi_heads.box_predictor.cls_score.weight, std=0.5
    )
    image = torch.rand(1, 3, 64, 64)
    exact = model.detect(image)[0]
    model.network.transform = Unresized().eval()
    rounded = model.detect(image)[0]
    assert torch.equal(exact.boxes, rounded.boxes) and len(exact) > 0
    assert not torch.equal(exact.masks, rounded.masks)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="num_classes"):
        SmallMaskRCNN(1)
    with pytest.raises(ValueError, match="anchors must be 3"):
        SmallMaskRCNN(anchors=(16, 32))
    with pytest.raises(ValueError, match="widths must be 4"):
        PyramidBackbone((8, 8, 8), 16)
