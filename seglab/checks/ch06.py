"""Checkers for the exercises of chapter 06, transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.checks.checker import Case, Result, run_cases

Answer = Callable[..., Any]


def _close(found: Tensor, wanted: Tensor) -> bool:
    return found.shape == wanted.shape and torch.allclose(
        found, wanted, rtol=1e-4, atol=1e-5
    )


def attend(answer: Answer) -> Result:
    """Check attention with a mask.

    >>> bool(attend(lambda queries, keys, values, allowed: values))
    attend:
    ...
    False
    """
    draw = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw)

    one = random(6, 16), random(9, 16), random(9, 5)
    heads = random(2, 3, 6, 16), random(2, 3, 9, 16), random(2, 3, 9, 5)
    everything = torch.ones(6, 9, dtype=torch.bool)
    some = torch.rand(6, 9, generator=draw) < 0.5
    some[:, 4] = True
    blind = some.clone()
    blind[2] = False
    large = tuple(100 * part for part in one)

    def equal(
        parts: Sequence[Tensor], allowed: Tensor = everything
    ) -> bool:
        q, k, v = parts
        wanted = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        return _close(answer(q, k, v, allowed), wanted)

    def blind_gives_zeros() -> bool:
        q, k, v = heads
        wanted = F.scaled_dot_product_attention(q, k, v, attn_mask=some)
        wanted[..., 2, :] = 0
        return _close(answer(q, k, v, blind), wanted)

    def gradient_is_finite() -> bool:
        parts: Any = [part.clone().requires_grad_() for part in one]
        answer(*parts, blind).square().sum().backward()
        return all(part.grad.isfinite().all() for part in parts)

    cases = [
        Case(
            "queries [6, 16] and values [9, 5] give answers [6, 5]",
            lambda: tuple(answer(*one, everything).shape) == (6, 5),
            "weights [L, S] times values [S, e]",
        ),
        Case(
            "the numbers are PyTorch's",
            lambda: equal(one),
            "softmax over the keys, the last axis, of scores divided by "
            "the root of d",
        ),
        Case(
            "axes in front (batch, heads) are left alone",
            lambda: equal(heads),
            "swap the last two axes only: transpose(-2, -1)",
        ),
        Case(
            "a query looks only where it may",
            lambda: equal(heads, some),
            "true means that it may look; set the other scores to minus "
            "infinity before the softmax",
        ),
        Case(
            "large scores do not overflow",
            lambda: equal(large, some),
            "use softmax, which subtracts the largest score; exp of a "
            "large score is infinite",
        ),
        Case(
            "a query that may look nowhere gets zeros",
            blind_gives_zeros,
            "a softmax over nothing is NaN: let such a row look "
            "everywhere, and set its weights to zero afterwards",
        ),
        Case(
            "no gradient is NaN",
            gradient_is_finite,
            "a NaN that is replaced after the softmax comes back with the "
            "gradient, unless the row never becomes NaN",
        ),
    ]
    return run_cases("attend", cases)


def attention_cost(answer: Answer) -> Result:
    """Check the count of queries, keys and multiply-adds.

    >>> bool(attention_cost(lambda h, w, stride, channels, r: (1, 1, 1)))
    attention_cost:
    ...
    False
    """

    def right(*arguments: int) -> bool:
        height, width, stride, channels, reduction = arguments
        rows = (height + stride - 1) // stride
        columns = (width + stride - 1) // stride
        keys = (rows // reduction) * (columns // reduction)
        queries = rows * columns
        wanted = [queries, keys, 2 * queries * keys * channels]
        return [int(number) for number in answer(*arguments)] == wanted

    cases = [
        Case(
            "a map without reduction: as many keys as queries",
            lambda: list(answer(64, 64, 8, 32, 1))[:2] == [64, 64],
            "64 px at stride 8 are 8 positions a side",
        ),
        Case(
            "two products, each queries * keys * channels",
            lambda: int(answer(64, 64, 8, 32, 1)[2]) == 2 * 64 * 64 * 32,
            "scores are one product, the means of the values another",
        ),
        Case(
            "a reduction of 4 leaves a sixteenth of the keys",
            lambda: right(128, 256, 4, 32, 4),
            "the reduction merges R rows and R columns; all queries stay",
        ),
        Case(
            "sides that the stride does not divide are rounded up",
            lambda: right(100, 130, 8, 64, 1),
            "-(-side // stride) rounds up",
        ),
        Case(
            "rows and columns that fill no window are left out",
            lambda: right(124, 132, 4, 32, 8),
            "round the keys' rows and columns down, each by itself",
        ),
    ]
    return run_cases("attention_cost", cases)


def _ramps(rows: int, columns: int) -> Tensor:
    """An embedding whose two channels are the row and the column."""
    y, x = torch.meshgrid(
        (torch.arange(rows) + 0.5) / rows,
        (torch.arange(columns) + 0.5) / columns,
        indexing="ij",
    )
    return torch.stack([y.flatten(), x.flatten()], dim=1)[None]


def move_positions(answer: Answer) -> Result:
    """Check a position embedding on another grid.

    >>> bool(move_positions(lambda positions, old, new: positions))
    move_positions:
    ...
    False
    """
    draw = torch.Generator().manual_seed(0)
    learnt = torch.randn(1, 4 * 6, 5, generator=draw)

    def by_hand(new: tuple[int, int]) -> Tensor:
        picture = learnt.view(1, 4, 6, 5).permute(0, 3, 1, 2)
        moved = F.interpolate(picture, new, mode="bilinear")
        return moved.permute(0, 2, 3, 1).flatten(1, 2)

    def rows_stay_rows() -> bool:
        # inside, half the spacing: a straight line stays one
        found = answer(_ramps(8, 12), (8, 12), (16, 24))
        difference = (found - _ramps(16, 24)).view(16, 24, 2)
        return bool((difference[1:-1, 1:-1].abs() < 1e-5).all())

    cases = [
        Case(
            "one vector for each position of the new grid",
            lambda: (
                tuple(answer(learnt, (4, 6), (8, 9)).shape) == (1, 72, 5)
            ),
            "from [1, h * w, C] to a picture [1, C, h, w] and back",
        ),
        Case(
            "the same grid gives back the same embedding",
            lambda: _close(answer(learnt, (4, 6), (4, 6)), learnt),
            "undo what you did to make a picture of it",
        ),
        Case(
            "a channel that holds the row still does so on a larger grid",
            rows_stay_rows,
            "move the channels to the front before you make a picture: "
            "transpose, do not reshape",
        ),
        Case(
            "each channel is interpolated by itself",
            lambda: all(
                _close(answer(learnt, (4, 6), new), by_hand(new))
                for new in ((7, 11), (3, 2))
            ),
            'mode="bilinear", rows before columns in both grids',
        ),
    ]
    return run_cases("move_positions", cases)


def _costs(
    chances: Tensor, masks: Tensor, labels: Tensor, truths: Tensor
) -> Tensor:
    """Costs [Q, T], by broadcasting over [Q, T, P]."""
    mask, truth = masks[:, None], truths[None].float()
    both = mask.sum(2) + truth.sum(2)
    return 2 - chances[:, labels] - 2 * (mask * truth).sum(2) / both


def match(answer: Answer) -> Result:
    """Check the pairing of queries and truths.

    >>> bool(match(lambda chances, masks, labels, truths: [0, 1]))
    match:
    ...
    False
    """
    sides = torch.eye(4).repeat_interleave(3, dim=1)
    truths = sides[:3].bool()
    labels = torch.tensor([0, 1, 2])

    order = [2, 0, 3, 1]
    sure = 0.6 * torch.eye(4)[order] + 0.1
    shuffled = 0.8 * sides[order] + 0.1
    alike = torch.full((4, 12), 0.5)
    undecided = torch.full((4, 4), 0.25)
    # the favourite of both truths is query 0
    rivals = torch.tensor(
        [[0.5, 0.45, 0.05], [0.4, 0.05, 0.55], [0.1, 0.1, 0.8]]
    )

    def right(*case: Tensor) -> bool:
        found = [int(query) for query in answer(*case)]
        costs = _costs(*case)
        columns = range(costs.shape[1])
        ways = permutations(range(len(costs)), costs.shape[1])
        best = min(costs[list(way), columns].sum() for way in ways)
        unique = len(set(found)) == len(found) == costs.shape[1]
        return unique and bool(costs[found, columns].sum() < best + 1e-5)

    def drawn() -> bool:
        draw = torch.Generator().manual_seed(0)
        return all(
            right(
                torch.rand(5, 4, generator=draw).softmax(1),
                torch.rand(5, 12, generator=draw),
                torch.randint(0, 3, (3,), generator=draw),
                torch.rand(3, 12, generator=draw) < 0.5,
            )
            for _ in range(20)
        )

    cases = [
        Case(
            "sure queries get the truth that they found",
            lambda: (
                [int(q) for q in answer(sure, shuffled, labels, truths)]
                == [1, 3, 0]
            ),
            "for each truth, in order, the index of its query",
        ),
        Case(
            "masks alone decide where the classes cannot",
            lambda: right(undecided, shuffled, labels, truths),
            "add one minus the Dice of the two masks",
        ),
        Case(
            "classes alone decide where the masks cannot",
            lambda: right(sure, alike, labels, truths),
            "add one minus the probability of the truth's class",
        ),
        Case(
            "two truths with one favourite: the lowest total wins",
            lambda: right(rivals, alike[:3], labels[:2], truths[:2]),
            "neither the favourite of each truth nor the cheapest pair "
            "first: linear_sum_assignment over the whole table",
        ),
        Case("twenty random images", drawn, "compare with all pairings"),
    ]
    return run_cases("match", cases)
