"""Train the small SAM from scratch, in four lessons.

    python recipes/mini_sam.py                    all, then the scores
    python recipes/mini_sam.py --lessons affinity

1. ``affinity``: the image encoder learns which pixels belong together.
   The paper's recipe alone hardly takes off at this size, because its
   encoder comes pretrained;
2. ``prompts``: the whole model learns to answer clicks and boxes as in
   the paper, corrections included;
3. ``practice``: the same once more, with a learning rate that begins anew;
4. ``more_practice``: and once more, for 2,500 steps.

It learns on drawn scenes with parts and coins, on slices of the training
slabs of the chest CT, and on radiographs of virtual patients. A run that
was killed goes on from its last checkpoint; delete ``runs/mini_sam`` to
start anew. Written are the weights ``mini_sam``, the figures ``sam_*`` and
``coins_*`` of ``recipes/results/promptable.json``, and
``recipes/mini_sam.log``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seglab import results, seed_everything, weights
from seglab.promptable.learning.affinity import AffinityLearner
from seglab.promptable.learning.pictures import PromptPictures, drawn_scenes
from seglab.promptable.learning.prompts import PromptLearner
from seglab.promptable.learning.real import ct_pictures, radiograph_pictures
from seglab.promptable.mini import build_mini_sam
from seglab.promptable.sam import PromptableSam
from seglab.promptable.scoring import (
    score_automatic,
    score_coins,
    score_prompts,
    unseen_scenes,
)
from seglab.train import fit

HERE = Path(__file__).parent
OBJECTS = 500
LESSONS = ("affinity", "prompts", "practice", "more_practice")
PATIENTS = range(30)
REAL_TIMES = 3  # real pictures are few: each counts so often


def training_pictures(options: argparse.Namespace) -> PromptPictures:
    """Drawn scenes with the real pictures mixed in."""
    real = [ct_pictures(), radiograph_pictures(PATIENTS)] * REAL_TIMES
    drawn = drawn_scenes(range(options.scenes))
    images, maps = zip(drawn, *real, strict=True)
    return PromptPictures(torch.cat(images), torch.cat(maps))


@dataclass(frozen=True)
class Lesson:
    """One lesson: its name, and how it is taught."""

    name: str
    steps: int
    batch: int
    weight_decay: float
    draw: int = 0  # other lessons with the same pictures draw others


def teach(
    learner: AffinityLearner | PromptLearner,
    lesson: Lesson,
    pictures: PromptPictures,
    options: argparse.Namespace,
) -> float:
    """Train, or go on with it; the seconds that it took in all."""
    seed = options.seed + 1000 * lesson.draw
    seed_everything(seed)
    history = fit(
        learner,
        pictures,
        loss=learner.loss,
        steps=lesson.steps,
        batch_size=lesson.batch,
        learning_rate=1e-3,
        weight_decay=lesson.weight_decay,
        evaluate_every=100,
        folder=options.folder / lesson.name,
        seed=seed,
        report=reporter(lesson.name),
    )
    return history.rows[-1]["seconds"]


def commit(sam: Any, seconds: float, options: argparse.Namespace) -> None:
    """Score what a reader loads, and write weights and figures."""
    about: dict[str, Any] = {
        "kind": build_mini_sam,
        "arguments": {},
        "recipe": "recipes/mini_sam.py",
        "seed": options.seed,
        "steps": options.affinity_steps
        + options.prompt_steps
        + options.practice_steps
        + options.more_practice_steps,
        "seconds": seconds,
    }
    figures = score(PromptableSam(weights.as_loaded(sam)))
    for name, value in figures.items():
        say(f"{name} {value:.4f}")
    metric = {k: v for k, v in figures.items() if k.startswith("sam_")}
    weights.save_entry("mini_sam", sam, metric=metric, **about)
    results.write(
        "promptable",
        {
            name: {
                "value": value,
                "per_seed": [value],
                "n": 24 if name.startswith("coins") else OBJECTS,
                "command": "python recipes/mini_sam.py",
                "seconds": seconds,
            }
            for name, value in figures.items()
        },
    )


def score(sam: PromptableSam) -> dict[str, float]:
    """All figures of the model on unseen scenes and on the coins."""
    prompts = score_prompts(sam, unseen_scenes(OBJECTS)).means()
    recall, precision = score_automatic(sam, unseen_scenes(OBJECTS))
    box, found = score_coins(sam)
    return {
        "sam_click_best": prompts["click_best"],
        "sam_click_chosen": prompts["click_chosen"],
        "sam_3clicks": prompts["three_clicks"],
        "sam_box": prompts["box"],
        "sam_auto_recall": recall,
        "sam_auto_precision": precision,
        "coins_box": box,
        "coins_auto_found": found,
    }


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "mini_sam.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def reporter(lesson: str) -> Callable[[dict[str, float]], object]:
    """What prints a row of a lesson's history."""
    return lambda row: print(
        lesson, {k: round(v, 4) for k, v in row.items()}, flush=True
    )


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--lessons", nargs="+", choices=LESSONS, default=LESSONS
    )
    parser.add_argument("--scenes", type=int, default=7000)
    parser.add_argument("--affinity-steps", type=int, default=4000)
    parser.add_argument("--prompt-steps", type=int, default=2400)
    parser.add_argument("--practice-steps", type=int, default=3000)
    parser.add_argument("--more-practice-steps", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/mini_sam")
    )
    return parser.parse_args()


def main() -> None:
    """Teach, score and commit."""
    options = read_options()
    pictures = training_pictures(options)
    print(len(pictures), "pictures", flush=True)
    seed_everything(options.seed)
    sam = build_mini_sam()
    lessons = (
        Lesson("affinity", options.affinity_steps, 16, 0.05),
        Lesson("prompts", options.prompt_steps, 8, 0.01),
        Lesson("practice", options.practice_steps, 8, 0.01, draw=1),
        Lesson(
            "more_practice", options.more_practice_steps, 8, 0.01, draw=2
        ),
    )
    seconds = 0.0
    for lesson in lessons:
        if lesson.name not in options.lessons:
            return
        kind = (
            AffinityLearner if lesson.name == "affinity" else PromptLearner
        )
        seconds += teach(kind(sam), lesson, pictures, options)
    commit(sam, seconds, options)


if __name__ == "__main__":
    main()
