"""Boxes around masks, against torchvision's."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import masks_to_boxes

from seglab.promptable.around import boxes_around_masks


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from([0.02, 0.2, 0.9]),
)
def test_equals_torchvision_and_one_more(seed, shape, share):
    draw = torch.Generator().manual_seed(seed)
    masks = torch.rand(shape, generator=draw) < share
    found = boxes_around_masks(masks)
    full = masks.flatten(1).any(1)
    assert found.dtype == torch.float32
    assert not found[~full].any()
    if full.any():
        past = torch.tensor([0.0, 0.0, 1.0, 1.0])
        assert torch.equal(found[full], masks_to_boxes(masks[full]) + past)


def test_no_masks_have_no_boxes():
    found = boxes_around_masks(torch.zeros(0, 4, 4, dtype=torch.bool))
    assert found.shape == (0, 4)
