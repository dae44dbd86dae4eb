"""Train networks of every family on the torso of the chest CT.

    python recipes/architectures.py --measure    CPU seconds a step
    python recipes/architectures.py              every network, three seeds
    python recipes/architectures.py --models unet --seeds 0

Two budgets, so that two questions have an answer:

- ``steps``: every network takes the same number of steps;
- ``time``: every network takes as many steps as fit into the time that the
  U-Net needs for its own, by the CPU seconds a step on one thread that
  ``--measure`` found and wrote to
  ``recipes/results/architectures_seconds.json``. So a run on a busy machine
  gives the same figures.

All learn with AdamW, from random weights, and are scored with the weights
of the last step on held-out slabs of the same scan, which decide nothing.
The loss is cross-entropy weighted by 1 / sqrt(frequency), but for
Mask2Former, which has a loss of its own. The learning rate is the one of
1e-3, 3e-3 and 1e-2 with the lowest training loss after a hundred steps of
another seed (``--scan``; U-Net stands for the convolutional networks). A
run that was killed goes on from its last row.

Written are ``recipes/results/architectures.json`` (``NAME_BUDGET_FIGURE``:
``mean_iou``, ``boundary_iou`` and others, and ``NAME_parameters``) and
``recipes/architectures.log``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from seglab import losses, metrics, results, seed_everything
from seglab.data.chest import class_slices, slab_split
from seglab.files import replacing
from seglab.models import UNet, build, count_parameters
from seglab.models.hrnet import HRNETS, HRNet, HRNetBackbone
from seglab.models.mask2former import Mask2Former
from seglab.models.mix_transformer import MIX_TRANSFORMERS, MixTransformer
from seglab.models.segformer import SegFormer
from seglab.models.set_loss import SetLoss
from seglab.models.set_prediction import SetPrediction, semantic_targets
from seglab.models.setr import SETR
from seglab.models.small_resnet import SmallResNet
from seglab.models.vision_transformer import (
    VISION_TRANSFORMERS,
    VisionTransformer,
)
from seglab.train import fit

HERE = Path(__file__).parent
SECONDS = HERE / "results" / "architectures_seconds.json"
BATCH = 4
CLASSES = 9
COMMAND = "python recipes/architectures.py"


def on_small(name: str, **options: object) -> Callable[[], nn.Module]:
    """What makes a network on the small backbone."""
    return lambda: build(
        name, CLASSES, in_channels=1, backbone="small", **options
    )


class SetTrained(nn.Module):
    """Mask2Former, which shows all its predictions while it is trained."""

    def __init__(self, network: Mask2Former) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> list[SetPrediction] | Tensor:
        if self.training:
            return self.network.all_predictions(x)
        return self.network(x)


def make_hrnet() -> nn.Module:
    """The smallest HRNet."""
    backbone = HRNetBackbone(HRNETS["mini"], in_channels=1)
    return HRNet(backbone, CLASSES)


def make_segformer() -> nn.Module:
    """A SegFormer smaller than B0."""
    backbone = MixTransformer(MIX_TRANSFORMERS["mini"], in_channels=1)
    return SegFormer(backbone, CLASSES, width=64)


def make_setr() -> nn.Module:
    """A small plain transformer with progressive upsampling."""
    backbone = VisionTransformer(VISION_TRANSFORMERS["mini"], in_channels=1)
    return SETR(backbone, CLASSES, head="pup", width=64)


def make_mask2former() -> nn.Module:
    """Twelve queries for nine classes, on the small residual backbone."""
    network = Mask2Former(
        SmallResNet(1, output_stride=32),
        CLASSES,
        width=32,
        queries=12,
        layers=3,
        heads=4,
        inner=64,
    )
    return SetTrained(network)


# atrous rates for maps of 12 x 16: the paper's are for maps of 65 x 65
RATES = {"rates": (1, 2, 4), "channels": 64}
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "unet": lambda: UNet(1, CLASSES, widths=(8, 16, 32, 64, 128)),
    "fcn32s": on_small("fcn32s"),
    "fcn8s": on_small("fcn8s"),
    "fcn_dilated": on_small("fcn", output_stride=8),
    "deeplabv3": on_small("deeplabv3", output_stride=8, **RATES),
    "deeplabv3plus": on_small("deeplabv3plus", output_stride=8, **RATES),
    "pspnet": on_small("pspnet", output_stride=8),
    "hrnet": make_hrnet,
    "segformer": make_segformer,
    "setr": make_setr,
    "mask2former": make_mask2former,
}
RATE = 1e-2
RATES = {"setr": 3e-3, "mask2former": 3e-3}


@dataclass(frozen=True)
class Slabs:
    """Slices to train on, and held-out ones."""

    images: Tensor
    masks: Tensor
    test_images: Tensor
    test_masks: Tensor


def load_slabs() -> Slabs:
    """The torso's slices at 96 x 128, nine classes, split by slabs."""
    slices = class_slices()
    train, test = slab_split(slices.z)
    return Slabs(
        slices.images[train],
        slices.masks[train],
        slices.images[test],
        slices.masks[test],
    )


