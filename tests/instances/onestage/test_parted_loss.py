"""A weighted sum of losses with names."""

import pytest
import torch

from seglab.instances.onestage.parted_loss import PartedLoss


class Two(PartedLoss):
    def parts(self, output, panoptic):
        return {"a": output.sum(), "b": panoptic.sum()}


def test_the_sum_is_weighted():
    loss = Two({"a": 1, "b": 1}, {"b": 10.0, "a": 0.5})
    assert loss(torch.ones(4), torch.ones(3)) == 0.5 * 4 + 10 * 3


def test_other_names_are_refused():
    with pytest.raises(ValueError, match=r"must name \['a', 'b'\]"):
        Two({"a": 1, "b": 1}, {"a": 1})


def test_it_is_a_face_only():
    with pytest.raises(NotImplementedError):
        PartedLoss({}, {})(torch.ones(1), torch.ones(1))
