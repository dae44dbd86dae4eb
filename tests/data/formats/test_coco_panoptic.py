"""Panoptic files; the rule of panopticapi's rgb2id and id2rgb."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from seglab.data.formats.coco_panoptic import (
    PanopticCategory,
    PanopticImage,
    Segment,
    ids_to_rgb,
    panoptic_image,
    read_panoptic,
    rgb_to_ids,
    write_panoptic,
)
from seglab.data.scenes import draw_scene
from seglab.metrics import panoptic_quality

CATEGORIES = [
    PanopticCategory(0, "background", False),
    PanopticCategory(1, "coin", True),
    PanopticCategory(2, "key", True),
]
# things 1 and 2 with numbers, stuff 0, void 9
values = st.sampled_from([0, 1001, 1002, 2005, 9000])
maps = hnp.arrays(
    np.int64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=values,
)


def made(panoptic, image_id=1, file_name="a.jpg", void=9):
    return panoptic_image(
        panoptic, image_id=image_id, file_name=file_name, void=void
    )


@given(hnp.arrays(np.int64, (2, 3), elements=st.integers(0, 2**24 - 1)))
def test_ids_are_those_of_panopticapi(ids):
    rgb = ids_to_rgb(ids)
    assert rgb.dtype == np.uint8
    for index, number in np.ndenumerate(ids):
        red, green, blue = rgb[index].tolist()
        assert number == red + 256 * green + 256 * 256 * blue
    np.testing.assert_array_equal(rgb_to_ids(rgb), ids)


@given(maps)
def test_segments_are_counted_and_boxed(panoptic):
    image = made(panoptic)
    assert (image.ids == 0).sum() == (panoptic == 9000).sum()
    for segment in image.segments:
        mask = image.ids == segment.id
        (value,) = np.unique(panoptic[mask])
        assert (panoptic == value).sum() == mask.sum() == segment.area
        assert segment.category_id == value // 1000
        rows, columns = np.nonzero(mask)
        assert segment.box == (
            columns.min(),
            rows.min(),
            columns.max() + 1,
            rows.max() + 1,
        )


@given(maps)
def test_the_map_comes_back_but_for_the_numbers(panoptic):
    back = made(panoptic).panoptic_map(CATEGORIES, void=9)
    np.testing.assert_array_equal(back // 1000, panoptic // 1000)
    thing = np.isin(panoptic // 1000, [1, 2])
    np.testing.assert_array_equal(back % 1000 > 0, thing)
    pairs = np.unique(np.stack([back.ravel(), panoptic.ravel()]), axis=1)
    assert (
        pairs.shape[1] == len(np.unique(panoptic)) == len(np.unique(back))
    )


def test_what_is_written_is_read(tmp_path):
    scene = draw_scene(3, size=(48, 64))
    categories = [
        PanopticCategory(number, name, number > 0)
        for number, name in enumerate(scene.names)
    ]
    images = [
        made(scene.panoptic, 4, "train/3.jpg"),
        made(np.array([[9000, 0]]), 2, "void.png"),
    ]
    file, folder = tmp_path / "panoptic.json", tmp_path / "panoptic"
    write_panoptic(file, folder, images, categories)
    back, names = read_panoptic(file, folder)
    assert names == categories
    for one, other in zip(back, images, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        assert one.segments == other.segments
        assert (one.image_id, one.file_name) == (
            other.image_id,
            other.file_name,
        )
    assert {f.name for f in folder.iterdir()} == {"3.png", "void.png"}
    found = panoptic_quality(
        back[0].panoptic_map(names),
        scene.panoptic,
        things=range(1, len(categories)),
        stuff=[0],
    )
    assert found.pq == 1


def test_the_file_is_as_coco_describes_it(tmp_path):
    write_panoptic(
        tmp_path / "a.json",
        tmp_path,
        [made(np.array([[0, 2001, 2001]]))],
        CATEGORIES,
    )
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["images"] == [
        {"id": 1, "file_name": "a.jpg", "height": 1, "width": 3}
    ]
    (annotation,) = content["annotations"]
    assert annotation["file_name"] == "a.png"
    assert annotation["segments_info"][1] == {
        "id": 2,
        "category_id": 2,
        "area": 2,
        "bbox": [1, 0, 2, 1],
        "iscrowd": 0,
    }
    assert content["categories"][1] == {
        "id": 1,
        "name": "coin",
        "isthing": 1,
    }
    with Image.open(tmp_path / "a.png") as png:
        assert np.asarray(png).tolist() == [
            [[1, 0, 0], [2, 0, 0], [2, 0, 0]]
        ]


def test_categories_and_segments_that_do_not_fit():
    image = made(np.array([[2001, 2002]]))
    with pytest.raises(ValueError, match="categories must hold 2"):
        image.panoptic_map(CATEGORIES[:2])
    with pytest.raises(ValueError, match="divisor must be above 2"):
        image.panoptic_map(CATEGORIES, divisor=2)
    with pytest.raises(ValueError, match=r"none for \[0\] \(0 is void\)"):
        made(np.array([[9000]])).panoptic_map(CATEGORIES)


@pytest.mark.parametrize(
    ("images", "categories", "message"),
    [
        ([1, 1], CATEGORIES, "image ids must be unique"),
        ([1, 2], CATEGORIES, r"PNG ids must be unique, got a\.png"),
        ([1], [*CATEGORIES, CATEGORIES[0]], "category ids must be unique"),
        ([1], CATEGORIES[:1], "categories must hold 1"),
    ],
)
def test_what_contradicts_itself_is_not_written(
    tmp_path, images, categories, message
):
    images = [made(np.array([[0, 1001]]), number) for number in images]
    with pytest.raises(ValueError, match=message):
        write_panoptic(tmp_path / "a.json", tmp_path, images, categories)
    assert not list(tmp_path.iterdir())


def test_segments_that_come_twice_are_not_written(tmp_path):
    twice = Segment(1, 1, 1, (0, 0, 1, 1))
    image = PanopticImage(1, "a.jpg", np.array([[1]]), (twice, twice))
    with pytest.raises(ValueError, match="segment ids must be unique"):
        write_panoptic(tmp_path / "a.json", tmp_path, [image], CATEGORIES)


def test_odd_files_are_refused(tmp_path):
    file = tmp_path / "a.json"
    for content in ("{", "[]", '{"images": [], "categories": [{}]}'):
        file.write_text(content)
        with pytest.raises(ValueError, match="must be a COCO panoptic"):
            read_panoptic(file, tmp_path)
    write_panoptic(file, tmp_path, [made(np.array([[0]]))], CATEGORIES)
    Image.new("P", (1, 1)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"a\.png must be RGB, got P"):
        read_panoptic(file, tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(FileNotFoundError):
        read_panoptic(file, tmp_path)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ids_to_rgb([[0.0]]), TypeError, "ids must be integers"),
        (lambda: ids_to_rgb([[2**24]]), ValueError, "from 0 to 16777215"),
        (lambda: ids_to_rgb([[-1]]), ValueError, "from 0 to 16777215"),
        (
            lambda: rgb_to_ids(np.zeros((2, 2, 4), np.uint8)),
            ValueError,
            r"rgb must be uint8 \[H, W, 3\]",
        ),
        (lambda: rgb_to_ids([[[1, 2, 3]]]), ValueError, "got int64"),
        (lambda: made([[0.5]]), TypeError, "panoptic must be integers"),
        (lambda: made([1, 2]), ValueError, r"must be \[H, W\]"),
        (lambda: made([[-1]]), ValueError, "and -1"),
    ],
)
def test_odd_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
