"""Train the small SAM 2 from scratch, in eight lessons.

    python recipes/mini_sam2.py

1. ``grouping``: the image encoder learns which pixels of a frame belong
   together, on drawn scenes, frames of clips and slices of the chest CT;
2. ``still``: the encoder stays as it is, its features are computed once,
   and all the rest learns to answer a click or a box in a single frame;
3. ``short``: the same, and to follow the object for two frames more;
4. ``long``: the same over six frames;
5. ``pointing``: encoder and decoder learn together, in pictures, to
   answer clicks and boxes and to be corrected;
6. ``more_pointing``: the same once more, with a learning rate that begins
   anew;
7. ``films``: the encoder stays again, and the rest learns to follow
   through more clips, with corrections and cut-aways;
8. ``more_films``: the same once more.

Clips are drawn; slices are of the training slabs of the chest CT. A run
that was killed goes on from its last checkpoint; delete
``runs/mini_sam2`` to start anew. Written are the weights ``mini_sam2``,
the figures ``sam2_*`` of ``recipes/results/promptable.json``, and
``recipes/mini_sam2.log``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from seglab import results, seed_everything, weights
from seglab.data.clips import draw_clip
from seglab.files import replacing
from seglab.promptable.learning.pictures import PromptPictures, drawn_scenes
from seglab.promptable.learning.real import ct_pictures
from seglab.promptable.prompts import clicks
from seglab.promptable.sam2.following import FollowLearner
from seglab.promptable.sam2.frozen import (
    LEAST_PIXELS,
    FrozenClips,
    encode_clips,
)
from seglab.promptable.sam2.grouping import GroupingLearner, scale_coarse
from seglab.promptable.sam2.mini import build_mini_sam2
from seglab.promptable.sam2.pointing import PointLearner
from seglab.promptable.sam2.scoring import (
    keep_first_masks,
    region_similarity,
    reprompt_boxes,
)
from seglab.promptable.sam2.tracker import PromptableSam2
from seglab.promptable.sam2.training_clips import ct_stacks, drawn_clips
from seglab.promptable.simulated_person import first_click
from seglab.train import fit

HERE = Path(__file__).parent
LENGTH = 8  # frames of a training clip
MORE_LENGTH = 12  # of those of the last lessons
FIRST_CLIP = 10_000  # seeds below it are for tests and the book
TEST_SEEDS = range(5000, 5050)


def kept(
    file: Path, make: Callable[[], tuple[Tensor, ...]]
) -> tuple[Tensor, ...]:
    """Tensors that are made once, and read from a file after that."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = {str(k): part.contiguous() for k, part in enumerate(make())}
        with replacing(file) as temporary:
            save_file(made, temporary)
    found = load_file(file)
    return tuple(found[str(k)] for k in range(len(found)))


def grouping_pictures(
    frames: Tensor, numbers: Tensor, options: argparse.Namespace
) -> PromptPictures:
    """Two frames of each clip, drawn scenes, and slices of the CT."""
    some, theirs = (
        frames[:, ::4].flatten(0, 1),
        numbers[:, ::4].flatten(0, 1),
    )
    of_clips = (some, torch.stack([theirs, torch.zeros_like(theirs)], 1))
    parts = [of_clips, drawn_scenes(range(options.scenes)), ct_pictures()]
    images, maps = zip(*parts, strict=True)
    return PromptPictures(torch.cat(images), torch.cat(maps))


def learn_grouping(
    pictures: PromptPictures, options: argparse.Namespace
) -> tuple[Any, float]:
    """The first lesson: the model, and the seconds that it took."""
    seed_everything(options.seed)
    learner = GroupingLearner(build_mini_sam2())
    history = fit(
        learner,
        pictures,
        loss=learner.loss,
        steps=options.grouping_steps,
        batch_size=12,
        learning_rate=1.5e-3,
        weight_decay=0.05,
        evaluate_every=50,
        folder=options.folder / "grouping",
        seed=options.seed,
        report=reporter("grouping"),
    )
    scale_coarse(learner.model.eval(), pictures.images[:100].float() / 255)
    return learner.model, history.rows[-1]["seconds"]


def learn(
    learner: FollowLearner | PointLearner,
    material: FrozenClips | PromptPictures,
    lesson: str,
    *,
    steps: int,
    batch: int,
    learning_rate: float,
    options: argparse.Namespace,
    draw: int = 0,
) -> float:
    """One of the lessons with prompts; the seconds that it took.

    Lessons on the same material draw differently from it.
    """
    seed = options.seed + 1000 * draw
    seed_everything(seed)
    history = fit(
        learner,
        material,
        loss=learner.loss,
        steps=steps,
        batch_size=batch,
        learning_rate=learning_rate,
        weight_decay=0.01,
        evaluate_every=50,
        folder=options.folder / lesson,
        seed=seed,
        report=reporter(lesson),
    )
    return history.rows[-1]["seconds"]


def commit(model: Any, seconds: float, options: argparse.Namespace) -> None:
    """Score what a reader loads, and write weights and figures."""
    about: dict[str, Any] = {
        "kind": build_mini_sam2,
        "arguments": {},
        "recipe": "recipes/mini_sam2.py",
        "seed": options.seed,
        "steps": options.grouping_steps
        + options.still_steps
        + options.short_steps
        + options.long_steps
        + options.pointing_steps
        + options.more_pointing_steps
        + options.films_steps
        + options.more_films_steps,
        "seconds": seconds,
    }
    figures = score(PromptableSam2(weights.as_loaded(model)))
    for name, value in figures.items():
        say(f"{name} {value:.4f}")
    weights.save_entry("mini_sam2", model, metric=figures, **about)
    results.write(
        "promptable",
        {
            name: {
                "value": value,
                "per_seed": [value],
                "n": len(TEST_SEEDS),
                "command": "python recipes/mini_sam2.py",
                "seconds": seconds,
            }
            for name, value in figures.items()
        },
    )