def predict(model: nn.Module, images: Tensor) -> Tensor:
    """Class maps [N, H, W]."""
    with torch.no_grad():
        return torch.cat([model(x).argmax(1) for x in images.split(16)])


def mean_boundary_iou(found: Tensor, truth: Tensor) -> float:
    """Mean over classes of the mean over slices that hold the class."""
    by_class = []
    for label in range(1, CLASSES):
        there = (truth == label).any(2).any(1)
        pairs = zip(
            found[there] == label, truth[there] == label, strict=True
        )
        by_class.append(
            np.mean([metrics.boundary_iou(*pair) for pair in pairs])
        )
    return float(np.mean(by_class))


def score(model: nn.Module, slabs: Slabs) -> dict[str, float]:
    """Figures on the held-out slices."""
    found = predict(model, slabs.test_images)
    matrix = metrics.confusion_matrix(found, slabs.test_masks, CLASSES)
    return {
        "mean_iou": metrics.mean_iou(matrix),
        "mean_dice": float(np.nanmean(metrics.dice(matrix)[1:])),
        "pixel_accuracy": metrics.pixel_accuracy(matrix),
        "boundary_iou": mean_boundary_iou(found, slabs.test_masks),
    }


def make_loss(name: str, slabs: Slabs) -> Callable[..., Tensor]:
    """Weighted cross-entropy, or Mask2Former's own loss."""
    if name == "mask2former":
        matched = SetLoss()
        return lambda predictions, masks: matched(
            predictions, semantic_targets(masks)
        )
    counts = losses.class_counts([slabs.masks], CLASSES)
    weights = losses.inverse_sqrt_frequency_weights(counts)
    return losses.CrossEntropyLoss(weight=weights)


def measure(slabs: Slabs, names: list[str]) -> None:
    """CPU seconds a step and an image on one thread, interleaved."""
    losses_of = {name: make_loss(name, slabs) for name in names}
    images, masks = slabs.images[:BATCH], slabs.masks[:BATCH]
    models = {name: NETWORKS[name]() for name in names}
    step_s: dict[str, list[float]] = {name: [] for name in names}
    image_s: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(12):
        for name, model in models.items():
            start = time.process_time()
            losses_of[name](model.train()(images), masks).backward()
            step_s[name].append(time.process_time() - start)
            model.eval()
            start = time.process_time()
            predict(model, images[:1])
            image_s[name].append(time.process_time() - start)
    found = {
        name: {
            "step": statistics.median(step_s[name][2:]),
            "image": statistics.median(image_s[name][2:]),
        }
        for name in names
    }
    before = read_seconds() if SECONDS.exists() else {}
    with replacing(SECONDS) as temporary:
        text = json.dumps(before | found, indent=1, sort_keys=True)
        temporary.write_text(text + "\n", "utf-8")
    print(text)


