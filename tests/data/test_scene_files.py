"""Scenes written as COCO's files, read by others and by ourselves."""

import contextlib
import io

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from seglab.data.formats.coco import read_coco
from seglab.data.formats.coco_panoptic import read_panoptic
from seglab.data.formats.faults import find_coco_faults
from seglab.data.scene_files import scene_files, write_scenes
from seglab.data.scenes import STUFF, SceneDataset, draw_scene
from seglab.metrics import panoptic_quality


@pytest.fixture(scope="module", params=[(), STUFF], ids=["plain", "stuff"])
def written(request, tmp_path_factory):
    data = SceneDataset(
        4, seed=2, size=(64, 80), stuff=request.param, crowds=1
    )
    scenes = [data.scene(k) for k in range(4)]
    return scenes, write_scenes(tmp_path_factory.mktemp("scenes"), scenes)


def test_pictures_are_the_scenes_to_half_a_grey_value(written):
    scenes, files = written
    for k, scene in enumerate(scenes, start=1):
        picture = np.asarray(Image.open(files.images / f"{k:06d}.png"))
        assert picture.shape == (64, 80, 3)
        image = picture.transpose(2, 0, 1) / 255
        np.testing.assert_allclose(image, scene.image, atol=0.501 / 255)


def test_pycocotools_reads_the_same_masks(written):
    scenes, files = written
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(files.instances))
    assert coco.getImgIds() == [1, 2, 3, 4]
    assert len(coco.getAnnIds()) == sum(len(s.crowd) for s in scenes)
    for k, scene in enumerate(scenes, start=1):
        objects = coco.loadAnns(coco.getAnnIds(imgIds=[k]))
        for number, one in enumerate(objects):
            mask = scene.instances[number]
            np.testing.assert_array_equal(coco.annToMask(one), mask)
            assert one["category_id"] == scene.categories[number]
            assert one["iscrowd"] == scene.crowd[number]
            assert one["area"] == mask.sum()
            left, top, width, height = one["bbox"]
            rows, columns = np.nonzero(mask)
            assert (left, top) == (columns.min(), rows.min())
            assert (width, height) == (
                np.ptp(columns) + 1,
                np.ptp(rows) + 1,
            )
    names = [category["name"] for category in coco.loadCats(range(1, 6))]
    assert names == list(scenes[0].names[1:6])


def test_we_read_the_same_masks(written):
    scenes, files = written
    data = read_coco(files.instances)
    assert set(data.categories) == {1, 2, 3, 4, 5}
    for k, scene in enumerate(scenes, start=1):
        np.testing.assert_array_equal(data.masks(k), scene.instances)


def test_the_panoptic_maps_come_back(written):
    scenes, files = written
    images, categories = read_panoptic(files.panoptic, files.panoptic_maps)
    things = [c.id for c in categories if c.is_thing]
    stuff = [c.id for c in categories if not c.is_thing]
    with_stuff = len(scenes[0].names) > 6
    assert things == [1, 2, 3, 4, 5]
    assert stuff == ([6, 7, 8] if with_stuff else [0])
    for category in categories:
        assert category.name == scenes[0].names[category.id]
    for image, scene in zip(images, scenes, strict=True):
        panoptic = image.panoptic_map(categories)
        np.testing.assert_array_equal(panoptic // 1000, scene.semantic)
        # numbers may differ, segments may not
        quality = panoptic_quality(
            panoptic, scene.panoptic, things=things, stuff=stuff
        )
        assert quality.pq == 1
        crowds = [s.id for s in image.segments if s.crowd]
        np.testing.assert_array_equal(
            np.isin(image.ids, crowds),
            scene.instances[scene.crowd].any(axis=0),
        )


def test_no_fault_is_found(written):
    _, files = written
    assert find_coco_faults(files.instances, files.images).empty


def test_scenes_of_two_kinds_are_refused(tmp_path):
    plain = draw_scene(0, size=(32, 32))
    other = draw_scene(0, size=(32, 32), stuff=STUFF)
    with pytest.raises(ValueError, match="got 2 with 2 sets of categories"):
        write_scenes(tmp_path, [plain, other])
    with pytest.raises(ValueError, match="got 0 with 0 sets"):
        write_scenes(tmp_path, [])
    # nothing that looks like a data set is left
    assert not scene_files(tmp_path).instances.exists()
    assert not scene_files(tmp_path).panoptic.exists()
