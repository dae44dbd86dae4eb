"""Train one network on the rare organs of the chest CT with many losses.

    python recipes/imbalance.py                         everything
    python recipes/imbalance.py --methods ce dice --seeds 0

Each run is the same U-Net, the same number of steps and of pixels a step,
the same learning rate; only the loss differs, or, for ``sampling``, which
pixels are shown, or, for ``ce_4x``, the number of steps. Runs are scored on
held-out slabs of the same scan, which decide nothing: the weights of the
last step are taken. A run that was killed goes on from its last row; delete
``runs/imbalance`` to start anew.

Written are ``recipes/results/imbalance.json`` (``METHOD_dice_CLASS``,
``METHOD_mean_dice`` of the eight structures, ``METHOD_mean_iou``,
``METHOD_pixel_accuracy``), all rows of all runs in
``recipes/results/imbalance_curves.csv``, and ``recipes/imbalance.log``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, TensorDataset

from seglab import losses, metrics, results, seed_everything
from seglab.data.chest import class_slices, slab_split
from seglab.data.sampling import ClassBalancedPatches
from seglab.models import UNet
from seglab.train import fit

HERE = Path(__file__).parent
CURVES = HERE / "results" / "imbalance_curves.csv"
WIDTHS = (8, 16, 32, 64, 128)
BATCH = 4
PATCH = (48, 64)  # a quarter of a slice: four times as many to a step
BOUNDARY_WEIGHT = 0.02
PATIENCE = {"ce_4x": 4}  # how many times as many steps

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Slabs:
    """Slices to train on, and held-out ones."""

    images: Tensor
    masks: Tensor
    test_images: Tensor
    test_masks: Tensor
    names: tuple[str, ...]


def load_slabs() -> Slabs:
    """The torso's slices at 96 x 128, nine classes, split by slabs."""
    slices = class_slices()
    train, test = slab_split(slices.z)
    return Slabs(
        slices.images[train],
        slices.masks[train],
        slices.images[test],
        slices.masks[test],
        slices.names,
    )


def make_losses(slabs: Slabs) -> dict[str, Loss]:
    """Every loss by name; class weights come from the training slices."""
    counts = losses.class_counts([slabs.masks], len(slabs.names))

    def weighted(weights: Tensor) -> Loss:
        return losses.CrossEntropyLoss(weight=weights)

    def summed(*parts: tuple[Loss, float]) -> Loss:
        used, weights = zip(*parts, strict=True)
        return partial(losses.weighted_sum, losses=used, weights=weights)

    cross_entropy = losses.cross_entropy
    return {
        "ce": cross_entropy,
        "ce_sqrt": weighted(losses.inverse_sqrt_frequency_weights(counts)),
        "ce_inverse": weighted(losses.inverse_frequency_weights(counts)),
        "ce_effective": weighted(losses.effective_number_weights(counts)),
        "focal": losses.focal_loss,
        "ohem": losses.ohem_cross_entropy,
        "dice": losses.dice_loss,
        "generalised_dice": losses.generalised_dice_loss,
        "tversky": losses.tversky_loss,
        "focal_tversky": losses.focal_tversky_loss,
        "lovasz": losses.lovasz_softmax,
        "ce_dice": losses.cross_entropy_dice,
        "ce_lovasz": summed(
            (cross_entropy, 1.0), (losses.lovasz_softmax, 1.0)
        ),
        "ce_dice_boundary": summed(
            (losses.cross_entropy_dice, 1.0),
            (losses.boundary_loss, BOUNDARY_WEIGHT),
        ),
        "sampling": cross_entropy,
        "ce_4x": cross_entropy,
    }


def make_train_set(
    method: str, slabs: Slabs
) -> tuple[Dataset[tuple[Tensor, ...]], int]:
    """The training set of a method, and how many of its items a step."""
    if method == "sampling":
        patches = ClassBalancedPatches(
            slabs.images,
            slabs.masks,
            size=PATCH,
            class_weights=[1.0] * len(slabs.names),
        )
        return patches, 4 * BATCH
    return TensorDataset(slabs.images, slabs.masks), BATCH


