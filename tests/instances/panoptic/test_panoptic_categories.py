import pytest
import torch

from seglab.instances.panoptic.categories import IGNORE, Categories

KINDS = Categories([3, 1], [9])


def test_classes_are_places_in_the_list():
    categories = torch.tensor([[3, 1], [9, 9]])
    classes = KINDS.to_classes(categories)
    assert classes.tolist() == [[0, 1], [2, 2]]
    assert (KINDS.from_classes(classes) == categories).all()
    assert KINDS.everything == (3, 1, 9)
    assert len(KINDS) == 3


def test_what_is_no_category_is_left_out():
    classes = KINDS.to_classes(torch.tensor([0, 2, -1], dtype=torch.int32))
    assert classes.tolist() == [IGNORE] * 3
    assert classes.dtype == torch.int64


def test_things():
    asked = torch.tensor([1, 9, 0, 3])
    assert KINDS.is_thing(asked).tolist() == [True, False, False, True]


def test_lists_and_tuples_are_one():
    assert Categories((3, 1), (9,)) == KINDS


@pytest.mark.parametrize(
    "things, stuff", [([], []), ([1, 1], []), ([1], [1]), ([0], [1])]
)
def test_what_are_no_categories(things, stuff):
    with pytest.raises(ValueError, match="things and stuff"):
        Categories(things, stuff)
