"""Frames come one at a time, whatever holds them."""

import numpy as np
import pytest
import torch
from PIL import Image

from seglab.data.chest import window
from seglab.promptable.sam2.frames import (
    FolderFrames,
    TensorFrames,
    VolumeFrames,
    as_frames,
    prepare_frames,
)


def test_arrays_and_tensors_give_the_same_frames():
    clip = np.random.default_rng(0).random((3, 3, 5, 7), dtype=np.float32)
    ours, theirs = as_frames(clip), as_frames(torch.from_numpy(clip))
    assert len(ours) == len(theirs) == 3
    for t in range(3):
        assert torch.equal(ours[t], theirs[t])
        assert torch.equal(ours[t], torch.from_numpy(clip[t]))


def test_grey_frames_get_three_channels_and_doubles_become_floats():
    frame = TensorFrames(np.full((2, 1, 4, 5), 0.25))[0]
    assert frame.shape == (3, 4, 5)
    assert frame.dtype == torch.float32
    assert frame.unique().tolist() == [0.25]


@pytest.mark.parametrize(
    ("frames", "error", "words"),
    [
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), TypeError, "floats"),
        (torch.zeros(3, 4, 4), ValueError, r"got \(3, 4, 4\)"),
        (torch.zeros(2, 2, 4, 4), ValueError, "must have shape"),
        (torch.zeros(0, 3, 4, 4), ValueError, "must have shape"),
        (torch.full((1, 1, 2, 2), 1.5), ValueError, r"\[0, 1\]"),
        (torch.full((1, 1, 2, 2), float("nan")), ValueError, "nan"),
    ],
)
def test_what_is_no_clip_is_refused(frames, error, words):
    with pytest.raises(error, match=words):
        as_frames(frames)


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path):
    for number in (10, 2, 1):
        grey = np.full((6, 9, 3), 20 * number, np.uint8)
        Image.fromarray(grey).save(tmp_path / f"{number}.jpg", quality=95)
    (tmp_path / "notes.txt").write_text("no frame")
    frames = as_frames(tmp_path)
    assert isinstance(as_frames(str(tmp_path)), FolderFrames)
    assert len(frames) == 3
    levels = [float(frames[t].mean()) * 255 for t in range(3)]
    assert levels == pytest.approx([20, 40, 200], abs=2)
    assert frames[0].shape == (3, 6, 9)


def test_a_folder_without_frames_or_with_odd_names_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="got none"):
        as_frames(tmp_path)
    Image.new("RGB", (4, 4)).save(tmp_path / "first.jpg")
    with pytest.raises(ValueError, match=r"first\.jpg"):
        as_frames(tmp_path)


def test_a_volume_is_windowed_slice_by_slice():
    volume = np.random.default_rng(1).integers(-1000, 1000, (4, 6, 5))
    frames = VolumeFrames(volume, centre=-600, width=1500)
    assert len(frames) == 4
    wanted = window(volume[2], centre=-600, width=1500)
    for channel in frames[2]:
        assert np.array_equal(channel.numpy(), wanted)
    assert as_frames(frames) is frames


@pytest.mark.parametrize("shape", [(4, 4), (0, 4, 4), (1, 2, 3, 4)])
def test_a_volume_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"\[Z, H, W\]"):
        VolumeFrames(np.zeros(shape))


def test_frames_are_prepared_as_the_package_does_it(tmp_path):
    from sam2.utils.transforms import SAM2Transforms

    frames = torch.rand(2, 3, 40, 64)
    theirs = SAM2Transforms(32, 0.0).transforms(frames)
    # theirs resizes without antialiasing when scripted: same size then
    assert prepare_frames(frames, 32).shape == theirs.shape
    same = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(
        prepare_frames(same, 32), SAM2Transforms(32, 0.0).transforms(same)
    )