def score(model: nn.Module, slabs: Slabs) -> dict[str, float]:
    """Figures on the held-out slices, pooled over them."""
    place = next(model.parameters()).device
    with torch.no_grad():
        found = torch.cat(
            [
                model(images.to(place)).argmax(1).cpu()
                for images in slabs.test_images.split(16)
            ]
        )
    matrix = metrics.confusion_matrix(
        found, slabs.test_masks, len(slabs.names)
    )
    dice = metrics.dice(matrix)
    by_class = {
        f"dice_{name}": float(value)
        for name, value in zip(slabs.names, dice, strict=True)
    }
    return {
        "pixel_accuracy": metrics.pixel_accuracy(matrix),
        "mean_iou": metrics.mean_iou(matrix),
        # background left out: it is 0.97 or more whatever one does
        "mean_dice": float(np.nanmean(dice[1:])),
        **by_class,
    }


def run(
    method: str, seed: int, slabs: Slabs, options: argparse.Namespace
) -> list[dict[str, float]]:
    """One run; its rows, the last of them the result."""
    seed_everything(seed)
    model = UNet(1, len(slabs.names), widths=WIDTHS).to(
        memory_format=torch.channels_last
    )
    train_set, batch_size = make_train_set(method, slabs)
    steps = PATIENCE.get(method, 1) * options.steps
    history = fit(
        model,
        train_set,
        loss=make_losses(slabs)[method],
        steps=steps,
        batch_size=batch_size,
        learning_rate=options.learning_rate,
        evaluate=lambda network: score(network, slabs),
        evaluate_every=max(1, steps // 8),
        folder=options.folder / f"{method}_seed{seed}",
        seed=seed,
    )
    last = history.rows[-1]
    say(
        f"{method} seed {seed} steps {last['step']:.0f} "
        f"mean_dice {last['mean_dice']:.4f} "
        f"mean_iou {last['mean_iou']:.4f} "
        f"pixel_accuracy {last['pixel_accuracy']:.4f} "
        f"oesophagus {last['dice_oesophagus']:.4f} "
        f"seconds {last['seconds']:.1f}"
    )
    return history.rows


def write_results(
    runs: dict[tuple[str, int], list[dict[str, float]]], slices: int
) -> None:
    """The figures of every method over its seeds."""
    found = {}
    for method in dict.fromkeys(method for method, _ in runs):
        lasts = [rows[-1] for (of, _), rows in runs.items() if of == method]
        for name in lasts[0]:
            if not name.startswith(("dice_", "mean_", "pixel_")):
                continue
            values = [last[name] for last in lasts]
            found[f"{method}_{name}"] = {
                "value": float(np.mean(values)),
                "per_seed": values,
                "n": slices,
                "command": "python recipes/imbalance.py",
                "seconds": float(np.mean([r["seconds"] for r in lasts])),
            }
    results.write("imbalance", found)


def write_curves(
    runs: dict[tuple[str, int], list[dict[str, float]]],
) -> None:
    """Every row of every run; rows of runs not made now stay."""
    kept = []
    if CURVES.exists():
        with CURVES.open(newline="", encoding="utf-8") as file:
            kept = [
                row
                for row in csv.DictReader(file)
                if (row["method"], int(row["seed"])) not in runs
            ]
    new = [
        {"method": method, "seed": seed}
        | {name: f"{value:.6g}" for name, value in row.items()}
        for (method, seed), rows in runs.items()
        for row in rows
    ]
    part = CURVES.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(new[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *new])
    part.replace(CURVES)


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "imbalance.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def read_options(methods: list[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--methods", nargs="+", default=methods, choices=methods
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--learning-rate", type=float, default=1e-2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/imbalance")
    )
    return parser.parse_args()


def main() -> None:
    """Train every method with every seed, and write what came of it."""
    slabs = load_slabs()
    options = read_options(list(make_losses(slabs)))
    torch.set_num_threads(options.threads)
    runs = {
        (method, seed): run(method, seed, slabs, options)
        for seed in options.seeds
        for method in options.methods
    }
    write_curves(runs)
    write_results(runs, len(slabs.test_masks))


if __name__ == "__main__":
    main()
