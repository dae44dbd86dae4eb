"""Which cell is to find which object."""

import pytest
import torch

from seglab.data.scenes import SceneDataset, panoptic_target
from seglab.instances.onestage.grid_targets import (
    GRIDS,
    SIZES,
    centres_of_mass,
    grid_targets,
)
from seglab.instances.truth import true_objects


def truth_of(*rectangles, size=(128, 128)):
    """Objects from (left, top, right, bottom)."""
    masks = torch.zeros(len(rectangles), *size, dtype=torch.bool)
    for mask, (left, top, right, bottom) in zip(
        masks, rectangles, strict=True
    ):
        mask[top:bottom, left:right] = True
    return {"boxes": torch.tensor(rectangles).float(), "masks": masks}


def test_a_small_and_a_large_object_go_to_their_grids():
    truth = truth_of((10, 10, 30, 30), (60, 60, 120, 120))
    found = grid_targets(truth)
    fine, coarse = found.split([16 * 16, 8 * 8])
    assert set(fine.tolist()) == {-1, 0}
    assert set(coarse.tolist()) == {-1, 1}


def test_one_of_middle_size_goes_to_both():
    found = grid_targets(truth_of((40, 40, 74, 74)))
    assert (found.split([256, 64])[0] == 0).any()
    assert (found.split([256, 64])[1] == 0).any()


def test_the_cells_of_the_centre_region():
    # centre (32, 16), 40 wide: x from 28 to 36, cells 3 and 4 of 8 px
    truth = truth_of((12, 8, 52, 24))
    (grid,) = grid_targets(truth, grids=[16], sizes=[(0, 99)]).split(256)
    rows, columns = (grid.reshape(16, 16) == 0).nonzero(as_tuple=True)
    assert set(columns.tolist()) == {3, 4}
    assert set(rows.tolist()) == {1, 2}


def test_never_more_than_nine_cells():
    truth = truth_of((0, 0, 128, 128))
    found = grid_targets(truth, grids=[32], sizes=[(0, 999)], centre=1.0)
    assert (found == 0).sum() == 9


def test_the_smaller_one_has_a_cell_that_both_claim():
    truth = truth_of((0, 0, 100, 100), (40, 40, 60, 60))
    for order in ([0, 1], [1, 0]):
        turned = {key: value[order] for key, value in truth.items()}
        found = grid_targets(turned, grids=[8], sizes=[(0, 999)])
        assert found.reshape(8, 8)[3, 3] == order.index(1)


def test_without_objects_no_cell_has_one():
    truth = {
        "boxes": torch.zeros(0, 4),
        "masks": torch.zeros(0, 64, 96, dtype=torch.bool),
    }
    assert (grid_targets(truth) == -1).all()


def test_an_image_that_is_no_square():
    truth = truth_of((80, 0, 100, 20), size=(32, 128))
    found = grid_targets(truth, grids=[4], sizes=[(0, 99)]).reshape(4, 4)
    # a cell is 32 px wide and 8 px high; the centre is (90, 10)
    assert found[1, 2] == 0
    assert (found >= 0).nonzero()[:, 1].unique().tolist() == [2]


def test_every_object_of_many_scenes_has_a_cell():
    _, maps = SceneDataset(12, 5, target=panoptic_target).tensors()
    lost = 0
    for one in maps:
        truth = true_objects(one, things=range(1, 6))
        found = grid_targets(truth)
        lost += len(truth["boxes"]) - len(found[found >= 0].unique())
    assert lost == 0


def test_centres_of_mass_are_means_of_pixels():
    torch.manual_seed(0)
    masks = torch.rand(3, 5, 8) > 0.5
    for mask, centre in zip(masks, centres_of_mass(masks), strict=True):
        rows, columns = mask.nonzero(as_tuple=True)
        wanted = [x.float().mean().item() + 0.5 for x in (columns, rows)]
        assert centre.tolist() == pytest.approx(wanted, abs=1e-5)
    empty = torch.zeros(1, 4, 4, dtype=torch.bool)
    assert centres_of_mass(empty).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grids": [8]}, "sizes must be as many as the 1"),
        ({"centre": 0.0}, "centre must be a share"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        grid_targets(truth_of((0, 0, 9, 9)), **settings)


def test_sizes_leave_no_gap():
    assert len(GRIDS) == len(SIZES)
    assert SIZES[0][0] == 0 and SIZES[1][0] < SIZES[0][1]
