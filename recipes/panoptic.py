"""Train the panoptic models on scenes of things and stuff.

    python recipes/panoptic.py                                everything
    python recipes/panoptic.py --models panoptic_deeplab --seeds 0

- ``panoptic_deeplab``: classes, centres and offsets of pixels, then
  grouping, by :class:`seglab.instances.panoptic.deeplab.PanopticDeepLab`;
- ``mask2former``: a set of masks, by transformers' Mask2Former, made small
  (:class:`seglab.instances.panoptic.mask2former.SmallMask2Former`).

Both learn from the same scenes, mirrored at random, and are scored by
panoptic quality on a hundred scenes that decide nothing. What is scored are
the weights as they are stored, in half precision. A run that was killed
goes on from its last row; delete ``runs/panoptic`` to start anew. Written
are ``MODEL_pq``, with ``_sq``, ``_rq``, ``_pq_things`` and ``_pq_stuff``,
into ``recipes/results/instances.json``, from all seeds that are done; the
weights of seed 0; and ``recipes/panoptic.log``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from seglab import results, seed_everything, weights
from seglab.data.scenes import STUFF, SceneDataset, panoptic_target
from seglab.files import replacing
from seglab.instances.panoptic.categories import Categories
from seglab.instances.panoptic.centre_loss import CentreLoss, CentreWeights
from seglab.instances.panoptic.deeplab import PanopticDeepLab
from seglab.instances.panoptic.evaluation import evaluate_panoptic
from seglab.instances.panoptic.mask2former import SmallMask2Former
from seglab.instances.panoptic.queries import panoptic_targets
from seglab.models.mask_points import SampledPoints
from seglab.models.set_loss import SetLoss
from seglab.models.set_prediction import SetPrediction
from seglab.train import fit

HERE = Path(__file__).parent
KINDS = Categories([1, 2, 3, 4, 5], [6, 7, 8])
HELD_OUT = 1_000_003
SIDE = 1_000_000  # of the scenes that are looked at along the way
FIGURES = ("pq", "sq", "rq", "pq_things", "pq_stuff")


class QueryLoss(nn.Module):
    """The set loss of Mask2Former, from a batch of panoptic maps."""

    def __init__(self) -> None:
        super().__init__()
        self.compare = SetLoss(points=SampledPoints(1024))

    def forward(
        self, predictions: list[SetPrediction], panoptic: Tensor
    ) -> Tensor:
        loss: Tensor = self.compare(
            predictions, panoptic_targets(panoptic, KINDS)
        )
        return loss


@dataclass(frozen=True)
class Family:
    """A model, how it is built, and how it learns."""

    build: Callable[..., Any]
    loss: Callable[[], nn.Module]
    steps: int
    learning_rate: float
    weights: str
    batch_size: int = 8


FAMILIES = {
    "panoptic_deeplab": Family(
        PanopticDeepLab,
        # offsets here are a quarter as long as the paper's
        lambda: CentreLoss(KINDS, weights=CentreWeights(offsets=0.04)),
        steps=2200,
        learning_rate=5e-3,
        weights="scenes_panoptic_deeplab",
    ),
    "mask2former": Family(
        SmallMask2Former,
        QueryLoss,
        # many small steps: each truth teaches one query in each of them
        steps=6500,
        learning_rate=1.5e-3,
        weights="scenes_mask2former",
        batch_size=4,
    ),
}
ARGUMENTS = {"things": list(KINDS.things), "stuff": list(KINDS.stuff)}


def draw(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images float32 [N, 3, 128, 128] and their panoptic maps."""
    scenes = SceneDataset(
        count, seed=seed, target=panoptic_target, stuff=STUFF
    )
    return scenes.tensors()


def mirror(image: Tensor, panoptic: Tensor) -> tuple[Tensor, Tensor]:
    """Left and right change places in every second scene."""
    if np.random.random() < 0.5:
        return image, panoptic
    return image.flip(-1), panoptic.flip(-1)


