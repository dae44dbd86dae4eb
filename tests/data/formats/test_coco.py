"""COCO's instance files beside pycocotools."""

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from seglab.data.formats.coco import (
    CocoDataset,
    CocoImage,
    CocoObject,
    coco_object,
    read_coco,
    write_coco,
)
from seglab.data.scenes import draw_scene

masks = hnp.arrays(
    bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
)
RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)


def load(path):
    """As pycocotools sees it, without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def packed_by_pycocotools(segmentation, size):
    """As COCO.annToRLE does it."""
    if isinstance(segmentation, list):
        return coco_mask.merge(coco_mask.frPyObjects(segmentation, *size))
    if isinstance(segmentation["counts"], list):
        return coco_mask.frPyObjects(segmentation, *size)
    return segmentation


def made(mask, **changes):
    fields = {"id": 1, "image_id": 1, "category_id": 1, **changes}
    return coco_object(mask, **fields)


@pytest.fixture
def dataset():
    """Two scenes; one object has a hole, one is a crowd."""
    images, objects = [], []
    for image_id, seed in ((5, 0), (9, 1)):
        scene = draw_scene(seed, size=(48, 64))
        images.append(CocoImage(image_id, f"{seed}.png", (48, 64)))
        for mask, kind in zip(
            scene.instances, scene.categories, strict=True
        ):
            number = len(objects) + 1
            objects.append(
                made(
                    mask,
                    id=number,
                    image_id=image_id,
                    category_id=int(kind),
                )
            )
    ring = np.zeros((48, 64), bool)
    ring[3:6, 4:7] = RING
    objects.append(made(ring, id=100, image_id=9))
    objects.append(made(ring, id=101, image_id=9, crowd=True))
    names = dict(enumerate(scene.names))
    return CocoDataset(tuple(images), tuple(objects), names)


@given(masks)
def test_a_mask_comes_back_here_and_in_pycocotools(mask):
    assume(mask.any())
    for crowd in (False, True):
        one = made(mask, crowd=crowd)
        np.testing.assert_array_equal(one.mask(mask.shape), mask)
        packed = packed_by_pycocotools(one.segmentation, mask.shape)
        np.testing.assert_array_equal(coco_mask.decode(packed), mask)
        assert one.area == coco_mask.area(packed)
        left, top, width, height = coco_mask.toBbox(packed)
        assert one.box == (left, top, left + width, top + height)


def test_the_form_follows_the_object():
    assert isinstance(made(np.ones((2, 2), bool)).segmentation, list)
    assert isinstance(made(RING).segmentation["counts"], str)
    plain = made(RING, crowd=True).segmentation
    assert plain["counts"] == [0, 4, 1, 4]


def test_what_is_written_is_read_also_by_pycocotools(tmp_path, dataset):
    path = tmp_path / "deep" / "instances.json"
    write_coco(path, dataset)
    assert read_coco(path) == dataset
    theirs = load(path)
    for image in dataset.images:
        masks = dataset.masks(image.id)
        ids = theirs.getAnnIds(imgIds=[image.id])
        assert ids == [o.id for o in dataset.of_image(image.id)]
        for mask, annotation in zip(
            masks, theirs.loadAnns(ids), strict=True
        ):
            np.testing.assert_array_equal(
                theirs.annToMask(annotation), mask
            )
        boxes = dataset.boxes(image.id)
        for mask, box in zip(masks, boxes, strict=True):
            left, top, right, bottom = box.astype(int)
            rows, columns = np.nonzero(mask)
            assert (left, right) == (columns.min(), columns.max() + 1)
            assert (top, bottom) == (rows.min(), rows.max() + 1)
    names = {
        c["id"]: c["name"] for c in theirs.loadCats(theirs.getCatIds())
    }
    assert names == dataset.categories
    assert [f.name for f in path.parent.iterdir()] == ["instances.json"]


def test_slanted_polygons_differ_at_most_at_the_border():
    outline = [3.2, 4.1, 40.7, 9.9, 31.3, 36.6]
    one = CocoObject(1, 1, 1, [outline], 0.0, (0, 0, 0, 0))
    ours = one.mask((48, 48))
    theirs = coco_mask.decode(
        coco_mask.merge(coco_mask.frPyObjects([outline], 48, 48))
    ).astype(bool)
    differs = ours ^ theirs
    assert differs.sum() < 0.02 * ours.sum()


def test_an_image_without_objects(tmp_path):
    empty = CocoDataset((CocoImage(1, "a.png", (4, 5)),), (), {})
    assert empty.masks(1).shape == (0, 4, 5)
    assert empty.boxes(1).shape == (0, 4)
    write_coco(tmp_path / "a.json", empty)
    assert read_coco(tmp_path / "a.json") == empty


def test_several_polygons_are_one_object():
    two = np.array([[1, 0, 0, 1]], bool)
    one = made(two)
    assert len(one.segmentation) == len(one.polygons()) == 2
    assert len(made(RING).polygons()[0].holes) == 1


@pytest.mark.parametrize(
    ("mask", "changes", "message"),
    [
        (np.zeros((2, 2), bool), {}, "must not be empty"),
        (np.ones(3, bool), {}, r"must be \[H, W\]"),
        (np.ones((2, 2), bool), {"id": 0}, "id must be 1 or more"),
    ],
)
def test_odd_objects_are_refused(mask, changes, message):
    with pytest.raises(ValueError, match=message):
        made(mask, **changes)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ([[0, 0, 1]], "object 3 must have rings"),
        (7, "object 3 must have rings"),
        ([["a", "b"]], "object 3 must have rings"),
        ({"size": [2, 2], "counts": [4]}, "must have its image's size"),
        ({"size": [3, 4]}, "dictionary of size and counts"),
    ],
)
def test_odd_segmentations_are_named(segmentation, message):
    one = CocoObject(3, 1, 1, segmentation, 0.0, (0, 0, 0, 0))
    with pytest.raises(ValueError, match=message):
        one.mask((3, 4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_id": 2}, "object 1 has no image 2"),
        ({"category_id": 4}, "object 1 has no category 4"),
    ],
)
def test_a_data_set_that_contradicts_itself(tmp_path, changes, message):
    image = CocoImage(1, "a.png", (2, 2))
    one = made(np.ones((2, 2), bool), **changes)
    with pytest.raises(ValueError, match=message):
        write_coco(
            tmp_path / "a.json", CocoDataset((image,), (one,), {1: "rib"})
        )
    assert not list(tmp_path.iterdir())


def test_ids_that_come_twice(tmp_path):
    image = CocoImage(1, "a.png", (2, 2))
    one = made(np.ones((2, 2), bool))
    for images, objects, message in (
        ((image, image), (), "image ids must be unique, got 1"),
        ((image,), (one, one), "object ids must be unique, got 1"),
    ):
        with pytest.raises(ValueError, match=message):
            write_coco(
                tmp_path / "a.json", CocoDataset(images, objects, {1: "a"})
            )
    with pytest.raises(ValueError, match="image_id must be that of"):
        CocoDataset((image,), (), {}).masks(2)


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", json.dumps({"images": [1]})]
)
def test_what_is_no_coco_file(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match="must be a COCO file of inst"):
        read_coco(tmp_path / "a.json")
