"""A data set with every fault once, and none of them hides another."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from seglab.data.formats.coco import (
    CocoDataset,
    CocoImage,
    coco_object,
    write_coco,
)
from seglab.data.formats.faults import find_coco_faults, find_faults
from seglab.data.formats.labelme import LabelledImage, write_labelme
from seglab.data.formats.polygons import Polygon

SQUARE = [(1, 1), (4, 1), (4, 3), (1, 3)]
COLUMNS = ["file", "item", "fault", "detail"]


def picture(folder, name, shade, size=(6, 5)):
    Image.new("L", size, shade).save(folder / name)


def annotate(folder, name, *polygons, labels=None, size=(5, 6), file=None):
    labels = labels or ["rib"] * len(polygons)
    image = LabelledImage(
        folder / f"{name}.png", size, labels, map(Polygon, polygons)
    )
    path = folder / f"{file or name}.json"
    write_labelme(path, image)
    return path


def rows(table):
    """(file, item, fault) of each row."""
    assert table.columns.tolist() == COLUMNS
    assert not table.isna().any(axis=None)
    return [tuple(row)[:3] for row in table.itertuples(index=False)]


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_sound_data_set_has_no_faults(tmp_path):
    for shade, name in enumerate("abc"):
        picture(tmp_path, f"{name}.png", shade)
    files = [annotate(tmp_path, name, SQUARE) for name in "abc"]
    table = find_faults(
        files,
        labels=["rib"],
        splits={"train": ["a.png", "b.png"], "test": ["c.png"]},
        groups={"a.png": "p1", "b.png": "p1", "c.png": "p2"},
    )
    assert rows(table) == []


def test_every_fault_is_found_at_once(tmp_path):
    for shade, name in enumerate("adefg"):
        picture(tmp_path, f"{name}.png", shade)
    picture(tmp_path, "h.png", 0)  # the bytes of a.png
    (tmp_path / "e.png").write_bytes(b"no picture")
    bow_tie = [(0, 0), (4, 4), (4, 0), (0, 4)]
    a = annotate(
        tmp_path,
        "a",
        SQUARE,
        [(1, 1), (2, 2)],
        [(1, 1), (2, 2), (3, 3)],
        bow_tie,
        [(1, 1), (6.5, 1), (4, 3)],
        SQUARE,
        SQUARE,
        labels=["rib", "rib", "rib", "rib", "rib", "lung", "rib"],
    )
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    d = annotate(tmp_path, "d", SQUARE, size=(6, 5))
    odd = annotate(tmp_path, "f", SQUARE, SQUARE, SQUARE)
    edit(odd, lambda content: content["shapes"][0].pop("label"))
    edit(
        odd, lambda content: content["shapes"][1].update(points=[[1, 2, 3]])
    )
    files = [
        a,
        tmp_path / "absent.json",
        broken,
        annotate(tmp_path, "b", SQUARE),
        d,
        annotate(tmp_path, "e", SQUARE),
        odd,
        annotate(tmp_path, "g", SQUARE),
        annotate(tmp_path, "g", SQUARE, file="g_again"),
        annotate(tmp_path, "h", SQUARE),
    ]
    table = find_faults(
        files,
        labels=["rib", "heart"],
        splits={
            "train": ["a.png", "d.png", "f.png"],
            "test": ["d.png", "g.png", "h.png", "z.png"],
        },
        groups={"f.png": "p1", "g.png": "p1", "a.png": "p2"},
    )
    assert rows(table) == [
        ("a.json", "shape 1 (rib)", "empty polygon"),
        ("a.json", "shape 2 (rib)", "empty polygon"),
        ("a.json", "shape 3 (rib)", "self-crossing polygon"),
        ("a.json", "shape 4 (rib)", "point outside the image"),
        ("a.json", "shape 5 (lung)", "unknown label"),
        ("a.json", "shape 6 (rib)", "duplicate polygon"),
        ("absent.json", "", "missing file"),
        ("broken.json", "", "unreadable file"),
        ("b.json", "", "missing file"),
        ("d.json", "", "size mismatch"),
        ("e.json", "", "unreadable file"),
        ("f.json", "shape 0", "odd entry"),
        ("f.json", "shape 1 (rib)", "odd entry"),
        ("g.json, g_again.json", "g.png", "duplicate id"),
        ("z.png", "", "missing file"),
        ("d.png", "", "leakage"),
        ("", "p1", "leakage"),
        ("a.png, h.png", "", "leakage"),
    ]
    details = table.set_index("item").detail
    assert "(6.5, 1)" in details["shape 4 (rib)"]
    assert "5 x 6" in details["shape 4 (rib)"]
    assert "Self-intersection" in details["shape 3 (rib)"]
    assert details["p1"] == "the group is in train and test"


def test_outside_the_image_is_beyond_its_edges(tmp_path):
    picture(tmp_path, "a.png", 0)
    whole = [(0, 0), (6, 0), (6, 5), (0, 5)]
    file = annotate(tmp_path, "a", whole)
    assert rows(find_faults([file], labels=["rib"])) == []
    for x, y in ((-0.1, 2), (2, -0.1), (6.1, 2), (2, 5.1)):
        file = annotate(tmp_path, "a", [*SQUARE[:2], (x, y)])
        ((*_, fault),) = rows(find_faults([file], labels=["rib"]))
        assert fault == "point outside the image"


def test_odd_sizes_are_faults_too(tmp_path):
    picture(tmp_path, "a.png", 0)
    file = annotate(tmp_path, "a", SQUARE)
    edit(file, lambda content: content.update(imageHeight="5"))
    table = find_faults([file], labels=["rib"])
    assert rows(table) == [("a.json", "", "odd entry")]


@pytest.fixture
def coco(tmp_path):
    """A sound file of two images and two objects."""
    for shade, name in enumerate("ab"):
        picture(tmp_path, f"{name}.png", shade)
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2:5] = True
    file = tmp_path / "coco.json"
    images = [
        CocoImage(n, f"{name}.png", (5, 6))
        for n, name in ((1, "a"), (2, "b"))
    ]
    objects = [
        coco_object(mask, id=1, image_id=1, category_id=3),
        coco_object(mask, id=2, image_id=2, category_id=3, crowd=True),
    ]
    write_coco(file, CocoDataset(tuple(images), tuple(objects), {3: "rib"}))
    return file


def coco_faults(coco, change):
    edit(coco, change)
    return [row[1:] for row in rows(find_coco_faults(coco, coco.parent))]


def test_a_sound_coco_file_has_no_faults(coco):
    splits = {"train": ["a.png"], "test": ["b.png"]}
    assert rows(find_coco_faults(coco, coco.parent, splits=splits)) == []


def changed(number, **changes):
    return lambda content: content["annotations"][number].update(changes)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (changed(0, id=2), [("object 2", "duplicate id")]),
        (changed(0, id=0), [("object 0", "odd entry")]),
        (changed(0, category_id=9), [("object 1", "unknown label")]),
        (changed(0, image_id=9), [("object 1", "missing file")]),
        (changed(0, bbox=None), [("annotations[0]", "odd entry")]),
        (changed(0, segmentation=[]), [("object 1", "empty polygon")]),
        (
            changed(
                0, segmentation=[[1, 1, 2, 2, 3, 3], [0, 0, 9, 0, 9, 9]]
            ),
            [
                ("object 1", "empty polygon"),
                ("object 1", "point outside the image"),
            ],
        ),
        (
            changed(0, segmentation=[[0, 0, 4, 4, 4, 0, 0, 4]]),
            [("object 1", "self-crossing polygon")],
        ),
        (
            changed(1, segmentation={"size": [5, 6], "counts": [30]}),
            [("object 2", "empty polygon")],
        ),
        (
            changed(1, segmentation={"size": [6, 5], "counts": [0, 30]}),
            [("object 2", "size mismatch")],
        ),
        (
            changed(1, segmentation={"size": [5, 6], "counts": [31]}),
            [("object 2", "odd entry")],
        ),
        (
            lambda content: content["annotations"].append(
                {**content["annotations"][0], "id": 7}
            ),
            [("object 7", "duplicate polygon")],
        ),
        (
            lambda content: content["images"][0].update(height=7),
            [("image 1", "size mismatch")],
        ),
        (
            lambda content: content["images"][0].pop("height"),
            [("images[0]", "odd entry"), ("object 1", "missing file")],
        ),
        (
            lambda content: content["images"].append(content["images"][0]),
            [
                ("image 1", "duplicate id"),
                ("file_name a.png", "duplicate id"),
            ],
        ),
        (
            lambda content: content["images"][0].update(file_name="c.png"),
            [("image 1", "missing file")],
        ),
    ],
)
def test_each_fault_of_a_coco_file(coco, change, expected):
    assert coco_faults(coco, change) == expected


def test_leakage_in_a_coco_file(coco):
    table = find_coco_faults(
        coco,
        coco.parent,
        splits={"train": ["a.png", "b.png"], "test": ["b.png", "x.png"]},
        groups={"a.png": "p", "b.png": "p"},
    )
    assert rows(table) == [
        ("x.png", "", "missing file"),
        ("b.png", "", "leakage"),
        ("", "p", "leakage"),
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "missing file"),
        ("{", "unreadable file"),
        ("[]", "unreadable file"),
        ('{"images": 3}', "unreadable file"),
    ],
)
def test_a_coco_file_that_is_none(tmp_path, content, fault):
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    table = find_coco_faults(tmp_path / "a.json", tmp_path)
    assert rows(table) == [("a.json", "", fault)]


def test_missing_libraries_name_the_extra(tmp_path, monkeypatch):
    picture(tmp_path, "a.png", 0)
    file = annotate(tmp_path, "a", SQUARE)
    for library in ("pandas", "shapely"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, library, None)
            with pytest.raises(
                ImportError,
                match=rf"needs {library}: pip install 'seglab\[data\]'",
            ):
                find_faults([file], labels=["rib"])
