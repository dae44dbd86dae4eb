"""What a run leaves on disk, written so that a kill cannot spoil it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seglab.files import replacing
from seglab.train.history import History

STATE, WEIGHTS, TABLE = "last.pt", "best.safetensors", "history.csv"


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """The weights of a model, copied to the CPU."""
    return {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in model.state_dict().items()
    }


class Memory:
    """Keeps the best weights of a run that has no folder."""

    def __init__(self) -> None:
        self._weights: dict[str, Tensor] = {}

    def load_state(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Nothing: what is not on disk cannot be resumed."""
        return {}

    def save_state(self, state: dict[str, Any]) -> None:
        """Nothing to do."""

    def save_weights(self, weights: dict[str, Tensor]) -> None:
        """Remember the weights in place of those before."""
        self._weights = weights

    def load_weights(self) -> dict[str, Tensor]:
        """The weights saved last."""
        return self._weights


class Folder:
    """Keeps the state and the best weights of a run in a folder.

    Args:
        path: made if it is missing. It holds ``last.pt`` (what resuming
            needs), ``best.safetensors`` and ``history.csv``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def load_state(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The state of the run, or an empty dict before its first row.

        Raises:
            ValueError: the folder holds a run with other settings.
        """
        file = self.path / STATE
        if not file.exists():
            return {}
        state = torch.load(file, map_location="cpu", weights_only=True)
        for name, wanted in settings.items():
            found = state["settings"].get(name)
            if found != wanted:
                raise ValueError(
                    f"folder {self.path} holds a run with {name}={found}, "
                    f"this one has {wanted}; "
                    "take another folder, or delete that one to start anew"
                )
        return state

    def save_state(self, state: dict[str, Any]) -> None:
        """Replace the state of the run."""
        with replacing(self.path / STATE) as temporary:
            torch.save(state, temporary)
        History(state["progress"]["rows"]).save(self.path / TABLE)

    def save_weights(self, weights: dict[str, Tensor]) -> None:
        """Replace the best weights."""
        with replacing(self.path / WEIGHTS) as temporary:
            save_file(weights, temporary)

    def load_weights(self) -> dict[str, Tensor]:
        """The weights saved last."""
        return load_file(self.path / WEIGHTS)
