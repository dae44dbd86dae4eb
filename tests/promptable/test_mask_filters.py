"""Filters of automatic masks, against the package's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from segment_anything.utils.amg import (
    build_point_grid,
    calculate_stability_score,
    is_box_near_crop_edge,
)
from torchvision.ops import nms

from seglab.promptable.mask_filters import (
    cut_by_tile,
    distinct_masks,
    point_grid,
    stability_scores,
)


@pytest.mark.parametrize("per_side", [1, 4, 16])
def test_a_square_has_the_grid_of_the_package(per_side):
    package = build_point_grid(per_side) * 128
    found = point_grid((128, 128), per_side).numpy()
    np.testing.assert_allclose(found, package - 0.5, atol=1e-4)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 20))
def test_points_lie_evenly_inside(height, width, per_side):
    grid = point_grid((height, width), per_side)
    assert (grid >= -0.5).all()
    assert (grid[:, 0] <= width - 0.5).all()
    assert (grid[:, 1] <= height - 0.5).all()
    apart = max(height, width) / per_side
    for axis, side in ((0, width), (1, height)):
        along = grid[:, axis].unique()
        # as far apart as along the longer side, or a little less
        assert side / len(along) <= apart + 1e-6
        assert len(along) == 1 or side / (len(along) - 1) >= apart - 1e-6
    assert len(grid.unique(dim=0)) == len(grid)


@pytest.mark.parametrize(("size", "side"), [((8, 0), 4), ((8, 8), 0)])
def test_grid_refuses(size, side):
    with pytest.raises(ValueError, match="must be 1 or more"):
        point_grid(size, side)


@pytest.mark.parametrize("offset", [0.3, 1.0, 2.5])
def test_stability_is_the_package_s(offset):
    logits = torch.randn(
        20, 9, 13, generator=torch.Generator().manual_seed(0)
    )
    found = stability_scores(logits * 2, offset=offset)
    package = calculate_stability_score(logits * 2, 0.0, offset)
    assert torch.equal(found, package)


def test_stability_of_edges_and_of_nothing():
    cliff = torch.tensor([[-9.0, 9.0]])
    fog = torch.tensor([[-0.5, 0.5]])
    nothing = torch.tensor([[-9.0, -9.0]])
    logits = torch.stack([cliff, fog, nothing])
    assert stability_scores(logits).tolist() == [1, 0, 0]
    assert stability_scores(logits[:0]).shape == (0,)
    with pytest.raises(ValueError, match="offset must be above 0"):
        stability_scores(logits, offset=0)
    with pytest.raises(ValueError, match=r"shape \[M, H, W\]"):
        stability_scores(logits[0])


@given(st.integers(0, 2**32 - 1))
def test_cut_is_the_package_s_with_its_margin(seed):
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.integers(0, 200, (30, 2, 2)), axis=1)
    inside = torch.from_numpy(corners.reshape(30, 4)).float()
    tile = (100, 0, 300, 200)
    package = is_box_near_crop_edge(inside, list(tile), [0, 0, 400, 200])
    moved = inside + torch.tensor([100, 0, 100, 0])
    found = cut_by_tile(moved, tile, (200, 400), margin=20)
    # the package lets a box near the picture's edge, within 20 px, pass;
    # here no tile's edge lies that near to another edge of the picture
    assert torch.equal(found, package)


def test_the_picture_s_own_edge_cuts_nothing():
    whole = torch.tensor([[0.0, 0.0, 8.0, 6.0]])
    assert not cut_by_tile(whole, (0, 0, 8, 6), (6, 8)).any()
    assert cut_by_tile(whole, (0, 0, 8, 6), (6, 9)).all()
    none = torch.zeros(0, 4)
    assert cut_by_tile(none, (0, 0, 8, 6), (6, 8)).shape == (0,)


def boxes_and_masks(rng, count=30):
    corners = np.sort(rng.integers(0, 25, (count, 2, 2)), axis=1)
    corners[:, 1] += 1
    masks = np.zeros((count, 26, 26), bool)
    for mask, ((x0, y0), (x1, y1)) in zip(masks, corners, strict=True):
        mask[y0:y1, x0:x1] = True
    boxes = torch.from_numpy(corners.reshape(count, 4)).float()
    return boxes, torch.from_numpy(masks)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5, 0.7]))
def test_rectangles_are_suppressed_like_their_boxes(seed, most_iou):
    rng = np.random.default_rng(seed)
    boxes, masks = boxes_and_masks(rng)
    scores = torch.from_numpy(rng.permutation(30) / 30).float()
    # a hair off: a ratio of exactly most_iou is rounded either way
    kept = distinct_masks(masks, scores, most_iou=most_iou + 1e-4)
    wanted = nms(boxes, scores, most_iou + 1e-4)
    assert kept.tolist() == wanted.tolist()


def test_a_ring_and_its_disc_both_stay():
    rows, columns = np.ogrid[-9:10, -9:10]
    away = torch.from_numpy(np.hypot(rows, columns))
    disc, ring = away <= 9, (away <= 9) & (away > 5)
    kept = distinct_masks(
        torch.stack([disc, ring]), torch.tensor([0.8, 0.9])
    )
    assert kept.tolist() == [1, 0]


def test_equal_scores_keep_the_earlier():
    masks = torch.ones(3, 2, 2, dtype=torch.bool)
    assert distinct_masks(masks, torch.ones(3)).tolist() == [0]
    # at the limit itself both stay
    masks[1, 0, 0] = False
    two = distinct_masks(masks[:2], torch.ones(2), most_iou=0.75)
    assert two.tolist() == [0, 1]


def test_nothing_is_distinct():
    none = torch.zeros(0, 4, 4, dtype=torch.bool)
    assert distinct_masks(none, torch.zeros(0)).tolist() == []
    with pytest.raises(ValueError, match="masks and scores"):
        distinct_masks(none, torch.zeros(1))
    with pytest.raises(ValueError, match=r"most_iou must be in \[0, 1\]"):
        distinct_masks(none, torch.zeros(0), most_iou=1.5)
