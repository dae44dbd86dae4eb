import pytest
import torch
from box_cases import random_boxes
from torchvision.models.detection.roi_heads import paste_masks_in_image

from seglab.data.scenes import SceneDataset, detection_target
from seglab.instances.maskrcnn.paste import paste_masks, sample_masks
from seglab.instances.maskrcnn.targets import crop_masks


@pytest.mark.parametrize("side", [1, 14, 28])
def test_pasting_is_torchvisions(side):
    masks = torch.rand(12, side, side)
    # torchvision fails on a box that lies wholly outside
    boxes = random_boxes(12, 1, size=60, least=20) - 15
    peer = paste_masks_in_image(masks[:, None], boxes, (70, 90))[:, 0]
    assert torch.allclose(paste_masks(masks, boxes, (70, 90)), peer)


def test_sampling_is_the_obvious_loop():
    """The value at a pixel's centre, from the four cells around it."""
    mask, box = torch.rand(5, 5), (3.3, 2.6, 11.9, 9.2)
    ours = sample_masks(mask[None], torch.tensor([box]), (12, 14))[0]
    for row in range(12):
        for column in range(14):
            v = (row + 0.5 - box[1]) / (box[3] - box[1]) * 5 - 0.5
            u = (column + 0.5 - box[0]) / (box[2] - box[0]) * 5 - 0.5
            wanted = sum(
                float(mask[i, j])
                * max(0, 1 - abs(v - i))
                * max(0, 1 - abs(u - j))
                for i in range(5)
                for j in range(5)
            )
            assert ours[row, column].item() == pytest.approx(
                wanted, abs=1e-5
            )


def test_a_full_mask_fills_its_box_and_no_more():
    boxes = torch.tensor([[2.0, 3.0, 9.0, 7.0]])
    found = sample_masks(torch.ones(1, 28, 28), boxes, (10, 12)) > 0.5
    wanted = torch.zeros(1, 10, 12, dtype=torch.bool)
    wanted[0, 3:7, 2:9] = True
    assert torch.equal(found, wanted)


def test_what_was_cropped_comes_back():
    """Half a pixel, lost when cropping, has to be given back."""
    scenes = SceneDataset(4, target=detection_target)
    worst = []
    for i in range(4):
        truth = scenes[i][1]
        boxes, masks = truth["boxes"], truth["masks"].bool()
        small = crop_masks(masks, boxes, torch.arange(len(boxes)), 28)
        for back in (
            sample_masks(small, boxes + 0.5, (128, 128)) > 0.5,
            paste_masks(small, boxes, (128, 128)) > 0.5,
        ):
            both, either = (back & masks), (back | masks)
            worst.append(both.sum((1, 2)) / either.sum((1, 2)))
    exact, rounded = torch.cat(worst[::2]), torch.cat(worst[1::2])
    assert exact.mean() > 0.97
    assert rounded.mean() < 0.94


@pytest.mark.parametrize("put_back", [paste_masks, sample_masks])
def test_no_masks_and_boxes_outside(put_back):
    none = put_back(torch.zeros(0, 4, 4), torch.zeros(0, 4), (9, 8))
    assert none.shape == (0, 9, 8)
    outside = torch.tensor([[-30.0, -30.0, -20.0, -20.0]])
    assert put_back(torch.ones(1, 4, 4), outside, (9, 8)).sum() == 0


@pytest.mark.parametrize("put_back", [paste_masks, sample_masks])
def test_what_does_not_fit_is_refused(put_back):
    with pytest.raises(ValueError, match="masks must be"):
        put_back(torch.zeros(1, 4, 5), torch.zeros(1, 4), (9, 8))
    with pytest.raises(ValueError, match="boxes must be"):
        put_back(torch.zeros(2, 4, 4), torch.zeros(1, 4), (9, 8))
