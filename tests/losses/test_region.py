"""Dice loss against a slow obvious version, MONAI and smp."""

import monai.losses
import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_cases import IGNORED, cases, one_hot

from seglab.losses import (
    DiceLoss,
    dice_loss,
    generalised_dice_loss,
)


def slow_dice(probabilities, truth, valid, smooth):
    """[N, C] by loops over images and classes."""
    result = []
    for p, t, v in zip(probabilities, truth, valid, strict=True):
        for channel in range(len(p)):
            a, b = p[channel][v], t[channel][v]
            hits = float((a * b).sum())
            sizes = float(a.sum() + b.sum())
            result.append(1 - (2 * hits + smooth) / (sizes + smooth))
    return torch.tensor(result).view(probabilities.shape[:2])


@given(cases(), st.floats(0.001, 10), st.booleans())
@settings(deadline=None)
def test_is_what_loops_over_images_and_classes_give(case, smooth, ignoring):
    logits, target = case
    valid = torch.ones_like(target, dtype=torch.bool)
    if ignoring:
        valid = torch.rand(target.shape) < 0.7
        valid.view(len(valid), -1)[:, 0] = True
    marked = target.masked_fill(~valid, IGNORED)
    keywords = {"ignore_index": IGNORED, "smooth": smooth}
    truth = one_hot(target, logits.shape[1])

    expected = slow_dice(logits.softmax(1), truth, valid, smooth)
    ours = dice_loss(logits, marked, reduction="none", **keywords)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)
    mean = dice_loss(logits, marked, **keywords)
    torch.testing.assert_close(mean, expected.mean(), atol=1e-5, rtol=1e-5)
    total = dice_loss(logits, marked, reduction="sum", **keywords)
    torch.testing.assert_close(total, expected.sum(), atol=1e-4, rtol=1e-5)

    expected = slow_dice(logits.sigmoid(), truth, valid, smooth)
    masks = truth.masked_fill(~valid[:, None], IGNORED)
    ours = dice_loss(logits, masks, reduction="none", **keywords)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@given(cases(), st.floats(0.001, 10))
@settings(max_examples=30, deadline=None)
def test_is_monais_loss_with_equal_smoothing_above_and_below(case, smooth):
    logits, target = case
    keywords = {"smooth_nr": smooth, "smooth_dr": smooth}
    theirs = monai.losses.DiceLoss(
        softmax=True, to_onehot_y=True, **keywords
    )
    torch.testing.assert_close(
        dice_loss(logits, target, smooth=smooth),
        theirs(logits, target[:, None]),
    )
    truth = one_hot(target, logits.shape[1])
    theirs = monai.losses.DiceLoss(sigmoid=True, **keywords)
    torch.testing.assert_close(
        dice_loss(logits, truth, smooth=smooth), theirs(logits, truth)
    )


@given(cases())
@settings(max_examples=30, deadline=None)
def test_smp_agrees_on_one_image_with_half_the_smoothing(case):
    """smp puts 2 (I + smooth) above: its smooth counts twice ours."""
    logits, target = case[0][:1], case[1][:1]
    if len(target.unique()) < logits.shape[1]:
        return
    theirs = smp.losses.DiceLoss("multiclass", smooth=0.5)
    torch.testing.assert_close(
        dice_loss(logits, target), theirs(logits, target)
    )


def test_smp_sums_over_the_batch_first():
    """A large object hides the missed small one there, and not here."""
    truth = torch.zeros(2, 1, 8, 8)
    truth[0] = 1
    truth[1, 0, 4, 4] = 1
    logits = torch.full_like(truth, -20.0)
    logits[0] = 20
    theirs = smp.losses.DiceLoss("binary")(logits, truth).item()
    assert theirs < 0.01
    ours = dice_loss(logits, truth, smooth=1e-6).item()
    assert ours == pytest.approx(0.5, abs=1e-3)


def test_smp_leaves_out_absent_classes_and_here_they_count():
    logits = torch.full((1, 2, 4, 4), 0.0)
    target = torch.zeros(1, 4, 4, dtype=torch.long)
    theirs = smp.losses.DiceLoss("multiclass", smooth=0.5)(logits, target)
    each = dice_loss(logits, target, reduction="none")[0]
    assert theirs.item() == pytest.approx(each[0].item() / 2)
    assert dice_loss(logits, target).item() == pytest.approx(each.mean())


