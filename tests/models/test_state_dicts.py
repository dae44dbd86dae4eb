"""Weights move by their names, and nothing is lost on the way."""

import pytest
import torch
from torch import nn

from seglab.models.state_dicts import load_renamed, rename_keys


class Ours(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 3)
        self.head = nn.Linear(2, 2)


class Theirs(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(1, 2, 3), nn.Linear(2, 2)])
        self.aux = nn.Linear(1, 1)


RULES = [
    (r"^layers\.0\.", "stem."),
    (r"^layers\.1\.", "head."),
    (r"^aux\..*", ""),
]


def test_every_tensor_arrives():
    ours, theirs = Ours(), Theirs()
    load_renamed(ours, theirs.state_dict(), RULES)
    assert torch.equal(ours.stem.weight, theirs.layers[0].weight)
    assert torch.equal(ours.head.bias, theirs.layers[1].bias)


def test_rules_apply_in_order():
    assert rename_keys({"a": 1}, [("a", "b"), ("b", "c")]) == {"c": 1}


def test_two_keys_that_become_one_are_named():
    with pytest.raises(
        ValueError, match=r"both 'a\.x' and 'b\.x' into 'x'"
    ):
        rename_keys({"a.x": 1, "b.x": 2}, [(r"^[ab]\.", "")])


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (RULES[:2], r"Ours: 2 left over \(aux.weight, aux.bias\)"),
        (RULES[1:], r"2 missing \(stem.weight, stem.bias\); 2 left over"),
    ],
)
def test_what_does_not_fit_is_named(rules, message):
    with pytest.raises(ValueError, match=message):
        load_renamed(Ours(), Theirs().state_dict(), rules)


def test_another_shape_is_named_and_nothing_is_loaded():
    state = Theirs().state_dict()
    state["layers.1.bias"] = torch.zeros(5)
    ours = Ours()
    before = ours.stem.weight.clone()
    with pytest.raises(ValueError, match=r"head.bias \(5,\) for \(2,\)"):
        load_renamed(ours, state, RULES)
    assert torch.equal(ours.stem.weight, before)
