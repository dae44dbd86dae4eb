"""What a training run was asked to do, checked at the door."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Plan:
    """The settings of a run; ``fit`` explains each.

    >>> Plan(steps=100, batch_size=8).row_every
    10
    """

    steps: int
    batch_size: int
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warmup: float = 0.05
    clip_norm: float | None = 1.0
    evaluate_every: int | None = None
    monitor: str | None = None
    mode: str = "max"
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "evaluate_every", "patience"):
            _check_count(name, getattr(self, name))
        for name in ("learning_rate", "clip_norm"):
            _check_positive(name, getattr(self, name))
        if self.weight_decay < 0:
            raise ValueError(
                f"weight_decay must be 0 or more, got {self.weight_decay}"
            )
        if not 0 <= self.warmup < 1:
            raise ValueError(
                f"warmup must be a share in [0, 1), got {self.warmup}"
            )
        if self.mode not in ("max", "min"):
            raise ValueError(
                f"mode must be 'max' or 'min', got {self.mode!r}"
            )
        if self.patience is not None and self.monitor is None:
            raise ValueError(
                "patience needs monitor, the name of the figure to watch, "
                "got monitor=None"
            )

    @property
    def row_every(self) -> int:
        """Steps between two rows of the history."""
        return self.evaluate_every or max(1, self.steps // 10)

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a monitored value beats the best so far."""
        if math.isnan(value):
            return False
        if best is None:
            return True
        return value > best if self.mode == "max" else value < best

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)


def _check_count(name: str, value: int | None) -> None:
    if value is not None and (int(value) != value or value < 1):
        raise ValueError(
            f"{name} must be a whole number from 1, got {value}"
        )


def _check_positive(name: str, value: float | None) -> None:
    if value is not None and not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0 and finite, got {value}")
