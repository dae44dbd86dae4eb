"""What is measured of the committed network once it is deployed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness import Work
from seglab import weights
from seglab.data.radiographs import load_radiographs
from seglab.deploy.quantise import (
    calibration_images,
    compare,
    quantise_dynamic,
    quantise_static,
)
from seglab.deploy.segmenter import Segmenter, lungs_onnx
from seglab.deploy.session import OnnxModel

NAME = "lungs_unet"


def onnx() -> Work:
    """onnxruntime on one thread beside eager PyTorch."""
    network = weights.load_model(NAME)
    model = OnnxModel(lungs_onnx(), threads=1)
    images = np.random.default_rng(0).random((4, 1, 128, 128), np.float32)

    def eager() -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(images)).numpy()

    def eager_on_one_thread() -> np.ndarray:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return eager()
        finally:
            torch.set_num_threads(threads)

    return Work(
        id="onnx",
        work="the lungs U-Net in onnxruntime, 4 x 1 x 128 x 128, 1 thread",
        ours=lambda: model(images),
        peers={
            "eager PyTorch": eager,
            "eager PyTorch, one thread": eager_on_one_thread,
        },
        compare=lambda ours, peer: (
            f"logits differ by at most {np.abs(ours - peer).max():.0e}"
        ),
        runs=15,
    )


def int8() -> Work:
    """Static int8 beside float32 and dynamic int8, with Dice."""
    folder = Path(tempfile.mkdtemp())
    single = lungs_onnx()
    side = weights.entry(NAME).extra["size"]
    before = Segmenter(OnnxModel(single), side=side)
    seen = calibration_images(before)
    files = {
        "ours": quantise_static(single, folder / "static.onnx", seen),
        "float32": single,
        "int8, dynamic": quantise_dynamic(single, folder / "dynamic.onnx"),
    }
    sizes = {name: file.stat().st_size for name, file in files.items()}
    models = {
        name: OnnxModel(file, threads=1) for name, file in files.items()
    }
    dice = {
        name: compare(
            before, Segmenter(model, side=side), *_held_out(), runs=1
        ).dice_after
        for name, model in models.items()
    }
    images = np.random.default_rng(0).random((4, 1, 128, 128), np.float32)

    def run(name: str) -> str:
        models[name](images)
        return name

    def say(_: Any, peer: Any) -> str:
        return (
            f"Dice {dice['ours']:.4f}, peer {dice[peer]:.4f}; "
            f"{sizes['ours'] / 2**20:.2f} MiB, "
            f"peer {sizes[peer] / 2**20:.2f} MiB"
        )

    return Work(
        id="int8",
        work="the lungs U-Net in static int8, 4 x 1 x 128 x 128, 1 thread",
        ours=lambda: run("ours"),
        peers={
            name: lambda name=name: run(name)
            for name in files
            if name != "ours"
        },
        compare=say,
        runs=15,
    )


def _held_out() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Radiographs of held-out virtual patients, and their lungs."""
    films = load_radiographs()
    held_out = weights.entry(NAME).extra["held_out"]
    places = np.flatnonzero(np.isin(films.patient, held_out))
    truth = films.mask("lungs_above_diaphragm")
    return list(films.images[places]), list(truth[places])
