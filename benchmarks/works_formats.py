"""What is measured of mask formats: run lengths and polygons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import skimage.draw
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from harness import Work
from seglab.data.formats import polygons
from seglab.data.formats.rle import (
    decode_coco,
    encode_coco,
    encode_columns_stack,
)

# as many bones as a hand's radiograph shows
COUNT, SIDE, POINTS = 29, 2048, 100
STACK = f"{COUNT} masks of {SIDE} x {SIDE}"


def outlines() -> list[NDArray[np.float64]]:
    """Wavy ellipses [N, 2] in pixels, each about 2 % of the picture."""
    rng = np.random.default_rng(0)
    turn = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    found = []
    for _ in range(COUNT):
        x, y, tilt = *rng.uniform(300, SIDE - 300, 2), rng.uniform(0, 3)
        bumps = 1 + 0.1 * np.sin(5 * turn + tilt)
        along, across = 250 * bumps * np.cos(turn), 90 * np.sin(turn)
        found.append(
            np.stack(
                [
                    x + along * np.cos(tilt) - across * np.sin(tilt),
                    y + along * np.sin(tilt) + across * np.cos(tilt),
                ],
                axis=1,
            )
        )
    return found


def masks() -> NDArray[np.bool_]:
    """The outlines filled, bool [K, H, W]."""
    return np.stack(
        [
            polygons.polygons_to_mask(
                [polygons.Polygon(ring)], (SIDE, SIDE)
            )
            for ring in outlines()
        ]
    )


def pairs_by_loop(mask: NDArray[np.bool_]) -> str:
    """What many notebooks do: a loop over the pixels of the mask."""
    runs: list[int] = []
    previous = -2
    for place in np.where(mask.T.flatten() == 1)[0]:
        if place > previous + 1:
            runs += [place + 1, 0]
        runs[-1] += 1
        previous = place
    return " ".join(str(number) for number in runs)


def pairs_by_diff(mask: NDArray[np.bool_]) -> str:
    """What the better notebooks do: differences of the flat mask."""
    pixels = np.concatenate([[0], mask.T.flatten(), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(number) for number in runs)


def pairs_by_diff_of_bytes(mask: NDArray[np.bool_]) -> str:
    """The same without turning the pixels into 64-bit integers."""
    pixels = np.pad(mask.T.flatten(), 1)
    runs = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs[1::2] -= runs[::2]
    return " ".join(map(str, runs.tolist()))


def in_pycocotools(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """pycocotools wants bytes in Fortran order."""
    found = coco_mask.encode(np.asfortranarray(mask.view(np.uint8)))
    return {"size": found["size"], "counts": found["counts"].decode()}


def each(
    function: Callable[[Any], Any], values: Any
) -> Callable[[], list[Any]]:
    """The function of every value."""
    return lambda: [function(value) for value in values]


def same(ours: Any, peer: Any) -> str:
    """Whether two lists are equal, or how many entries are not."""
    pairs = zip(ours, peer, strict=True)
    wrong = sum(not np.array_equal(one, other) for one, other in pairs)
    return "equal" if wrong == 0 else f"{wrong} of {len(ours)} differ"


def rle() -> Work:
    """Pairs of start and length, as competitions want them."""
    stack = masks()
    return Work(
        id="rle",
        work=f"{STACK} to pairs of start and length, down the columns",
        ours=lambda: encode_columns_stack(stack),
        peers={
            "a loop over the mask's pixels": each(pairs_by_loop, stack),
            "np.diff idiom of notebooks": each(pairs_by_diff, stack),
            "np.diff idiom on bytes": each(pairs_by_diff_of_bytes, stack),
        },
        compare=same,
        runs=3,
    )


def rle_coco() -> Work:
    """COCO's strings of masks in NumPy's usual order."""
    stack = masks()
    return Work(
        id="rle_coco",
        work=f"{STACK}, rows in order, to COCO's strings",
        ours=each(encode_coco, stack),
        peers={"pycocotools": each(in_pycocotools, stack)},
        compare=same,
        runs=5,
    )


def rle_coco_fortran() -> Work:
    """COCO's strings of masks in the order that pycocotools likes."""
    stack = [np.asfortranarray(mask) for mask in masks()]
    return Work(
        id="rle_coco_fortran",
        work=f"{STACK}, columns in order, to COCO's strings",
        ours=each(encode_coco, stack),
        peers={"pycocotools": each(in_pycocotools, stack)},
        compare=same,
    )


def rle_decode() -> Work:
    """COCO's strings back to masks."""
    coded = each(encode_coco, masks())()
    return Work(
        id="rle_decode",
        work=f"{STACK} from COCO's strings, to rows in order",
        ours=each(decode_coco, coded),
        peers={
            "pycocotools": each(
                lambda one: np.ascontiguousarray(coco_mask.decode(one)),
                coded,
            )
        },
        compare=same,
        runs=5,
    )


def rasterise() -> Work:
    """Polygons to masks."""
    rings = outlines()

    def ours(ring: NDArray[np.float64]) -> NDArray[np.bool_]:
        return polygons.polygons_to_mask(
            [polygons.Polygon(ring)], (SIDE, SIDE)
        )

    def in_opencv(ring: NDArray[np.float64]) -> NDArray[np.uint8]:
        # whole sixteenths of a pixel; its pixel centres are integers
        points = np.round((ring - 0.5) * 16).astype(np.int32)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        return cv2.fillPoly(mask, [points], 1, shift=4)

    def in_skimage(ring: NDArray[np.float64]) -> NDArray[np.bool_]:
        mask = np.zeros((SIDE, SIDE), bool)
        x, y = ring.T - 0.5
        mask[skimage.draw.polygon(y, x, mask.shape)] = True
        return mask

    def compare(ours: Any, peer: Any) -> str:
        more = less = area = 0
        for one, other in zip(ours, peer, strict=True):
            more += np.count_nonzero(other.astype(bool) & ~one)
            less += np.count_nonzero(one & ~other.astype(bool))
            area += np.count_nonzero(one)
        return f"of {area} pixels, the peer has {more} more and {less} less"

    return Work(
        id="rasterise",
        work=f"{COUNT} polygons of {POINTS} points to {STACK}",
        ours=each(ours, rings),
        peers={
            "cv2.fillPoly (fills the border too)": each(in_opencv, rings),
            "skimage.draw.polygon": each(in_skimage, rings),
        },
        compare=compare,
        runs=3,
    )


def mask_to_polygons() -> Work:
    """Masks to polygons."""
    stack = masks()

    def in_opencv(mask: NDArray[np.bool_]) -> int:
        found, _ = cv2.findContours(
            mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
        )
        return len(found)

    return Work(
        id="mask_to_polygons",
        work=f"{STACK} to polygons with holes",
        ours=each(lambda mask: len(polygons.mask_to_polygons(mask)), stack),
        peers={
            "cv2.findContours (through pixel centres)": each(
                in_opencv, stack
            )
        },
        compare=lambda ours, peer: (
            f"{sum(ours)} outlines, peer {sum(peer)}"
        ),
    )
