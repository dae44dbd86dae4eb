import numpy as np
import pytest
import torch

from seglab.data.chest import class_slices
from seglab.data.splits import slab_split
from seglab.promptable.learning.organs import (
    OrganSlices,
    organ_ious,
    organ_slices,
)
from seglab.promptable.learning.real import ct_pictures


@pytest.fixture(scope="module")
def both():
    return organ_slices(every=6)


def test_pieces_have_the_class_of_their_pixels(both):
    whole = class_slices(size=(128, 128), every=6)
    sides = slab_split(whole.z)
    for part, chosen in zip(both, sides, strict=True):
        assert len(part) == len(chosen) > 0
        for n, index in enumerate(chosen):
            classes = whole.masks[index]
            for organ, mask in zip(
                part.organs[n], part.masks(n), strict=True
            ):
                assert classes[mask].unique().tolist() == [organ]
                assert mask.sum() >= 40
        assert part.names == whole.names


def test_training_slices_are_those_that_mini_sam_saw():
    training, _ = organ_slices()
    images, maps = ct_pictures()
    seen = (training.maps > 0).flatten(1).any(1)
    assert torch.equal(training.maps[seen], maps[:, 0])
    error = training.images[seen] - images / 255
    assert error.abs().max() <= 0.5 / 255 + 1e-6


class Filler:
    """Fills the box that it is given."""

    def __init__(self):
        self.asked = []

    def embed(self, image):
        return image

    def single(self, embedding, prompts):
        self.asked.append(prompts.boxes)
        masks = torch.zeros(len(prompts), 1, 128, 128, dtype=torch.bool)
        for mask, box in zip(masks, prompts.boxes, strict=True):
            x0, y0, x1, y1 = box.round().int().tolist()
            mask[0, y0:y1, x0:x1] = True
        return type("Answer", (), {"masks": masks})()


def squares():
    maps = torch.zeros(2, 128, 128, dtype=torch.uint8)
    maps[0, 10:30, 10:30] = 1
    maps[0, 50:80, 50:90] = 2
    maps[0, 60:80, 50:90] = 0
    return OrganSlices(
        torch.zeros(2, 3, 128, 128),
        maps,
        ((2, 1), ()),
        ("background", "heart", "liver", "aorta"),
    )


def test_ious_go_to_their_organ():
    found = organ_ious(Filler(), squares())
    assert {k: v.tolist() for k, v in found.items()} == {
        "liver": [1.0],
        "heart": [1.0],
    }


def test_loose_boxes_are_the_same_in_every_call_and_cost():
    models = [Filler(), Filler()]
    ious = [organ_ious(m, squares(), jitter=0.1) for m in models]
    assert torch.equal(models[0].asked[0], models[1].asked[0])
    assert ious[0]["liver"] == ious[1]["liver"] < 1
    assert (models[0].asked[0] >= 0).all()
    assert np.isfinite(ious[0]["heart"]).all()
