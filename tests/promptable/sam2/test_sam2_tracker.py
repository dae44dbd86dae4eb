"""A tracker is the package's own, with its state in the open."""

import numpy as np
import pytest
import torch
from PIL import Image
from small_sam2 import click_at, small_clip, small_sam2
from torch.nn import functional as F

from seglab.promptable.prompts import Prompts, boxes, clicks
from seglab.promptable.sam2.frames import TensorFrames, VolumeFrames


def as_pictures(frames, folder):
    for t, frame in enumerate(frames):
        levels = (frame * 255).round().to(torch.uint8)
        Image.fromarray(levels.permute(1, 2, 0).numpy()).save(
            folder / f"{t:05d}.jpg", quality=100, subsampling=0
        )
    return folder


def logits_of(tracker, state, **options):
    return torch.stack([a.logits for a in tracker.follow(state, **options)])


def test_it_equals_the_package_on_a_folder_of_frames(tmp_path, capsys):
    tracker, (frames, _) = small_sam2(), small_clip()
    folder = as_pictures(frames, tmp_path)
    network = tracker.network
    theirs = network.init_state(str(folder))
    network.add_new_points_or_box(
        theirs, 0, 1, points=[[40.0, 50.0]], labels=[1]
    )
    wanted = [logits for _, _, logits in network.propagate_in_video(theirs)]
    state = tracker.watch(folder)
    tracker.point(state, 0, click_at(40, 50), object_id=1)
    found = logits_of(tracker, state)
    full = F.interpolate(found, state.size, mode="bilinear")
    torch.testing.assert_close(full, torch.cat(wanted))


def test_nothing_is_written_to_the_terminal(capsys):
    tracker, (frames, _) = small_sam2(), small_clip()
    tracker.track(frames[:3], [click_at(40, 50)])
    assert capsys.readouterr() == ("", "")