def score(tracker: PromptableSam2) -> dict[str, float]:
    """J over frames 1 to 15 after one click, and of two baselines."""
    rows: dict[str, list[Tensor]] = {}
    for seed in TEST_SEEDS:
        clip = draw_clip(seed)
        frames = torch.from_numpy(clip.frames)
        truth = torch.from_numpy(clip.masks)
        truth = truth[:, truth[0].flatten(1).sum(1) >= LEAST_PIXELS]
        found = tracker.track(
            frames, [clicks([first_click(mask)], [1]) for mask in truth[0]]
        )
        ways = {
            "sam2_j_click": found,
            "sam2_j_first_mask": keep_first_masks(found[0], len(found)),
            "sam2_j_reprompt": reprompt_boxes(tracker, frames, found[0]),
        }
        for name, masks in ways.items():
            j = region_similarity(masks[1:], truth[1:])
            rows.setdefault(name, []).append(j.flatten())
    return {name: float(torch.cat(j).mean()) for name, j in rows.items()}


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "mini_sam2.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def reporter(lesson: str) -> Callable[[dict[str, float]], object]:
    """What writes down a row of a lesson's history."""
    return lambda row: say(
        f"{lesson} step {row['step']:.0f} loss {row['loss']:.4f} "
        f"seconds {row['seconds']:.0f}"
    )


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--more-clips", type=int, default=1000)
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--grouping-steps", type=int, default=3500)
    parser.add_argument("--still-steps", type=int, default=2000)
    parser.add_argument("--short-steps", type=int, default=800)
    parser.add_argument("--long-steps", type=int, default=900)
    parser.add_argument("--pointing-steps", type=int, default=2000)
    parser.add_argument("--more-pointing-steps", type=int, default=1800)
    parser.add_argument("--films-steps", type=int, default=2000)
    parser.add_argument("--more-films-steps", type=int, default=1400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/mini_sam2")
    )
    return parser.parse_args()


def learn_to_follow(
    model: Any, frames: Tensor, numbers: Tensor, options: argparse.Namespace
) -> float:
    """Lessons two to four; the seconds that they took."""
    stacks = ct_stacks(LENGTH)
    # not kept in a file: they belong to the encoder as it is now
    features = encode_clips(model, torch.cat([frames, stacks[0]]))
    numbers = torch.cat([numbers, stacks[1]])
    seconds = 0.0
    for lesson, length, steps, batch in (
        ("still", 1, options.still_steps, 24),
        ("short", 3, options.short_steps, 12),
        ("long", 6, options.long_steps, 12),
    ):
        stretches = FrozenClips(features, numbers, length=length)
        seconds += learn(
            FollowLearner(model, stretches.look_up),
            stretches,
            lesson,
            steps=steps,
            batch=batch,
            learning_rate=1.5e-3,
            options=options,
        )
    return seconds


def learn_in_turn(
    make_learner: Callable[[], FollowLearner | PointLearner],
    material: FrozenClips | PromptPictures,
    lessons: dict[str, int],
    *,
    batch: int,
    options: argparse.Namespace,
) -> float:
    """Lessons on the same material, by their steps; their seconds."""
    return sum(
        learn(
            make_learner(),
            material,
            lesson,
            steps=steps,
            batch=batch,
            learning_rate=1e-3,
            options=options,
            draw=draw,
        )
        for draw, (lesson, steps) in enumerate(lessons.items())
    )


def learn_to_point(
    model: Any, frames: Tensor, numbers: Tensor, options: argparse.Namespace
) -> float:
    """Lessons five and six; the seconds that they took."""
    return learn_in_turn(
        lambda: PointLearner(model),
        grouping_pictures(frames, numbers, options),
        {
            "pointing": options.pointing_steps,
            "more_pointing": options.more_pointing_steps,
        },
        batch=8,
        options=options,
    )


def learn_in_films(
    model: Any, frames: Tensor, numbers: Tensor, options: argparse.Namespace
) -> float:
    """Lessons seven and eight; the seconds that they took."""
    stacks = ct_stacks(MORE_LENGTH)
    stretches = FrozenClips(
        encode_clips(model, torch.cat([frames, stacks[0]])),
        torch.cat([numbers, stacks[1]]),
        length=6,
        paces=(1, 2),
        cut_aways=0.2,
    )
    return learn_in_turn(
        lambda: FollowLearner(model, stretches.look_up, corrections=0.6),
        stretches,
        {
            "films": options.films_steps,
            "more_films": options.more_films_steps,
        },
        batch=12,
        options=options,
    )


def main() -> None:
    """Teach, score and commit."""
    options = read_options()
    split = FIRST_CLIP + options.clips
    clips = kept(
        options.folder / f"clips_{options.clips}_{LENGTH}.safetensors",
        lambda: drawn_clips(range(FIRST_CLIP, split), LENGTH),
    )
    more_clips = kept(
        options.folder
        / f"clips_{options.more_clips}_{MORE_LENGTH}.safetensors",
        lambda: drawn_clips(
            range(split, split + options.more_clips), MORE_LENGTH
        ),
    )
    model, seconds = learn_grouping(
        grouping_pictures(*clips, options), options
    )
    seconds += learn_to_follow(model, *clips, options)
    seconds += learn_to_point(model, *more_clips, options)
    seconds += learn_in_films(model, *more_clips, options)
    commit(model, seconds, options)


if __name__ == "__main__":
    main()
