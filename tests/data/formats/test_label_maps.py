"""Values survive; colours are beside the point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from PIL import Image

from seglab.data.formats.label_maps import (
    read_label_map,
    voc_palette,
    write_label_map,
)

maps = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
) | hnp.arrays(
    np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
)


@given(maps)
def test_values_survive(tmp_path_factory, labels):
    file = tmp_path_factory.mktemp("maps") / "a.png"
    write_label_map(file, labels)
    back = read_label_map(file)
    np.testing.assert_array_equal(back, labels)
    assert back.dtype == (np.uint8 if labels.max() < 256 else np.uint16)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_the_palette_is_only_colour(tmp_path, dtype):
    labels = np.array([[0, 1], [1, 0]], dtype)
    red = [[0, 0, 0], [255, 0, 0]]
    for name, palette in (("a.png", None), ("b.png", red)):
        write_label_map(tmp_path / name, labels, palette)
        back = read_label_map(tmp_path / name)
        np.testing.assert_array_equal(back, labels)
    with Image.open(tmp_path / "b.png") as image:
        assert image.convert("RGB").getpixel((1, 0)) == (255, 0, 0)
    with Image.open(tmp_path / "a.png") as image:
        colour = image.convert("RGB").getpixel((1, 0))
    assert colour == tuple(voc_palette(2)[1])


def test_values_beyond_the_palette_are_grey(tmp_path):
    write_label_map(tmp_path / "a.png", [[7]], [[1, 2, 3]])
    with Image.open(tmp_path / "a.png") as image:
        assert image.convert("RGB").getpixel((0, 0)) == (7, 7, 7)


def test_maps_of_other_programs(tmp_path):
    values = np.array([[0, 3], [200, 255]], np.uint8)
    Image.fromarray(values).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(
        read_label_map(tmp_path / "grey.png"), values
    )
    Image.fromarray(values > 100).save(tmp_path / "one_bit.png")
    assert read_label_map(tmp_path / "one_bit.png").tolist() == [
        [0, 0],
        [1, 1],
    ]


def test_the_palette_is_that_of_pascal_voc():
    colours = voc_palette(256).tolist()
    assert colours[15] == [192, 128, 128]  # a person
    assert colours[20] == [0, 64, 128]  # a screen
    assert colours[255] == [224, 224, 192]  # the outlines
    assert len({tuple(colour) for colour in colours}) == 256


def test_colours_are_no_labels(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="got a picture of mode RGB"):
        read_label_map(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("labels", "palette", "error", "message"),
    [
        ([[0.0]], None, TypeError, "labels must be integers"),
        ([[-1]], None, ValueError, "from 0 to 65535, got values from -1"),
        ([[65536]], None, ValueError, "from 0 to 65535"),
        ([0, 1], None, ValueError, r"labels must be \[H, W\]"),
        (np.zeros((0, 2), int), None, ValueError, r"\[H, W\]"),
        ([[0]], [[0, 0]], ValueError, r"palette must be \[C, 3\]"),
        ([[0]], [[0, 0, 256]], ValueError, "palette must be from 0 to 255"),
        ([[0]], [[0, 0, 0.5]], TypeError, "palette must be integers"),
        ([[0]], np.zeros((257, 3), int), ValueError, "at most 256"),
    ],
)
def test_odd_arguments_leave_no_file(
    tmp_path, labels, palette, error, message
):
    with pytest.raises(error, match=message):
        write_label_map(tmp_path / "a.png", labels, palette)
    assert not list(tmp_path.iterdir())


def test_other_formats_and_counts_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.png, got a\.jpg"):
        write_label_map(tmp_path / "a.jpg", [[0]])
    for count in (0, 257):
        with pytest.raises(ValueError, match="count must be from 1 to 256"):
            voc_palette(count)
