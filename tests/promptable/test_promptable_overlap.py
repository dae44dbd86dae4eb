"""IoU of many masks against counting pixels."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seglab.promptable.overlap import mask_ious


@given(st.integers(0, 99))
def test_iou_pixel_by_pixel(seed):
    draw = torch.Generator().manual_seed(seed)
    found, truths = torch.rand(2, 3, 4, 5, generator=draw) < 0.4
    for one, truth, iou in zip(
        found, truths, mask_ious(found, truths), strict=True
    ):
        both = sum(map(bool, (one & truth).flatten()))
        either = sum(map(bool, (one | truth).flatten()))
        assert iou == pytest.approx(both / either if either else 1.0)


def test_two_empty_masks_agree():
    empty = torch.zeros(2, 2, dtype=torch.bool)
    assert mask_ious(empty, empty) == 1
    assert mask_ious(empty, ~empty) == 0