def scan(slabs: Slabs, names: list[str]) -> None:
    """The training loss after a hundred steps at each of three rates."""
    for name in names:
        for rate in (1e-3, 3e-3, 1e-2):
            seed_everything(9)
            history = fit(
                NETWORKS[name](),
                TensorDataset(slabs.images, slabs.masks),
                loss=make_loss(name, slabs),
                steps=100,
                batch_size=BATCH,
                learning_rate=rate,
                evaluate_every=20,
                seed=9,
            )
            last = history.rows[-1]["loss"]
            say(f"scan {name} learning rate {rate:g} loss {last:.3f}")


def read_seconds() -> dict[str, dict[str, float]]:
    """What ``measure`` wrote."""
    found: dict[str, dict[str, float]] = json.loads(
        SECONDS.read_text("utf-8")
    )
    return found


def steps_of(name: str, budget: str, steps: int) -> int:
    """How many steps a network takes."""
    if budget == "steps":
        return steps
    seconds = read_seconds()
    return round(steps * seconds["unet"]["step"] / seconds[name]["step"])


def run(
    name: str,
    budget: str,
    seed: int,
    slabs: Slabs,
    options: argparse.Namespace,
) -> dict[str, float]:
    """One run; the figures after its last step."""
    seed_everything(seed)
    model = NETWORKS[name]()
    steps = steps_of(name, budget, options.steps)
    history = fit(
        model,
        TensorDataset(slabs.images, slabs.masks),
        loss=make_loss(name, slabs),
        steps=steps,
        batch_size=BATCH,
        learning_rate=RATES.get(name, RATE),
        evaluate=lambda network: score(network, slabs),
        evaluate_every=max(1, steps // 4),
        folder=options.folder / f"{name}_{budget}_seed{seed}",
        seed=seed,
    )
    last = history.rows[-1]
    say(
        f"{name} {budget} seed {seed} steps {last['step']:.0f} "
        f"mean_iou {last['mean_iou']:.4f} "
        f"boundary_iou {last['boundary_iou']:.4f} "
        f"seconds {last['seconds']:.1f}"
    )
    return last


def write_results(
    runs: dict[tuple[str, str], list[dict[str, float]]], slices: int
) -> None:
    """The figures of every network and budget over its seeds."""
    found = {}
    figures = ("mean_iou", "mean_dice", "pixel_accuracy", "boundary_iou")
    for (name, budget), lasts in runs.items():
        common = {
            "n": slices,
            "command": COMMAND,
            "seconds": float(np.mean([row["seconds"] for row in lasts])),
        }
        for figure in figures:
            values = [row[figure] for row in lasts]
            found[f"{name}_{budget}_{figure}"] = {
                "value": float(np.mean(values)),
                "per_seed": values,
                **common,
            }
        size = count_parameters(NETWORKS[name]())
        found[f"{name}_parameters"] = {
            "value": size,
            "per_seed": [size] * len(lasts),
            **common,
        }
    results.write("architectures", found)


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "architectures.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def read_options() -> argparse.Namespace:
    """What the command line says."""
    names = list(NETWORKS)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=names, choices=names)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--budgets", nargs="+", default=["steps"],
        choices=["steps", "time"],
    )  # fmt: skip
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--scan", action="store_true")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/architectures")
    )
    return parser.parse_args()


def main() -> None:
    """Measure, scan, or train every network with every seed."""
    options = read_options()
    slabs = load_slabs()
    torch.set_num_threads(options.threads)
    if options.measure:
        measure(slabs, options.models)
        return
    if options.scan:
        scan(slabs, options.models)
        return
    runs: dict[tuple[str, str], list[dict[str, float]]] = {}
    for seed in options.seeds:
        for budget in options.budgets:
            for name in options.models:
                last = run(name, budget, seed, slabs, options)
                runs.setdefault((name, budget), []).append(last)
                write_results(runs, len(slabs.test_masks))


if __name__ == "__main__":
    main()
