import math

import pytest
import torch
from panoptic_cases import KINDS, scenes

from seglab.instances.panoptic.categories import IGNORE
from seglab.instances.panoptic.centres import (
    centre_targets,
    heat_map,
    object_centres,
    offsets_to,
)


def slow_targets(panoptic, sigma):
    """The heat and the offsets of one map, one pixel at a time."""
    members = {}
    for row, values in enumerate(panoptic.tolist()):
        for column, value in enumerate(values):
            if value // 1000 in KINDS.things:
                members.setdefault(value, []).append((row, column))
    centres = {
        value: [
            sum(axis) / len(pixels) for axis in zip(*pixels, strict=True)
        ]
        for value, pixels in members.items()
    }
    heat = torch.zeros(panoptic.shape)
    offsets = torch.zeros(2, *panoptic.shape)
    for row, values in enumerate(panoptic.tolist()):
        for column, value in enumerate(values):
            for y, x in centres.values():
                far = (row - y) ** 2 + (column - x) ** 2
                near = math.exp(-far / (2 * sigma**2))
                heat[row, column] = max(heat[row, column], near)
            if value in centres:
                y, x = centres[value]
                offsets[:, row, column] = torch.tensor(
                    [y - row, x - column]
                )
    return heat, offsets


def test_equals_a_slow_version():
    maps = scenes(2, size=(32, 40))[1]
    targets = centre_targets(maps, KINDS, sigma=2.5)
    for index, panoptic in enumerate(maps):
        heat, offsets = slow_targets(panoptic, 2.5)
        torch.testing.assert_close(targets.heat[index, 0], heat)
        torch.testing.assert_close(targets.offsets[index], offsets)
    kinds = maps // 1000
    assert (targets.is_thing[:, 0] == (kinds <= 5)).all()
    assert (targets.classes == kinds - 1).all()


def test_offsets_lead_to_the_centre():
    panoptic = scenes(1)[1][0]
    ways = offsets_to(panoptic, KINDS)
    centres = object_centres(panoptic, KINDS)
    values = panoptic.unique()
    for value, centre in zip(values[values < 6000], centres, strict=True):
        places = (panoptic == value).nonzero()
        ends = places + ways[:, panoptic == value].T
        torch.testing.assert_close(ends, centre.expand_as(ends))


def test_a_ring_has_its_centre_in_the_hole():
    panoptic = torch.full((5, 5), 5001)
    panoptic[1:4, 1:4] = 6000
    assert object_centres(panoptic, KINDS).tolist() == [[2, 2]]
    assert heat_map(torch.tensor([[2.0, 2.0]]), (5, 5), 1.0)[2, 2] == 1


def test_no_thing_and_no_label():
    targets = centre_targets(torch.zeros(1, 3, 4).long(), KINDS)
    assert not targets.heat.any()
    assert not targets.offsets.any()
    assert not targets.is_thing.any()
    assert (targets.classes == IGNORE).all()


def test_of_two_centres_the_nearer_counts():
    centres = torch.tensor([[0.0, 1.0], [0.0, 4.0]])
    both = heat_map(centres, (1, 6), 2.0)
    one, other = (heat_map(c[None], (1, 6), 2.0) for c in centres)
    assert (both == torch.maximum(one, other)).all()


def test_bad_arguments():
    with pytest.raises(ValueError, match="sigma"):
        heat_map(torch.zeros(1, 2), (4, 4), 0)
    for panoptic in (torch.zeros(4, 4).long(), torch.zeros(1, 4, 4)):
        with pytest.raises(ValueError, match="panoptic must be"):
            centre_targets(panoptic, KINDS)
