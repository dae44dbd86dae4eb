"""The temperature is where the likelihood has its maximum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch.nn import functional as F

from seglab.inference.temperature import fit_temperature


def drawn(classes: int, true: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and labels drawn from their softmax at a temperature."""
    generator = torch.Generator().manual_seed(classes)
    logits = 4 * torch.randn(4, classes, 40, 30, generator=generator)
    chance = (logits / true).softmax(1).movedim(1, -1).flatten(0, 2)
    labels = torch.multinomial(chance, 1, generator=generator)
    return logits, labels.view(4, 40, 30)


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_the_true_temperature_is_found(classes: int, true: float) -> None:
    logits, labels = drawn(classes, true)
    assert fit_temperature(logits, labels) == pytest.approx(true, rel=0.1)


def test_no_other_temperature_is_better() -> None:
    logits, labels = drawn(3, 2.0)
    slow = minimize_scalar(
        lambda t: F.cross_entropy(logits.double() / t, labels).item(),
        bounds=(0.05, 20),
        method="bounded",
        options={"xatol": 1e-8},
    )
    assert fit_temperature(logits, labels) == pytest.approx(
        slow.x, rel=1e-4
    )


def test_masks_that_may_overlap() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(2, 3, 50, 50, generator=generator)
    masks = torch.bernoulli((logits / 2).sigmoid(), generator=generator)
    assert fit_temperature(logits, masks) == pytest.approx(2, rel=0.1)
    assert fit_temperature(logits, masks.bool()) == pytest.approx(
        2, rel=0.1
    )


def test_ignored_pixels_do_not_count() -> None:
    logits, labels = drawn(3, 2.0)
    wanted = fit_temperature(logits[:2], labels[:2])
    labels[2:] = 255
    found = fit_temperature(logits, labels, ignore_index=255)
    assert found == pytest.approx(wanted)


def test_separable_labels_end_at_the_limit() -> None:
    logits = torch.tensor([[[-1.0, 1.0]]])
    found = fit_temperature(logits, torch.tensor([[[0.0, 1.0]]]))
    assert 0.01 <= found < 0.2


def test_decisions_stay() -> None:
    logits, labels = drawn(4, 3.0)
    scaled = logits / fit_temperature(logits, labels)
    assert torch.equal(scaled.argmax(1), logits.argmax(1))


def test_bad_arguments() -> None:
    logits = torch.zeros(1, 2, 3)
    labels = torch.zeros(1, 3, dtype=torch.long)
    with pytest.raises(ValueError, match="target must have shape"):
        fit_temperature(logits, labels[:, :2])
    with pytest.raises(ValueError, match="count a pixel or more"):
        fit_temperature(logits, labels, ignore_index=0)
    with pytest.raises(ValueError, match="logits must be finite"):
        fit_temperature(logits * np.nan, labels)
