"""ASPP equals torchvision's, branch by branch and as a whole."""

import pytest
import torch
from network_cases import largest_difference, randomise
from torch.nn import functional as F
from torchvision.models.segmentation import deeplabv3

from seglab.models.aspp import ASPP, SeparableASPP, rates_for
from seglab.models.deeplab import ASPP_RULES
from seglab.models.state_dicts import load_renamed

# the rules are for keys inside a network
RULES = [("^", "."), *ASPP_RULES, (r"^\.", "")]


@pytest.mark.parametrize("size", [(12, 16), (7, 9), (1, 1)])
def test_equals_torchvision(size):
    theirs = randomise(deeplabv3.ASPP(6, (2, 3, 5), 8)).eval()
    ours = ASPP(6, 8, (2, 3, 5)).eval()
    load_renamed(ours, theirs.state_dict(), RULES)
    x = torch.randn(2, 6, *size)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_training_equals_torchvision():
    """Batch statistics, and dropout from the same random numbers."""
    theirs = deeplabv3.ASPP(6, (2, 3, 5), 8)
    ours = ASPP(6, 8, (2, 3, 5))
    load_renamed(ours, theirs.state_dict(), RULES)
    x = torch.randn(3, 6, 7, 8)
    outputs = []
    for aspp in (ours, theirs):
        torch.manual_seed(0)
        outputs.append(aspp(x))
    assert largest_difference(*outputs) < 1e-5


def test_separable_branches_are_full_ones_that_factor():
    torch.manual_seed(0)
    separable = randomise(SeparableASPP(6, 8, (2, 4))).eval()
    full = ASPP(6, 8, (2, 4)).eval()
    state = separable.state_dict()
    for branch in (1, 2):
        space = state.pop(f"branches.{branch}.0.0.weight")
        across = state.pop(f"branches.{branch}.0.1.weight")
        state[f"branches.{branch}.0.weight"] = across * space[:, 0]
    full.load_state_dict(state)
    x = torch.randn(2, 6, 9, 10)
    assert torch.allclose(full(x), separable(x), atol=1e-5)


def test_a_rate_beyond_the_map_leaves_the_centre_of_the_kernel():
    branch = ASPP.branch(4, 5, 9)
    x = torch.randn(1, 4, 8, 7)
    centre = branch[0].weight[:, :, 1:2, 1:2]
    assert torch.allclose(branch[0](x), F.conv2d(x, centre), atol=1e-6)


@pytest.mark.parametrize(
    ("output_stride", "rates"),
    [(32, (3, 6, 9)), (16, (6, 12, 18)), (8, (12, 24, 36))],
)
def test_rates_reach_as_far_whatever_the_stride(output_stride, rates):
    assert rates_for(output_stride) == rates


def test_one_image_can_be_segmented_but_not_trained_on():
    aspp = ASPP(4, 8, (1, 2))
    x = torch.randn(1, 4, 6, 6)
    with pytest.raises(ValueError, match="two images or more in training"):
        aspp(x)
    assert aspp.eval()(x).shape == (1, 8, 6, 6)
