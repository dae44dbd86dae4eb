from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from seglab import predict


class BrightIsLung(nn.Module):
    """Stands for the trained network: positive where it is bright."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        assert x.shape[-2:] == (64, 64)
        return self.scale * (x - 0.5)


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(predict, "_model", BrightIsLung)
    row = SimpleNamespace(extra={"size": 64})
    monkeypatch.setattr(predict.weights, "entry", lambda name: row)


def picture(height=120, width=90):
    image = np.zeros((height, width), np.uint8)
    image[height // 4 : height // 2, width // 3 : 2 * width // 3] = 200
    return image


def agrees(mask, image, dice=0.95):
    truth = image > image.max() / 2
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > dice


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a,
        lambda a: a.astype(np.uint16) * 256,
        lambda a: a.astype(np.int32) * 1000,
        lambda a: a.astype(np.float32) / 255,
        lambda a: a > 0,
        lambda a: np.stack([a, a, a], axis=-1),
        lambda a: np.stack([a, a, a, np.full_like(a, 255)], axis=-1),
        Image.fromarray,
        lambda a: Image.fromarray(a).convert("RGB"),
        lambda a: Image.fromarray(a).convert("RGBA"),
        lambda a: Image.fromarray(a).convert("P"),
        lambda a: Image.fromarray(a.astype(np.uint16) * 256),
    ],
)
def test_kinds_of_image(convert):
    mask = predict.lungs(convert(picture()))
    assert mask.shape == (120, 90) and mask.dtype == bool
    assert agrees(mask, picture())


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff"])
def test_files(tmp_path, suffix):
    file = tmp_path / f"chest.{suffix}"
    Image.fromarray(picture()).save(file)
    assert agrees(predict.lungs(file), picture())
    assert agrees(predict.lungs(str(file)), picture())


def test_sixteen_bit_files(tmp_path):
    file = tmp_path / "chest.png"
    Image.fromarray(picture().astype(np.uint16) * 256).save(file)
    assert agrees(predict.lungs(file), picture())


@given(st.integers(1, 80), st.integers(1, 80))
@settings(max_examples=25, deadline=None)
def test_any_size(height, width):
    assert predict.lungs(np.ones((height, width))).shape == (height, width)


@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (301, 204)])
def test_place_is_kept_in_padding(shape):
    image = picture(*shape)
    assert agrees(predict.lungs(image), image, 0.97)


def test_logits_are_resized_before_the_threshold():
    image = picture(640, 640)
    mask = predict.lungs(image)
    # a mask resized by nearest neighbours has edges on a 10 px raster
    columns = np.flatnonzero(np.diff(mask[200].astype(int)))
    assert agrees(mask, image, 0.98)
    assert any(column % 10 != 9 for column in columns)


def test_a_glaring_pixel_does_not_matter():
    image = picture().astype(np.float64)
    image[0, 0] = 1e6
    assert agrees(predict.lungs(image), picture())


@pytest.mark.parametrize(
    "image, said",
    [
        (np.zeros((4, 5, 7)), "image must have shape"),
        (np.zeros(5), "image must have shape"),
        (np.zeros((0, 5)), "image must have shape"),
        (np.full((4, 4), np.nan), "finite"),
        (np.array([["a"]]), "dtype"),
    ],
)
def test_not_an_image(image, said):
    with pytest.raises(ValueError, match=said):
        predict.lungs(image)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="image must be a file"):
        predict.lungs(tmp_path / "nothing.png")
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(ValueError, match=r"PNG, JPEG or TIFF"):
        predict.lungs(text)
    whole = tmp_path / "whole.png"
    Image.fromarray(picture()).save(whole)
    text.write_bytes(whole.read_bytes()[:60])
    with pytest.raises(ValueError, match="cannot be read"):
        predict.lungs(text)
    with pytest.raises(TypeError, match="got list"):
        predict.lungs([[1, 2], [3, 4]])


@given(st.floats(0.1, 1e3), st.floats(-1e3, 1e3))
@settings(max_examples=25, deadline=None)
def test_scaling_forgets_gain_and_offset(gain, offset):
    image = np.random.default_rng(0).random((20, 20))
    once = predict.scale_intensity(image)
    again = predict.scale_intensity(gain * image + offset)
    assert np.allclose(once, again, atol=1e-3)
    assert once.min() == 0 and once.max() == 1
