"""Where masks are compared: every pixel, or points of both kinds."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from seglab.models.mask_points import EveryPixel, SampledPoints, sample


def test_every_pixel_is_at_the_masks_size():
    logits, masks = torch.randn(2, 3, 4), torch.rand(2, 6, 9) < 0.5
    larger = F.interpolate(logits[None], (6, 9), mode="bilinear")[0]
    for values, wanted in (
        EveryPixel().shared(logits, masks),
        EveryPixel().paired(logits, masks),
    ):
        torch.testing.assert_close(values, larger.flatten(1))
        assert torch.equal(wanted, masks.float().flatten(1))


@given(
    st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.integers(1, 4)
)
def test_a_sample_lies_between_the_four_pixels_around_it(x, y, side):
    """Recomputed by hand; pixels beyond the border are 0."""
    maps = torch.arange(1.0, 2 * side**2 + 1).view(2, side, side)
    column, row = x * side - 0.5, y * side - 0.5
    wanted = torch.zeros(2)
    for i in range(side):
        for j in range(side):
            near = max(0, 1 - abs(row - i)) * max(0, 1 - abs(column - j))
            wanted += near * maps[:, i, j]
    found = sample(maps, torch.tensor([[[x, y]]]))[:, 0]
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_points_for_matching_are_the_same_for_all_masks():
    torch.manual_seed(0)
    same = torch.randn(1, 8, 8).expand(5, 8, 8)
    mask = (same[:2] > 0).float()
    values, wanted = SampledPoints(30).shared(same, mask)
    assert values.shape == (5, 30)
    assert wanted.shape == (2, 30)
    assert (values == values[0]).all()
    assert values[0].unique().numel() == 30


def test_points_of_the_loss_gather_where_the_mask_is_unsure():
    torch.manual_seed(0)
    # unsure along the middle column, sure towards the sides
    logits = torch.linspace(-8, 8, 64).expand(3, 64, 64).contiguous()
    uniform = SampledPoints(400, unsure=0.0).paired(logits, logits)[0]
    gathered = SampledPoints(400, unsure=1.0).paired(logits, logits)[0]
    assert not torch.equal(gathered[0], gathered[1])
    # three candidates a point: the most doubtful third is kept
    assert uniform.abs().mean() == pytest.approx(4, abs=0.4)
    assert gathered.abs().max() == pytest.approx(8 / 3, abs=0.5)
    both = SampledPoints(400, unsure=0.75).paired(logits, logits)[0]
    assert (both.abs() > 4).float().mean() == pytest.approx(0.125, abs=0.06)


def test_values_carry_a_gradient_and_points_none():
    logits = torch.randn(2, 4, 4, requires_grad=True)
    values, wanted = SampledPoints(20).paired(logits, torch.ones(2, 8, 8))
    values.sum().backward()
    assert logits.grad.any()
    assert not wanted.requires_grad


@pytest.mark.parametrize("points", [EveryPixel(), SampledPoints(7)])
def test_no_pair_is_no_row(points):
    none = torch.zeros(0, 4, 4), torch.zeros(0, 8, 8)
    values, wanted = points.paired(*none)
    assert values.shape == wanted.shape == (0, values.shape[1])
    assert values.shape[1] > 0
