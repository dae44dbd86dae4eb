import pytest
import torch
from torch import nn
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.mask_rcnn import (
    MaskRCNNHeads,
    MaskRCNNPredictor,
)
from torchvision.models.detection.rpn import (
    RPNHead,
    concat_box_prediction_layers,
)

from seglab.instances.maskrcnn.heads import (
    BOX_HEAD,
    MASK_HEAD,
    PROPOSAL_HEAD,
    BoxFeatures,
    BoxHead,
    MaskHead,
    ProposalHead,
)
from seglab.models import load_renamed


def close(ours, peer):
    return torch.allclose(ours, peer, atol=1e-5)


def test_the_proposal_head_is_torchvisions():
    torch.manual_seed(0)
    peer, ours = RPNHead(8, 3), ProposalHead(8, 3)
    load_renamed(ours, peer.state_dict(), PROPOSAL_HEAD)
    maps = [torch.randn(2, 8, 6, 5), torch.randn(2, 8, 3, 2)]
    logits, changes = concat_box_prediction_layers(*peer(maps))
    mine, moves = ours(maps)
    assert close(mine.flatten(), logits[:, 0])
    assert close(moves.flatten(0, 1), changes)


def test_the_proposal_head_begins_undecided():
    torch.manual_seed(0)
    objectness, changes = ProposalHead(8, 1)([torch.randn(1, 8, 9, 9)])
    assert objectness.abs().max() < 0.1 and changes.abs().max() < 0.1


def test_the_box_head_is_torchvisions():
    torch.manual_seed(0)
    peer, ours = FastRCNNPredictor(16, 3), BoxHead(16, 3)
    load_renamed(ours, peer.state_dict(), BOX_HEAD)
    features = torch.randn(5, 16)
    logits, changes = peer(features)
    mine, moves = ours(features)
    assert close(mine, logits) and close(moves.flatten(1), changes)


@pytest.mark.parametrize("side", [5, 7, 8])
def test_features_of_bins_that_are_enough(side):
    features = BoxFeatures(4, side, 6, 16)(torch.randn(3, 4, side, side))
    assert features.shape == (3, 16)


def test_features_of_too_few_bins():
    with pytest.raises(ValueError, match="side must be 5"):
        BoxFeatures(4, 4, 6, 16)


def test_the_mask_head_is_torchvisions():
    torch.manual_seed(0)
    peer = nn.ModuleDict(
        {
            "mask_head": MaskRCNNHeads(4, (6, 6, 6), 1),
            "mask_predictor": MaskRCNNPredictor(6, 6, 3),
        }
    )
    ours = MaskHead(4, (6, 6, 6), 3)
    load_renamed(ours, peer.state_dict(), MASK_HEAD)
    regions = torch.randn(5, 4, 14, 14)
    wanted = peer["mask_predictor"](peer["mask_head"](regions))
    assert close(ours(regions), wanted)


def test_no_regions():
    logits, changes = BoxHead(16, 3)(
        BoxFeatures(4, 7, 6, 16)(torch.zeros(0, 4, 7, 7))
    )
    assert logits.shape == (0, 3) and changes.shape == (0, 3, 4)
    masks = MaskHead(4, (6,), 3)(torch.zeros(0, 4, 14, 14))
    assert masks.shape == (0, 3, 28, 28)
