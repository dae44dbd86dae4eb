"""DICOM series made by pydicom, NIfTI files beside nibabel."""

import sys

import nibabel
import numpy as np
import pydicom
import pytest
from nibabel.orientations import aff2axcodes
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from seglab.data.formats.medical import (
    Volume,
    read_dicom,
    read_nifti,
    write_nifti,
)

SHAPE = 5, 4, 6
STEPS = 2.5, 0.8, 0.7
HOUNSFIELD = np.arange(120).reshape(SHAPE) - 1000


def write_slice(path, number, series, **changes):
    """One axial slice, as a scanner writes it, with changes."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one = pydicom.Dataset()
    one.file_meta = meta
    one.SOPClassUID = CTImageStorage
    one.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    one.SeriesInstanceUID = series
    one.Rows, one.Columns = SHAPE[1:]
    one.PixelSpacing = list(STEPS[1:])
    one.SliceThickness = 5  # overlapping slices
    one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    one.ImagePositionPatient = [-10, -20, 100 + STEPS[0] * number]
    one.InstanceNumber = SHAPE[0] - number  # counted from the head
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.BitsAllocated = one.BitsStored = 16
    one.HighBit, one.PixelRepresentation = 15, 0
    one.RescaleSlope, one.RescaleIntercept = 2, -1024
    pixels = (HOUNSFIELD[number] + 1024) * 10
    one.RescaleSlope = 0.1
    one.PixelData = pixels.astype(np.uint16).tobytes()
    for tag, value in changes.items():
        if value is None:
            delattr(one, tag)
        else:
            setattr(one, tag, value)
    one.save_as(path, enforce_file_format=True)


def write_series(folder, changes=None, numbers=range(SHAPE[0])):
    """All slices; the names say nothing about the order."""
    series = generate_uid()
    for number in numbers:
        changed = (changes or {}).get(number, {})
        name = f"{number * 3 % 5}.dcm"
        write_slice(folder / name, number, series, **changed)


@pytest.fixture
def volume():
    affine = np.diag([*STEPS, 1.0])[[2, 1, 0, 3]]
    affine[:3, 3] = -10, -20, 100
    return Volume(HOUNSFIELD.astype(np.float32), affine)


def test_slices_are_ordered_by_their_position(tmp_path, volume):
    write_series(tmp_path)
    (tmp_path / "README").write_text("not DICOM")
    (tmp_path / "more").mkdir()
    found = read_dicom(tmp_path)
    np.testing.assert_allclose(found.values, HOUNSFIELD, atol=1e-3)
    assert found.values.dtype == np.float32
    np.testing.assert_allclose(found.affine, volume.affine)
    np.testing.assert_allclose(found.spacing, STEPS)


def test_other_planes_keep_their_place(tmp_path):
    """Sagittal slices from left to right, rows from head to feet."""
    write_series(
        tmp_path,
        {
            number: {
                "ImageOrientationPatient": [0, 1, 0, 0, 0, -1],
                "ImagePositionPatient": [3 - 2 * number, 5, 7],
            }
            for number in range(SHAPE[0])
        },
    )
    found = read_dicom(tmp_path)
    # back times feet is right: the first slice is the leftmost
    np.testing.assert_allclose(found.values, HOUNSFIELD, atol=1e-3)
    first, last = (
        found.affine @ [z, row, column, 1]
        for z, row, column in ((0, 0, 0), (4, 3, 5))
    )
    np.testing.assert_allclose(first, [3, 5, 7, 1])
    np.testing.assert_allclose(last, [-5, 5 + 5 * 0.7, 7 - 3 * 0.8, 1])


def test_a_tilted_gantry_makes_a_slanted_volume(tmp_path):
    """Each slice lies 1 mm further to the back than the one below."""
    write_series(
        tmp_path,
        {
            number: {"ImagePositionPatient": [0, number, 2 * number]}
            for number in range(SHAPE[0])
        },
    )
    found = read_dicom(tmp_path)
    np.testing.assert_allclose(found.affine @ [4, 0, 0, 1], [0, 4, 8, 1])


def test_digits_that_scanners_round_do_no_harm(tmp_path):
    write_series(
        tmp_path,
        {
            1: {
                "ImageOrientationPatient": [1, -0.0, 0, 0, 1, 1e-6],
                "ImagePositionPatient": [-10, -20, 102.5001],
            }
        },
    )
    assert read_dicom(tmp_path).spacing == pytest.approx(STEPS)


def test_one_slice_has_its_thickness(tmp_path):
    write_series(tmp_path, numbers=[2])
    assert read_dicom(tmp_path).spacing == pytest.approx((5, 0.8, 0.7))


@pytest.mark.parametrize(
    ("changes", "numbers", "message"),
    [
        ({}, [0, 1, 3, 4], "1 of 3 steps differ from 2.5 mm.*is missing"),
        (
            {1: {"ImagePositionPatient": [-10, -20, 100]}},
            [0, 1, 2],
            "lie at the same place",
        ),
        (
            {1: {"SeriesInstanceUID": "1.2.3"}},
            [0, 1, 2],
            "one series, but SeriesInstanceUID has 2 values",
        ),
        (
            {1: {"PixelSpacing": [0.8, 0.9]}},
            [0, 1, 2],
            "PixelSpacing has 2 values",
        ),
        (
            {1: {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}},
            [0, 1, 2],
            "ImageOrientationPatient has 2 values",
        ),
        (
            {1: {"ImagePositionPatient": None}},
            [0, 1, 2],
            "1 slices of .* have no ImagePositionPatient",
        ),
        ({}, [], "holds no DICOM files with pixels"),
        ({0: {"PixelData": None}}, [0], "holds no DICOM files with pixels"),
    ],
)
def test_what_is_not_one_volume(tmp_path, changes, numbers, message):
    write_series(tmp_path, changes, numbers)
    with pytest.raises(ValueError, match=message):
        read_dicom(tmp_path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_what_is_written_is_read(tmp_path, volume, name):
    write_nifti(tmp_path / "deep" / name, volume)
    found = read_nifti(tmp_path / "deep" / name)
    np.testing.assert_array_equal(found.values, volume.values)
    assert found.values.dtype == np.float32
    np.testing.assert_allclose(found.affine, volume.affine)
    assert [f.name for f in (tmp_path / "deep").iterdir()] == [name]


def test_nibabel_sees_the_patient_the_same_way(tmp_path, volume):
    write_nifti(tmp_path / "a.nii.gz", volume)
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert image.shape == SHAPE[::-1]
    assert aff2axcodes(image.affine) == ("L", "P", "S")
    np.testing.assert_allclose(image.header.get_zooms(), STEPS[::-1])
    assert image.header.get_xyzt_units()[0] == "mm"
    x, y, z, _ = volume.affine @ [3, 2, 1, 1]
    np.testing.assert_allclose(
        image.affine @ [1, 2, 3, 1], [-x, -y, z, 1], rtol=1e-6
    )


def test_files_of_nibabel_are_read(tmp_path):
    affine = np.array(
        [[0, 0, 2.0, 1], [-3, 0, 0, 2], [0, 4, 0, 3], [0, 0, 0, 1]]
    )
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    image = nibabel.Nifti1Image(values, affine)
    nibabel.save(image, tmp_path / "a.nii")
    found = read_nifti(tmp_path / "a.nii")
    np.testing.assert_array_equal(found.values, values.T)
    assert found.spacing == (2, 4, 3)
    for index in np.ndindex(values.shape):
        x, y, z, _ = affine @ [*index, 1]
        np.testing.assert_allclose(
            found.affine @ [*index[::-1], 1], [-x, -y, z, 1]
        )


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.eye(3, dtype=bool), np.uint8),
        (np.array([[0, 200]]), np.uint8),
        (np.array([[-1, 200]]), np.int16),
        (np.array([[0, 70000]]), np.int32),
        (np.array([[0, 1]], np.uint16), np.uint16),
        (np.array([[0.5]]), np.float64),
    ],
)
def test_types_that_programs_read(tmp_path, values, dtype):
    write_nifti(tmp_path / "a.nii", Volume(values[None], np.eye(4)))
    found = read_nifti(tmp_path / "a.nii")
    assert found.values.dtype == dtype
    np.testing.assert_array_equal(found.values[0], values)


def test_the_same_volume_gives_the_same_bytes(tmp_path, volume):
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(tmp_path / name, volume)
    a, b = sorted(tmp_path.iterdir())
    assert a.read_bytes() == b.read_bytes()


def test_odd_files_are_refused(tmp_path, volume):
    (tmp_path / "a.nii").write_text("no volume")
    with pytest.raises(ValueError, match="must be a NIfTI file"):
        read_nifti(tmp_path / "a.nii")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_nifti(tmp_path / "b.nii")
    flat = nibabel.Nifti1Image(np.zeros((2, 2, 2, 2), np.uint8), np.eye(4))
    nibabel.save(flat, tmp_path / "c.nii")
    with pytest.raises(ValueError, match="must have three axes"):
        read_nifti(tmp_path / "c.nii")
    with pytest.raises(ValueError, match=r"must end in \.nii"):
        write_nifti(tmp_path / "d.mha", volume)
    with pytest.raises(TypeError, match="got ndarray"):
        write_nifti(tmp_path / "d.nii", volume.values)
    long = Volume(np.array([[[2**40]]]), np.eye(4))
    with pytest.raises(ValueError, match="at most 32 bits"):
        write_nifti(tmp_path / "d.nii", long)
    assert not (tmp_path / "d.nii").exists()


@pytest.mark.parametrize(
    ("values", "affine", "message"),
    [
        (np.zeros((2, 2)), np.eye(4), r"values must be \[Z, H, W\]"),
        (np.zeros((2, 2, 2)), np.eye(3), r"affine must be \[4, 4\]"),
        (np.zeros((2, 2, 2)), np.zeros((4, 4)), "invertible"),
        (np.zeros((2, 2, 2)), np.full((4, 4), np.nan), "finite"),
    ],
)
def test_odd_volumes_are_refused(values, affine, message):
    with pytest.raises(ValueError, match=message):
        Volume(values, affine)


def test_missing_libraries_name_the_extra(tmp_path, monkeypatch, volume):
    for library in ("pydicom", "nibabel"):
        monkeypatch.setitem(sys.modules, library, None)
    calls = {
        "pydicom": [lambda: read_dicom(tmp_path)],
        "nibabel": [
            lambda: read_nifti(tmp_path / "a.nii"),
            lambda: write_nifti(tmp_path / "a.nii", volume),
        ],
    }
    for library, each in calls.items():
        message = rf"needs {library}: pip install 'seglab\[medical\]'"
        for call in each:
            with pytest.raises(ImportError, match=message):
                call()