def score(model: Any, images: Tensor, maps: Tensor) -> dict[str, float]:
    """Panoptic quality and its parts."""
    seen = evaluate_panoptic(model, images, maps, categories=KINDS)
    summary = seen.summary()
    return {name: summary[name] for name in FIGURES}


def train(
    name: str,
    seed: int,
    parts: dict[str, tuple[Tensor, Tensor]],
    options: argparse.Namespace,
) -> tuple[nn.Module, float]:
    """One model on one seed; the model and its seconds of training."""
    family = FAMILIES[name]
    seed_everything(seed)
    model = family.build(**ARGUMENTS)
    steps = options.steps or family.steps
    history = fit(
        model,
        TensorDataset(*parts["train"]),
        loss=family.loss(),
        steps=steps,
        batch_size=family.batch_size,
        learning_rate=options.learning_rate or family.learning_rate,
        evaluate=lambda trained: score(trained, *parts["side"]),
        evaluate_every=max(1, steps // 8),
        augment=mirror,
        folder=options.folder / f"{name}_seed{seed}",
        seed=seed,
        report=lambda row: print(
            name, seed, {k: round(v, 4) for k, v in row.items()}, flush=True
        ),
    )
    return model.eval(), history.rows[-1]["seconds"]


def round_to_half(model: nn.Module) -> None:
    """What storing does to the weights."""
    model.load_state_dict(
        {
            key: value.half().float()
            if value.is_floating_point()
            else value
            for key, value in model.state_dict().items()
        }
    )


def run_seed(
    name: str,
    seed: int,
    parts: dict[str, tuple[Tensor, Tensor]],
    options: argparse.Namespace,
) -> None:
    """Train, score and, of seed 0, store."""
    model, seconds = train(name, seed, parts, options)
    round_to_half(model)
    reached = score(model, *parts["held_out"])
    note = options.folder / f"{name}_seed{seed}.json"
    with replacing(note) as temporary:
        temporary.write_text(
            json.dumps({**reached, "seconds": seconds}), "utf-8"
        )
    line = " ".join(f"{key} {value:.4f}" for key, value in reached.items())
    say(f"{name} seed {seed} {line} seconds {seconds:.0f}")
    if seed == 0 and options.commit:
        weights.save_entry(
            FAMILIES[name].weights,
            model,
            arguments=ARGUMENTS,
            recipe="recipes/panoptic.py",
            seed=seed,
            steps=options.steps or FAMILIES[name].steps,
            seconds=seconds,
            metric=reached,
            extra={"size": 128, "stuff": list(STUFF)},
        )


def write_results(name: str, options: argparse.Namespace) -> None:
    """Means over all the seeds that are done."""
    notes = sorted(options.folder.glob(f"{name}_seed*.json"))
    done = [json.loads(note.read_text("utf-8")) for note in notes]
    results.write(
        "instances",
        {
            f"{name}_{figure}": {
                "value": float(np.mean([one[figure] for one in done])),
                "per_seed": [one[figure] for one in done],
                "n": options.held_out,
                "command": "python recipes/panoptic.py",
                "seconds": float(np.mean([one["seconds"] for one in done])),
            }
            for figure in FIGURES
        },
    )


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "panoptic.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models", nargs="+", default=list(FAMILIES), choices=FAMILIES
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--steps", type=int, help="of each model's training"
    )
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/panoptic")
    )
    parser.add_argument(
        "--trial",
        dest="commit",
        action="store_false",
        help="write neither weights nor results",
    )
    return parser.parse_args()


def main() -> None:
    """Train every model on every seed."""
    options = read_options()
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "train": draw(options.scenes, 0),
        "side": draw(30, SIDE),
        "held_out": draw(options.held_out, HELD_OUT),
    }
    for name in options.models:
        for seed in options.seeds:
            run_seed(name, seed, parts, options)
            if options.commit:
                write_results(name, options)


if __name__ == "__main__":
    main()
