"""Train the entries of the bones competition, fold by fold.

    python recipes/bones.py                             everything
    python recipes/bones.py --entries unet --folds 0

Three folds of the training pictures, split by virtual patient. The entries
change one thing at a time:

- ``baseline``: torchvision's FCN-ResNet50, its head replaced, binary
  cross-entropy; weights start at random, because none can be had offline;
- ``unet``: a small U-Net in its place, about the same computing time;
- ``dice``: a Dice loss for each class beside the cross-entropy;
- ``augment``: as ``dice``, with other positions and exposures;
- ``metadata``: as ``dice``, with three more input planes, from the table
  beside the pictures.

Then, without training, on the models of ``dice``: ``flips`` (the mirror
image counted in, sides named anew), ``thresholds`` (one for each class,
chosen on the fold's validation pictures) and ``ensemble`` (probabilities
of all folds averaged, thresholds too).

The test pictures decide nothing. A run that was killed goes on from its
last row; delete ``runs/bones`` to start anew. Written are
``recipes/results/bones.json`` (``ENTRY`` is the mean Dice over classes and
test pictures, ``ENTRY_validation`` and ``ENTRY_CLASS`` go with it), the
three files ``seglab/weights/bones_fold*.safetensors`` and
``recipes/bones.log``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GroupKFold
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset
from torchvision.models.segmentation import fcn_resnet50

from seglab import losses, results, seed_everything, weights
from seglab.data import competition, competition_files
from seglab.data.augment import RadiographAugment
from seglab.data.formats.rle import decode_columns
from seglab.inference.thresholds import threshold_curve
from seglab.inference.views import flip_columns
from seglab.models import UNet
from seglab.predict import resize
from seglab.train import fit

HERE = Path(__file__).parent
NAMES = competition.CLASS_NAMES
SIZE = 96
FOLDS = 3
BATCH = 3
WIDTHS = [16, 32, 64, 96, 128]
TRAINED = ("baseline", "unet", "dice", "augment", "metadata")
FINAL = "dice"  # whose models go into flips, thresholds, ensemble
THRESHOLDS = tuple(np.linspace(0.2, 0.8, 13))
METADATA = ("chest_height", "chest_width", "distance_mm")
# less than its defaults: virtual patients stand at all angles already
AUGMENT = RadiographAugment(degrees=5, shift=0.04, zoom=(0.93, 1.07))
# a class's mirror image is the same class of the other side
OTHER_SIDE = {"left": "right", "right": "left"}
MIRROR = flip_columns(
    [
        NAMES.index(
            "_".join(OTHER_SIDE.get(word, word) for word in name.split("_"))
        )
        for name in NAMES
    ]
)


class FCN(nn.Module):
    """torchvision's FCN-ResNet50 for grey pictures and 27 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.network = fcn_resnet50(weights=None, weights_backbone=None)
        last = self.network.classifier[-1]
        self.network.classifier[-1] = nn.Conv2d(
            last.in_channels, len(NAMES), 1
        )

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.network(images.expand(-1, 3, -1, -1))["out"]
        return out


@dataclass(frozen=True)
class Pictures:
    """Pictures with masks, and what the table says about them."""

    images: Tensor  # float32 [N, 1, SIZE, SIZE]
    masks: np.ndarray  # bool [N, K, H, W], of the full size
    metadata: Tensor  # float32 [N, 3], standardised
    patient: np.ndarray  # str [N]

    def inputs(self, entry: str) -> Tensor:
        """What the network of an entry sees: [N, C, SIZE, SIZE]."""
        if entry != "metadata":
            return self.images
        planes = self.metadata[:, :, None, None].expand(-1, -1, SIZE, SIZE)
        return torch.cat([self.images, planes], 1)

    def part(self, which: np.ndarray) -> Pictures:
        """Some of the pictures."""
        return Pictures(
            self.images[which],
            self.masks[which],
            self.metadata[which],
            self.patient[which],
        )


