"""LabelMe's files, as its program writes them, and their faults."""

import json

import numpy as np
import pytest
from PIL import Image

from seglab.data.formats.labelme import (
    LabelledImage,
    image_size,
    read_labelme,
    write_labelme,
)
from seglab.data.formats.polygons import Polygon

SQUARE = [[1, 1], [4, 1], [4, 3], [1, 3]]


def shape(**changes):
    """A shape as version 5 of the program writes it."""
    return {
        "label": "rib",
        "points": SQUARE,
        "group_id": None,
        "description": "",
        "shape_type": "polygon",
        "flags": {},
        "mask": None,
        **changes,
    }


def written(folder, shapes, **changes):
    content = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": 5,
        "imageWidth": 6,
        **changes,
    }
    path = folder / "a.json"
    path.write_text(json.dumps(content))
    return path


def test_a_file_of_the_program_is_read(tmp_path):
    image = read_labelme(
        written(
            tmp_path,
            [
                shape(group_id=1),
                shape(
                    label="heart",
                    shape_type="rectangle",
                    points=[[4, 4], [6, 5]],
                ),
            ],
        )
    )
    assert image.path == tmp_path / "a.png"
    assert image.size == (5, 6)
    assert image.labels == ("rib", "heart")
    assert image.groups == (1, None)
    masks = image.masks(["heart", "lung", "rib"])
    assert masks.sum(axis=(1, 2)).tolist() == [2, 0, 6]
    assert masks[2, 1:3, 1:4].all() and masks[0, 4, 4:].all()


def test_what_is_written_is_read(tmp_path):
    polygons = [Polygon(SQUARE), Polygon([(0.1, 0.25), (3, 1 / 3), (2, 2)])]
    image = LabelledImage(
        tmp_path / "images" / "b.png", (5, 6), ["é", "b"], polygons, [3, 3]
    )
    file = tmp_path / "labels" / "b.json"
    write_labelme(file, image)
    assert json.loads(file.read_text())["imagePath"] == "../images/b.png"
    back = read_labelme(file)
    assert back.path.resolve() == image.path.resolve()
    assert (back.size, back.labels) == (image.size, image.labels)
    assert back.groups == (3, 3)
    for one, other in zip(back.polygons, polygons, strict=True):
        np.testing.assert_array_equal(one.outer, other.outer)
    assert [path.name for path in file.parent.iterdir()] == ["b.json"]


def test_an_image_without_shapes(tmp_path):
    write_labelme(
        tmp_path / "a.json",
        LabelledImage(tmp_path / "a.png", (5, 6), [], []),
    )
    image = read_labelme(tmp_path / "a.json")
    assert image.labels == image.polygons == image.groups == ()
    assert image.masks(["rib"]).tolist() == [np.zeros((5, 6)).tolist()]


def test_the_image_is_asked_where_no_size_is_stated(tmp_path):
    path = written(tmp_path, [shape()], imageHeight=None, imageWidth=None)
    with pytest.raises(FileNotFoundError):
        read_labelme(path)
    Image.new("L", (7, 4)).save(tmp_path / "a.png")
    assert read_labelme(path).size == image_size(tmp_path / "a.png")
    assert image_size(tmp_path / "a.png") == (4, 7)


def test_paths_from_windows(tmp_path):
    path = written(tmp_path, [], imagePath="..\\images\\a.png")
    assert read_labelme(path).path == tmp_path / "../images/a.png"


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([shape(), shape(label=None)], "a.json, shape 1: it has no label"),
        (["rib"], "shape 0: it has no label"),
        ([shape(points=[[1, 2, 3]])], "shape 0: its points are odd"),
        ([shape(points="here")], "shape 0: its points are odd"),
        ([shape(points=[[1, float("nan")]])], "its points are odd"),
        ([shape(shape_type="circle")], "it is a circle of 4 points"),
        ([shape(shape_type="rectangle")], "a rectangle of 4 points"),
        ({"0": shape()}, "no list of shapes"),
    ],
)
def test_odd_shapes_are_named(tmp_path, shapes, message):
    with pytest.raises(ValueError, match=message):
        read_labelme(written(tmp_path, shapes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imagePath": None}, "does not name its image"),
        ({"imageHeight": "5"}, "integers of 1 or more, got '5' and 6"),
        ({"imageWidth": 0}, "got 5 and 0"),
        ({"imageWidth": None}, "got 5 and None"),
    ],
)
def test_odd_files_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_labelme(written(tmp_path, [], **changes))


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[]", b"3"])
def test_what_is_no_labelme_file(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json (is not JSON|has no)"):
        read_labelme(tmp_path / "a.json")


def test_holes_cannot_be_written_and_leave_no_file(tmp_path):
    ring = Polygon(SQUARE, [[(2, 1.5), (3, 1.5), (3, 2)]])
    image = LabelledImage("a.png", (5, 6), ["rib"], [ring])
    with pytest.raises(ValueError, match=r"polygon 0 \(rib\) has holes"):
        write_labelme(tmp_path / "a.json", image)
    assert not list(tmp_path.iterdir())


def test_odd_arguments_are_refused():
    square = Polygon(SQUARE)
    with pytest.raises(ValueError, match="one for each of 1 polygons"):
        LabelledImage("a.png", (5, 6), [], [square])
    with pytest.raises(ValueError, match="got 1 and 2"):
        LabelledImage("a.png", (5, 6), ["rib"], [square], [1, 2])
    with pytest.raises(ValueError, match=r"\(height, width\)"):
        LabelledImage("a.png", 5, [], [])
    with pytest.raises(ValueError, match="got none for rib"):
        LabelledImage("a.png", (5, 6), ["rib"], [square]).masks(["lung"])
