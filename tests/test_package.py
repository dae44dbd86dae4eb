"""What is built and shipped: sdist, wheel, and the README's first steps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from bare_install import hide_optional

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist and the wheel made from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation"]
    subprocess.run(
        [*command, "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """The wheel alone, in a folder that shadows the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_python(installed: Path, cwd: Path, code: str) -> str:
    """Run code as a user of the wheel does, from a folder of their own."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment["SEGLAB_CACHE"] = str(cwd / "cache")
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_the_wheel_holds_the_package_and_nothing_else(installed):
    tops = {path.name for path in installed.iterdir()}
    assert {name for name in tops if "dist-info" not in name} == {"seglab"}
    files = {
        str(path.relative_to(installed / "seglab"))
        for path in (installed / "seglab").rglob("*")
    }
    assert "weights/weights.toml" in files
    assert "deploy/page.html" in files
    assert "recipe_results/lungs.json" in files
    assert "data/files/radiographs.npz" in files
    assert "data/files/README.md" in files


def test_the_wheel_is_small(built):
    (wheel,) = built.glob("*.whl")
    assert wheel.stat().st_size < 25e6


def test_the_sdist_can_build_and_test_itself(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"pyproject.toml", "Makefile", "environment.yml"} <= names
    assert {"tools/notebooks.py", "tests/test_package.py"} <= names
    assert not any(name.startswith(("_build", ".venv")) for name in names)


def test_the_wheel_imports_from_an_empty_folder(installed, tmp_path):
    code = (
        "import seglab; print(seglab.__file__); "
        "[getattr(seglab, name) for name in seglab.__all__]; "
        "print(seglab.results.read('lungs')['dice_heldout']['value'])"
    )
    where, dice = run_python(installed, tmp_path, code).split()
    assert where.startswith(str(installed))
    assert 0.95 < float(dice) < 1


def test_the_readme_quick_start_runs(installed, tmp_path):
    readme = (ROOT / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    out = run_python(installed, tmp_path, hide_optional() + code)
    assert re.search(r"mean IoU on one scene: 0\.\d\d", out)


def test_the_readme_says_what_the_commands_cost():
    first_screen = (ROOT / "README.md").read_text("utf-8")[:1500]
    for command in ("make book", "make test"):
        assert re.search(rf"`{command}`.*\|.*\d+ \|.*GB", first_screen)
