"""The training loop: the same for every chapter and every device."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from seglab.settings import device
from seglab.train.batches import Augment, make_batches
from seglab.train.history import History
from seglab.train.plan import Plan
from seglab.train.run import Evaluate, Run

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def make_fabric() -> Fabric:
    """A Fabric for one process on the device of these settings.

    Mixed precision is used where the device has it: bfloat16 or float16
    on a CUDA GPU, plain float32 elsewhere.

    >>> type(make_fabric()).__name__
    'Fabric'
    """
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    from lightning_fabric import Fabric

    place = device()
    if place.type != "cuda":
        return Fabric(
            accelerator=place.type, devices=1, precision="32-true"
        )
    has_bfloat16 = torch.cuda.is_bf16_supported()
    return Fabric(
        accelerator="cuda",
        devices=1 if place.index is None else [place.index],
        precision="bf16-mixed" if has_bfloat16 else "16-mixed",
    )


def fit(
    model: nn.Module,
    train_set: Any,
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    steps: int,
    batch_size: int,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-2,
    warmup: float = 0.05,
    clip_norm: float | None = 1.0,
    evaluate: Evaluate | None = None,
    evaluate_every: int | None = None,
    monitor: str | None = None,
    mode: str = "max",
    patience: int | None = None,
    folder: str | Path | None = None,
    seed: int = 0,
    fabric: Fabric | None = None,
    augment: Augment | None = None,
    report: Callable[[dict[str, float]], object] | None = None,
    seconds: float | None = None,
    workers: int = 0,
) -> History:
    """Train a model for a number of optimiser steps.

    AdamW with warm-up and a cosine (``warmup_cosine``). The random state
    of Python, NumPy and PyTorch follows ``seed`` while it runs.

    Args:
        model: trained in place; it holds the best weights at the end, or
            the last ones if nothing is monitored.
        train_set: a data set with ``len`` whose items are (image, target).
        loss: called with (model's output, targets); returns a scalar.
        steps: optimiser steps.
        batch_size: images a step, over all processes together.
        learning_rate: the highest one.
        weight_decay: of AdamW.
        warmup: share of the steps in which the learning rate climbs.
        clip_norm: longest gradient allowed; None to clip nothing.
        evaluate: called with the model in eval mode, without gradients, in
            the first process; returns figures for the history.
        evaluate_every: steps between two rows; a tenth of all if None.
        monitor: the column that says which weights are best.
        mode: ``max`` or ``min``: which of its values is best.
        patience: stop after so many rows without a better one.
        folder: for checkpoints. A run that finds its own state there goes
            on from the last row, with the curve it would have had.
        seed: 0 or more.
        fabric: for several processes or devices; launch it before.
        augment: called with each (image, target); returns both.
        report: called with each new row, in the first process.
        seconds: stop at the first row after so much training time, of
            which evaluations are no part.
        workers: processes that prepare batches; 0 for none.

    Returns:
        The history: step, loss, learning_rate, seconds, and the figures.

    Raises:
        ValueError: a setting is out of range, the data set is empty, or
            the folder holds another run.
        FloatingPointError: the loss is not finite; says at which step.

    >>> data = [(torch.ones(1), torch.ones(1))] * 4
    >>> history = fit(nn.Linear(1, 1), data, loss=nn.MSELoss(), steps=20,
    ...               batch_size=4, learning_rate=0.1)
    >>> history.rows[-1]["loss"] < history.rows[0]["loss"]
    True
    """
    plan = Plan(
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        warmup=warmup,
        clip_norm=clip_norm,
        evaluate_every=evaluate_every,
        monitor=monitor,
        mode=mode,
        patience=patience,
        seed=seed,
    )
    run = Run(model, plan, loss, evaluate, folder, fabric or make_fabric())
    _check_data(train_set, batch_size, run.fabric.world_size)
    batches = make_batches(
        train_set,
        steps=(run.progress.step, steps),
        batch_size=batch_size,
        seed=seed,
        augment=augment,
        workers=workers,
        rank=run.fabric.global_rank,
        processes=run.fabric.world_size,
    )
    if not run.is_over(seconds):
        _go(run, batches, report, seconds)
    run.take_best_weights()
    return run.progress.history


def _check_data(train_set: Any, batch_size: int, processes: int) -> None:
    if len(train_set) == 0:
        raise ValueError("train_set must hold an item or more, got none")
    if batch_size % processes:
        raise ValueError(
            f"batch_size must be a multiple of the {processes} processes, "
            f"got {batch_size}"
        )


def _go(
    run: Run,
    batches: Any,
    report: Callable[[dict[str, float]], object] | None,
    seconds: float | None,
) -> None:
    """Step after step, with a row and a checkpoint at regular steps."""
    bar = _progress_bar(run)
    run.start()
    for images, targets in batches:
        run.take_step(images, targets)
        bar.update(1)
        if not run.row_is_due():
            continue
        row = run.note_row()
        bar.set_postfix({k: f"{v:.3g}" for k, v in row.items()})
        if report is not None and run.fabric.is_global_zero:
            report(row)
        if run.is_over(seconds):
            break
    bar.close()


def _progress_bar(run: Run) -> Any:
    """A bar on a terminal; silence in notebooks, logs and other ranks."""
    shown = run.fabric.is_global_zero and sys.stdout.isatty()
    return tqdm(
        total=run.plan.steps,
        initial=run.progress.step,
        disable=not shown,
        file=sys.stdout,
        unit="step",
    )
