"""What every test starts from: the smallest scale, and few threads."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import matplotlib
from hypothesis import settings
from warm_kernels import offer_warm_kernels

ROOT = Path(__file__).resolve().parent.parent

# set before anything imports torch
os.environ.setdefault("SEGLAB_SCALE", "smoke")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# tools/*.py import their parts as a script does: from tools/ itself
for folder in (ROOT / "tools", ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

# not through the environment: notebooks' kernels would inherit it
matplotlib.use("Agg")

settings.register_profile(
    "seglab", deadline=None, derandomize=True, max_examples=40
)
settings.load_profile("seglab")


def pytest_configure() -> None:
    """Notebooks may ask for a kernel whose imports are done."""
    offer_warm_kernels()


def pytest_collection_finish() -> None:
    """What is imported stays: not to be searched for garbage each time."""
    gc.collect()
    gc.freeze()
