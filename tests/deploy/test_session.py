import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from seglab.deploy.session import OnnxModel


@pytest.fixture(scope="module")
def model(lungs_file):
    return OnnxModel(lungs_file)


def test_logits_have_the_shape_of_the_images(model):
    images = np.random.default_rng(0).random((2, 1, 32, 48), np.float32)
    logits = model(images)
    assert logits.shape == (2, 1, 32, 48)
    assert logits.dtype == np.float32


def test_images_of_a_batch_do_not_mix(model):
    images = np.random.default_rng(0).random((3, 1, 32, 32), np.float32)
    each = np.concatenate([model(image[None]) for image in images])
    np.testing.assert_allclose(model(images), each, atol=1e-5)


def test_other_floats_and_views_are_taken(model):
    images = np.random.default_rng(0).random((1, 1, 32, 64))
    wanted = model(images.astype(np.float32))
    np.testing.assert_array_equal(model(images), wanted)
    flipped = images[..., ::-1].astype(np.float32)
    np.testing.assert_array_equal(
        model(flipped), model(np.ascontiguousarray(flipped))
    )


def test_threads_may_call_it_at_once(model):
    images = np.random.default_rng(0).random((8, 1, 1, 32, 32), np.float32)
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(model, images))
    for got, image in zip(at_once, images, strict=True):
        np.testing.assert_array_equal(got, model(image))


def test_it_can_be_sent_to_another_process(model):
    again = pickle.loads(pickle.dumps(model))
    images = np.ones((1, 1, 32, 32), np.float32)
    np.testing.assert_array_equal(again(images), model(images))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((32, 32), r"shape \[N, 1, H, W\], got \[32, 32\]"),
        ((1, 3, 32, 32), r"shape \[N, 1, H, W\], got \[1, 3, 32, 32\]"),
        ((1, 1, 32, 40), r"multiples of 16 px a side, got \[32, 40\]"),
        ((0, 1, 32, 32), r"got \[0, 1, 32, 32\]"),
        ((1, 1, 0, 32), r"got \[1, 1, 0, 32\]"),
    ],
)
def test_wrong_shapes(model, shape, said):
    with pytest.raises(ValueError, match=said):
        model(np.zeros(shape, np.float32))


def test_integers_are_refused(model):
    with pytest.raises(TypeError, match="floats, got uint8"):
        model(np.zeros((1, 1, 32, 32), np.uint8))


def test_wrong_files(tmp_path, lungs_file):
    with pytest.raises(FileNotFoundError, match="must be an ONNX file"):
        OnnxModel(tmp_path / "none.onnx")
    other = tmp_path / "other.onnx"
    other.write_bytes(b"no network")
    with pytest.raises(ValueError, match="must be an ONNX network, got"):
        OnnxModel(other)
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        OnnxModel(lungs_file, threads=0)


def test_the_error_names_the_extra(monkeypatch, lungs_file):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"seglab\[deploy\]"):
        OnnxModel(lungs_file)
