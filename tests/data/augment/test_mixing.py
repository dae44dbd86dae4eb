"""Where every pixel and every label of a mixed image came from."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from seglab import seed_everything
from seglab.data.augment import cut_mix, mix_up, one_hot_targets


def numbered(count, height=20, width=30):
    """Images that hold their number and, in a second channel, the place."""
    place = torch.arange(height * width).reshape(height, width).float()
    images = torch.arange(count).float()[:, None, None, None]
    images = images.expand(count, 1, height, width)
    return torch.cat([images, place.expand(count, 1, -1, -1)], dim=1)


def test_cut_mix_pastes_one_rectangle_and_its_labels():
    images = numbered(16)
    seed_everything(0)
    mixed, labels = cut_mix(images, images[:, 0].long())
    assert torch.equal(mixed[:, 0].long(), labels)
    # nothing has moved
    assert torch.equal(mixed[:, 1], images[:, 1])
    pasted = 0
    for number, label in enumerate(labels):
        foreign = label != number
        assert len(label.unique()) <= 2
        if foreign.any():
            rows = foreign.any(dim=1).nonzero().flatten()
            columns = foreign.any(dim=0).nonzero().flatten()
            box = foreign[
                rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1
            ]
            assert box.all()
            pasted += 1
    assert pasted > 8


def test_cut_mix_of_layers_is_cut_mix_of_labels():
    images = numbered(9)
    labels = images[:, 0].long() % 4
    layers = one_hot_targets(labels, 4).bool()
    seed_everything(3)
    _, mixed_labels = cut_mix(images, labels)
    seed_everything(3)
    _, mixed_layers = cut_mix(images, layers)
    assert mixed_layers.dtype == torch.bool
    assert torch.equal(mixed_layers.int().argmax(dim=1), mixed_labels)


def test_rectangles_are_as_large_as_drawn_and_lie_anywhere():
    seed_everything(0)
    black = torch.zeros(4000, 1, 16, 24)
    number = torch.arange(4000)[:, None, None].expand(-1, 16, 24)
    _, labels = cut_mix(black, number, alpha=1000.0)
    # with this alpha half of the area is drawn, before the border cuts:
    # the mean over one side is 1 - s / 4 of the side s
    foreign = (labels != number).float()
    side = 0.5**0.5
    wanted = (side * (1 - side / 4)) ** 2
    assert foreign.mean() == pytest.approx(wanted, abs=0.015)
    assert foreign[:, 0, 0].mean() > 0.1
    assert foreign[:, 8, 12].mean() > foreign[:, 0, 0].mean()


def test_mix_up_mixes_images_and_targets_alike():
    seed_everything(0)
    images = torch.rand(64, 3, 5, 7)
    labels = torch.randint(0, 4, (64, 5, 7))
    targets = one_hot_targets(labels, 4)
    seed_everything(5)
    mixed, soft = mix_up(images, targets, alpha=1.0)
    torch.testing.assert_close(soft.sum(dim=1), torch.ones(64, 5, 7))
    seed_everything(5)
    # the same draw mixes anything else in the same shares
    number = torch.arange(64.0)[:, None, None, None].expand(64, 1, 5, 7)
    own = torch.eye(64)[:, :, None, None].expand(-1, -1, 5, 7)
    _, shares = mix_up(number, own, alpha=1.0)
    wanted = torch.einsum("nmhw,mchw->nchw", shares, images)
    torch.testing.assert_close(mixed, wanted)
    wanted = torch.einsum("nmhw,mchw->nchw", shares, targets)
    torch.testing.assert_close(soft, wanted)
    assert (shares > 0).sum(dim=1).max() == 2


def test_shares_are_one_an_image_and_follow_the_beta():
    seed_everything(0)
    images = torch.zeros(4000, 1, 1, 1)
    images[:2000] = 1
    for alpha in (0.2, 1.0, 5.0):
        own = torch.zeros(4000, 1, 2, 2)
        mixed, _ = mix_up(images.expand(-1, -1, 2, 2), own, alpha=alpha)
        assert (mixed[:, 0, 0, 0] == mixed[:, 0, 1, 1]).all()
        drawn = mixed[:2000, 0, 0, 0]
        drawn = drawn[drawn < 1]  # the partner was another kind
        assert drawn.mean() == pytest.approx(0.5, abs=0.04)
        variance = 1 / (4 * (2 * alpha + 1))
        assert drawn.var() == pytest.approx(variance, abs=0.02)


def test_soft_targets_give_the_mixed_loss_and_ignored_pixels_none():
    seed_everything(0)
    labels = torch.randint(0, 3, (1, 6, 6))
    labels[0, 0] = 255
    logits = torch.randn(1, 3, 6, 6)
    soft = one_hot_targets(labels, 3, ignore_index=255)
    assert soft[0, :, 0].sum() == 0
    found = F.cross_entropy(logits, soft, reduction="sum")
    wanted = F.cross_entropy(
        logits, labels, ignore_index=255, reduction="sum"
    )
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("mix", [mix_up, cut_mix])
def test_mixing_follows_the_seed(mix):
    images, targets = (
        numbered(8),
        one_hot_targets(torch.zeros(8, 20, 30).int(), 2),
    )
    runs = []
    for seed in (1, 1, 2):
        seed_everything(seed)
        runs.append(mix(images, targets)[0])
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize("mix", [mix_up, cut_mix])
def test_one_image_stays_itself(mix):
    image, target = torch.rand(1, 1, 1, 1), torch.ones(1, 2, 1, 1)
    mixed, same = mix(image, target)
    torch.testing.assert_close(mixed, image)
    torch.testing.assert_close(same, target)


def test_one_hot_of_several_integer_types():
    for dtype in (np.uint8, np.int16, np.int64):
        masks = torch.from_numpy(np.array([[[0, 2], [1, 1]]], dtype))
        layers = one_hot_targets(masks, 3)
        assert layers.argmax(dim=1).tolist() == masks.tolist()
    negative = torch.tensor([[[-1, 0]]])
    layers = one_hot_targets(negative, 2, ignore_index=-1)
    assert layers[0, :, 0].tolist() == [[0, 1], [0, 0]]


GOOD = torch.zeros(2, 1, 4, 4)


@pytest.mark.parametrize("mix", [mix_up, cut_mix])
@pytest.mark.parametrize(
    ("images", "targets", "alpha", "error", "message"),
    [
        (GOOD.long(), GOOD, 1, TypeError, "images must be float"),
        (GOOD[0], GOOD, 1, ValueError, r"images must be \[N, C, H, W\]"),
        (GOOD, GOOD[:1], 1, ValueError, "same N, H and W"),
        (GOOD, GOOD[..., :3], 1, ValueError, "same N, H and W"),
        (GOOD, GOOD, 0, ValueError, "alpha must be above 0"),
        (GOOD, GOOD, float("nan"), ValueError, "alpha must be above 0"),
    ],
)
def test_odd_batches_are_refused(
    mix, images, targets, alpha, error, message
):
    with pytest.raises(error, match=message):
        mix(images, targets, alpha=alpha)


def test_class_indices_cannot_be_mixed_up():
    with pytest.raises(TypeError, match="go through one_hot_targets"):
        mix_up(GOOD, GOOD[:, 0].long())


@pytest.mark.parametrize(
    ("masks", "ignore", "error", "message"),
    [
        (GOOD[:, 0], None, TypeError, "masks must be integer"),
        (GOOD[:, 0].bool(), None, TypeError, "masks must be integer"),
        (GOOD.long(), None, ValueError, r"\[N, H, W\]"),
        (torch.full((1, 2, 2), 3), None, ValueError, "from 0 to 2, got 3"),
        (torch.full((1, 2, 2), 3), 255, ValueError, "from 0 to 2"),
        (torch.full((1, 2, 2), -1), 255, ValueError, "from 0 to 2"),
    ],
)
def test_odd_labels_are_refused(masks, ignore, error, message):
    with pytest.raises(error, match=message):
        one_hot_targets(masks, 3, ignore_index=ignore)
