import json

import pytest

from seglab import results

RESULT = {
    "value": 0.95,
    "per_seed": [0.94, 0.96],
    "n": 10,
    "command": "python recipes/x.py",
    "seconds": 12.5,
}


def test_ids_are_merged(tmp_path):
    results.write("x", {"a": RESULT}, folder=tmp_path)
    file = results.write("x", {"b": RESULT | {"n": 3}}, folder=tmp_path)
    assert json.loads(file.read_text()) == {
        "a": RESULT,
        "b": RESULT | {"n": 3},
    }
    results.write("x", {"a": RESULT | {"n": 4}}, folder=tmp_path)
    assert json.loads(file.read_text())["a"]["n"] == 4


def test_keys_are_checked(tmp_path):
    with pytest.raises(ValueError, match=r"results\['a'\] must hold"):
        results.write("x", {"a": {"value": 1}}, folder=tmp_path)


def test_nan_is_refused_and_the_old_file_stays(tmp_path):
    file = results.write("x", {"a": RESULT}, folder=tmp_path)
    bad = RESULT | {"value": float("nan")}
    with pytest.raises(ValueError):
        results.write("x", {"a": bad}, folder=tmp_path)
    assert json.loads(file.read_text()) == {"a": RESULT}


def test_no_way_out_of_the_folder(tmp_path):
    with pytest.raises(ValueError, match="name must be"):
        results.write("../x", {"a": RESULT}, folder=tmp_path)
    with pytest.raises(ValueError, match="name must be"):
        results.read("../../pyproject")


def test_unknown_name():
    with pytest.raises(FileNotFoundError, match="name must be one of"):
        results.read("no-such-recipe")


def test_every_committed_file_has_the_agreed_shape():
    for file in results.folder().glob("*.json"):
        if file.stem.endswith("_seconds"):
            continue  # measured times, which have a shape of their own
        for result in results.read(file.stem).values():
            assert set(result) == set(RESULT)


def test_measured_times_are_seconds_a_step_and_an_image():
    for file in results.folder().glob("*_seconds.json"):
        for times in results.read(file.stem).values():
            assert set(times) == {"step", "image"}
            assert 0 < times["image"] < times["step"]
