"""The workflows: pinned by commit, least permissions, known commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(
    re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
)


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict]:
    jobs = load(path)["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def test_the_four_workflows_are_there():
    assert {path.stem for path in WORKFLOWS} == {
        "ci",
        "gpu",
        "links",
        "publish",
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path):
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_permissions_are_least(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        extra = job.get("permissions", {})
        allowed = {"pages": "write", "id-token": "write"}
        assert extra == (allowed if name == "deploy" else {})
        assert job["timeout-minutes"] <= 360


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_make_targets_and_scripts_exist(path):
    for step in steps(path):
        command = step.get("run", "")
        for target in re.findall(r"\bmake ([a-z]+)", command):
            assert target in TARGETS
        for script in re.findall(r"bash (\S+)", command):
            assert (ROOT / script).exists()


def test_gpu_runs_every_notebook_at_full():
    workflow = load(ROOT / ".github/workflows/gpu.yml")
    job = workflow["jobs"]["notebooks"]
    assert job["env"]["SEGLAB_SCALE"] == "full"
    assert any(
        "--nbval-lax" in step.get("run", "") for step in job["steps"]
    )
