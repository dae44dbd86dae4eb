"""Checkers for the exercises of chapter 04, the U-Net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seglab.checks.checker import Case, Result, run_cases

Answer = Callable[..., Any]


def _walk(side: int, poolings: int) -> int:
    """The published network's output side, or 0 where there is none."""
    for _ in range(poolings):
        side -= 4
        if side < 2 or side % 2:
            return 0
        side //= 2
    side -= 4
    for _ in range(poolings):
        side = 2 * side - 4
        if side < 1:
            return 0
    return max(side, 0)


def valid_output(answer: Answer) -> Result:
    """Check the arithmetic of unpadded convolutions.

    >>> bool(valid_output(lambda side, poolings: side - 184))
    valid_output:
    ...
    False
    """
    cases = [
        Case(
            "572 px and four poolings give 388",
            lambda: answer(572, 4) == 388,
            "two convolutions lose 4 px, at each level, on both ways",
        ),
        Case(
            "other depths work too",
            lambda: (
                [answer(64, 1), answer(60, 2), answer(92, 3)]
                == [_walk(64, 1), _walk(60, 2), _walk(92, 3)]
            ),
            "4 px are lost 2 * poolings + 1 times, at growing scales",
        ),
        Case(
            "no pooling at all leaves one pair of convolutions",
            lambda: answer(20, 0) == 16,
            "the pair at the bottom is there for any depth",
        ),
        Case(
            "a side that a pooling would find odd gives 0",
            lambda: [answer(574, 4), answer(65, 1)] == [0, 0],
            "test for an odd size before each halving",
        ),
        Case(
            "a side that is too small gives 0",
            lambda: (
                [answer(172, 4), answer(10, 1), answer(4, 0)] == [0, 0, 0]
            ),
            "no map on the way may have less than one pixel",
        ),
        Case(
            "every side up to 300 px and depth up to four",
            lambda: all(
                answer(side, poolings) == _walk(side, poolings)
                for side in range(1, 301)
                for poolings in range(5)
            ),
            "walk down and up in a loop and compare with the table",
        ),
    ]
    return run_cases("valid_output", cases)


def join(answer: Answer) -> Result:
    """Check how an upsampled map joins a larger skip connection.

    >>> bool(join(lambda upsampled, skip: skip))
    join:
    ...
    False
    """
    torch.manual_seed(0)
    small, skip = torch.randn(2, 3, 8, 6), torch.randn(2, 5, 9, 7)
    even = skip[..., :8, :6]
    wide = torch.randn(2, 5, 8, 7)

    def by_hand(upsampled: Tensor, skip: Tensor) -> Tensor:
        if skip.shape[-2] > upsampled.shape[-2]:
            last = upsampled[..., -1:, :]
            upsampled = torch.cat([upsampled, last], dim=-2)
        if skip.shape[-1] > upsampled.shape[-1]:
            last = upsampled[..., :, -1:]
            upsampled = torch.cat([upsampled, last], dim=-1)
        return torch.cat([skip, upsampled], dim=1)

    cases = [
        Case(
            "equal sizes are stacked along the channels",
            lambda: tuple(answer(small, even).shape) == (2, 8, 8, 6),
            "torch.cat with dim=1; dim 0 is the batch",
        ),
        Case(
            "the skip connection comes first",
            lambda: torch.equal(answer(small, even), by_hand(small, even)),
            "the trained weights rely on the order: skip, upsampled",
        ),
        Case(
            "a missing row and column are added to the upsampled map",
            lambda: tuple(answer(small, skip).shape) == (2, 8, 9, 7),
            "pad the upsampled map; do not cut the skip connection",
        ),
        Case(
            "only a column may be missing",
            lambda: torch.equal(answer(small, wide), by_hand(small, wide)),
            "F.pad takes left, right, top, bottom, in this order",
        ),
        Case(
            "they repeat the last row and column, and all else stays",
            lambda: torch.equal(answer(small, skip), by_hand(small, skip)),
            'pad on the right and below, with mode="replicate"',
        ),
    ]
    return run_cases("join", cases)


