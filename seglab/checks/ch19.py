"""Checkers for chapter 19, deployment."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]


def _film() -> Array:
    """A grey image of 8 bits that does not reach 0 or 255."""
    rows, columns = np.mgrid[:40, :50]
    return (20 + 3 * rows + columns).astype(np.uint8)


def to_input(answer: Callable[..., Any]) -> Result:
    """Check scaling by the image's own percentiles."""

    def close(image: Array) -> bool:
        low, high = np.percentile(image.astype(float), (1, 99))
        wanted = np.clip((image.astype(float) - low) / (high - low), 0, 1)
        return bool(np.allclose(answer(image.copy()), wanted, atol=1e-4))

    def all_depths_unchanged() -> bool:
        deep, real = _film().astype(np.uint16) * 257, _film() / 255
        before = real.copy()
        answer(real)
        return close(deep) and close(real) and (real == before).all()

    def with_letter() -> bool:
        image = _film()
        image[:3, :3] = 255
        return close(image)

    def flat() -> bool:
        found = np.asarray(answer(np.full((8, 9), 7, np.uint8)))
        return found.shape == (8, 9) and bool((found == 0).all())

    return run_cases(
        "to_input",
        [
            Case(
                "the percentiles become 0 and 1, as float32",
                lambda: (
                    close(_film()) and answer(_film()).dtype == np.float32
                ),
                "np.percentile(image, (1, 99)), clip, then convert",
            ),
            Case(
                "16 bits and floats give the same, and stay as they are",
                all_depths_unchanged,
                "no constant such as 255, and no -= on what was passed",
            ),
            Case(
                "a darker film gives the same picture",
                lambda: close(_film() // 3),
                "no type's largest value tells the exposure",
            ),
            Case(
                "a glaring letter changes nothing",
                with_letter,
                "take percentiles, not the smallest and largest value",
            ),
            Case(
                "an image of one value becomes zeros",
                flat,
                "the two percentiles are equal then: do not divide",
            ),
        ],
    )


def run_padded(answer: Callable[..., Any]) -> Result:
    """Check padding to sizes that a network takes."""

    def run(
        shape: tuple[int, int], step: int
    ) -> tuple[Array, Array, list[Array]]:
        rng = np.random.default_rng(sum(shape))
        image = rng.random(shape).astype(np.float32)
        fed: list[Array] = []

        def network(x: Array) -> Array:
            fed.append(np.array(x))
            return x * 2 + 1

        return image, np.asarray(answer(network, image, step)), fed

    def right_output(shape: tuple[int, int]) -> bool:
        image, found, _ = run(shape, 16)
        return found.shape == shape and np.allclose(found, image * 2 + 1)

    def right_shape(shape: tuple[int, int], *wanted: int) -> bool:
        _, _, fed = run(shape, 16)
        return [x.shape for x in fed] == [(1, 1, *wanted)]

    def repeats_edge() -> bool:
        image, _, fed = run((37, 50), 8)
        padded = np.pad(image, ((0, 3), (0, 6)), mode="edge")
        return bool(np.allclose(fed[0][0, 0], padded))

    return run_cases(
        "run_padded",
        [
            Case(
                "a size is fed as [1, 1, H, W] at the next multiple",
                lambda: (
                    right_shape((32, 48), 32, 48)
                    and right_shape((37, 50), 48, 64)
                ),
                "round up; a side that is a multiple stays",
            ),
            Case(
                "a tiny image is fed at two steps",
                lambda: right_shape((5, 40), 32, 48),
                "no side may be below 2 * step",
            ),
            Case(
                "the output has the image's size and its pixels",
                lambda: right_output((37, 50)) and right_output((5, 40)),
                "crop the output where the image was placed",
            ),
            Case(
                "the last row and column are repeated",
                repeats_edge,
                "np.pad with mode='edge', at the bottom and the right",
            ),
        ],
    )


def quantise_values(answer: Callable[..., Any]) -> Result:
    """Check the codes of an array in eight bits."""
    rng = np.random.default_rng(0)
    arrays = {
        "mixed": rng.normal(0.3, 2, 500),
        "positive": rng.uniform(3, 9, 500),
        "negative": rng.uniform(-9, -3, 500),
    }

    def parts(name: str) -> tuple[Array, float, Any]:
        codes, scale, zero_point = answer(arrays[name].copy())
        return np.asarray(codes), float(scale), zero_point

    def close(name: str) -> bool:
        codes, scale, zero_point = parts(name)
        back = scale * (codes.astype(float) - zero_point)
        # both ends may lose as much again, as the zero point is whole
        worst = np.abs(back - arrays[name]).max()
        whole = codes.dtype == np.uint8 and zero_point == int(zero_point)
        return bool(whole and worst <= 1.01 * scale)

    def fine(name: str) -> bool:
        step = np.ptp(np.append(arrays[name], 0)) / 255
        return math.isclose(parts(name)[1], step, rel_tol=0.01)

    def zero_is_exact() -> bool:
        for name in arrays:
            values = np.append(arrays[name], 0.0)
            codes, _, zero_point = answer(values)
            if int(codes[-1]) != zero_point or not 0 <= zero_point <= 255:
                return False
        return True

    def zeros() -> bool:
        codes, *rest = answer(np.zeros((2, 3)))
        empty = np.shape(codes) == (2, 3) and not np.any(codes)
        return empty and rest == [1, 0]

    return run_cases(
        "quantise_values",
        [
            Case(
                "values come back within a step, from whole numbers",
                lambda: all(close(name) for name in arrays),
                "x = scale * (code - zero_point); clip before astype",
            ),
            Case(
                "zero has a code of its own",
                zero_is_exact,
                "widen the range to hold 0, and round the zero point",
            ),
            Case(
                "the scale wastes none of the 255 steps",
                lambda: all(fine(name) for name in arrays),
                "the range (with 0) over 255",
            ),
            Case(
                "all zeros give scale 1 and zero point 0",
                zeros,
                "the range is empty then: do not divide by it",
            ),
        ],
    )


def left_to_do(answer: Callable[..., Any]) -> Result:
    """Check what a killed job has still to do."""

    def line(name: str, error: str | None = None) -> bytes:
        return json.dumps({"file": name, "error": error}).encode() + b"\n"

    names = ["d.png", "a.png", "c.png", "b.png"]

    def gives(results: bytes, wanted: list[str]) -> bool:
        return list(answer(list(names), results)) == wanted

    two, after_two = line("a.png") + line("c.png"), ["b.png", "d.png"]
    return run_cases(
        "left_to_do",
        [
            Case(
                "without results, everything is left",
                lambda: gives(b"", sorted(names)),
                "no line is no row; sort the names",
            ),
            Case(
                "whole rows are done, also those with an error",
                lambda: gives(two + line("b.png", "damaged"), ["d.png"]),
                "the key 'file' of every line; do not look at the error",
            ),
            Case(
                "a torn row is not done and stops nothing",
                lambda: (
                    gives(two + b'{"file": "b.p', after_two)
                    and gives(two + b'{"file": "\xc3', after_two)
                ),
                "split the bytes, leave out what follows the last newline",
            ),
            Case(
                "not even if the torn row can be read",
                lambda: gives(two + b'{"file": "b.png"}', after_two),
                "the newline is written last: it is the proof",
            ),
        ],
    )


def stability(answer: Callable[..., Any]) -> Result:
    """Check a population stability index over given cuts."""
    rng = np.random.default_rng(1)
    known, other = rng.normal(size=200), rng.normal(0.8, 1, 90)
    edges = np.array([-1.0, -0.2, 0.4, 1.1])

    def wanted(reference: Array, window: Array) -> float:
        total = 0.0
        bins = len(edges) + 1
        for low, high in pairwise([-math.inf, *edges, math.inf]):
            p, q = (
                (0.5 + sum(low <= v < high for v in x))
                / (len(x) + bins / 2)
                for x in (reference, window)
            )
            total += (q - p) * math.log(q / p)
        return total

    def right(reference: Array, window: Array) -> bool:
        found = float(answer(reference, window, edges))
        return math.isclose(found, wanted(reference, window), rel_tol=1e-6)

    on_cuts = np.repeat(edges, [5, 1, 7, 2])
    return run_cases(
        "stability",
        [
            Case(
                "a window equal to the reference gives 0",
                lambda: abs(float(answer(known, known, edges))) < 1e-9,
                "the same shares on both sides: every term is 0",
            ),
            Case(
                "a shifted window gives the index",
                lambda: right(known, other) and right(other, known),
                "sum (q - p) * ln(q / p), natural logarithm, over shares",
            ),
            Case(
                "values beyond the outer cuts count",
                lambda: right(known, known + 9) and right(known, known - 9),
                "the first and the last bin have no end",
            ),
            Case(
                "an empty bin gets half a value on its count",
                lambda: right(known, np.full(30, 0.1)),
                "add 0.5 to each count, then divide by the new total",
            ),
            Case(
                "a value equal to a cut belongs to the bin above",
                lambda: right(known, on_cuts),
                "np.searchsorted(edges, values, side='right')",
            ),
        ],
    )
