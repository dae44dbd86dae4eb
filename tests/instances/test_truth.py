import pytest
import torch

from seglab.data.scenes import CATEGORIES, SceneDataset, detection_target
from seglab.instances.truth import true_objects

THINGS = range(1, len(CATEGORIES) + 1)


def test_the_map_tells_what_the_scene_knows():
    scenes = SceneDataset(5)
    for index in range(5):
        scene = scenes.scene(index)
        wanted = detection_target(scene)
        panoptic = torch.from_numpy(scene.panoptic)
        found = true_objects(panoptic, things=THINGS)
        order = torch.from_numpy(
            scene.categories * 1000 + range(1, len(scene.categories) + 1)
        ).argsort()
        assert found["labels"].tolist() == wanted["labels"][order].tolist()
        torch.testing.assert_close(found["boxes"], wanted["boxes"][order])
        assert (found["masks"] == wanted["masks"][order].bool()).all()


def test_stuff_and_nothing():
    panoptic = torch.tensor([[7000, 7000], [0, 1001]])
    found = true_objects(panoptic, things=[1])
    assert found["labels"].tolist() == [1]
    assert found["boxes"].tolist() == [[1, 1, 2, 2]]
    empty = true_objects(panoptic, things=[3])
    assert empty["boxes"].shape == (0, 4)
    assert empty["masks"].shape == (0, 2, 2)


@pytest.mark.parametrize(
    "panoptic", [torch.zeros(4, 4), torch.zeros(1, 4, 4).long()]
)
def test_what_is_no_map(panoptic):
    with pytest.raises(ValueError, match="panoptic must be"):
        true_objects(panoptic, things=[1])
