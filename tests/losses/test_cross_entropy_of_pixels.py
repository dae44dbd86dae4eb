"""Compiled cross-entropy against PyTorch's, and when it is taken."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import forward_ad

from seglab.losses import _cross_entropy as module
from seglab.losses import focal_loss
from seglab.losses._cross_entropy import cross_entropy_of_pixels

pytest.importorskip("numba")


@pytest.fixture(autouse=True, scope="module")
def always_compiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MANY", 1)
        yield


def compiled(logits, target):
    return module._Compiled.apply(logits, target)


def losses_and_gradient(function, logits, target, slopes):
    logits = logits.detach().requires_grad_()
    losses = function(logits, target)
    losses.backward(slopes)
    return losses.detach(), logits.grad


def by_pytorch(logits, target):
    return F.cross_entropy(logits, target, reduction="none")


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 30)),
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.sampled_from([0.1, 3, 40]),
)
def test_equals_pytorchs(first, sides, scale):
    logits = scale * torch.randn(*first, *sides)
    target = torch.randint(first[1], (first[0], *sides))
    slopes = torch.randn(target.shape)
    ours = losses_and_gradient(compiled, logits, target, slopes)
    exact = losses_and_gradient(
        by_pytorch, logits.double(), target, slopes.double()
    )
    torch.testing.assert_close(
        ours[0].double(), exact[0], rtol=2e-6, atol=1e-5
    )
    torch.testing.assert_close(
        ours[1].double(), exact[1], rtol=2e-6, atol=1e-6
    )


@pytest.mark.parametrize("low", [-87.3, -88, -90, -300, -1e30])
def test_what_is_nearly_0_is_nearly_0(low):
    logits = torch.tensor([0.0, low]).reshape(1, 2, 1)
    target = torch.tensor([[1]])
    losses, gradient = losses_and_gradient(
        compiled, logits, target, torch.ones(1, 1)
    )
    assert losses.item() == pytest.approx(-low)
    torch.testing.assert_close(
        gradient, torch.tensor([1.0, -1.0]).reshape(1, 2, 1)
    )


@pytest.mark.parametrize("odd", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("where", [0, 1])
def test_odd_numbers_are_answered_as_pytorch_does(odd, where):
    logits = torch.zeros(1, 2, 300)
    logits[0, where, 7] = odd
    target = torch.zeros(1, 300, dtype=torch.int64)
    slopes = torch.ones(1, 300)
    ours = losses_and_gradient(compiled, logits, target, slopes)
    theirs = losses_and_gradient(by_pytorch, logits, target, slopes)
    for found, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(found, wanted, equal_nan=True)


def test_any_order_in_memory():
    logits = torch.randn(2, 4, 6, 5).contiguous(
        memory_format=torch.channels_last
    )
    target = torch.randint(4, (2, 5, 6)).mT
    slopes = torch.ones(()).expand(2, 6, 5)
    ours = losses_and_gradient(compiled, logits, target, slopes)
    theirs = losses_and_gradient(by_pytorch, logits, target, slopes)
    torch.testing.assert_close(ours, theirs)


def test_a_second_derivative():
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 4).requires_grad_()
    target = torch.randint(3, (2, 4))

    def curvature(function):
        total = function(logits, target).pow(2).sum()
        (first,) = torch.autograd.grad(total, logits, create_graph=True)
        (second,) = torch.autograd.grad(first.sin().sum(), logits)
        return second

    torch.testing.assert_close(curvature(compiled), curvature(by_pytorch))


def tangent_in_a_dual_level(function, logits, along):
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(logits, along)
        return forward_ad.unpack_dual(function(dual)).tangent


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x, along: torch.func.grad(f)(x),
        lambda f, x, along: torch.func.vmap(f)(torch.stack([x, along])),
        lambda f, x, along: torch.func.jvp(f, (x,), (along,)),
        lambda f, x, along: torch.func.jvp(
            torch.func.grad(f), (x,), (along,)
        ),
        tangent_in_a_dual_level,
    ],
    ids=["grad", "vmap", "jvp", "hessian product", "dual level"],
)
def test_transforms_find_pytorchs_operations(transform):
    torch.manual_seed(0)
    logits, along = torch.randn(2, 2, 3, 4)
    target = torch.randint(3, (2, 4))
    found = transform(
        lambda x: cross_entropy_of_pixels(x, target).sum(), logits, along
    )
    wanted = transform(lambda x: by_pytorch(x, target).sum(), logits, along)
    torch.testing.assert_close(found, wanted)


def test_focal_loss_is_the_same_either_way(monkeypatch):
    torch.manual_seed(0)
    logits, target = (
        torch.randn(2, 5, 30, 20),
        torch.randint(5, (2, 30, 20)),
    )
    target[0, :4] = 255

    def loss(logits, target):
        return focal_loss(
            logits,
            target,
            ignore_index=255,
            alpha=torch.linspace(0.2, 1, 5),
        )

    fast = losses_and_gradient(loss, logits, target, None)
    monkeypatch.setattr(module, "_has_numba", lambda: False)
    plain = losses_and_gradient(loss, logits, target, None)
    torch.testing.assert_close(fast, plain)


@pytest.mark.parametrize(
    ("logits", "taken"),
    [
        (torch.empty(1, 1, 4), True),
        (torch.nn.Parameter(torch.empty(1, 2, 2)), True),
        (torch.empty(1, 1, 3), False),
        (torch.empty(1, 1, 4).double(), False),
        (torch.empty(1, 1, 4, device="meta"), False),
    ],
)
def test_it_is_taken_where_it_pays(monkeypatch, logits, taken):
    monkeypatch.setattr(module, "MANY", 4)
    assert module._pays(logits) == taken


def test_many_threads_are_better_used_by_pytorch(monkeypatch):
    logits = torch.empty(1, 1, 4)
    monkeypatch.setattr(module, "FEW_THREADS", torch.get_num_threads())
    assert module._pays(logits)
    monkeypatch.setattr(module, "FEW_THREADS", torch.get_num_threads() - 1)
    assert not module._pays(logits)


def test_it_is_taken():
    logits = torch.zeros(1, 2, 3).requires_grad_()
    losses = cross_entropy_of_pixels(logits, torch.zeros(1, 3).long())
    assert "_Compiled" in losses.grad_fn.name()
