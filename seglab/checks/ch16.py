"""Checkers for chapter 16, post-processing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import softmax
from torch.nn import functional as F

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]
Answer = Callable[..., Any]


def keep_parts(answer: Answer) -> Result:
    """Check the filter by rank and size."""
    lungs = _blocks((14, 20), [(1, 1, 6, 5), (1, 9, 5, 5), (10, 2, 2, 2)])
    corner = _blocks((9, 9), [(0, 0, 3, 3), (3, 3, 4, 4)])
    fits = partial(_agree, answer, _kept)
    return run_cases(
        "keep_parts",
        [
            Case(
                "the two largest of three parts stay",
                lambda: fits(lungs, (2, 0), (1, 0)),
                "number the parts, sort their sizes, leave out number 0",
            ),
            Case(
                "a part of exactly `least` pixels stays, a smaller goes",
                lambda: fits(lungs, (3, 25), (3, 26), (2, 30)),
                "both filters count: `most` and `least`",
            ),
            Case(
                "parts that touch at a corner are two",
                lambda: fits(corner, (1, 0), (2, 10)),
                "ndimage.label's own structure is the right one",
            ),
            Case(
                "none is large enough, or there is none: an empty mask",
                lambda: (
                    fits(lungs, (2, 99)) and fits(lungs & False, (2, 0))
                ),
                "the background is no part; a size can say none",
            ),
        ],
    )


def fill_small_holes(answer: Answer) -> Result:
    """Check the filling of small holes."""
    plate = _blocks((16, 22), [(1, 1, 13, 19)])
    plate[3:5, 3:5] = plate[7:11, 6:11] = False
    bays = np.ones((16, 22), bool)  # one opens to each side
    bays[:2, 4] = bays[-2:, 9] = bays[5, :3] = bays[8, -3:] = False
    leak = np.ones((7, 7), bool)
    leak[3, 3] = leak[2, 2] = leak[1, 1] = leak[0, 0] = False
    fits = partial(_agree, answer, _filled)
    return run_cases(
        "fill_small_holes",
        [
            Case(
                "the small hole is filled, the large one stays",
                lambda: fits(plate, (4,), (19,)),
                "label the background and count each part of it",
            ),
            Case(
                "a hole of exactly `most` pixels is filled",
                lambda: fits(plate, (20,), (3,)),
                "at most: <=",
            ),
            Case(
                "background that touches the rim is no hole",
                lambda: fits(bays, (4,)) and fits(plate, (999,)),
                "all four sides of the image",
            ),
            Case(
                "background leaks out through a corner",
                lambda: fits(leak, (1,), (9,)),
                "label the background with np.ones((3, 3))",
            ),
        ],
    )


def lesion_mask(answer: Answer) -> Result:
    """Check the order of resize, threshold and size filter."""
    noise = torch.Generator().manual_seed(3)
    rough = torch.randn((9, 12), generator=noise)
    spots = _blocks((16, 16), [(3, 3, 2, 2), (7, 8, 5, 5)])
    small = torch.from_numpy(2.0 * spots - 1).float()
    big = (64, 64)
    parts = torch.full((6, 6), -1.0)
    parts[1, 1] = parts[2, 2] = 0.9
    fits = partial(_agree, answer, _lesion)
    return run_cases(
        "lesion_mask",
        [
            Case(
                "outlines follow the interpolated logits",
                lambda: fits(rough, ((45, 72), 0, 1.0)),
                "enlarge the logits; the threshold comes after",
            ),
            Case(
                "a lesion is measured in mm², on the final grid",
                lambda: fits(small, *((big, a, 0.25) for a in (8, 30, 80))),
                "pixels of the part times pixel_mm2",
            ),
            Case(
                "corners do not connect, exactly least_mm2 stays",
                lambda: (
                    fits(parts, ((6, 6), 2, 1.0), ((6, 6), 1, 1.0))
                    and fits(parts - 9, ((12, 12), 0, 1.0))
                ),
                "ndimage.label as it is; less than least_mm2 goes",
            ),
        ],
    )


def crf_inputs(answer: Answer) -> Result:
    """Check what is handed to a dense CRF."""
    logits = np.random.default_rng(4).normal(0, 3, (3, 5, 7))
    grey = np.arange(35, dtype=np.uint8).reshape(5, 7)
    dark = np.zeros((5, 7), np.uint8)
    huge = np.zeros((2, 5, 7))
    huge[1] = 1000.0

    def chance(scores: Array) -> Array:
        return np.asarray(answer(scores.copy(), grey)[0])

    def width(image: Array) -> float:
        return float(answer(logits.copy(), image)[1])

    return run_cases(
        "crf_inputs",
        [
            Case(
                "the classes of each pixel sum to 1, as a softmax does",
                lambda: np.allclose(chance(logits), softmax(logits, 0)),
                "exponentials, over their sum along axis 0",
            ),
            Case(
                "a logit of 1,000 is sure, not NaN",
                lambda: np.allclose(chance(huge), softmax(huge, 0)),
                "subtract the maximum before np.exp",
            ),
            Case(
                "13 for grey values of 0 to 255, however dark",
                lambda: width(grey) == width(dark) == 13,
                "ask for the type of the image, not for its values",
            ),
            Case(
                "13 / 255 for an image in [0, 1], single precision too",
                lambda: np.allclose(
                    [width(grey / 255), width((grey / 255).astype("f4"))],
                    13 / 255,
                ),
                "the same share of the range",
            ),
        ],
    )


def honest_gain(answer: Answer) -> Result:
    """Check the choice on validation."""
    generator = np.random.default_rng(5)
    truth = np.zeros((6, 12, 12), bool)
    truth[:, 3:8, 4:9] = True
    noisy = truth | (generator.random(truth.shape) < 0.08)
    dots = truth & False
    dots[:, 2, 2:4] = dots[:, 8, 8] = True
    none = np.zeros((2, 12, 12), bool)
    alarm = none | (np.arange(12) == 5) & (np.arange(12) == 5)[:, None]
    clean, small = (truth, truth), (dots, dots)
    noisy_half = noisy[:3], truth[:3]
    with_none = np.append(noisy, alarm, 0), np.append(truth, none, 0)

    def fits(validation: Any, test: Any, settings: Any) -> bool:
        found = answer(_sized, settings, validation, test)
        wanted = _gain(_sized, settings, validation, test)
        return found[0] == wanted[0] and bool(
            np.isclose(found[1], wanted[1])
        )

    return run_cases(
        "honest_gain",
        [
            Case(
                "the setting is the best on validation",
                lambda: fits(noisy_half, (noisy, truth), (1, 5)),
                "the test set enters after the choice",
            ),
            Case(
                "a gain on test that is a loss is reported as one",
                lambda: fits((noisy, truth), small, (2, 4, 9, 30)),
                "the difference on test: after minus before",
            ),
            Case(
                "of equal settings the first is taken",
                lambda: fits((noisy, truth), (noisy, truth), (20, 12, 9)),
                "max() returns the first of equals",
            ),
            Case(
                "if nothing is better than no step: (None, 0.0)",
                lambda: (
                    fits(clean, (noisy, truth), (3, 9))
                    and fits(small, (noisy, truth), (3, 9))
                ),
                "compare with the masks as they are, on validation",
            ),
            Case(
                "two empty masks have a Dice of 1",
                lambda: fits(with_none, with_none, (2, 20)),
                "nothing to find and nothing found is right",
            ),
        ],
    )


def _agree(
    answer: Answer, reference: Answer, what: Any, *calls: Any
) -> bool:
    """Whether the answer gives the reference's bool mask in each call."""
    for call in calls:
        found = np.asarray(answer(copy.deepcopy(what), *call))
        if found.dtype != bool:
            return False
        if not np.array_equal(found, reference(what, *call)):
            return False
    return True


