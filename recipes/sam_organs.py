"""Teach the small SAM the organs of a chest CT, by boxes around them.

    python recipes/sam_organs.py            three seeds, then the scores
    python recipes/sam_organs.py --lora     with LoRA in the encoder too

The image encoder is frozen, so that each training slice is embedded once
and kept in a file; only the mask decoder learns, from boxes that are a
little off. Scored are the organs in slabs of the scan that no training
has seen, neither this one nor that of ``mini_sam``: before and after, with
boxes that are off by the same amounts. It is one patient: the figures say
nothing about another scan.

A run that was killed goes on from its last checkpoint, and a seed that is
done is not trained again; delete ``runs/sam_organs`` to start anew.
Written are ``organs_before`` and ``organs_after`` of
``recipes/results/promptable.json``, each also for every organ, such as
``organs_after_heart``, and ``recipes/sam_organs.log``. With ``--lora`` it
is ``organs_lora``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from seglab import results, seed_everything, weights
from seglab.promptable.finetune import (
    DecoderTuner,
    EmbeddedPictures,
    EncoderTuner,
    cached_embeddings,
)
from seglab.promptable.learning.organs import (
    OrganSlices,
    organ_ious,
    organ_slices,
)
from seglab.promptable.lora import add_lora, merge_lora
from seglab.promptable.sam import PromptableSam, load_sam
from seglab.train import fit

HERE = Path(__file__).parent
SEEDS = [0, 1, 2]
JITTER = 0.05  # of a box's side, where scores are taken
Scores = dict[str, float]


def train(
    sam: PromptableSam,
    slices: OrganSlices,
    seed: int,
    options: argparse.Namespace,
) -> float:
    """Let a model learn, in place; returns its seconds."""
    seed_everything(seed)
    network, name = sam.network, "lora" if options.lora else "decoder"
    data: Dataset[Any]
    tuner: DecoderTuner
    if options.lora:
        print(add_lora(network, rank=options.rank), "numbers of LoRA")
        tuner = EncoderTuner(network)
        data = EmbeddedPictures(slices.images, slices.maps)
    else:
        tuner = DecoderTuner(network)
        embeddings = cached_embeddings(
            network, slices.images, options.folder
        )
        data = EmbeddedPictures(embeddings, slices.maps)
    history = fit(
        tuner,
        data,
        loss=tuner.loss,
        steps=options.steps,
        batch_size=8,
        learning_rate=options.learning_rate,
        evaluate_every=50,
        # other weights to begin with are another run
        folder=options.folder / f"{name}_{_start()}_seed{seed}",
        seed=seed,
        report=lambda row: print(
            name, seed, {k: round(v, 4) for k, v in row.items()}, flush=True
        ),
    )
    if options.lora:
        merge_lora(network)
    return history.rows[-1]["seconds"]


def _start() -> str:
    return weights.entry("mini_sam").sha256[:8]


def score(sam: PromptableSam, slices: OrganSlices) -> Scores:
    """Mean IoU by organ, and their mean as ``all``."""
    found = organ_ious(sam, slices, jitter=JITTER)
    scores = {name: float(ious.mean()) for name, ious in found.items()}
    return {"all": float(np.mean(list(scores.values()))), **scores}


def say(line: str) -> None:
    """Print a line and add it to the log."""
    print(line, flush=True)
    with (HERE / "sam_organs.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def count_pieces(slices: OrganSlices) -> dict[str, int]:
    """Pieces of each organ, and of all."""
    counts = np.bincount(np.concatenate(slices.organs).astype(int))
    by_name = {slices.names[k]: int(counts[k]) for k in counts.nonzero()[0]}
    return {"all": int(counts.sum()), **by_name}


def commit(
    prefix: str,
    scores: list[Scores],
    pieces: dict[str, int],
    seconds: float,
) -> None:
    """Write the figures of all seeds."""
    rows = {}
    for name in scores[0]:
        values = [one[name] for one in scores]
        key = prefix if name == "all" else f"{prefix}_{name}"
        rows[key] = {
            "value": float(np.mean(values)),
            "per_seed": values,
            "n": pieces[name],
            "command": "python recipes/sam_organs.py"
            + (" --lora" if prefix == "organs_lora" else ""),
            "seconds": seconds,
        }
    results.write("promptable", rows)


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/sam_organs")
    )
    return parser.parse_args()


def main() -> None:
    """Score, teach with every seed, and score again."""
    options = read_options()
    torch.set_num_threads(options.threads)
    training, held_out = organ_slices()
    pieces = count_pieces(held_out)
    before = score(load_sam("mini"), held_out)
    found = " ".join(f"{k} {v:.4f}" for k, v in before.items())
    say(f"mini_sam {_start()} before {found}")
    after, seconds = [], []
    for seed in options.seeds:
        sam = load_sam("mini")
        seconds.append(train(sam, training, seed, options))
        sam.network.eval()
        after.append(score(sam, held_out))
        found = " ".join(f"{k} {v:.4f}" for k, v in after[-1].items())
        kind = "lora" if options.lora else "after"
        say(f"{kind} seed {seed} {found} seconds {seconds[-1]:.0f}")
    if options.lora:
        commit("organs_lora", after, pieces, float(np.mean(seconds)))
        return
    # the model before is one; each seed starts from it
    commit("organs_before", [before] * len(after), pieces, 0.0)
    commit("organs_after", after, pieces, float(np.mean(seconds)))


if __name__ == "__main__":
    main()