def test_all_ignored_is_0_with_a_gradient_path():
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    for target in (
        torch.full((2, 4, 5), IGNORED),
        torch.full((2, 3, 4, 5), IGNORED),
    ):
        logits.grad = None
        loss = dice_loss(logits, target, ignore_index=IGNORED)
        loss.backward()
        assert loss.item() == 0
        assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_an_image_without_valid_pixels_does_not_dilute_the_mean():
    logits = torch.randn(2, 3, 4, 5)
    target = torch.randint(0, 3, (2, 4, 5))
    target[1] = IGNORED
    both = dice_loss(logits, target, ignore_index=IGNORED)
    first = dice_loss(logits[:1], target[:1], ignore_index=IGNORED)
    torch.testing.assert_close(both, first)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(dtype):
    logits = torch.full((1, 2, 400, 400), 0.0, dtype=dtype)
    logits.requires_grad_()
    target = torch.zeros(1, 400, 400, dtype=torch.long)
    loss = dice_loss(logits, target)
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_gradients_are_those_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(
        2, 3, 2, 3, dtype=torch.float64, generator=generator
    ).requires_grad_()
    target = torch.randint(0, 3, (2, 2, 3), generator=generator)
    assert torch.autograd.gradcheck(lambda x: dice_loss(x, target), logits)


def test_volumes_and_lines_of_pixels_work_too():
    for shape in ((7,), (3, 4, 5)):
        logits = torch.randn(2, 3, *shape)
        target = torch.randint(0, 3, (2, *shape))
        assert 0 < dice_loss(logits, target).item() < 1


def test_the_module_gives_what_the_function_gives():
    logits = torch.randn(2, 3, 4, 5)
    target = torch.randint(0, 3, (2, 4, 5))
    module = DiceLoss(ignore_index=1, reduction="sum", smooth=0.5)
    expected = dice_loss(
        logits, target, ignore_index=1, reduction="sum", smooth=0.5
    )
    assert torch.equal(module(logits, target), expected)


def test_wrong_arguments_are_named():
    logits = torch.zeros(1, 2, 3, 3)
    target = torch.zeros(1, 3, 3, dtype=torch.long)
    with pytest.raises(ValueError, match="smooth must be above 0, got 0"):
        dice_loss(logits, target, smooth=0)
    with pytest.raises(ValueError, match="target must have shape"):
        dice_loss(logits, target[:, :2])
    with pytest.raises(ValueError, match="from 0 to 1, got 7"):
        dice_loss(logits, target + 7)
    with pytest.raises(TypeError, match="integer class indices"):
        dice_loss(logits, target.float())
    with pytest.raises(TypeError, match="floating-point tensor"):
        dice_loss(logits.long(), target)
    with pytest.raises(ValueError, match="reduction must be one of"):
        dice_loss(logits, target, reduction="batch")


def slow_generalised(logits, target, smooth):
    losses = []
    for p, t in zip(
        logits.softmax(1), one_hot(target, logits.shape[1]), strict=True
    ):
        sizes = [float(mask.sum()) for mask in t]
        smallest = min(size for size in sizes if size > 0)
        above = below = smooth
        for a, b, size in zip(p, t, sizes, strict=True):
            weight = (smallest / (size or smallest)) ** 2
            above += 2 * weight * float((a * b).sum())
            below += weight * float((a + b).sum())
        losses.append(1 - above / below)
    return torch.tensor(losses)


@given(cases(), st.floats(0.001, 10))
@settings(deadline=None)
def test_generalised_dice_is_what_loops_give(case, smooth):
    ours = generalised_dice_loss(*case, smooth=smooth, reduction="none")
    expected = slow_generalised(*case, smooth)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@given(cases())
@settings(max_examples=30, deadline=None)
def test_generalised_dice_is_monais_with_smoothing_in_its_unit(case):
    logits, target = case[0][:1], case[1][:1]
    sizes = target.flatten().bincount()
    unit = 1 / sizes[sizes > 0].min().item() ** 2
    theirs = monai.losses.GeneralizedDiceLoss(
        softmax=True, to_onehot_y=True, smooth_nr=unit, smooth_dr=unit
    )
    torch.testing.assert_close(
        generalised_dice_loss(logits, target),
        theirs(logits, target[:, None]),
    )


def test_false_positives_cost_where_every_class_is_absent():
    """MONAI weighs them 0 there."""
    logits, truth = torch.full((1, 1, 4, 4), 5.0), torch.zeros(1, 1, 4, 4)
    theirs = monai.losses.GeneralizedDiceLoss(sigmoid=True)
    assert theirs(logits, truth).item() == 0
    assert generalised_dice_loss(logits, truth).item() > 0.9


def test_a_rare_class_weighs_as_much_as_a_common_one():
    target = torch.zeros(1, 20, 20, dtype=torch.long)
    target[0, 0, :4] = 1
    logits = torch.stack([target == 0, target == 0], 1) * 50.0
    logits[:, 1] = -50  # all background: the rare class is missed
    logits[:, 0] = 50
    assert dice_loss(logits, target).item() < 0.45
    assert generalised_dice_loss(logits, target).item() > 0.7