@dataclass
class Entry:
    """What an entry reached on the test pictures, fold by fold."""

    dice: list[np.ndarray] = field(default_factory=list)  # each [N, K]
    validation: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def load_pictures() -> tuple[Pictures, Pictures]:
    """The training pictures, and the test pictures with their solution."""
    with tempfile.TemporaryDirectory() as folder:
        competition_files.write_competition(folder)
        train = competition.read_training_part(folder)
        test = competition.read_test_part(folder)
        solution = pd.read_csv(Path(folder) / "solution.csv")
    shape = test.images.shape[1:]
    truth = np.stack([decode_columns(r, shape) for r in solution["rle"]])
    truth = truth.reshape(len(test), len(NAMES), *shape)
    known = train.about[list(METADATA)]
    return (
        _pictures(train.images, train.masks, train.about, known),
        _pictures(test.images, truth, test.about, known),
    )


def _pictures(
    images: np.ndarray,
    masks: np.ndarray,
    about: pd.DataFrame,
    known: pd.DataFrame,
) -> Pictures:
    scaled = torch.from_numpy(images[:, None].astype(np.float32) / 255)
    metadata = (about[list(METADATA)] - known.mean()) / known.std()
    return Pictures(
        resize(scaled, (SIZE, SIZE)),
        masks,
        torch.tensor(metadata.to_numpy(np.float32)),
        about["patient"].to_numpy(),
    )


def make_model(entry: str) -> nn.Module:
    """The untrained network of an entry."""
    if entry == "baseline":
        return FCN()
    channels = 1 + len(METADATA) * (entry == "metadata")
    return UNet(channels, len(NAMES), widths=WIDTHS)


def train(
    entry: str, fold: int, pictures: Pictures, options: argparse.Namespace
) -> tuple[nn.Module, float]:
    """One entry on one fold's training part; the model and its seconds."""
    seed_everything(fold)
    model = make_model(entry).to(memory_format=torch.channels_last)
    full = torch.from_numpy(pictures.masks).float()
    # soft at the rims: at 96 px a rib is three pixels wide
    masks = resize(full, (SIZE, SIZE)).clamp(0, 1)
    history = fit(
        model,
        TensorDataset(pictures.inputs(entry), masks),
        loss=(
            losses.binary_cross_entropy
            if entry in ("baseline", "unet")
            else losses.binary_cross_entropy_dice
        ),
        steps=(
            options.baseline_steps if entry == "baseline" else options.steps
        ),
        batch_size=BATCH,
        learning_rate=1e-3 if entry == "baseline" else 1e-2,
        warmup=0.1,
        evaluate_every=100 if entry != "baseline" else 26,
        folder=options.folder / f"{entry}_fold{fold}",
        seed=fold,
        augment=AUGMENT if entry == "augment" else None,
        report=lambda row: print(
            entry,
            fold,
            {k: round(v, 4) for k, v in row.items()},
            flush=True,
        ),
    )
    return model, history.rows[-1]["seconds"]


def probabilities(model: nn.Module, inputs: Tensor, size: int) -> Tensor:
    """float32 [N, K, size, size]; resized before any threshold."""
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(x) for x in inputs.split(6)])
    return F.interpolate(logits, (size, size), mode="bilinear").sigmoid()


def with_mirror_image(
    model: nn.Module, images: Tensor, size: int
) -> Tensor:
    """The mean of a picture's probabilities and of its mirror image's."""
    seen = probabilities(model, images, size)
    mirrored = probabilities(model, MIRROR.change(images), size)
    return (seen + MIRROR.undo(mirrored, (size, size))) / 2


