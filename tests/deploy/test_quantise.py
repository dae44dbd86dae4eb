import numpy as np
import pytest

from seglab import weights
from seglab.data.radiographs import load_radiographs
from seglab.deploy.quantise import (
    calibration_images,
    compare,
    quantise_dynamic,
    quantise_static,
)
from seglab.deploy.segmenter import Segmenter
from seglab.deploy.session import OnnxModel


@pytest.fixture(scope="module")
def segmenter(lungs_file):
    return Segmenter(OnnxModel(lungs_file), side=128)


@pytest.fixture(scope="module")
def held_out():
    films = load_radiographs()
    patients = weights.entry("lungs_unet").extra["held_out"]
    places = np.flatnonzero(np.isin(films.patient, patients))[::3]
    truth = films.mask("lungs_above_diaphragm")
    return films.images[places], truth[places]


@pytest.fixture(scope="module", params=["dynamic", "static"])
def int8_file(request, lungs_file, segmenter, tmp_path_factory):
    file = tmp_path_factory.mktemp(request.param) / "int8.onnx"
    if request.param == "dynamic":
        return quantise_dynamic(lungs_file, file)
    seen = calibration_images(segmenter, 16)
    return quantise_static(lungs_file, file, seen)


def test_dice_hardly_changes(int8_file, segmenter, held_out):
    int8 = Segmenter(OnnxModel(int8_file), side=128)
    found = compare(segmenter, int8, *held_out, runs=1)
    assert found.dice_before > 0.97
    # it is another network
    assert found.dice_after != found.dice_before
    assert abs(found.dice_change) < 0.005
    assert found.speed_up > 0


def test_the_file_is_smaller_and_takes_the_same_images(
    int8_file, lungs_file
):
    assert int8_file.stat().st_size < lungs_file.stat().st_size / 2
    model = OnnxModel(int8_file)
    assert model.step == 16
    assert model(np.zeros((2, 1, 64, 32), np.float32)).shape[0] == 2
    assert [file.name for file in int8_file.parent.iterdir()] == [
        "int8.onnx"
    ]


def test_calibration_sees_training_images_only(segmenter):
    films = load_radiographs()
    held = weights.entry("lungs_unet").extra["held_out"]
    apart = films.images[np.isin(films.patient, held)]
    hidden = {segmenter.prepare(image).tobytes() for image in apart}
    seen = [batch.tobytes() for batch in calibration_images(segmenter, 9)]
    assert len(set(seen)) == 9
    assert not hidden & set(seen)


def test_compare_says_what_got_worse():
    bright = Segmenter(lambda x: x - 0.5, side=8)
    nothing = Segmenter(lambda x: 0 * x - 1, side=8)
    image = np.zeros((8, 8), np.uint8)
    image[2:4] = 9
    found = compare(bright, nothing, [image], [image > 0], runs=3)
    assert (found.dice_before, found.dice_after) == (1, 0)
    assert found.dice_change == -1
    assert found.seconds_before > 0 < found.seconds_after


def test_wrong_arguments(tmp_path, lungs_file, segmenter):
    target = tmp_path / "int8.onnx"
    with pytest.raises(FileNotFoundError, match="source must be"):
        quantise_dynamic(tmp_path / "none.onnx", target)
    with pytest.raises(ValueError, match="calibration must hold"):
        quantise_static(lungs_file, target, [])
    with pytest.raises(ValueError, match="count must be 1 or more"):
        next(calibration_images(segmenter, 0))
    with pytest.raises(ValueError, match="got 0, 0 and 20"):
        compare(segmenter, segmenter, [], [])
    image = np.zeros((4, 4), np.uint8)
    with pytest.raises(ValueError, match="got 1, 0 and 20"):
        compare(segmenter, segmenter, [image], [])
    assert not target.exists()
