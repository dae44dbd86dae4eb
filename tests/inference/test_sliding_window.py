"""Whole outputs equal MONAI's; classes are those of the logits."""

from __future__ import annotations

import pytest
import torch
from monai.inferers import sliding_window_inference
from torch import Tensor, nn

from seglab.inference.sliding_window import (
    class_strips,
    predict_classes,
    sliding_window,
)
from seglab.inference.strips import Window


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Its output depends on the whole window."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 8, 5, padding=2),
        nn.ReLU(),
        nn.InstanceNorm2d(8),
        nn.Conv2d(8, 5, 3, padding=1),
    ).eval()


@pytest.mark.parametrize("size", [(64, 64), (61, 87), (32, 100)])
@pytest.mark.parametrize("weighting", ["flat", "gaussian"])
@pytest.mark.parametrize("overlap", [0.25, 0.5])
def test_equal_to_monai(
    network: nn.Module,
    size: tuple[int, int],
    weighting: str,
    overlap: float,
) -> None:
    images = torch.rand(2, 2, *size)
    mode = {"flat": "constant"}.get(weighting, weighting)
    with torch.inference_mode():
        theirs = sliding_window_inference(
            images, (32, 32), 4, network, overlap=overlap, mode=mode
        )
    window = Window((32, 32), overlap, weighting)
    ours = sliding_window(images, network, window)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    found = predict_classes(images[0], network, window)
    assert found.dtype == torch.uint8
    assert (found != theirs[0].argmax(0)).float().mean() < 1e-3


def test_the_last_row_and_column_are_covered() -> None:
    images = torch.ones(1, 1, 37, 41)
    found = sliding_window(images, lambda x: x, Window((16, 16), 0.25))
    torch.testing.assert_close(found, images)


def test_strips_add_up(network: nn.Module) -> None:
    image = torch.rand(2, 50, 40)
    window = Window((16, 16))
    strips = [strip for _, strip in class_strips(image, network, window)]
    whole = predict_classes(image, network, window)
    assert torch.equal(torch.cat(strips), whole)


def test_batches_do_not_matter(network: nn.Module) -> None:
    images = torch.rand(1, 2, 40, 56)
    one, many = (
        sliding_window(images, network, Window((16, 16), batch_size=size))
        for size in (1, 7)
    )
    torch.testing.assert_close(one, many, atol=1e-5, rtol=1e-4)


def test_no_gradients_are_kept(network: nn.Module) -> None:
    out = sliding_window(
        torch.rand(1, 2, 20, 20), network, Window((16, 16))
    )
    assert not out.requires_grad


def test_too_many_classes() -> None:
    def many(batch: Tensor) -> Tensor:
        return batch.expand(-1, 300, -1, -1)

    with pytest.raises(ValueError, match="256 classes at most, got 300"):
        predict_classes(torch.rand(1, 4, 4), many, Window((4, 4)))


def test_a_single_image_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"\[N, C, H, W\], got \(1, 4, 4\)"
    ):
        sliding_window(torch.rand(1, 4, 4), torch.abs, Window((4, 4)))
