import subprocess
import sys

import numpy as np
import pytest
from deploy_cases import bright_segmenter, grey
from hypothesis import given, settings
from hypothesis import strategies as st

from seglab import predict
from seglab.data.radiographs import load_radiographs
from seglab.deploy import segmenter
from seglab.deploy.segmenter import Segmenter, lungs_segmenter


@pytest.fixture(scope="module")
def lungs(lungs_file):
    return lungs_segmenter()


@pytest.mark.parametrize(
    "rows",
    [slice(None), slice(20, 170), slice(0, 131)],
    ids=["square", "wide", "odd"],
)
def test_agrees_with_predict(lungs, rows, monkeypatch):
    monkeypatch.setenv("SEGLAB_DEVICE", "cpu")
    for image in load_radiographs().images[:60:20, rows]:
        differs = lungs(image).mask != predict.lungs(image)
        assert differs.mean() < 1e-4


@settings(max_examples=25)
@given(st.integers(1, 90), st.integers(1, 90))
def test_every_size_keeps_its_size(height, width):
    image = np.random.default_rng(0).integers(0, 9, (height, width))
    found = bright_segmenter()(image)
    assert found.mask.shape == (height, width)
    assert found.mask.dtype == bool
    assert found.foreground_share == found.mask.mean()
    assert 0.5 <= found.confidence <= 1


@pytest.mark.parametrize("shape", [(1, 10_000), (10_000, 1)])
def test_a_strip_is_not_padded_to_a_square(shape):
    assert bright_segmenter()(np.zeros(shape, np.uint8)).mask.shape == shape


def test_the_place_is_right():
    image = grey(90, 120)
    found = bright_segmenter()(image).mask
    truth = image > 100
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.9


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.uint16, np.int32, np.float32]
)
def test_bit_depth_does_not_matter(dtype):
    image = grey().astype(dtype)
    wanted = bright_segmenter()(grey()).mask
    np.testing.assert_array_equal(bright_segmenter()(image).mask, wanted)


def test_brightness_is_a_share_of_white():
    white = bright_segmenter()(np.full((4, 4), 255, np.uint8))
    assert (white.brightness, white.contrast) == (1, 0)
    half = bright_segmenter()(np.array([[0, 65535]], np.uint16))
    assert (half.brightness, half.contrast) == (0.5, 0.5)
    mask = bright_segmenter()(np.array([[True, False]]))
    assert mask.brightness == 0.5 / 255


def test_black_around_the_picture_says_nothing_of_confidence():
    """A strip that the network doubts, in a square that it does not."""

    def network(images):
        doubted = np.full_like(images, 9)
        doubted[..., 12:20, :] = 0
        return doubted

    strip = np.zeros((8, 32), np.uint8)
    assert Segmenter(network, side=32)(strip).confidence == 0.5


def test_threshold():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    shares = [
        Segmenter(lambda x: x - 0.5, side=8, threshold=t)(image)
        for t in (0.4, 0.5, 0.6)
    ]
    low, middle, high = (found.foreground_share for found in shares)
    assert low > middle > high


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((3, 3, 3), np.uint8), r"grey \[H, W\]"),
        (np.zeros((0, 3), np.uint8), r"got uint8 \[0, 3\]"),
        (np.array([["a"]]), "of numbers"),
        (np.zeros((2, 2), complex), "of numbers"),
        (np.array([[0.0, np.nan]]), "finite values"),
        (np.array([[0.0, np.inf]]), "finite values"),
    ],
)
def test_wrong_images(image, said):
    with pytest.raises(ValueError, match=said):
        bright_segmenter()(image)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="side must be 1 or more"):
        Segmenter(lambda x: x, side=0)
    for threshold in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            Segmenter(lambda x: x, side=1, threshold=threshold)


def test_the_network_is_written_once(lungs_file, monkeypatch):
    monkeypatch.setattr(segmenter.weights, "load_model", None)
    assert segmenter.lungs_onnx() == lungs_file


def test_it_runs_without_pytorch(lungs_file):
    code = (
        "import sys, numpy; sys.modules['torch'] = None; "
        "from seglab.deploy import service; "
        "from seglab.deploy.segmenter import lungs_segmenter; "
        "print(lungs_segmenter()(numpy.eye(99)).mask.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "(99, 99)"
