import numpy as np
import pytest
from deploy_cases import bright_segmenter
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seglab.data.radiographs import load_radiographs
from seglab.deploy.answers import figures
from seglab.deploy.drift import (
    COLUMNS,
    Reference,
    compare,
    plot,
    report,
    stability_index,
)


def rows_of(images):
    segmenter = bright_segmenter()
    return [figures(segmenter(image)) for image in images]


@pytest.fixture(scope="module")
def images():
    order = np.random.default_rng(0).permutation(len(load_radiographs()))
    return load_radiographs().images[order]


@pytest.fixture(scope="module")
def reference(images):
    return Reference.of(rows_of(images[:100]))


def drifted(reference, rows):
    return {d.column for d in compare(reference, rows) if d.drifted}


def test_other_pictures_of_the_same_kind_have_not_drifted(
    reference, images
):
    assert drifted(reference, rows_of(images[100:])) == set()


def test_brighter_pictures_have(reference, images):
    # nothing becomes so bright that it is cut off
    brighter = (images[100:] * 0.6 + 100).astype(np.uint8)
    found = drifted(reference, rows_of(brighter))
    assert "brightness" in found
    # the network sees scaled intensities: what it finds is the same
    assert "foreground_share" not in found


def test_pictures_of_something_else_have(reference, images):
    noise = np.random.default_rng(0).integers(
        0, 256, (40, 64, 64), np.uint8
    )
    assert {"contrast", "confidence"} <= drifted(reference, rows_of(noise))


def test_a_false_alarm_is_as_rare_as_said():
    draw = np.random.default_rng(0)

    def rows():
        table = draw.normal(size=(60, 3))
        return [dict(zip("abc", row, strict=True)) for row in table]

    alarms = 0
    for _ in range(200):
        reference = Reference.of(rows(), "abc")
        found = compare(reference, rows(), alpha=0.05)
        alarms += any(d.drifted for d in found)
    # 0.05 of 200 are 10; with 19 or more something is wrong (p < 0.01)
    assert alarms < 19


def test_a_trifle_is_no_drift_however_sure():
    draw = np.random.default_rng(0)
    many = [{"x": x} for x in draw.normal(size=20_000)]
    moved = [{"x": x} for x in draw.normal(0.12, 1, size=20_000)]
    (found,) = compare(Reference.of(many, ["x"]), moved)
    assert found.p_value < 0.001
    assert not found.drifted


@given(
    st.lists(st.floats(-9, 9), min_size=20, max_size=60),
    st.lists(st.floats(-9, 9), min_size=20, max_size=60),
)
def test_statistics_are_scipys(known, seen):
    reference = Reference.of([{"x": x} for x in known], ["x"])
    (found,) = compare(reference, [{"x": x} for x in seen])
    wanted = stats.ks_2samp(known, seen, method="asymp")
    assert found.ks == wanted.statistic
    assert found.p_value == wanted.pvalue
    assert found.psi >= 0


def test_the_index_by_hand():
    known = np.arange(10.0)
    seen = np.full(10, 0.0)
    # ten bins of one value each; all of the window is in the first
    p = np.full(10, 0.1) + 0.05
    q = np.array([1.0] + [0.0] * 9) + 0.05
    p, q = p / p.sum(), q / q.sum()
    wanted = ((q - p) * np.log(q / p)).sum()
    assert stability_index(known, seen) == pytest.approx(wanted)


@pytest.mark.parametrize("moved", [-1, 1])
def test_values_that_were_all_the_same(moved):
    same = np.zeros(50)
    assert stability_index(same, same) == 0
    assert stability_index(same, same + moved) > 1
    (found,) = compare(
        Reference.of([{"x": 0.0}] * 50, ["x"]), [{"x": float(moved)}] * 50
    )
    assert found.drifted


def test_it_is_kept_in_a_file(reference, tmp_path):
    reference.save(tmp_path / "reference.json")
    again = Reference.load(tmp_path / "reference.json")
    assert list(again.values) == list(COLUMNS)
    for name, values in reference.values.items():
        np.testing.assert_array_equal(again.values[name], values)


def test_a_large_reference_is_kept_small():
    draw = np.random.default_rng(0).normal(size=50_000)
    kept = Reference.of([{"x": x} for x in draw], ["x"]).values["x"]
    assert len(kept) == 2000
    assert stats.ks_2samp(kept, draw).statistic < 0.001


def test_a_damaged_file(tmp_path):
    for text in ("", "[1]", '{"x": ["a"]}'):
        (tmp_path / "r.json").write_text(text)
        with pytest.raises(ValueError, match="must be a reference"):
            Reference.load(tmp_path / "r.json")
    with pytest.raises(FileNotFoundError):
        Reference.load(tmp_path / "none.json")


def test_rows_of_files_that_failed_are_left_out():
    rows = [{"x": 0.1 * n} for n in range(30)] + [{"error": "torn"}] * 9
    assert len(Reference.of(rows, ["x"]).values["x"]) == 30


def test_the_report(reference, images):
    table = report(compare(reference, rows_of(images[100:] // 4)))
    lines = table.splitlines()
    assert len(lines) == 2 + len(COLUMNS)
    assert lines[2].startswith("| brightness |")
    assert lines[2].endswith("| drifted |")


def test_the_figure(reference, images):
    from matplotlib import pyplot as plt

    figure = plot(reference, rows_of(images[100:]))
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert labels == [name.replace("_", " ") for name in COLUMNS]
    assert all(len(ax.lines) == 2 for ax in figure.axes)
    plt.close(figure)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"x": 1.0}] * 19, "20 or more with x, got 19"),
        ([{"y": 1.0}] * 30, "got 0"),
        ([{"x": np.nan}] * 30, "must be finite, got x"),
    ],
)
def test_wrong_rows(rows, said):
    with pytest.raises(ValueError, match=said):
        Reference.of(rows, ["x"])


def test_wrong_arguments(reference):
    with pytest.raises(ValueError, match="alpha must lie between"):
        compare(reference, [{"x": 1.0}] * 30, alpha=0)
    with pytest.raises(ValueError, match="must hold values"):
        stability_index(np.array([]), np.array([1.0]))
