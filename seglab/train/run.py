"""One run: what a step does, what a row notes, when it is over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from seglab.settings import seed_everything
from seglab.train.batches import mix_seeds
from seglab.train.checkpoint import Folder, Memory, copy_weights
from seglab.train.history import History
from seglab.train.plan import Plan

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Evaluate = Callable[[nn.Module], Mapping[str, float]]


def warmup_cosine(step: int, steps: int, warmup: float = 0.05) -> float:
    """The learning rate of a step, as a share of the highest one.

    It climbs in a straight line over the first ``warmup * steps`` steps
    and falls along half a cosine to 0 (Loshchilov and Hutter 2017).

    Args:
        step: counted from 0.
        steps: how many there are.
        warmup: share of the steps that climb.

    >>> [round(warmup_cosine(s, 10, warmup=0.2), 2) for s in (0, 1, 2, 6)]
    [0.5, 1.0, 1.0, 0.5]
    """
    climb = round(warmup * steps)
    if step < climb:
        return (step + 1) / climb
    share = (step - climb) / max(1, steps - climb)
    return 0.5 * (1 + math.cos(math.pi * share))


@dataclass
class Progress:
    """Where a run stands: all that its next step depends on."""

    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    rows_since_best: int = 0
    losses: list[float] = field(default_factory=list)
    history: History = field(default_factory=History)

    def as_dict(self) -> dict[str, Any]:
        """Numbers and lists alone, as ``torch.load`` trusts them."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "rows_since_best": self.rows_since_best,
            "rows": self.history.rows,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Progress:
        """The progress that ``as_dict`` wrote."""
        known = {name: state[name] for name in state if name != "rows"}
        return cls(**known, history=History(state["rows"]))


class Run:
    """One training run: the model, what trains it, and where it stands."""

    def __init__(
        self,
        model: nn.Module,
        plan: Plan,
        loss: Callable[[Tensor, Tensor], Tensor],
        evaluate: Evaluate | None,
        folder: str | Path | None,
        fabric: Fabric,
    ) -> None:
        self.model, self.plan, self.fabric = model, plan, fabric
        self.loss, self.evaluate = loss, evaluate
        self.store = Memory() if folder is None else Folder(folder)
        optimiser = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad],
            lr=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        self.network, self.optimiser = fabric.setup(model, optimiser)
        self.progress = Progress()
        self._resume()

    def _resume(self) -> None:
        state = self.store.load_state(self.plan.as_dict())
        if state:
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.fabric.strategy.precision.load_state_dict(
                state["precision"]
            )
            self.progress = Progress.from_dict(state["progress"])

    def start(self) -> None:
        """Set the mode for training and the clock to now."""
        self.network.train()
        self._clock = time.perf_counter()

    def take_step(self, images: Tensor, targets: Tensor) -> None:
        """One step of the optimiser on this process's share of a batch."""
        rate = self._set_learning_rate()
        # dropout draws the same numbers however the run came here
        seed_everything(self._step_seed())
        images, targets = self.fabric.to_device((images, targets))
        loss = self.loss(self.network(images), targets)
        self._note_loss(loss, rate)
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        if self.plan.clip_norm is not None:
            self.fabric.clip_gradients(
                self.network,
                self.optimiser,
                max_norm=self.plan.clip_norm,
                # under float16 an overflow is the scaler's affair
                error_if_nonfinite=False,
            )
        self.optimiser.step()
        self.progress.step += 1

    def _step_seed(self) -> int:
        rank = self.fabric.global_rank
        return mix_seeds(self.plan.seed, self.progress.step, rank, 1)

    def _set_learning_rate(self) -> float:
        plan = self.plan
        share = warmup_cosine(self.progress.step, plan.steps, plan.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = plan.learning_rate * share
        return plan.learning_rate * share

    def _note_loss(self, loss: Tensor, rate: float) -> None:
        mean = self.fabric.all_reduce(loss.detach())
        value = torch.as_tensor(mean).item()
        if not math.isfinite(value):
            raise FloatingPointError(
                f"the loss became {value} at step {self.progress.step + 1} "
                f"(learning rate {rate:.2g}): try a smaller one, and look "
                "for NaN in the images"
            )
        self.progress.losses.append(value)

    def row_is_due(self) -> bool:
        """Whether the history gets a row after this step."""
        step = self.progress.step
        return step % self.plan.row_every == 0 or step == self.plan.steps

    def note_row(self) -> dict[str, float]:
        """Evaluate, note a row, and write the checkpoint."""
        progress = self.progress
        row = {
            "step": progress.step,
            "loss": sum(progress.losses) / len(progress.losses),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "seconds": progress.seconds + time.perf_counter() - self._clock,
        }
        # one process evaluates, all hear of it
        row = self.fabric.broadcast(row | self._figures())
        progress.seconds = row["seconds"]
        progress.losses.clear()
        progress.history.note(row)
        is_best = self._judge(row)
        if self.fabric.is_global_zero:
            self._save(is_best)
        self.start()
        return row

    def _figures(self) -> dict[str, float]:
        if self.evaluate is None or not self.fabric.is_global_zero:
            return {}
        self.network.eval()
        with torch.no_grad():
            figures = self.evaluate(self.model)
        return {name: float(value) for name, value in figures.items()}

    def _judge(self, row: Mapping[str, float]) -> bool:
        """Whether this row's weights are to be kept."""
        monitor, progress = self.plan.monitor, self.progress
        if monitor is None:
            return True
        if monitor not in row:
            raise ValueError(
                f"monitor must be one of {sorted(row)}, got {monitor!r}"
            )
        is_best = self.plan.is_better(row[monitor], progress.best)
        if is_best:
            progress.best = row[monitor]
        progress.rows_since_best = (
            0 if is_best else progress.rows_since_best + 1
        )
        return is_best or len(progress.history) == 1

    def _save(self, is_best: bool) -> None:
        if is_best:
            self.store.save_weights(copy_weights(self.model))
        self.store.save_state(
            {
                "settings": self.plan.as_dict(),
                "progress": self.progress.as_dict(),
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "precision": self.fabric.strategy.precision.state_dict(),
            }
        )

    def is_over(self, seconds: float | None) -> bool:
        """Whether steps, time or patience have run out."""
        plan, progress = self.plan, self.progress
        out_of_time = seconds is not None and progress.seconds >= seconds
        out_of_patience = (
            plan.patience is not None
            and progress.rows_since_best >= plan.patience
        )
        return progress.step >= plan.steps or out_of_time or out_of_patience

    def take_best_weights(self) -> None:
        """Give the model, in every process, the weights that were kept."""
        first = self.fabric.is_global_zero
        weights = self.store.load_weights() if first else {}
        self.model.load_state_dict(self.fabric.broadcast(weights))
        self.model.eval()
