"""The loader on tiny files in the layout of BBBC038's stage1_train."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seglab.data import _instance_pictures
from seglab.data.nuclei import Nuclei
from seglab.data.resources import CATALOG
from seglab.data.storage import unpack_zip

FIRST = CATALOG["nuclei"].unpacked[0].split("/")[0]
COLOUR = np.full((6, 9, 4), 255, np.uint8)
COLOUR[..., 0] = 51


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def nucleus(rows, columns, shape=(6, 9)):
    mask = np.zeros(shape, np.uint8)
    mask[rows, columns] = 255
    return mask


@pytest.fixture
def folder(tmp_path):
    for name in (FIRST, "ff00"):
        root = tmp_path / "nuclei" / name
        save(root / "images" / f"{name}.png", COLOUR)
        save(root / "masks" / "b1.png", nucleus(slice(0, 3), slice(1, 4)))
        save(root / "masks" / "a7.png", nucleus(slice(4, 6), slice(4, 9)))
    return tmp_path / "nuclei"


def test_items(folder):
    data = Nuclei(folder)
    assert [path.stem for path in data.images] == [FIRST, "ff00"]
    for image, target in data:
        assert image.shape == (3, 6, 9)
        assert image[0].unique().tolist() == pytest.approx([0.2])
        assert target["boxes"].tolist() == [[4, 4, 9, 6], [1, 0, 4, 3]]
        assert target["masks"].sum(dim=(1, 2)).tolist() == [10, 9]


def test_the_folder_around_them_is_taken_too(folder, monkeypatch):
    folder.rename(folder.parent / "stage1_train")
    assert len(Nuclei(folder.parent)) == 2
    monkeypatch.setattr(
        _instance_pictures, "find", lambda name: folder.parent
    )
    assert len(Nuclei()) == 2


def test_empty_masks_and_none_at_all(folder):
    save(folder / FIRST / "masks" / "c.png", nucleus(slice(0), slice(0)))
    assert len(Nuclei(folder)[0][1]["masks"]) == 2
    for path in (folder / FIRST / "masks").glob("*.png"):
        path.unlink()
    assert Nuclei(folder)[0][1]["masks"].shape == (0, 6, 9)


def test_a_missing_picture_is_named(folder):
    (folder / "ff00" / "images" / "ff00.png").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"1 picture\(s\).*ff00.png"
    ):
        Nuclei(folder)


def test_masks_of_another_size_are_named(folder):
    mask = nucleus(slice(0, 2), slice(0, 2), shape=(5, 5))
    save(folder / "ff00" / "masks" / "z.png", mask)
    with pytest.raises(ValueError, match="must be of one size"):
        Nuclei(folder)[1]
    (folder / "ff00" / "masks" / "a7.png").unlink()
    (folder / "ff00" / "masks" / "b1.png").unlink()
    with pytest.raises(ValueError, match=r"must have its size \(6, 9\)"):
        Nuclei(folder)[1]


def test_the_catalogue_knows_what_the_archive_leaves(folder, tmp_path):
    target = tmp_path / "cache"
    target.mkdir()
    archive = shutil.make_archive(str(tmp_path / "a"), "zip", folder)
    resource = CATALOG["nuclei"]
    assert not resource.is_complete(target)
    unpack_zip(Path(archive), target)
    assert resource.is_complete(target)
    assert len(Nuclei(target)) == 2
