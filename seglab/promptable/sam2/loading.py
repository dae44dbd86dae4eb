"""SAM 2 by name: the small one of this package, or the authors' own."""

from __future__ import annotations

from typing import Any

from seglab import weights
from seglab.data import catalog
from seglab.promptable.sam2._package import package
from seglab.promptable.sam2.mini import build_mini_sam2
from seglab.promptable.sam2.tracker import PromptableSam2
from seglab.settings import device

_CONFIGS = {"tiny": "t", "small": "s", "base_plus": "b+", "large": "l"}
NAMES = ("mini", *_CONFIGS)


def load_sam2(name: str = "mini") -> PromptableSam2:
    """A SAM 2 by name, on the device of these settings.

    Args:
        name: ``mini`` (comes with the package), or an official model of
            SAM 2.1 that is fetched once and verified: ``tiny`` (156 MB),
            ``small`` (184 MB), ``base_plus`` (324 MB), ``large`` (898 MB).

    Raises:
        ValueError: no model has that name.
        ImportError: sam2 is not installed.
        OfflineError: an official file is not here, and there is no
            network.

    >>> load_sam2().side
    128
    """
    if name not in NAMES:
        raise ValueError(
            f"name must be one of {', '.join(NAMES)}, got {name!r}"
        )
    if name == "mini":
        network: Any = weights.load_as(build_mini_sam2, "mini_sam2")
        return PromptableSam2(network.to(device()))
    builder = package("build_sam")
    resource = f"sam2.1_hiera_{name}"
    (file,) = catalog.CATALOG[resource].files
    path = catalog.fetch(resource) / file.path
    network = builder.build_sam2_video_predictor(
        f"configs/sam2.1/sam2.1_hiera_{_CONFIGS[name]}.yaml",
        str(path),
        device=str(device()),
        # holes are filled by a CUDA extension that is not built here
        apply_postprocessing=False,
    )
    return PromptableSam2(network)