def build_encoder(answer: Answer) -> Result:
    """Check an encoder that must honour its widths.

    >>> bool(build_encoder(lambda in_channels, widths: nn.Identity()))
    build_encoder:
    ...
    False
    """

    def channels(in_channels: int, *widths: int) -> list[int]:
        encoder = answer(in_channels, widths)
        maps = encoder(torch.zeros(2, in_channels, 32, 48))
        return [feature.shape[1] for feature in maps]

    def sides() -> list[tuple[int, int]]:
        maps = answer(1, (4, 4, 4))(torch.zeros(2, 1, 20, 12))
        return [tuple(feature.shape[-2:]) for feature in maps]

    def learns() -> bool:
        encoder = answer(1, (2, 3))
        found = sum(p.numel() for p in encoder.parameters() if p.ndim == 4)
        return found == 9 * (2 + 4 + 6 + 9)

    cases = [
        Case(
            "the published widths still work",
            lambda: channels(1, 64, 128, 256) == [64, 128, 256],
            "return the map of each level in a list, finest first",
        ),
        Case(
            "other widths are honoured",
            lambda: channels(3, 5, 7, 11) == [5, 7, 11],
            "no number of channels may be typed into the class",
        ),
        Case(
            "so is another number of levels",
            lambda: (
                channels(1, 2, 3) == [2, 3]
                and channels(1, 2, 2, 3, 3) == [2, 2, 3, 3]
            ),
            "make the blocks in a loop over pairs of widths",
        ),
        Case(
            "each level has half the size of the one before",
            lambda: sides() == [(20, 12), (10, 6), (5, 3)],
            "pool before every level but the first",
        ),
        Case(
            "an optimiser sees two convolutions a level",
            learns,
            "blocks in a plain list are invisible: use nn.ModuleList",
        ),
    ]
    return run_cases("build_encoder", cases)


class _Probe(nn.Module):
    """A tiny network with batch norm and dropout."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.conv = nn.Conv2d(1, 2, 1)
        self.norm = nn.BatchNorm2d(2)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(self.norm(self.conv(x)))


def train_and_predict(answer: Answer) -> Result:
    """Check a training loop followed by a prediction.

    >>> bool(train_and_predict(lambda model, images, masks, steps: masks))
    train_and_predict:
    ...
    False
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 1, 6, 6, generator=generator)
    masks = (images[:, 0] > 0).long()

    def plain() -> nn.Module:
        torch.manual_seed(3)
        return nn.Conv2d(1, 2, 1)

    def wanted(steps: int) -> nn.Module:
        model = plain()
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(steps):
            loss = nn.functional.cross_entropy(model(images), masks)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return model

    def weights_after(steps: int) -> bool:
        model = plain()
        answer(model, images, masks, steps)
        return all(
            torch.allclose(ours, theirs, atol=1e-6)
            for ours, theirs in zip(
                model.parameters(), wanted(steps).parameters(), strict=True
            )
        )

    def same_alone() -> bool:
        model = _Probe()
        first = answer(model, images, masks, 0)
        second = answer(model, images[:1], masks[:1], 0)
        return torch.equal(first[:1], second)

    def statistics(model: nn.Module) -> Tensor:
        return model.state_dict()["norm.running_mean"]

    def leaves_statistics() -> bool:
        model = _Probe()
        answer(model, images + 5, masks, 0)
        return not statistics(model).any()

    def trains_in_train_mode() -> bool:
        model = _Probe()
        answer(model.eval(), images, masks, 3)
        return bool(statistics(model).all())

    def predicts() -> bool:
        expected = wanted(5)(images).argmax(dim=1)
        return torch.equal(answer(plain(), images, masks, 5), expected)

    cases = [
        Case(
            "one step is right",
            lambda: weights_after(1),
            "cross-entropy, backward, one step of SGD(lr=0.1)",
        ),
        Case(
            "so are three: no gradient is left over",
            lambda: weights_after(3),
            "empty the gradients once in every step",
        ),
        Case(
            "the answer is a class for each pixel",
            predicts,
            "logits.argmax(dim=1), after the last step",
        ),
        Case(
            "batch norm learns its statistics during training",
            trains_in_train_mode,
            "model.train() before the loop: the caller may have left the "
            "model in eval mode",
        ),
        Case(
            "predicting changes no statistics",
            leaves_statistics,
            "model.eval() before you predict",
        ),
        Case(
            "an image gets the same answer alone and in a batch",
            same_alone,
            "model.eval(): in train mode batch norm looks at the batch, "
            "and dropout throws dice",
        ),
    ]
    return run_cases("train_and_predict", cases)
