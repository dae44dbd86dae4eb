"""Train the small Mask R-CNN of torchvision's parts, on scenes and spines.

    python recipes/maskrcnn.py                          everything
    python recipes/maskrcnn.py --sets scenes --seeds 0

- ``scenes``: three seeds train on the same synthetic scenes, from other
  random weights and in another order; scored are 100 scenes that no
  training sees;
- ``vertebrae``: three seeds train on sagittal slices of the chest CT, all
  from the weights of the scenes' first seed; scored are slabs that are
  held out, of the same patient.

What is scored is what is committed: weights in half precision. A run that
was killed goes on from its last checkpoint, and a seed that is done is not
trained again; delete ``runs/maskrcnn`` to start anew.

Written are ``recipes/results/instances.json`` (``torchvision_ap``,
``torchvision_ap50`` and ``torchvision_ap75`` of the masks,
``torchvision_rounded_ap`` with the masks pasted as torchvision does it,
``torchvision_box_ap``, and ``vertebrae_ap`` and ``vertebrae_ap50``), the
weights ``scenes_maskrcnn`` and ``vertebrae_maskrcnn`` of the first seed,
and ``recipes/maskrcnn.log``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from seglab import results, seed_everything, weights
from seglab.data.sagittal import sagittal_vertebrae
from seglab.data.scenes import SceneDataset, draw_scene, panoptic_target
from seglab.data.splits import slab_split
from seglab.instances.evaluation import evaluate_detector
from seglab.instances.maskrcnn import (
    DetectorWithLoss,
    PairedScenes,
    SmallMaskRCNN,
    Unresized,
    total_loss,
    turn_or_mirror,
)
from seglab.instances.truth import true_objects
from seglab.train import fit

HERE = Path(__file__).parent
SHAPES = draw_scene(0).names
HELD_OUT = 1_000_003
SEEDS = [0, 1, 2]


@dataclass(frozen=True)
class Plan:
    """One data set, and how the network learns it."""

    name: str
    names: Sequence[str]
    train: PairedScenes
    images: Tensor
    maps: Tensor
    steps: int
    batch: int
    start: str | None = None  # weights to begin with

    @property
    def things(self) -> list[int]:
        """The categories that are objects: all of them."""
        return list(range(1, len(self.names)))


@dataclass
class Reached:
    """What the seeds of one plan reached, in their order."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


def scenes(options: argparse.Namespace) -> Plan:
    """Synthetic scenes, in all eight symmetries of a square."""
    train = SceneDataset(options.scenes, 0, target=panoptic_target)
    held_out = SceneDataset(100, HELD_OUT, target=panoptic_target)
    return Plan(
        "scenes",
        SHAPES,
        PairedScenes(*train.tensors(), turn_or_mirror),
        *held_out.tensors(),
        steps=options.steps,
        batch=8,
    )


def vertebrae(options: argparse.Namespace) -> Plan:
    """Sagittal slices of one patient, whole slabs held out."""
    slices = sagittal_vertebrae()
    kept, apart = slab_split(slices.x)
    return Plan(
        "vertebrae",
        ["background", "vertebra"],
        PairedScenes(slices.images[kept], slices.panoptic[kept]),
        slices.images[apart],
        slices.panoptic[apart],
        steps=options.vertebrae_steps,
        batch=4,
        start="scenes_maskrcnn",
    )


def train(
    plan: Plan, seed: int, options: argparse.Namespace
) -> tuple[SmallMaskRCNN, float]:
    """The model of one seed, as a reader loads it, and its seconds."""
    seed_everything(seed)
    model = SmallMaskRCNN(len(plan.names))
    if plan.start is not None:
        take_what_fits(model, weights.load_state(plan.start))
    learner = DetectorWithLoss(model, plan.things)
    history = fit(
        learner,
        plan.train,
        loss=total_loss,
        steps=plan.steps,
        batch_size=plan.batch,
        learning_rate=options.learning_rate,
        warmup=0.1,
        clip_norm=5.0,
        evaluate=lambda _: learner.mean_losses(),
        evaluate_every=100,
        folder=options.folder / f"{plan.name}_seed{seed}",
        seed=seed,
        report=lambda row: print(
            plan.name,
            seed,
            {k: round(v, 4) for k, v in row.items()},
            flush=True,
        ),
    )
    return weights.as_loaded(model), history.rows[-1]["seconds"]


def take_what_fits(
    model: SmallMaskRCNN, state: Mapping[str, Tensor]
) -> None:
    """All weights but those of the classes, which are other ones."""
    own = model.state_dict()
    fits = {k: v for k, v in state.items() if v.shape == own[k].shape}
    model.load_state_dict(own | fits)


def score(plan: Plan, model: SmallMaskRCNN) -> dict[str, float]:
    """Average precision on what was held out."""
    truth = [true_objects(m, things=plan.things) for m in plan.maps]

    def measure(of: str) -> dict[str, float]:
        return evaluate_detector(
            model, plan.images, truth, of=of, names=plan.names
        ).summary()

    masks, boxes = measure("masks"), measure("boxes")
    exact = model.network.transform
    model.network.transform = Unresized().eval()
    rounded = measure("masks")
    model.network.transform = exact
    return {
        "ap": masks["ap"],
        "ap50": masks["ap50"],
        "ap75": masks["ap75"],
        "rounded_ap": rounded["ap"],
        "box_ap": boxes["ap"],
    }


def run(plan: Plan, seeds: list[int], options: argparse.Namespace) -> None:
    """Train and score every seed; commit the weights of seed 0."""
    reached = Reached()
    for seed in seeds:
        model, seconds = train(plan, seed, options)
        figures = score(plan, model)
        reached.seconds.append(seconds)
        for name, value in figures.items():
            reached.figures.setdefault(name, []).append(float(value))
        found = " ".join(f"{k} {v:.4f}" for k, v in figures.items())
        say(f"{plan.name} seed {seed} {found} seconds {seconds:.0f}")
        if seed == 0:
            weights.save_entry(
                f"{plan.name}_maskrcnn",
                model,
                arguments={"num_classes": len(plan.names)},
                recipe="recipes/maskrcnn.py",
                seed=seed,
                steps=plan.steps,
                seconds=seconds,
                metric={k: figures[k] for k in ("ap", "ap50")},
                extra={"size": list(plan.images.shape[-2:])},
            )
    prefix = "torchvision" if plan.name == "scenes" else plan.name
    results.write(
        "instances",
        {
            f"{prefix}_{name}": {
                "value": sum(values) / len(values),
                "per_seed": values,
                "n": len(plan.images),
                "command": "python recipes/maskrcnn.py",
                "seconds": sum(reached.seconds) / len(seeds),
            }
            for name, values in reached.figures.items()
        },
    )


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "maskrcnn.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets",
        nargs="+",
        choices=("scenes", "vertebrae"),
        default=["scenes", "vertebrae"],
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--scenes", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--vertebrae-steps", type=int, default=400)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/maskrcnn")
    )
    return parser.parse_args()


def main() -> None:
    """Train every set on every seed."""
    options = read_options()
    torch.set_num_threads(options.threads)
    if "scenes" in options.sets:
        run(scenes(options), options.seeds, options)
    if "vertebrae" in options.sets:
        run(vertebrae(options), options.seeds, options)


if __name__ == "__main__":
    main()
