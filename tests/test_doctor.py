"""What the examination finds, and what it advises."""

import pytest

import seglab
from seglab import doctor


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SEGLAB_DEVICE", "cpu")
    monkeypatch.delenv("SEGLAB_SCALE", raising=False)
    return tmp_path / "cache"


def test_doctor(capsys, cache):
    assert doctor.examine()
    out = capsys.readouterr().out
    assert f"seglab {seglab.__version__}, Python 3." in out
    assert "on cpu" in out and "scale small" in out
    assert str(cache) in out and "free" in out
    assert "ok       test" in out


def test_doctor_names_the_command_that_mends(capsys, monkeypatch):
    lost = doctor.Family(
        "lost", ("no_such_module",), "pip install it", "why"
    )
    monkeypatch.setattr(doctor, "FAMILIES", (lost,))
    monkeypatch.setattr(doctor, "find", lambda name: None)
    assert doctor.examine()
    out = capsys.readouterr().out
    assert "missing  lost (why): pip install it" in out
    assert "missing  CT scan: python tools/install.py scan" in out


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SEGLAB_SCALE", "huge", "SEGLAB_SCALE must be one of"),
        ("SEGLAB_DEVICE", "meta:x", "WRONG"),
        ("SEGLAB_CACHE", "/dev/null/cache", "set SEGLAB_CACHE"),
    ],
)
def test_doctor_finds_what_is_wrong(
    capsys, monkeypatch, variable, value, said
):
    monkeypatch.setenv(variable, value)
    assert not doctor.examine()
    assert said in capsys.readouterr().out


def test_doctor_knows_the_python_that_it_needs(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "SUPPORTED_PYTHON", ((3, 0), (3, 1)))
    assert not doctor.examine()
    assert "WRONG    Python 3." in capsys.readouterr().out
