import pytest
import torch
from box_cases import random_boxes
from torch.nn import functional as F
from torchvision.models.detection.roi_heads import (
    fastrcnn_loss,
    maskrcnn_loss,
)

from seglab.instances.maskrcnn.losses import (
    head_losses,
    mask_loss,
    proposal_losses,
    smooth_l1,
)
from seglab.instances.maskrcnn.small import SmallMaskRCNN
from seglab.instances.maskrcnn.targets import crop_masks


@pytest.mark.parametrize("beta", [1 / 9, 1.0, 5.0])
def test_smooth_l1_is_torchs(beta):
    found, wanted = torch.randn(9, 4) * 2, torch.randn(9, 4)
    peer = F.smooth_l1_loss(found, wanted, beta=beta, reduction="sum")
    assert torch.allclose(smooth_l1(found, wanted, beta), peer)


def test_the_two_losses_of_proposals_are_torchvisions():
    torch.manual_seed(0)
    rpn = SmallMaskRCNN(2).network.rpn
    objectness, changes = torch.randn(200), torch.randn(200, 4)
    labels = torch.randint(-1, 2, (200,)).float()
    targets = torch.randn(200, 4)
    torch.manual_seed(1)
    peer = rpn.compute_loss(
        objectness[:, None], changes, [labels], [targets]
    )
    torch.manual_seed(1)
    drawn = [torch.where(x[0])[0] for x in rpn.fg_bg_sampler([labels])]
    ours = proposal_losses(objectness, changes, labels, targets, *drawn)
    assert torch.allclose(torch.stack(ours), torch.stack(peer))


def test_class_and_box_loss_are_torchvisions():
    torch.manual_seed(0)
    logits, changes = torch.randn(20, 4), torch.randn(20, 4, 4)
    labels, targets = torch.randint(0, 4, (20,)), torch.randn(20, 4)
    peer = fastrcnn_loss(logits, changes.flatten(1), [labels], [targets])
    ours = head_losses(logits, changes, labels, targets)
    assert torch.allclose(torch.stack(ours), torch.stack(peer))


def test_background_has_no_box_to_learn():
    targets = torch.full((3, 4), torch.nan)
    none = torch.zeros(3, dtype=torch.int64)
    ours = head_losses(
        torch.zeros(3, 4), torch.ones(3, 4, 4), none, targets
    )
    assert ours[1] == 0


def test_the_mask_loss_is_torchvisions():
    torch.manual_seed(0)
    logits = torch.randn(6, 4, 28, 28)
    masks = torch.rand(3, 64, 64) > 0.5
    labels, which = torch.tensor([1, 3, 2]), torch.randint(0, 3, (6,))
    boxes = random_boxes(6, 3, size=40, least=4)
    peer = maskrcnn_loss(logits, [boxes], [masks], [labels], [which])
    targets = crop_masks(masks, boxes, which, 28)
    ours = mask_loss(logits, labels[which], targets)
    assert torch.allclose(ours, peer, atol=1e-6)


def test_other_classes_get_no_gradient():
    logits = torch.randn(2, 4, 5, 5, requires_grad=True)
    mask_loss(logits, torch.tensor([1, 3]), torch.rand(2, 5, 5)).backward()
    taught = logits.grad.abs().sum((2, 3)) > 0
    assert taught.nonzero().tolist() == [[0, 1], [1, 3]]


def test_without_positives_the_mask_loss_is_zero():
    logits = torch.zeros(0, 4, 5, 5, requires_grad=True)
    none = torch.zeros(0, dtype=torch.int64)
    loss = mask_loss(logits, none, torch.zeros(0, 5, 5))
    loss.backward()
    assert loss == 0


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="beta"):
        smooth_l1(torch.zeros(2), torch.zeros(2), 0)
    with pytest.raises(ValueError, match="one shape"):
        smooth_l1(torch.zeros(2), torch.zeros(3))
    none = torch.zeros(0, dtype=torch.int64)
    with pytest.raises(ValueError, match="got none"):
        head_losses(
            torch.zeros(0, 4), torch.zeros(0, 4, 4), none, torch.zeros(0, 4)
        )
    logits = torch.zeros(2, 4, 5, 5)
    with pytest.raises(ValueError, match="targets must be"):
        mask_loss(logits, torch.tensor([1, 1]), torch.zeros(2, 4, 4))
    with pytest.raises(ValueError, match="background has no mask"):
        mask_loss(logits, torch.tensor([1, 0]), torch.zeros(2, 5, 5))
