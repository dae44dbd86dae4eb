"""The two lessons: what they ask, and that something is learnt."""

import pytest
import torch
from small_sam2 import small_clip

from seglab.promptable.sam2.asking import (
    BOX,
    CLICK,
    MASK,
    Answer,
    ask,
    correction,
    first_prompt,
    judge,
)
from seglab.promptable.sam2.following import FollowLearner
from seglab.promptable.sam2.frozen import FrozenClips, encode_clips
from seglab.promptable.sam2.grouping import GroupingLearner, scale_coarse
from seglab.promptable.sam2.mini import build_mini_sam2
from seglab.promptable.sam2.pointing import PointLearner


@pytest.fixture(scope="module")
def numbered():
    """Two short clips: frames uint8, and numbered shapes."""
    clips = [small_clip(seed, 4) for seed in (0, 1)]
    frames = torch.stack(
        [(f * 255).round().to(torch.uint8) for f, _ in clips]
    )
    numbers = torch.stack(
        [
            sum(
                m[:, k].to(torch.uint8) * (k + 1) for k in range(m.shape[1])
            )
            for _, m in clips
        ]
    )
    return frames, numbers


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return build_mini_sam2()


@pytest.fixture(scope="module")
def stretches(model, numbered):
    frames, numbers = numbered
    return FrozenClips(encode_clips(model, frames), numbers, length=3)


def assert_it_learns(learner, images, maps):
    """Twelve steps on the same pictures bring the loss down."""
    optimiser = torch.optim.AdamW(
        [p for p in learner.parameters() if p.requires_grad], 2e-3
    )
    losses = []
    for _ in range(12):
        loss = learner.loss(learner(images), maps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])


def test_grouping_learns_on_one_picture(numbered):
    torch.manual_seed(0)
    learner = GroupingLearner(build_mini_sam2())
    images = numbered[0][:, 0].float() / 255
    maps = numbered[1][:, :1]
    assert_it_learns(learner, images, maps)