def _blocks(shape: tuple[int, int], boxes: Any) -> Array:
    mask = np.zeros(shape, bool)
    for row, column, height, width in boxes:
        mask[row : row + height, column : column + width] = True
    return mask


def _kept(mask: Array, most: int, least: float) -> Array:
    numbers, count = ndimage.label(mask)
    parts = [numbers == n for n in range(1, count + 1)]
    parts.sort(key=np.count_nonzero, reverse=True)
    large = [part for part in parts[:most] if part.sum() >= least]
    return np.any([mask & False, *large], axis=0)


def _filled(mask: Array, most: int) -> Array:
    numbers, count = ndimage.label(np.pad(~mask, 1), np.ones((3, 3)))
    inner = numbers[1:-1, 1:-1]
    rim = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    filled = mask.copy()
    for number in range(1, count + 1):
        hole = inner == number
        if number not in rim and hole.sum() <= most:
            filled |= hole
    return filled


def _lesion(
    logits: torch.Tensor, size: tuple[int, int], least: float, pixel: float
) -> Array:
    large = F.interpolate(
        logits[None, None], size, mode="bilinear", align_corners=False
    )
    found = large[0, 0].numpy() > 0
    return _kept(found, found.size, least / pixel)


def _sized(mask: Array, least: int) -> Array:
    return _kept(mask, mask.size, least)


def _mean_dice(masks: Any, truths: Any) -> float:
    scores = []
    for mask, truth in zip(masks, truths, strict=True):
        total = mask.sum() + truth.sum()
        scores.append(2 * (mask & truth).sum() / total if total else 1.0)
    return float(np.mean(scores))


def _gain(
    step: Answer, settings: Any, validation: Any, test: Any
) -> tuple[Any, float]:
    def after(part: Any, setting: Any) -> float:
        return _mean_dice([step(m, setting) for m in part[0]], part[1])

    on_validation = [after(validation, setting) for setting in settings]
    if max(on_validation) <= _mean_dice(*validation):
        return None, 0.0
    best = settings[int(np.argmax(on_validation))]
    return best, after(test, best) - _mean_dice(*test)
