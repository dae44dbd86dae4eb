"""The loaders on tiny files in the exact layout of the real sets."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from seglab.data import lungs
from seglab.data.lungs import Montgomery, Shenzhen

SHAPE = (12, 16)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def box(rows, columns, value=255):
    mask = np.zeros(SHAPE, np.uint8)
    mask[rows, columns] = value
    return mask


LEFT = box(slice(2, 9), slice(9, 14))
RIGHT = box(slice(2, 9), slice(2, 7))
GREY = (np.arange(12 * 16).reshape(SHAPE) % 256).astype(np.uint8)


@pytest.fixture
def montgomery(tmp_path):
    root = tmp_path / "MontgomerySet"
    for name in ("MCUCXR_0001_0.png", "MCUCXR_0104_1.png"):
        save(root / "CXR_png" / name, GREY)
        save(root / "ManualMask" / "leftMask" / name, LEFT)
        save(root / "ManualMask" / "rightMask" / name, RIGHT)
    # the real set has a file of readings and of Windows beside the images
    (root / "CXR_png" / "Thumbs.db").touch()
    (root / "ClinicalReadings").mkdir()
    return tmp_path


@pytest.fixture
def shenzhen(tmp_path):
    root = tmp_path / "ChinaSet_AllFiles"
    for number in ("0001_0", "0002_0", "0331_1"):
        colour = np.stack([GREY] * 3, -1)
        save(root / "CXR_png" / f"CHNCXR_{number}.png", colour)
    for number in ("0001_0", "0331_1"):
        mask = LEFT | RIGHT
        save(root / "mask" / f"CHNCXR_{number}_mask.png", mask)
    return tmp_path


def test_montgomery(montgomery):
    data = Montgomery(montgomery)
    assert len(data) == 2
    item = data[0]
    assert item["image"].shape == (1, *SHAPE)
    assert item["image"].dtype == torch.float32
    assert torch.equal(item["image"][0], torch.from_numpy(GREY) / 255)
    assert item["mask"].dtype == torch.bool
    assert torch.equal(item["mask"], torch.from_numpy((LEFT | RIGHT) > 0))
    assert item["name"] == "MCUCXR_0001_0"
    assert item["patient"] == 1 and item["normal"] is True
    assert data[1]["patient"] == 104 and data[1]["normal"] is False


def test_the_inner_folder_is_taken_too(montgomery):
    assert len(Montgomery(montgomery / "MontgomerySet")) == 2


def test_the_downloaded_set_is_the_default(montgomery, monkeypatch):
    monkeypatch.setattr(lungs, "find", lambda name: montgomery)
    assert lungs.is_available()
    assert len(Montgomery()) == 2
    monkeypatch.setattr(lungs, "find", lambda name: None)
    assert not lungs.is_available()
    with pytest.raises(FileNotFoundError, match="seglab fetch montgomery"):
        Montgomery()


def test_a_loader_batches_it(montgomery):
    batch = next(iter(DataLoader(Montgomery(montgomery), batch_size=2)))
    assert batch["image"].shape == (2, 1, *SHAPE)
    assert batch["patient"].tolist() == [1, 104]


@pytest.mark.parametrize("size", [(6, 8), (3, 4), (5, 7), (24, 32)])
def test_size(montgomery, size):
    item = Montgomery(montgomery, size=size)[0]
    assert item["image"].shape == (1, *size)
    assert item["mask"].shape == size
    assert item["image"].dtype == torch.float32
    assert item["image"].min() >= 0 and item["image"].max() <= 1
    whole = Montgomery(montgomery)[0]
    assert item["image"].mean() == pytest.approx(
        float(whole["image"].mean()), abs=0.01
    )


@pytest.mark.parametrize("top", [4095, 65535])
def test_more_than_8_bits(montgomery, top):
    wide = np.linspace(0, top, 12 * 16).reshape(SHAPE).astype(np.uint16)
    path = montgomery / "MontgomerySet" / "CXR_png" / "MCUCXR_0001_0.png"
    save(path, wide)
    image = Montgomery(montgomery)[0]["image"][0].numpy()
    np.testing.assert_allclose(image, wide / top, atol=1e-6)


@pytest.mark.parametrize("value", [1, 255])
def test_masks_of_either_kind(montgomery, value):
    name = "MCUCXR_0001_0.png"
    folder = montgomery / "MontgomerySet" / "ManualMask"
    save(folder / "leftMask" / name, np.zeros(SHAPE, np.uint8))
    right = box(slice(2, 9), slice(2, 7), value)
    save(folder / "rightMask" / name, right)
    mask = Montgomery(montgomery)[0]["mask"]
    assert torch.equal(mask, torch.from_numpy(right > 0))
    save(folder / "rightMask" / name, right.astype(bool))
    mask = Montgomery(montgomery)[0]["mask"]
    assert torch.equal(mask, torch.from_numpy(right > 0))


def test_a_missing_mask_is_said(montgomery):
    name = "ManualMask/rightMask/MCUCXR_0104_1.png"
    (montgomery / "MontgomerySet" / name).unlink()
    with pytest.raises(FileNotFoundError, match=r"1 mask.*MCUCXR_0104_1"):
        Montgomery(montgomery)


def test_a_mask_of_another_size_is_said(montgomery):
    folder = montgomery / "MontgomerySet" / "ManualMask" / "leftMask"
    save(folder / "MCUCXR_0001_0.png", np.zeros((3, 4), np.uint8))
    with pytest.raises(ValueError, match=r"MCUCXR_0001_0\.png must have"):
        Montgomery(montgomery)[0]


def test_an_empty_folder_is_said(tmp_path):
    (tmp_path / "CXR_png").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no MCUCXR_NNNN_N"):
        Montgomery(tmp_path)


@pytest.mark.parametrize("size", [(0, 4), (4,)])
def test_a_size_that_is_none(montgomery, size):
    with pytest.raises(ValueError, match="size must be"):
        Montgomery(montgomery, size=size)


def test_shenzhen_leaves_out_what_has_no_mask(shenzhen):
    data = Shenzhen(shenzhen)
    assert [data[i]["name"] for i in range(len(data))] == [
        "CHNCXR_0001_0",
        "CHNCXR_0331_1",
    ]
    item = data[1]
    assert item["patient"] == 331 and item["normal"] is False
    assert torch.equal(item["mask"], torch.from_numpy((LEFT | RIGHT) > 0))
    assert torch.equal(item["image"][0], torch.from_numpy(GREY) / 255)


def test_shenzhen_masks_in_a_folder_in_a_folder(shenzhen):
    root = shenzhen / "ChinaSet_AllFiles"
    (root / "mask").rename(root / "inner")
    (root / "mask").mkdir()
    assert not Shenzhen.is_available(shenzhen)
    (root / "inner").rename(root / "mask" / "mask")
    assert Shenzhen.is_available(shenzhen)
    assert len(Shenzhen(shenzhen)) == 2


def test_shenzhen_without_masks_says_where_they_are(shenzhen):
    root = shenzhen / "ChinaSet_AllFiles"
    (root / "mask").rename(root / "elsewhere")
    with pytest.raises(FileNotFoundError, match="shcxr-lung-mask"):
        Shenzhen(shenzhen)
