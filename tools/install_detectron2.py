"""Install Detectron2 0.6 as pure Python: no compiler, no CUDA toolkit.

Takes the source distribution ``pb1-detectron2`` 0.6, which is version 0.6
without its C++ sources, edits what newer libraries have moved, and installs
it. Mask R-CNN, Panoptic FPN and PointRend run; deformable convolution,
rotated boxes and the fast COCO evaluation need the compiled version, see
https://detectron2.readthedocs.io/en/latest/tutorials/install.html.
A Detectron2 that can be imported already is left as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAME, VERSION = "pb1-detectron2", "0.6"
SHA256 = "5d2e9e51e523ec72f6a31cca04b0a515492e9514b773a3d134cedc0677170b29"

# all without their own dependencies: fvcore and black pin old versions of
# libraries that others here need newer
NEEDS = (
    "fvcore>=0.1.5,<0.1.6",
    "iopath>=0.1.10",
    "yacs>=0.1.8",
    "termcolor",
    "portalocker",
    "tabulate",
    "cloudpickle",
    "pycocotools>=2.0.8",
    "pyyaml",
    "omegaconf>=2.3,<2.4",
    "antlr4-python3-runtime==4.9.3",
    "hydra-core>=1.3.2,<1.4",
    "black",
    "click",
    "mypy-extensions",
    "packaging",
    "pathspec",
    "platformdirs",
    "pytokens",
    "tensorboard",
    "tensorboard-data-server",
    "absl-py",
    "grpcio",
    "markdown",
    "markupsafe",
    "protobuf",
    "werkzeug",
    "panopticapi-lite",
)


@dataclass(frozen=True)
class Edit:
    """A pattern that must occur in a file, and what takes its place."""

    path: str
    pattern: str
    replacement: str


NOT_COMPILED = "_C = None  # not compiled"
_NO_EXTENSION = [
    Edit(path, r"(?m)^from detectron2 import _C$", NOT_COMPILED)
    for path in (
        "detectron2/layers/deform_conv.py",
        "detectron2/layers/roi_align_rotated.py",
        "detectron2/layers/rotated_boxes.py",
        "detectron2/evaluation/fast_eval_api.py",
    )
]
# NumPy dropped its names for Python's own types
_BUILTINS = [
    Edit(path, r"\bnp\.(int|float|str|bool)\b", r"\1")
    for path in (
        "detectron2/data/build.py",
        "detectron2/data/datasets/pascal_voc.py",
        "detectron2/evaluation/pascal_voc_evaluation.py",
        "detectron2/evaluation/sem_seg_evaluation.py",
        "detectron2/structures/masks.py",
        "detectron2/utils/video_visualizer.py",
        "detectron2/utils/visualizer.py",
    )
]
EDITS = (
    Edit("setup.py", r"ext_modules=get_extensions\(\)", "ext_modules=[]"),
    Edit("setup.py", r"black==21\.4b2", "black"),
    Edit("setup.py", r"iopath>=0\.1\.7,<0\.1\.10", "iopath>=0.1.7"),
    # panopticapi-lite stands in for the first; caffe2 is long gone
    Edit("setup.py", r'(?m)^ *"panopticapi @ .*\n', ""),
    Edit("setup.py", r'(?m)^ *"future",.*\n', ""),
    Edit("setup.py", r'(?m)^ *"pydot",.*\n', ""),
    *_NO_EXTENSION,
    Edit(
        "detectron2/evaluation/coco_evaluation.py",
        r"use_fast_impl=True",
        "use_fast_impl=False",
    ),
    Edit(
        "detectron2/data/transforms/transform.py",
        r"Image\.LINEAR\b",
        "Image.BILINEAR",
    ),
    *_BUILTINS,
    # what it means today, said, so that torch does not warn
    Edit(
        "detectron2/modeling/anchor_generator.py",
        r"torch\.meshgrid\(shifts_y, shifts_x\)",
        'torch.meshgrid(shifts_y, shifts_x, indexing="ij")',
    ),
    Edit(
        "detectron2/model_zoo/model_zoo.py",
        r"(?m)^import pkg_resources\n",
        "",
    ),
    Edit(
        "detectron2/model_zoo/model_zoo.py",
        r'pkg_resources\.resource_filename\(\s*"detectron2\.model_zoo", ',
        "os.path.join(os.path.dirname(__file__), ",
    ),
)


class InstallError(Exception):
    """It was not installed; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Install Detectron2 unless it is there; 1 if that fails."""
    parser = argparse.ArgumentParser(
        description="Install Detectron2 0.6 as pure Python."
    )
    parser.add_argument(
        "--sdist",
        type=Path,
        help=f"{NAME}-{VERSION}.tar.gz, if you have downloaded it yourself",
    )
    parsed = parser.parse_args(arguments)
    if importlib.util.find_spec("detectron2"):
        print("detectron2: already there")
        return 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            _install(parsed.sdist, Path(folder))
    except InstallError as error:
        print(f"install_detectron2: {error}", file=sys.stderr)
        return 1
    return 0


def verify(sdist: Path, sha256: str = SHA256) -> None:
    """Refuse a file that is not the one whose edits are known."""
    if not sdist.is_file():
        raise InstallError(f"there is no {sdist}")
    found = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if found != sha256:
        raise InstallError(f"{sdist} has sha256 {found}, wanted {sha256}")


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack a source distribution and return its top folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (top,) = (entry for entry in folder.iterdir() if entry.is_dir())
    return top


def edit_tree(tree: Path, edits: Sequence[Edit] = EDITS) -> None:
    """Make the edits; whatever is not found stops the installation."""
    for edit in edits:
        _apply(edit, tree)
    # setup.py looks for them here, and packs them where they were
    configs = tree / "detectron2" / "model_zoo" / "configs"
    if not configs.is_dir():
        raise InstallError(f"{configs} is missing")
    configs.rename(tree / "configs")


def _apply(edit: Edit, tree: Path) -> None:
    file = tree / edit.path
    if not file.is_file():
        raise InstallError(f"{edit.path} is missing, so it was not edited")
    text = file.read_text("utf-8")
    edited, count = re.subn(edit.pattern, edit.replacement, text)
    if not count:
        raise InstallError(
            f"{edit.path} holds no {edit.pattern!r}, so it was not edited"
        )
    file.write_text(edited, "utf-8")
    print(f"edited {edit.path}: {count} time(s)")


def _install(sdist: Path | None, folder: Path) -> None:
    if not importlib.util.find_spec("torch"):
        raise InstallError(
            "torch is missing: pip install torch torchvision"
        )
    # its setup.py imports torch, so it is built in this environment
    _pip("install", "setuptools", "wheel")
    if sdist is None:
        sdist = _download(folder)
    verify(sdist)
    (folder / "tree").mkdir()
    tree = unpack(sdist, folder / "tree")
    edit_tree(tree)
    _pip("install", "--no-deps", *_needs())
    # the suffix tells an edited 0.6 from the original
    os.environ["D2_VERSION_SUFFIX"] = "+pure"
    _pip("install", "--no-deps", "--no-build-isolation", str(tree))


def _needs() -> tuple[str, ...]:
    # OpenCV has four packages that overwrite each other's files
    if importlib.util.find_spec("cv2"):
        return NEEDS
    return (*NEEDS, "opencv-python-headless")


def _download(folder: Path) -> Path:
    # a line with a hash, so that pip runs nothing before it has compared
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{NAME}=={VERSION} --hash=sha256:{SHA256}\n")
    try:
        _pip(
            "download",
            "--no-deps",
            "--no-build-isolation",
            "--require-hashes",
            f"--no-binary={NAME}",
            f"--dest={folder}",
            f"--requirement={wanted}",
        )
    except InstallError as error:
        raise InstallError(
            f"{error}. If pip refuses because of a direct URL dependency: "
            "pip 26.3 does so for every extra, and this one is not used. "
            f"Then download {NAME}-{VERSION}.tar.gz yourself and name it "
            "with --sdist; its sha256 is compared"
        ) from error
    (found,) = folder.glob("*.tar.gz")
    return found


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments]
    print("$", shlex.join(command), flush=True)
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise InstallError(f"pip {arguments[0]} failed; see above")


if __name__ == "__main__":
    sys.exit(main())
