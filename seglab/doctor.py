"""Is all well here? What is installed, and what mends the rest."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

import seglab
from seglab.data.catalog import find
from seglab.data.storage import show_size

SUPPORTED_PYTHON = ((3, 11), (3, 14))


@dataclass(frozen=True)
class Family:
    """Optional libraries that belong together, and how to get them."""

    name: str
    modules: tuple[str, ...]
    command: str
    purpose: str

    def missing(self) -> list[str]:
        """The modules that cannot be imported; none is."""
        return [
            name
            for name in self.modules
            if importlib.util.find_spec(name) is None
        ]


FAMILIES = (
    Family(
        "medical",
        ("nibabel", "pydicom", "SimpleITK"),
        "pip install 'seglab[medical]'",
        "reads the CT scan and hospitals' files",
    ),
    Family(
        "data",
        (
            "shapely",
            "skimage",
            "sklearn",
            "pandas",
            "pycocotools",
            "imagehash",
        ),
        "pip install 'seglab[data]'",
        "polygons, COCO files, data reports",
    ),
    Family(
        "augment",
        ("albumentations",),
        "pip install 'seglab[augment]'",
        "augmentation by domain",
    ),
    Family(
        "postprocess",
        ("shapely", "skimage"),
        "pip install 'seglab[postprocess]'",
        "cleans label maps",
    ),
    Family(
        "tiles",
        ("tifffile", "zarr"),
        "pip install 'seglab[tiles]'",
        "pictures larger than memory",
    ),
    Family(
        "peers",
        (
            "pycocotools",
            "kornia",
            "segmentation_models_pytorch",
            "monai",
            "torchmetrics",
            "skimage",
            "sklearn",
            "pandas",
        ),
        "pip install 'seglab[peers]'",
        "what the chapters compare with",
    ),
    Family(
        "book",
        ("jupyter_book", "jupytext", "sphinx_exercise", "ipykernel"),
        "pip install 'seglab[book]'",
        "builds the book",
    ),
    Family(
        "test",
        ("pytest", "hypothesis", "nbval", "ruff", "mypy"),
        "pip install 'seglab[test]'",
        "runs the tests",
    ),
    Family(
        "fast",
        ("numba",),
        "pip install 'seglab[fast]'",
        "counts pixels, searches boundaries, large focal losses: faster",
    ),
    Family(
        "sam",
        ("segment_anything",),
        "pip install 'seglab[sam]'",
        "Segment Anything",
    ),
    Family(
        "sam2",
        ("sam2",),
        "python tools/install.py sam2",
        "SAM 2",
    ),
    Family(
        "lora",
        ("peft",),
        "pip install 'seglab[lora]'",
        "fine-tunes a few numbers of a large model",
    ),
    Family(
        "notebook",
        ("ipympl", "ipywidgets"),
        "pip install 'seglab[notebook]'",
        "clicking in a notebook",
    ),
    Family(
        "detectron2",
        ("detectron2",),
        "python tools/install.py detectron2",
        "Detectron2",
    ),
    Family(
        "transformers",
        ("transformers", "timm"),
        "pip install 'seglab[transformers]'",
        "pretrained transformers",
    ),
    Family(
        "deploy",
        ("onnx", "onnxruntime"),
        "pip install 'seglab[deploy]'",
        "exports models",
    ),
)


def examine() -> bool:
    """Print what is installed and what mends the rest.

    Returns:
        Whether the package can work; optional parts may be missing.
    """
    checks = (_python, _torch, _scale, _cache)
    results = [_try(check) for check in checks]
    folder = find("chest") if results[-1] else None
    if folder is not None:
        print(f"  ok       CT scan: {folder}")
    else:
        print(
            "  missing  CT scan: python tools/install.py scan, "
            "or seglab fetch chest"
        )
    print("optional:")
    for family in FAMILIES:
        missing = family.missing()
        if missing:
            print(
                f"  missing  {family.name} ({family.purpose}): "
                f"{family.command}"
            )
        else:
            print(f"  ok       {family.name} ({family.purpose})")
    return all(results)


def _try(check: Callable[[], str]) -> bool:
    try:
        print(f"  ok       {check()}")
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        print(f"  WRONG    {error}")
        return False
    return True


def _python() -> str:
    first, end = SUPPORTED_PYTHON
    version = platform.python_version()
    if not first <= sys.version_info[:2] < end:
        raise ValueError(
            f"Python {version} is not one that seglab runs on: take 3.11 "
            "to 3.13"
        )
    return (
        f"seglab {seglab.__version__}, Python {platform.python_version()}"
    )


def _torch() -> str:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"torch cannot be imported ({error}): pip install torch "
            "torchvision"
        ) from error
    # a device that is named but not there fails here and not in a chapter
    place = torch.zeros(1, device=seglab.device()).device
    vision = importlib.metadata.version("torchvision")
    return f"torch {torch.__version__}, torchvision {vision} on {place}"


def _scale() -> str:
    return f"scale {seglab.scale_name()} (SEGLAB_SCALE)"


def _cache() -> str:
    folder = seglab.cache_folder()
    free = show_size(shutil.disk_usage(folder).free)
    return f"cache folder {folder}, {free} free (SEGLAB_CACHE)"