def dice_table(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Dice of every picture and class; no class is absent: [N, K]."""
    both = (found & truth).sum((2, 3))
    return 2 * both / (found.sum((2, 3)) + truth.sum((2, 3)))


def run_entry(
    entry: str,
    parts: list[tuple[Pictures, Pictures]],
    test: Pictures,
    options: argparse.Namespace,
) -> tuple[Entry, list[nn.Module]]:
    """Train an entry on every fold and score it on the test pictures."""
    reached, models = Entry(), []
    for fold in options.folds:
        kept, apart = parts[fold]
        model, seconds = train(entry, fold, kept, options)
        side = test.masks.shape[-1]
        chance = probabilities(model, apart.inputs(entry), side).numpy()
        validation = dice_table(chance > 0.5, apart.masks).mean()
        chance = probabilities(model, test.inputs(entry), side).numpy()
        reached.dice.append(dice_table(chance > 0.5, test.masks))
        reached.validation.append(float(validation))
        reached.seconds.append(seconds)
        models.append(model)
        say(
            f"{entry} fold {fold} validation {validation:.4f} "
            f"test {reached.dice[-1].mean():.4f} seconds {seconds:.0f}"
        )
    return reached, models


def finish(
    models: list[nn.Module],
    parts: list[tuple[Pictures, Pictures]],
    test: Pictures,
) -> dict[str, Entry]:
    """The entries that need no training."""
    side = test.masks.shape[-1]
    found = {name: Entry() for name in ("flips", "thresholds", "ensemble")}
    chances, chosen, began = [], [], time.process_time()
    for model, (_, apart) in zip(models, parts, strict=True):
        mirrored = with_mirror_image(model, test.images, side).numpy()
        found["flips"].dice.append(dice_table(mirrored > 0.5, test.masks))
        chance = probabilities(model, apart.images, side).numpy()
        curve = threshold_curve(chance, apart.masks, THRESHOLDS)
        chosen.append(curve.best)
        chances.append(probabilities(model, test.images, side).numpy())
        limit = chosen[-1][:, None, None]
        found["thresholds"].dice.append(
            dice_table(chances[-1] > limit, test.masks)
        )
    mean, limit = np.mean(chances, 0), np.mean(chosen, 0)[:, None, None]
    found["ensemble"].dice.append(dice_table(mean > limit, test.masks))
    for entry in found.values():
        entry.seconds.append(time.process_time() - began)
    return found


def write_results(entries: dict[str, Entry], test: Pictures) -> None:
    """Means and folds of every entry; the best is chosen on validation."""
    table = {}

    def note(name: str, values: list[float], entry: Entry) -> None:
        table[name] = {
            "value": float(np.mean(values)),
            "per_seed": [float(v) for v in values],
            "n": len(test.images),
            "command": "python recipes/bones.py",
            "seconds": float(np.mean(entry.seconds)),
        }

    for name, entry in entries.items():
        note(name, [dice.mean() for dice in entry.dice], entry)
        if entry.validation:
            note(f"{name}_validation", entry.validation, entry)
        for index, label in enumerate(NAMES):
            values = [dice[:, index].mean() for dice in entry.dice]
            note(f"{name}_{label}", values, entry)
    if "ensemble" in table:
        # nothing that was tried after it; no test picture had a say
        table["best"] = table["ensemble"]
    results.write("bones", table)
    for name in entries:
        say(f"{name} {table[name]['value']:.4f}")


def commit(
    models: list[nn.Module], entry: Entry, options: argparse.Namespace
) -> None:
    """Write the weights of every fold of the final entry."""
    for fold, model in enumerate(models):
        weights.save_entry(
            f"bones_fold{fold}",
            model,
            arguments={
                "in_channels": 1,
                "num_classes": len(NAMES),
                "widths": WIDTHS,
            },
            recipe="recipes/bones.py",
            seed=fold,
            steps=options.steps,
            seconds=entry.seconds[fold],
            metric={
                "dice_validation": entry.validation[fold],
                "dice_heldout": float(entry.dice[fold].mean()),
            },
            extra={"size": SIZE, "folds": FOLDS},
        )


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "bones.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--entries", nargs="+", default=TRAINED, choices=TRAINED
    )
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--baseline-steps", type=int, default=130)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("runs/bones"))
    return parser.parse_args()


def main() -> None:
    """Train every entry on every fold; results need all folds."""
    options = read_options()
    torch.set_num_threads(options.threads)
    train_pictures, test = load_pictures()
    parts = [
        (train_pictures.part(kept), train_pictures.part(apart))
        for kept, apart in GroupKFold(FOLDS).split(
            train_pictures.images, groups=train_pictures.patient
        )
    ]
    entries: dict[str, Entry] = {}
    final: list[nn.Module] = []
    for name in options.entries:
        entries[name], models = run_entry(name, parts, test, options)
        if name == FINAL and len(options.folds) == FOLDS:
            final = models
            entries |= finish(models, parts, test)
            commit(models, entries[name], options)
    if final:
        write_results(entries, test)


if __name__ == "__main__":
    main()
