"""Copies that were saved again, and pictures that are only alike."""

import io
import itertools
import sys

import imagehash
import numpy as np
import pytest
import skimage.data
from PIL import Image

from seglab.data import leakage
from seglab.data.leakage import find_duplicates
from seglab.data.radiographs import load_radiographs

FILMS = load_radiographs()


def pictures():
    """Pictures that have nothing to do with each other."""
    real = [
        skimage.data.camera(),
        skimage.data.coins(),
        skimage.data.astronaut(),
        skimage.data.text(),
        skimage.data.moon(),
    ]
    return [*real, FILMS.images[0]]


def saved_as_jpeg(image, quality):
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def brighter(image):
    return np.clip(image.astype(int) + 12, 0, 255).astype(np.uint8)


def half_as_large(image):
    height, width = image.shape[:2]
    small = Image.fromarray(image).resize((width // 2, height // 2))
    return np.asarray(small)


def in_other_numbers(image):
    return image.astype(np.float32) / 255


CHANGES = {
    "recompressed": lambda image: saved_as_jpeg(image, 50),
    "brighter": brighter,
    "darker": lambda image: (image * 0.7).astype(np.uint8),
    "smaller": half_as_large,
    "float": in_other_numbers,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change):
    originals = pictures()
    copies = [CHANGES[change](image) for image in originals]
    splits = ["train"] * len(originals) + ["test"] * len(copies)
    table = find_duplicates([*originals, *copies], splits)
    pairs = set(zip(table["first"], table["second"], strict=True))
    count = len(originals)
    assert pairs == {(i, i + count) for i in range(count)}
    assert not table["same_bytes"].any()
    assert set(table["first_split"]) == {"train"}
    assert set(table["second_split"]) == {"test"}


def test_an_equal_copy_has_equal_bytes():
    originals = pictures()
    splits = ["train"] * len(originals) + ["test"]
    copy = originals[2].copy()
    table = find_duplicates([*originals, copy], splits)
    assert table[["first", "second"]].to_numpy().tolist() == [[2, 6]]
    assert table["same_bytes"].tolist() == [True]
    assert table["distance"].tolist() == [0]


def test_equal_bytes_of_another_shape_are_another_image():
    flat = np.zeros((8, 32), np.uint8)
    images = [flat, flat.reshape(16, 16)]
    table = find_duplicates(images, ["train", "test"])
    assert not table["same_bytes"].any()


def test_unrelated_images_give_an_empty_table():
    images = pictures()
    splits = [f"split {i}" for i in range(len(images))]
    table = find_duplicates(images, splits)
    assert len(table) == 0
    assert list(table.columns)[:2] == ["first", "second"]


def slices_of_a_volume():
    """A soft volume cut 1 mm apart: neighbours are nearly alike."""
    from scipy import ndimage

    noise = np.random.default_rng(0).normal(size=(60, 64, 64))
    return ndimage.gaussian_filter(noise, (12, 5, 5))


def test_neighbouring_slices_are_near_and_far_ones_are_not():
    volume = slices_of_a_volume()
    random_split = ["train", "test"] * 30
    table = find_duplicates(volume, random_split)
    gaps = (table["second"] - table["first"]).to_numpy()
    assert (gaps == 1).sum() > 40
    assert gaps.max() < 12
    # in slabs, only the slices at the cut are near
    slabs = ["train"] * 30 + ["test"] * 30
    assert len(find_duplicates(volume, slabs)) < len(table) / 3


def test_shots_of_other_virtual_patients_are_no_copies():
    one_each = FILMS.images[FILMS.shot == 0]
    splits = [f"split {i % 2}" for i in range(len(one_each))]
    assert len(find_duplicates(one_each, splits)) == 0


@pytest.mark.parametrize("rows", [1, 3, 2048])
def test_distances_are_those_of_the_library(rows, monkeypatch):
    monkeypatch.setattr(leakage, "_ROWS_AT_ONCE", rows)
    films = FILMS.images[:8]
    splits = [["a", "b", "c"][i % 3] for i in range(8)]
    table = find_duplicates(films, splits, within=256)
    hashes = [
        imagehash.phash(Image.fromarray(film), hash_size=16)
        for film in films
    ]
    wanted = {
        (i, j): hashes[i] - hashes[j]
        for i, j in itertools.combinations(range(8), 2)
        if splits[i] != splits[j]
    }
    found = {
        (one, other): distance
        for one, other, distance in zip(
            table["first"], table["second"], table["distance"], strict=True
        )
    }
    assert found == wanted
    assert table["distance"].is_monotonic_increasing


def test_files_are_named_and_compared_byte_by_byte(tmp_path):
    film = FILMS.images[0]
    Image.fromarray(film).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    Image.fromarray(film).save(tmp_path / "c.jpg", quality=60)
    Image.fromarray(FILMS.images[60]).save(tmp_path / "d.png")
    paths = [
        tmp_path / name for name in ("a.png", "b.png", "c.jpg", "d.png")
    ]
    splits = ["train", "test", "val", "test"]
    table = find_duplicates(paths, splits)
    assert table["second"].tolist()[0] == str(paths[1])
    assert table["same_bytes"].tolist() == [True, False, False]
    named = find_duplicates(paths, splits, names=["a", "b", "c", "d"])
    pairs = named[["first", "second"]].to_numpy().tolist()
    assert pairs == [["a", "b"], ["a", "c"], ["b", "c"]]
    with pytest.raises(FileNotFoundError):
        find_duplicates([tmp_path / "gone.png"], ["train"])


def test_palettes_alpha_and_sixteen_bits(tmp_path):
    colour = Image.fromarray(skimage.data.astronaut())
    colour.save(tmp_path / "plain.png")
    colour.quantize(256).save(tmp_path / "palette.png")
    colour.convert("RGBA").save(tmp_path / "alpha.png")
    deep = np.asarray(colour.convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    files = sorted(tmp_path.glob("*.png"))
    table = find_duplicates(files, [path.stem for path in files])
    assert len(table) == 6


def test_one_pixel_and_flat_images_have_a_hash():
    images = [np.zeros((1, 1)), np.full((5, 9), -3.5), np.eye(3) > 0]
    find_duplicates(images, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        ([], {"splits": []}, ValueError, "one or more"),
        ([np.eye(3)], {"splits": []}, ValueError, "splits must hold one"),
        ([np.eye(3)], {"names": ["a", "b"]}, ValueError, "names must hold"),
        ([np.eye(3)], {"within": 257}, ValueError, "0 to 256 bits"),
        ([np.eye(3)], {"within": -1}, ValueError, "0 to 256 bits"),
        ([np.zeros((2, 3, 4, 5))], {}, ValueError, r"images\[0\] must be"),
        ([np.zeros((0, 4))], {}, ValueError, "not empty"),
        ([np.full((2, 2), np.nan)], {}, ValueError, "NaN or infinity"),
        ([np.array([["a"]])], {}, TypeError, "must hold numbers"),
    ],
)
def test_odd_arguments_are_refused(images, options, error, message):
    given = {"splits": ["train"]} | options
    with pytest.raises(error, match=message):
        find_duplicates(images, **given)


def test_without_the_library_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(ImportError, match=r"'seglab\[data\]'"):
        find_duplicates([np.eye(3)], ["train"])
