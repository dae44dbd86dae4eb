"""Train the one-stage networks, YOLACT and SOLOv2, on synthetic scenes.

    python recipes/onestage.py                            both, three seeds
    python recipes/onestage.py --models solov2 --seeds 0

Both learn from the same scenes, turned and mirrored at random, with the
same backbone and the same number of steps. Scored are a hundred scenes that
decide nothing, with the weights as they are stored, in half precision. A
run that was killed goes on from its last row, and a seed that is done is
not trained again; delete ``runs/onestage`` to start anew.

Written are ``MODEL_ap``, ``MODEL_ap50`` and ``MODEL_ap75`` of the masks and
``MODEL_box_ap``, from all seeds that are done, into
``recipes/results/instances.json``; the weights of seed 0 as
``scenes_MODEL``; and ``recipes/onestage.log``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from seglab import results, seed_everything, weights
from seglab.data.scenes import SceneDataset, panoptic_target
from seglab.files import replacing
from seglab.instances.evaluation import evaluate_detector
from seglab.instances.maskrcnn import turn_or_mirror
from seglab.instances.onestage import (
    Solov2,
    Solov2Loss,
    Yolact,
    YolactLoss,
)
from seglab.instances.truth import true_objects
from seglab.train import fit

HERE = Path(__file__).parent
THINGS = (1, 2, 3, 4, 5)
HELD_OUT = 1_000_003
SIDE = 1_000_000  # of the scenes that are looked at along the way
BATCH = 4


@dataclass(frozen=True)
class Kind:
    """A network, and what it learns from."""

    make: Callable[[], Any]
    loss: Callable[[Any, Tensor], Tensor]


KINDS = {
    "yolact": Kind(Yolact, YolactLoss()),
    "solov2": Kind(Solov2, Solov2Loss()),
}


def draw(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images [N, 3, H, W] and panoptic maps [N, H, W]."""
    return SceneDataset(count, seed, target=panoptic_target).tensors()


def figures(model: Any, scenes: tuple[Tensor, Tensor]) -> dict[str, float]:
    """What the masks and the boxes score on some scenes."""
    images, maps = scenes
    truth = [true_objects(one, things=THINGS) for one in maps]
    masks = evaluate_detector(model, images, truth)
    boxes = evaluate_detector(model, images, truth, of="boxes")
    return {
        "ap": masks.ap,
        "ap50": masks.ap50,
        "ap75": masks.ap75,
        "box_ap": boxes.ap,
    }


def train(
    name: str,
    seed: int,
    scenes: tuple[Tensor, Tensor],
    side: tuple[Tensor, Tensor],
    options: argparse.Namespace,
) -> tuple[Any, float]:
    """One network from one seed; the model and its seconds."""
    seed_everything(seed)
    model = KINDS[name].make()
    history = fit(
        model,
        TensorDataset(*scenes),
        loss=KINDS[name].loss,
        steps=options.steps,
        batch_size=BATCH,
        learning_rate=options.learning_rate,
        warmup=0.1,
        clip_norm=5.0,
        evaluate=lambda model: figures(model, side),
        evaluate_every=options.every,
        folder=options.folder / f"{name}_seed{seed}",
        seed=seed,
        augment=turn_or_mirror,
        report=lambda row: print(
            name,
            seed,
            {k: round(v, 4) for k, v in row.items()},
            flush=True,
        ),
    )
    return model, history.rows[-1]["seconds"]


def round_weights(model: nn.Module) -> None:
    """Make the weights what a reader loads: half precision."""
    model.load_state_dict(
        {
            key: x.half().float() if x.is_floating_point() else x
            for key, x in model.state_dict().items()
        }
    )


def run(
    name: str,
    seed: int,
    parts: dict[str, tuple[Tensor, Tensor]],
    options: argparse.Namespace,
) -> None:
    """Train and score one seed, unless that is done."""
    done = options.folder / f"{name}_seed{seed}.json"
    if done.exists():
        return
    model, seconds = train(
        name, seed, parts["train"], parts["side"], options
    )
    # the last weights: nothing is chosen on any score
    round_weights(model)
    reached = figures(model, parts["held out"])
    say(
        f"{name} seed {seed} "
        + " ".join(f"{key} {value:.4f}" for key, value in reached.items())
        + f" steps {options.steps} seconds {seconds:.0f}"
    )
    if seed == 0:
        weights.save_entry(
            f"scenes_{name}",
            model,
            arguments={},
            recipe="recipes/onestage.py",
            seed=seed,
            steps=options.steps,
            seconds=seconds,
            metric=reached,
            extra={"size": 128},
        )
    with replacing(done) as temporary:
        temporary.write_text(json.dumps(reached | {"seconds": seconds}))


def write_results(options: argparse.Namespace, count: int) -> None:
    """Means and seeds of whatever is done by now."""
    table = {}
    for name in KINDS:
        files = sorted(options.folder.glob(f"{name}_seed*.json"))
        rows = [json.loads(file.read_text("utf-8")) for file in files]
        for key in ("ap", "ap50", "ap75", "box_ap") if rows else ():
            values = [row[key] for row in rows]
            table[f"{name}_{key}"] = {
                "value": sum(values) / len(values),
                "per_seed": values,
                "n": count,
                "command": f"python recipes/onestage.py --models {name}",
                "seconds": sum(row["seconds"] for row in rows) / len(rows),
            }
    results.write("instances", table)


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "onestage.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models", nargs="+", default=[*KINDS], choices=[*KINDS]
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--every", type=int, default=600)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/onestage")
    )
    return parser.parse_args()


def main() -> None:
    """Train every network from every seed."""
    options = read_options()
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "train": draw(options.scenes, 0),
        "side": draw(30, SIDE),
        "held out": draw(100, HELD_OUT),
    }
    for seed in options.seeds:
        for name in options.models:
            run(name, seed, parts, options)
            write_results(options, len(parts["held out"][0]))


if __name__ == "__main__":
    main()