def test_one_picture_equals_the_package_s_image_predictor():
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    tracker, (frames, _) = small_sam2(), small_clip()
    predictor = SAM2ImagePredictor(tracker.network)
    side = tracker.side
    # the package takes every model for one of 1024 pixels
    predictor._bb_feat_sizes = [(side // s,) * 2 for s in (4, 8, 16)]
    picture = (frames[0] * 255).round().to(torch.uint8)
    predictor.set_image(picture.permute(1, 2, 0).numpy())
    wanted, _, _ = predictor.predict(
        point_coords=np.array([[40.0, 50.0]]),
        point_labels=np.array([1]),
        multimask_output=False,
    )
    found = tracker.segment(picture / 255, clicks([(40, 50)]))
    assert torch.equal(found, torch.from_numpy(wanted > 0))


@pytest.mark.parametrize("size", [(128, 128), (96, 160)])
def test_masks_come_back_in_the_clip_s_own_size(size):
    tracker, (frames, _) = small_sam2(), small_clip(1, 3, size)
    found = tracker.track(
        frames, [click_at(30, 40), boxes([(5, 5, 50, 40)])]
    )
    assert found.shape == (3, 2, *size)
    assert found.dtype == torch.bool


def test_two_objects_are_followed_as_if_each_were_alone():
    tracker, (frames, _) = small_sam2(), small_clip()
    prompts = [click_at(40, 50), boxes([(60, 60, 100, 110)])]
    both = tracker.track(frames, prompts)
    for k, prompt in enumerate(prompts):
        assert torch.equal(
            both[:, k : k + 1], tracker.track(frames, [prompt])
        )


def test_backwards_is_forwards_through_the_turned_clip():
    tracker, (frames, _) = small_sam2(), small_clip()
    state = tracker.watch(frames)
    tracker.point(state, len(frames) - 1, click_at(40, 50), object_id=1)
    back = logits_of(tracker, state, backwards=True)
    turned = tracker.watch(frames.flip(0))
    tracker.point(turned, 0, click_at(40, 50), object_id=1)
    torch.testing.assert_close(back, logits_of(tracker, turned))


def test_track_goes_both_ways_from_a_frame_in_between():
    tracker, (frames, _) = small_sam2(), small_clip()
    found = tracker.track(frames, [click_at(40, 50)], frame=3)
    forwards = tracker.track(frames[3:], [click_at(40, 50)])
    assert found.shape[0] == len(frames)
    assert torch.equal(found[3], forwards[0])


def test_a_correction_changes_its_frame_and_those_after_it():
    tracker, (frames, _) = small_sam2(), small_clip()
    state = tracker.watch(frames)
    tracker.point(state, 0, click_at(40, 50), object_id=1)
    before = logits_of(tracker, state)
    tracker.point(state, 3, clicks([(80, 90)], [0]), object_id=1)
    assert state.prompted_frames() == [0, 3]
    after = logits_of(tracker, state, start=3)
    for old, new in zip(before[3:], after, strict=True):
        assert not torch.equal(old, new)


def test_a_corrected_frame_is_read_by_the_frames_before_it_as_well():
    tracker, (frames, _) = small_sam2(), small_clip()
    state = tracker.watch(frames)
    tracker.point(state, 0, click_at(40, 50), object_id=1)
    before = logits_of(tracker, state)
    tracker.point(state, 3, clicks([(80, 90)], [0]), object_id=1)
    anew = logits_of(tracker, state)
    assert torch.equal(before[0], anew[0])
    assert not torch.equal(before[1], anew[1])


def test_clicks_of_a_frame_add_up_and_a_box_begins_anew():
    tracker, (frames, _) = small_sam2(), small_clip()
    state = tracker.watch(frames)
    tracker.point(state, 0, click_at(40, 50), object_id=1)
    tracker.point(state, 0, clicks([(80, 90)], [0]), object_id=1)
    points = state.inside["point_inputs_per_obj"][0][0]
    assert points["point_labels"].tolist() == [[1, 0]]
    tracker.point(state, 0, boxes([(10, 10, 60, 60)]), object_id=1)
    points = state.inside["point_inputs_per_obj"][0][0]
    assert points["point_labels"].tolist() == [[2, 3]]


def test_a_mask_is_taken_at_its_word():
    tracker, (frames, masks) = small_sam2(), small_clip()
    state = tracker.watch(frames)
    logits = masks[0, :1, None].float() * 20 - 10
    found = tracker.point(state, 0, Prompts(masks=logits), object_id=4)
    shared = (found & masks[0, 0]).sum() / (found | masks[0, 0]).sum()
    assert shared > 0.8  # it passes through the model's coarse map
    assert state.object_ids == [4]


def test_arrays_folders_and_volumes_are_followed_alike():
    tracker = small_sam2()
    volume = np.random.default_rng(0).integers(-300, 300, (3, 64, 64))
    grey = torch.stack([VolumeFrames(volume)[t] for t in range(3)])
    of_volume = tracker.track(VolumeFrames(volume), [click_at(30, 30)])
    assert torch.equal(of_volume, tracker.track(grey, [click_at(30, 30)]))
    source = TensorFrames(grey)
    assert torch.equal(of_volume, tracker.track(source, [click_at(30, 30)]))


def test_single_frames_are_enough_for_a_clip():
    tracker, (frames, _) = small_sam2(), small_clip()
    assert len(tracker.track(frames[:1], [click_at(9, 9)])) == 1


def test_what_makes_no_sense_is_refused():
    tracker, (frames, _) = small_sam2(), small_clip()
    state = tracker.watch(frames)
    with pytest.raises(ValueError, match="must hold a prompt"):
        next(tracker.follow(state))
    with pytest.raises(ValueError, match="frame must be 0 to 5, got 6"):
        tracker.point(state, 6, click_at(4, 4), object_id=1)
    with pytest.raises(ValueError, match="of one object, got 2"):
        tracker.point(state, 0, clicks([(4, 4), (9, 9)]), object_id=1)
    with pytest.raises(ValueError, match="must lie in the image"):
        tracker.point(state, 0, click_at(400, 4), object_id=1)
    mixed = Prompts(
        masks=torch.zeros(1, 1, 8, 8), boxes=boxes([(0, 0, 4, 4)]).boxes
    )
    with pytest.raises(ValueError, match="must stand alone"):
        tracker.point(state, 0, mixed, object_id=1)
    tracker.point(state, 0, click_at(4, 4), object_id=1)
    with pytest.raises(ValueError, match="frame must be 0 to 5, got -1"):
        next(tracker.follow(state, start=-1))
