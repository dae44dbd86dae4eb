"""Scale, expectations, seeds, device and cache folder."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from seglab import settings


@pytest.mark.parametrize("name", settings.SCALES)
def test_the_variable_decides_the_scale(monkeypatch, name):
    monkeypatch.setenv("SEGLAB_SCALE", name.upper())
    values = {"smoke": 1, "small": 2, "full": 3}
    assert settings.scale_name() == name
    assert settings.scale(**values) == values[name]


@pytest.mark.parametrize("text", ["", "auto"])
@pytest.mark.parametrize(
    ("gpu", "name"), [(True, "full"), (False, "small")]
)
def test_without_it_a_gpu_decides(monkeypatch, text, gpu, name):
    monkeypatch.setenv("SEGLAB_SCALE", text)
    monkeypatch.delenv("SEGLAB_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert settings.scale_name() == name


def test_an_unknown_scale_is_refused(monkeypatch):
    monkeypatch.setenv("SEGLAB_SCALE", "huge")
    with pytest.raises(ValueError, match="SEGLAB_SCALE must be one of"):
        settings.scale_name()


def test_expect_checks_at_small_and_full_only(monkeypatch):
    monkeypatch.setenv("SEGLAB_SCALE", "smoke")
    settings.expect(False, "nothing is learnt yet")
    for name in ("small", "full"):
        monkeypatch.setenv("SEGLAB_SCALE", name)
        settings.expect(True, "it holds")
        with pytest.raises(settings.ExpectationError, match="it holds"):
            settings.expect(np.bool_(False), "it holds")


def test_a_claim_about_a_training_is_noted_and_stops_nobody(
    monkeypatch, capsys
):
    monkeypatch.setenv("SEGLAB_SCALE", "smoke")
    settings.expect_trained(False, "nothing is learnt yet")
    monkeypatch.setenv("SEGLAB_SCALE", "small")
    settings.expect_trained(torch.tensor(True), "it holds")
    assert capsys.readouterr().out == ""
    settings.expect_trained(np.bool_(False), "it holds")
    assert capsys.readouterr().out.startswith(
        "Not so in this run: it holds."
    )


def test_a_seed_repeats_every_source_of_chance():
    def draw() -> tuple[float, float, float]:
        settings.seed_everything(3)
        import random

        return random.random(), np.random.rand(), torch.rand(1).item()

    assert draw() == draw()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be 0 to"):
        settings.seed_everything(seed)


def test_the_device_can_be_chosen(monkeypatch):
    monkeypatch.setenv("SEGLAB_DEVICE", "cpu")
    assert settings.device() == torch.device("cpu")


def test_the_cache_folder_is_made(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGLAB_CACHE", str(tmp_path / "a" / "b"))
    assert settings.cache_folder() == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()


def test_a_cache_folder_that_cannot_be_made_says_where(
    monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SEGLAB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"file.cache cannot be made.*SEGLAB"):
        settings.cache_folder()


def test_import_is_light():
    # counted in modules, not seconds: those depend on the machine
    code = (
        "import sys, seglab; heavy = {'torch', 'numpy', 'matplotlib', "
        "'scipy', 'PIL'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_submodules_load_on_use():
    code = (
        "import seglab\n"
        "names = [getattr(seglab, name) for name in seglab.__all__]\n"
        "assert len(names) == len(seglab.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    import seglab

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = seglab.nothing