def test_affinity_is_asked_of_the_place_of_the_anchor(numbered):
    torch.manual_seed(0)
    learner = GroupingLearner(build_mini_sam2())
    with torch.no_grad():
        maps = learner(numbered[0][:1, 0].float() / 255)
        side = maps.fine.shape[-1]
        anchor = torch.tensor([[5 * side + 9]])
        found = learner.belongs(maps, anchor)
        decoder = learner.model.sam_mask_decoder
        token = decoder.transformer.norm_final_attn(
            maps.coarse[0, :, 5 // 4, 9 // 4]
        )
        filters = decoder.output_hypernetworks_mlps[0](token)
        wanted = filters @ maps.fine[0].flatten(1)
    torch.testing.assert_close(found[0, 0], wanted)


def test_the_coarse_map_takes_the_size_that_is_asked_for(numbered):
    torch.manual_seed(0)
    learner = GroupingLearner(build_mini_sam2()).eval()
    images = numbered[0][:, 0].float() / 255
    with torch.no_grad():
        before = learner(images)
        scale_coarse(learner.model, images, size=0.5)
        after = learner(images)
    (coarse,) = encode_clips(learner.model, numbered[0][:, :1])[2:]
    assert coarse.float().square().mean().sqrt().item() == pytest.approx(
        0.5, abs=0.01
    )
    # what the first lesson learnt does not change
    assert torch.allclose(before.fine, after.fine, atol=1e-3)


def test_features_are_those_of_each_frame(model, numbered):
    frames, _ = numbered
    features = encode_clips(model, frames, batch=3)
    assert [f.shape[:2] for f in features] == [(2, 4)] * 3
    assert features[2].dtype == torch.float16
    alone = encode_clips(model, frames[1:, 2:3])
    for whole, one in zip(features, alone, strict=True):
        torch.testing.assert_close(
            whole[1, 2].float(), one[0, 0].float(), atol=2e-2, rtol=1e-2
        )


def test_a_stretch_follows_one_shape_that_is_seen_at_first(
    stretches, numbered
):
    _, numbers = numbered
    flat = numbers.flatten(0, 1)
    torch.manual_seed(0)
    steps = set()
    for _ in range(20):
        places, masks = stretches[1]
        assert masks.shape == (3, 128, 128)
        assert masks[0].sum() >= 60
        steps.add(int(places[1] - places[0]))
        shape = flat[places[0]][masks[0].bool()].unique()
        assert len(shape) == 1
        for place, mask in zip(places, masks, strict=True):
            assert torch.equal(flat[place] == shape, mask.bool())
    assert steps == {1, -1}


def test_stretches_are_no_longer_than_their_clips(stretches):
    with pytest.raises(ValueError, match="length must be 1 to 4, got 5"):
        FrozenClips(stretches.features, stretches.numbers, length=5)


def test_prompts_point_at_the_object(model):
    true = torch.zeros(2, 128, 128)
    true[0, 10:30, 40:60] = true[1, 64:, 64:] = 1
    points = first_prompt(model, true, CLICK)["points"]
    for mask, (x, y) in zip(
        true, points["point_coords"][:, 0], strict=True
    ):
        assert mask[int(y), int(x)] == 1
    assert points["point_labels"].tolist() == [[1], [1]]
    corners = first_prompt(model, true, BOX)["points"]
    assert corners["point_labels"].tolist() == [[2, 3], [2, 3]]
    assert corners["point_coords"].shape == (2, 2, 2)
    masks = first_prompt(model, true, MASK)["masks"]
    assert torch.equal(masks[:, 0], true)


def test_hidden_objects_are_judged_by_visibility_alone():
    torch.manual_seed(0)
    logits = torch.randn(1, 1, 8, 8)
    answer = Answer(
        logits,
        logits,
        torch.rand(1, 1),
        torch.rand(1, 4),
        torch.full((1, 1), -9.0),
    )
    assert float(judge(answer, torch.zeros(1, 32, 32))) < 1e-3
    assert float(judge(answer, torch.ones(1, 32, 32))) == pytest.approx(
        9, abs=0.01
    )


def test_the_right_mask_costs_less_than_a_wrong_one():
    true = torch.zeros(1, 32, 32)
    true[:, :16] = 1
    right = torch.full((1, 1, 8, 8), -8.0)
    right[:, :, :4] = 8
    there = torch.full((1, 1), 9.0)
    costs = [
        float(judge(Answer(m, m, torch.ones(1, 1) * q, m, there), true))
        for m, q in ((right, 1.0), (right, 0.2), (-right, 0.0))
    ]
    assert costs[0] < costs[1] < costs[2]


@pytest.mark.parametrize("seed", [0, 3])
def test_following_sends_a_signal_to_all_that_learns(
    model, stretches, seed
):
    learner = FollowLearner(model, stretches.look_up)
    torch.manual_seed(seed)
    places, masks = (
        torch.stack(part)
        for part in zip(*[stretches[k] for k in (0, 1, 0, 1)], strict=True)
    )
    learner.zero_grad()
    learner.loss(learner(places), masks).backward()
    assert all(p.grad is None for p in model.image_encoder.parameters()), (
        "the image encoder is frozen"
    )
    for part in ("memory_attention", "memory_encoder", "sam_mask_decoder"):
        moved = [
            p.grad is not None and bool(p.grad.abs().sum() > 0)
            for p in getattr(model, part).parameters()
            if p.requires_grad
        ]
        assert sum(moved) > 0.8 * len(moved), part


def test_a_cut_away_hides_the_shape_in_the_middle(stretches, numbered):
    cut = FrozenClips(
        stretches.features, numbered[1], length=4, cut_aways=1.0
    )
    torch.manual_seed(0)
    hidden = 0
    for _ in range(20):
        places, masks = cut[1]
        away = places // 4 != 1
        hidden += int(away.sum())
        assert not masks[away].any()
        assert not away[0] and not away[-1]
    assert hidden > 10


def test_stretches_keep_a_pace(stretches, numbered):
    fast = FrozenClips(
        stretches.features, numbered[1], length=3, paces=(1, 2)
    )
    assert fast.paces == [1], "four frames have no room for three in twos"
    fast = FrozenClips(
        stretches.features, numbered[1], length=2, paces=(2, 3)
    )
    torch.manual_seed(0)
    gaps = {
        int((p[1] - p[0]).abs()) for p, _ in map(fast.__getitem__, [0] * 20)
    }
    assert gaps == {2, 3}


def test_a_correction_clicks_on_what_is_wrong_and_keeps_earlier_clicks(
    model, stretches
):
    torch.manual_seed(0)
    frame = stretches.look_up(torch.tensor([[0], [5]]))[0]
    true = torch.zeros(2, 128, 128)
    true[:, 20:40, 20:40] = 1
    prompt = first_prompt(model, true, CLICK)
    with torch.no_grad():
        _, answer = ask(model, frame, prompt)
    # the whole frame is found: whatever is off the square is wrong
    full = torch.full_like(answer.full, 5.0)
    logits = torch.full_like(answer.logits, 50.0)
    answer = answer._replace(full=full, logits=logits)
    again = correction(model, answer, true, prompt)
    assert again["points"]["point_labels"].tolist() == [[1, 0], [1, 0]]
    for (x, y), mask in zip(
        again["points"]["point_coords"][:, 1], true, strict=True
    ):
        assert mask[int(y), int(x)] == 0
    assert float(again["earlier"].max()) == 32


def test_pointing_teaches_the_encoder_and_not_the_memory(numbered):
    torch.manual_seed(0)
    learner = PointLearner(build_mini_sam2(), per_picture=2)
    images = numbered[0][:, 0].float() / 255
    maps = numbered[1][:, :1]
    learner.loss(learner(images), maps).backward()
    model = learner.model
    assert all(p.grad is None for p in model.memory_attention.parameters())
    for part in ("image_encoder", "sam_mask_decoder"):
        moved = [
            p.grad is not None and bool(p.grad.abs().sum() > 0)
            for p in getattr(model, part).parameters()
        ]
        assert sum(moved) > 0.8 * len(moved), part


def test_pointing_learns_on_one_picture(numbered):
    torch.manual_seed(0)
    learner = PointLearner(build_mini_sam2(), per_picture=2)
    images = numbered[0][:1, 0].float() / 255
    maps = (numbered[1][:1, :1] == 1).to(torch.uint8)
    assert_it_learns(learner, images, maps)
