"""Eight bits instead of 32: smaller files, and what they cost.

*Dynamic* quantisation stores weights in 8 bits and measures the range of
each feature map while it runs. *Static* quantisation measures ranges
before, on calibration images, and fixes them.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab import weights
from seglab.data.radiographs import load_radiographs
from seglab.deploy.segmenter import Segmenter
from seglab.deploy.session import OnnxModel
from seglab.extras import optional
from seglab.files import replacing
from seglab.metrics.overlap import binary_dice
from seglab.predict import WEIGHTS


def quantise_dynamic(source: str | Path, target: str | Path) -> Path:
    """An ONNX network with weights in 8 bits.

    Args:
        source: a float32 network.
        target: the file to write.

    Raises:
        ImportError: a library is missing; names the extra.
        FileNotFoundError: there is no such source.

    Convention:
        Weights are int8, one scale a channel; activations uint8, their
        range measured in each run. Convolutions become ``ConvInteger``;
        what has no 8-bit form (transposed convolutions) stays float32.

    Source:
        Jacob et al. 2018; onnxruntime's ``quantize_dynamic``.
    """
    tools = _tools(source)
    with _simplified(source) as simple, replacing(target) as temporary:
        tools.quantize_dynamic(
            simple,
            temporary,
            per_channel=True,
            weight_type=tools.QuantType.QInt8,
        )
    return Path(target)


def quantise_static(
    source: str | Path,
    target: str | Path,
    calibration: Iterable[NDArray[np.float32]],
) -> Path:
    """An ONNX network that computes in 8 bits.

    Args:
        source: a float32 network.
        target: the file to write.
        calibration: batches [N, C, H, W] of *training* images as the
            network sees them; a hundred images are plenty.

    Raises:
        ImportError: a library is missing; names the extra.
        FileNotFoundError: there is no such source.
        ValueError: there is no calibration image.

    Convention:
        Weights are int8, one scale a channel, activations uint8 from the
        smallest to the largest value seen. Weights use 7 of their 8 bits:
        on processors without VNNI two products are added in 16 bits,
        which would overflow.

    Source:
        Jacob et al. 2018; onnxruntime's ``quantize_static`` in QDQ form.
    """
    tools = _tools(source)
    batches = list(calibration)
    if not batches:
        raise ValueError(
            "calibration must hold one batch or more, got none"
        )
    name = OnnxModel(source).input_name
    with _simplified(source) as simple, replacing(target) as temporary:
        tools.quantize_static(
            simple,
            temporary,
            _reader(tools, name, batches),
            per_channel=True,
            reduce_range=True,
            activation_type=tools.QuantType.QUInt8,
            weight_type=tools.QuantType.QInt8,
        )
    return Path(target)


def calibration_images(
    segmenter: Segmenter, count: int = 64
) -> Iterator[NDArray[np.float32]]:
    """Simulated radiographs of the training part, as the network sees
    them: [1, 1, side, side] each.

    Args:
        segmenter: whose ``prepare`` is used.
        count: how many at most; evenly spread over the virtual patients.

    Raises:
        ValueError: a count below 1.
    """
    if count < 1:
        raise ValueError(f"count must be 1 or more, got {count}")
    films = load_radiographs()
    held_out = weights.entry(WEIGHTS).extra["held_out"]
    kept = np.flatnonzero(~np.isin(films.patient, held_out))
    places = np.linspace(0, len(kept) - 1, min(count, len(kept)))
    for index in kept[places.astype(int)]:
        yield segmenter.prepare(films.images[index])


@dataclass(frozen=True)
class Comparison:
    """A segmenter before and after a change, on the same images.

    Attributes:
        dice_before, dice_after: mean Dice over the images.
        seconds_before, seconds_after: median time of the network for one
            image; runs alternate.
    """

    dice_before: float
    dice_after: float
    seconds_before: float
    seconds_after: float

    @property
    def dice_change(self) -> float:
        """After minus before."""
        return self.dice_after - self.dice_before

    @property
    def speed_up(self) -> float:
        """Time before divided by time after."""
        return self.seconds_before / self.seconds_after


def compare(
    before: Segmenter,
    after: Segmenter,
    images: Sequence[NDArray[Any]],
    truth: Sequence[NDArray[np.bool_]],
    *,
    runs: int = 20,
) -> Comparison:
    """What a change costs in Dice and wins in time.

    Args:
        before, after: what is compared.
        images: grey [H, W] each, one or more; held out from training.
        truth: bool [H, W], one an image.
        runs: timed runs of each network, on the first images.

    Raises:
        ValueError: no image, another number of masks, or no run.

    >>> bright = Segmenter(lambda x: x - 0.5, side=4)
    >>> image = np.eye(4, dtype=np.uint8)
    >>> compare(bright, bright, [image], [image > 0]).dice_change
    0.0
    """
    if not len(images) or len(images) != len(truth) or runs < 1:
        raise ValueError(
            "images and truth must be as many, 1 or more, and runs 1 or "
            f"more, got {len(images)}, {len(truth)} and {runs}"
        )
    pair = (before, after)
    dice = [_mean_dice(one, images, truth) for one in pair]
    # the network alone: everything around it is the same
    inputs = [before.prepare(image) for image in images[:runs]]
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(runs):
        seen = inputs[run % len(inputs)]
        for one, taken in zip(pair, times, strict=True):
            start = time.perf_counter()
            one.network(seen)
            taken.append(time.perf_counter() - start)
    return Comparison(*dice, *map(statistics.median, times))


def _mean_dice(
    segmenter: Segmenter,
    images: Sequence[NDArray[Any]],
    truth: Sequence[NDArray[np.bool_]],
) -> float:
    scores = [
        binary_dice(segmenter(image).mask, mask)
        for image, mask in zip(images, truth, strict=True)
    ]
    return float(np.mean(scores))


def _tools(source: str | Path) -> Any:
    optional("onnx", "quantisation", "deploy")
    tools = optional("onnxruntime.quantization", "quantisation", "deploy")
    if not Path(source).is_file():
        raise FileNotFoundError(
            f"source must be an ONNX file, got {source}"
        )
    return tools


@contextlib.contextmanager
def _simplified(source: str | Path) -> Iterator[Path]:
    """The network with its shapes written out, in a file for a while."""
    from onnxruntime.quantization import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        simple = Path(folder) / "simple.onnx"
        # its own symbols do not know of steps such as 16 * height
        quant_pre_process(source, simple, skip_symbolic_shape=True)
        yield simple


def _reader(
    tools: Any, name: str, batches: Sequence[NDArray[np.float32]]
) -> Any:
    """The batches, in the form that onnxruntime asks for."""

    class Reader(tools.CalibrationDataReader):
        def __init__(self) -> None:
            self._left = iter(batches)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self._left, None)
            return None if batch is None else {name: batch}

    return Reader()
