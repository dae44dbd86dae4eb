"""Coordinates as channels."""

import pytest
import torch
from torch import nn

from seglab.instances.onestage.coordinates import add_coordinates


def test_features_stay_and_corners_are_corners():
    features = torch.rand(2, 3, 4, 6)
    found = add_coordinates(features)
    assert torch.equal(found[:, :3], features)
    x, y = found[1, 3], found[1, 4]
    assert (x[:, 0] == -1).all() and (x[:, -1] == 1).all()
    assert (y[0] == -1).all() and (y[-1] == 1).all()
    # x runs along the columns only, in equal steps
    assert (x == x[0]).all()
    assert torch.allclose(x[0].diff(), torch.tensor(2 / 5))


def test_a_convolution_can_now_tell_places_apart():
    same_everywhere = torch.ones(1, 1, 3, 5)
    layer = nn.Conv2d(3, 1, 1)
    assert layer(add_coordinates(same_everywhere)).unique().numel() == 15


def test_one_pixel_and_another_type():
    found = add_coordinates(torch.zeros(1, 1, 1, 1, dtype=torch.float64))
    assert found.dtype == torch.float64
    assert found[0, :, 0, 0].tolist() == [0, -1, -1]


def test_no_map_is_refused():
    with pytest.raises(ValueError, match="features must be"):
        add_coordinates(torch.zeros(3, 4, 4))
