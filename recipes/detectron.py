"""Train Detectron2's models on scenes, through its own trainer.

    python recipes/detectron.py                     everything, three seeds
    python recipes/detectron.py --seeds 0 --models mask_rcnn

- ``mask_rcnn``: a Mask R-CNN of 0.7 million parameters on scenes of shapes;
  ``detectron2_ap`` and ``detectron2_ap50`` are COCO's figures of the masks;
- ``panoptic_fpn``: a Panoptic FPN of the same size on scenes with stuff;
  ``panoptic_fpn_pq``, with ``_things`` and ``_stuff`` beside it.

Both are scored on 100 held-out scenes, which decide nothing, after their
weights were rounded to half precision. A run that was killed goes on from
its last checkpoint; delete ``runs/detectron2`` to start anew. Written are
``recipes/results/instances.json``, the files
``seglab/weights/scenes_detectron2.safetensors`` and
``scenes_panoptic_fpn.safetensors`` of the first seed, what Detectron2 noted
while it trained the former (``detectron2_log_seed0.csv``), and
``recipes/detectron.log``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from seglab import results, weights
from seglab.data.scene_files import scene_files, write_scenes
from seglab.data.scenes import STUFF, SceneDataset, panoptic_target
from seglab.files import replacing
from seglab.instances.detectron import config, datasets, logs, training
from seglab.instances.detectron.networks import (
    DetectronMaskRCNN,
    DetectronModel,
    DetectronPanopticFPN,
)
from seglab.instances.evaluation import evaluate_detector
from seglab.instances.truth import true_objects
from seglab.metrics.panoptic import PanopticQuality

HERE = Path(__file__).parent
THINGS, GROUND = range(1, 6), range(6, 9)
HELD_OUT_SEED = 1_000_003
MODELS = ("mask_rcnn", "panoptic_fpn")
CLASSES = {
    "mask_rcnn": DetectronMaskRCNN,
    "panoptic_fpn": DetectronPanopticFPN,
}
STEPS = {"mask_rcnn": 2000, "panoptic_fpn": 1200}
WEIGHTS = {
    "mask_rcnn": "scenes_detectron2",
    "panoptic_fpn": "scenes_panoptic_fpn",
}
IDS = {
    "mask_rcnn": {"ap": "detectron2_ap", "ap50": "detectron2_ap50"},
    "panoptic_fpn": {
        "pq": "panoptic_fpn_pq",
        "pq_things": "panoptic_fpn_pq_things",
        "pq_stuff": "panoptic_fpn_pq_stuff",
    },
}


def scenes_of(model: str, count: int, seed: int) -> SceneDataset:
    """The scenes that a model learns from or is scored on."""
    stuff = STUFF if model == "panoptic_fpn" else ()
    return SceneDataset(count, seed, target=panoptic_target, stuff=stuff)


def register(
    model: str, part: str, count: int, options: argparse.Namespace
) -> str:
    """The name of a data set, whose files are written if need be."""
    folder = options.folder / f"{model}_{part}_{count}"
    seed = HELD_OUT_SEED if part == "heldout" else 0
    # the file that is written last
    if not scene_files(folder).panoptic.exists():
        scenes = scenes_of(model, count, seed)
        write_scenes(folder, map(scenes.scene, range(count)))
    name = f"scenes_{model}_{part}"
    if model == "panoptic_fpn":
        return datasets.register_panoptic(name, folder)
    return datasets.register_instances(name, folder)


def configure(model: str, seed: int, options: argparse.Namespace) -> Any:
    """The configuration of one run."""
    settings = {
        "train": [register(model, "train", options.scenes, options)],
        "test": [register(model, "heldout", 100, options)],
        "steps": options.steps or STEPS[model],
        "folder": str(options.folder / f"{model}_{seed}"),
        "seed": seed,
    }
    if model == "panoptic_fpn":
        return config.panoptic_fpn_config(
            len(THINGS), len(GROUND), **settings
        )
    return config.mask_rcnn_config(len(THINGS), **settings)


def rounded(model: DetectronModel) -> DetectronModel:
    """The model as it comes back from a file in half precision."""
    return model.half().float().eval()


def score(model: str, detector: DetectronModel) -> dict[str, float]:
    """Its figures on the held-out scenes."""
    images, maps = scenes_of(model, 100, HELD_OUT_SEED).tensors()
    truth = [true_objects(one, things=THINGS) for one in maps]
    found = evaluate_detector(detector, images, truth).summary()
    if isinstance(detector, DetectronPanopticFPN):
        seen = PanopticQuality(THINGS, GROUND, void=0)
        for batch, true in zip(
            images.split(10), maps.split(10), strict=True
        ):
            seen.update(detector.segment(batch), true)
        found |= seen.summary()
    return found


def run(
    model: str, seed: int, options: argparse.Namespace
) -> tuple[dict[str, float], float]:
    """Train and score one seed; its figures and seconds of training."""
    cfg = configure(model, seed, options)
    trainer = training.train(cfg)
    detector = CLASSES[model]()
    detector.network.load_state_dict(trainer.model.state_dict())
    figures = score(model, rounded(detector))
    rows = [x for x in logs.read_metrics(cfg.OUTPUT_DIR) if "time" in x]
    # a row speaks for the twenty steps before it
    seconds = 20 * sum(row["time"] for row in rows)
    say(
        f"{model} seed {seed} "
        + " ".join(f"{key} {figures[key]:.4f}" for key in IDS[model])
        + f" seconds {seconds:.0f}"
    )
    if seed == options.seeds[0]:
        if model == "mask_rcnn":
            keep_log(cfg.OUTPUT_DIR, seed)
        weights.save_entry(
            WEIGHTS[model],
            detector,
            arguments={},
            recipe="recipes/detectron.py",
            seed=seed,
            steps=options.steps or STEPS[model],
            seconds=seconds,
            metric={f"{key}_heldout": figures[key] for key in IDS[model]},
            extra={"scenes": options.scenes, "side": 128},
        )
    return figures, seconds


def keep_log(folder: str, seed: int) -> None:
    """What the chapter shows of the trainer's log."""
    columns = [
        "iteration",
        "total_loss",
        "fast_rcnn/fg_cls_accuracy",
        "roi_head/num_fg_samples",
        "segm/AP",
    ]
    rows = pd.DataFrame(logs.read_metrics(folder))[columns].round(4)
    file = results.folder() / f"detectron2_log_seed{seed}.csv"
    with replacing(file) as temporary:
        rows.to_csv(temporary, index=False)


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "detectron.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models", nargs="+", default=MODELS, choices=MODELS
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="of each training")
    parser.add_argument("--scenes", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/detectron2")
    )
    return parser.parse_args()


def main() -> None:
    """Train every model with every seed and write the results."""
    options = read_options()
    torch.set_num_threads(options.threads)
    for model in options.models:
        runs = [run(model, seed, options) for seed in options.seeds]
        table = {}
        for key, name in IDS[model].items():
            values = [figures[key] for figures, _ in runs]
            table[name] = {
                "value": sum(values) / len(values),
                "per_seed": values,
                "n": 100,
                "command": "python recipes/detectron.py",
                "seconds": sum(seconds for _, seconds in runs) / len(runs),
            }
        results.write("instances", table)


if __name__ == "__main__":
    main()
