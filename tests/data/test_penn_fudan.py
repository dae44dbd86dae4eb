"""The loader on tiny files in the layout of PennFudanPed.zip."""

import numpy as np
import pytest
import torch
from PIL import Image

from seglab.data import _instance_pictures
from seglab.data.penn_fudan import PennFudan
from seglab.data.resources import CATALOG
from seglab.data.storage import unpack_zip

COLOUR = np.arange(6 * 9 * 3, dtype=np.uint8).reshape(6, 9, 3)
NUMBERS = np.zeros((6, 9), np.uint8)
NUMBERS[1:4, 2:5] = 1
NUMBERS[0:2, 5:9] = 2


def write(root, name, numbers=NUMBERS, palette=False):
    for folder in ("PNGImages", "PedMasks", "Annotation"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.fromarray(COLOUR).save(root / "PNGImages" / f"{name}.png")
    mask = Image.fromarray(numbers)
    if palette:
        mask.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    mask.save(root / "PedMasks" / f"{name}_mask.png")
    (root / "Annotation" / f"{name}.txt").write_text("# PASCAL")


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "PennFudanPed"
    write(root, "PennPed00001")
    write(root, "FudanPed00001", palette=True)
    (root / "readme.txt").write_text("170 images")
    return tmp_path


def test_items(folder):
    data = PennFudan(folder)
    assert [path.stem for path in data.images] == [
        "FudanPed00001",
        "PennPed00001",
    ]
    # a palette changes colours, not numbers
    for image, target in data:
        assert image.dtype == torch.float32
        expected = COLOUR.transpose(2, 0, 1) / np.float32(255)
        np.testing.assert_allclose(image, expected, rtol=1e-6)
        assert target["boxes"].tolist() == [[2, 1, 5, 4], [5, 0, 9, 2]]
        assert target["labels"].tolist() == [1, 1]
        for number, mask in enumerate(target["masks"], start=1):
            np.testing.assert_array_equal(mask, number == NUMBERS)


def test_the_inner_folder_and_the_downloaded_set(folder, monkeypatch):
    assert len(PennFudan(folder / "PennFudanPed")) == 2
    monkeypatch.setattr(_instance_pictures, "find", lambda name: folder)
    assert len(PennFudan()) == 2
    monkeypatch.setattr(_instance_pictures, "find", lambda name: None)
    with pytest.raises(FileNotFoundError, match="seglab fetch penn_fudan"):
        PennFudan()


def test_a_picture_without_pedestrians(folder):
    write(folder / "PennFudanPed", "A", np.zeros((6, 9), np.uint8))
    _, target = PennFudan(folder)[0]
    assert target["boxes"].shape == (0, 4)
    assert target["masks"].shape == (0, 6, 9)


def test_a_missing_mask_is_named(folder):
    mask = folder / "PennFudanPed" / "PedMasks" / "PennPed00001_mask.png"
    mask.unlink()
    with pytest.raises(FileNotFoundError, match=r"2 picture\(s\) lack 1"):
        PennFudan(folder)


def test_a_mask_of_another_size_is_named(folder):
    write(folder / "PennFudanPed", "A", np.ones((5, 9), np.uint8))
    with pytest.raises(ValueError, match=r"masks of A.png .* got \(5, 9\)"):
        PennFudan(folder)[0]


def test_the_catalogue_knows_what_the_archive_leaves(folder, tmp_path):
    import shutil

    target = tmp_path / "cache"
    target.mkdir()
    archive = shutil.make_archive(
        str(tmp_path / "a"), "zip", folder, "PennFudanPed"
    )
    resource = CATALOG["penn_fudan"]
    assert not resource.is_complete(target)
    unpack_zip(type(target)(archive), target)
    assert resource.is_complete(target)
    assert len(PennFudan(target)) == 2
