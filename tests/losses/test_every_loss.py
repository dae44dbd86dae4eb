"""What every loss does alike."""

from functools import partial

import pytest
import torch
from loss_cases import IGNORED, one_hot

from seglab import losses

SOFTMAX = {
    "cross_entropy": losses.CrossEntropyLoss,
    "focal_loss": losses.FocalLoss,
    "ohem_cross_entropy": losses.OHEMCrossEntropyLoss,
    "lovasz_softmax": losses.LovaszSoftmaxLoss,
}
SIGMOID = {
    "binary_cross_entropy": losses.BinaryCrossEntropyLoss,
    "binary_focal_loss": losses.BinaryFocalLoss,
    "lovasz_hinge": losses.LovaszHingeLoss,
}
EITHER = {
    "dice_loss": losses.DiceLoss,
    "generalised_dice_loss": losses.GeneralisedDiceLoss,
    "tversky_loss": losses.TverskyLoss,
    "focal_tversky_loss": losses.FocalTverskyLoss,
    "boundary_loss": losses.BoundaryLoss,
    "cldice_loss": losses.ClDiceLoss,
}
MODULES = SOFTMAX | SIGMOID | EITHER
INDEXED = [*SOFTMAX, *EITHER]
MASKED = [*SIGMOID, *EITHER]
BOTH = [(n, "index") for n in INDEXED] + [(n, "mask") for n in MASKED]


def example(kind, dtype=torch.float32, size=(2, 3, 6, 5)):
    generator = torch.Generator().manual_seed(0)
    n, c, *pixels = size
    logits = torch.randn(size, dtype=dtype, generator=generator)
    target = torch.randint(0, c, (n, *pixels), generator=generator)
    if kind == "mask":
        target = one_hot(target, c)
    return logits.requires_grad_(), target


@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_gradients_are_those_of_finite_differences(name, kind):
    logits, target = example(kind, torch.float64, (2, 3, 3, 4))
    target.view(2, -1)[0, :3] = IGNORED
    loss = partial(
        getattr(losses, name), target=target, ignore_index=IGNORED
    )
    assert torch.autograd.gradcheck(loss, logits)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_all_ignored_is_0_with_a_gradient_path(name, kind, reduction):
    logits, target = example(kind)
    loss = getattr(losses, name)(
        logits,
        torch.full_like(target, IGNORED),
        ignore_index=IGNORED,
        reduction=reduction,
    )
    loss.sum().backward()
    assert torch.equal(loss, torch.zeros_like(loss))
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_ignored_pixels_change_nothing(name, kind):
    logits, target = example(kind)
    target[..., 2] = IGNORED
    changed = logits.detach().clone()
    changed[..., 2] = 50
    loss = partial(getattr(losses, name), ignore_index=IGNORED)
    torch.testing.assert_close(loss(changed, target), loss(logits, target))
    loss(logits, target).backward()
    assert (logits.grad[..., 2] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_half_precision_is_summed_in_float32(name, kind, dtype):
    for logits in (
        torch.zeros(1, 2, 300, 300, dtype=dtype),
        torch.full((1, 2, 40, 40), 30000, dtype=dtype),
    ):
        logits[:, 1] *= -1
        logits.requires_grad_()
        target = torch.ones(1, *logits.shape[2:], dtype=torch.long)
        target[:, :20] = 0
        if kind == "mask":
            target = one_hot(target, 2)
        loss = getattr(losses, name)(logits, target)
        loss.backward()
        assert loss.dtype == torch.float32
        assert torch.isfinite(loss)
        assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_modules_give_what_functions_give(name, kind):
    logits, target = example(kind)
    keywords = {"ignore_index": 1, "reduction": "sum"}
    expected = getattr(losses, name)(logits, target, **keywords)
    assert torch.equal(MODULES[name](**keywords)(logits, target), expected)


@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_the_sum_is_that_of_the_parts(name, kind):
    loss = getattr(losses, name)
    parts = loss(*example(kind), reduction="none").sum()
    torch.testing.assert_close(loss(*example(kind), reduction="sum"), parts)


@pytest.mark.parametrize("size", [(2, 3, 7, 1), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_narrow_images_and_volumes_work_too(name, kind, size):
    loss = getattr(losses, name)(*example(kind, size=size))
    assert torch.isfinite(loss)


@pytest.mark.parametrize("name", MODULES)
def test_wrong_arguments_are_named(name):
    loss = getattr(losses, name)
    kind = "index" if name in INDEXED else "mask"
    logits, target = example(kind)
    with pytest.raises(ValueError, match="reduction must be one of"):
        loss(logits, target, reduction="average")
    with pytest.raises(ValueError, match="reduction must be one of"):
        MODULES[name](reduction="average")
    with pytest.raises(TypeError, match="logits must be a floating-point"):
        loss(logits.long(), target)
    with pytest.raises(ValueError, match="target must"):
        loss(logits, target[:, :2])
    with pytest.raises(ValueError, match=r"target must hold .* got 7"):
        loss(logits, target + 7 - target)
