"""The projector: geometry, masks, preparation and determinism."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from chest_stand_in import stand_in_scan
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch.nn import functional as F

from seglab.data import projection
from seglab.data.chest_volume import (
    ABDOMEN,
    ChestVolume,
    prepare_volume,
)
from seglab.data.virtual_patients import shot, virtual_patient

STILL = dataclasses.replace(
    shot(0),
    turn=0.0,
    tilt=0.0,
    roll=0.0,
    shift_mm=(0.0, 0.0),
    distance_mm=1000.0,
    brightness=0.0,
    contrast=1.0,
    noise=0.0,
)
AS_SCANNED = dataclasses.replace(
    virtual_patient(0), scale=np.ones(3), warp_mm=np.zeros((3, 5, 5, 5))
)
VOXEL = 2.5
COUNT = 100
HALF = (COUNT - 1) / 2


def sphere_volume(centre_mm, radius_mm, label=1):
    """A ball in air, centre given from the middle along (z, y, x)."""
    axes = [
        (np.arange(COUNT) - HALF) * VOXEL - middle for middle in centre_mm
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    ball = z**2 + y**2 + x**2 <= radius_mm**2
    return ChestVolume(
        density=torch.from_numpy(ball.astype(np.float32)),
        codes=label * ball.astype(np.uint8),
        structures={"heart": 1, "lung_upper_lobe_left": 2},
        voxel_mm=VOXEL,
        centre=(HALF,) * 3,
        half_size_mm=(100.0,) * 3,
        half_depth_mm=120.0,
    )


def middle_and_width(mask):
    rows, columns = np.nonzero(mask)
    return rows.mean(), columns.mean(), 2 * math.sqrt(mask.sum() / math.pi)


def expected(centre_mm, pose, size):
    """Where pinhole geometry puts a point of the patient on the film."""
    z, y, x = centre_mm
    for degrees, axes in (("turn", "yx"), ("tilt", "zy"), ("roll", "zx")):
        c = math.cos(math.radians(getattr(pose, degrees)))
        s = math.sin(math.radians(getattr(pose, degrees)))
        if axes == "yx":
            y, x = c * y - s * x, s * y + c * x
        elif axes == "zy":
            z, y = c * z - s * y, s * z + c * y
        else:
            z, x = c * z - s * x, s * z + c * x
    lift = projection.FILM_MM / 2 - projection._APEX_MM - 100
    larger = 1 / (1 - y / pose.distance_mm)
    up = (z + lift - pose.shift_mm[0]) * larger
    right = (x + pose.shift_mm[1]) * larger
    pixel = projection.FILM_MM / size
    half = projection.FILM_MM / 2
    return (half - up) / pixel - 0.5, (half + right) / pixel - 0.5, larger


@settings(max_examples=12, deadline=None)
@given(
    st.tuples(*[st.integers(-50, 50)] * 3),
    st.floats(-10, 10),
    st.floats(-8, 8),
    st.floats(-5, 5),
    st.tuples(st.floats(-8, 8), st.floats(-8, 8)),
)
def test_a_ball_lands_where_geometry_says(centre, turn, tilt, roll, shift):
    pose = dataclasses.replace(
        STILL, turn=turn, tilt=tilt, roll=roll, shift_mm=shift
    )
    film = projection.project(
        sphere_volume(centre, 20), AS_SCANNED, pose, 96
    )
    mask = film.masks[film.names.index("heart")]
    row, column, width = middle_and_width(mask)
    wanted_row, wanted_column, larger = expected(centre, pose, 96)
    assert row == pytest.approx(wanted_row, abs=0.5)
    assert column == pytest.approx(wanted_column, abs=0.5)
    pixel = film.spacing_mm[0]
    assert width == pytest.approx(40 * larger / pixel, abs=1.2)


def test_what_is_nearer_the_source_is_larger():
    widths = []
    for y in (-80, 0, 80):
        volume = sphere_volume((0, y, 0), 30)
        film = projection.project(volume, AS_SCANNED, STILL, 96)
        mask = film.masks[film.names.index("heart")]
        widths.append(middle_and_width(mask)[2])
    assert widths[0] < widths[1] < widths[2]


def shadow_fits(image, mask):
    """Whether an image is bright where a mask is, to a pixel or two."""
    around = ndimage.binary_dilation(mask, iterations=2)
    inside = ndimage.binary_erosion(mask, iterations=2)
    middle = ndimage.center_of_mass(image.astype(float))
    return (
        not image[~around].any()
        and image[inside].min() > 20
        and np.allclose(middle, ndimage.center_of_mass(mask), atol=0.3)
    )


def test_a_larger_virtual_patient_casts_a_larger_shadow():
    volume = sphere_volume((0, 0, 0), 30)
    wide = dataclasses.replace(AS_SCANNED, scale=np.array([1.0, 1.0, 1.2]))
    film = projection.project(volume, wide, STILL, 96)
    rows, columns = np.nonzero(film.masks[film.names.index("heart")])
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(1.2, abs=0.08)


def test_the_warp_moves_image_and_mask():
    volume = sphere_volume((0, 0, 0), 25)
    warp = np.zeros((3, 5, 5, 5))
    warp[2] = 12.0  # look 12 mm further left: the ball moves right
    moved = dataclasses.replace(AS_SCANNED, warp_mm=warp)
    places = []
    for patient in (AS_SCANNED, moved):
        film = projection.project(volume, patient, STILL, 96)
        mask = film.masks[film.names.index("heart")]
        assert shadow_fits(film.image, mask)
        places.append(middle_and_width(mask)[1])
    pixel = projection.FILM_MM / 96
    assert places[0] - places[1] == pytest.approx(12 / pixel, abs=0.3)


def test_image_and_mask_of_a_ball_coincide():
    volume = sphere_volume((10, 20, -30), 25)
    film = projection.project(volume, AS_SCANNED, STILL, 96)
    mask = film.masks[film.names.index("heart")]
    assert shadow_fits(film.image, mask)


def test_coarse_nodes_are_exact_without_a_warp():
    volume = sphere_volume((0, 0, 0), 20)
    pose = dataclasses.replace(STILL, turn=9.0, tilt=-7.0, roll=4.0)
    arguments = (volume, AS_SCANNED, pose, 40, 120.0)
    coarse = projection._sampling_grid(*arguments)
    nodes = projection._RAY_NODES
    try:
        projection._RAY_NODES = 64
        fine = projection._sampling_grid(*arguments)
    finally:
        projection._RAY_NODES = nodes
    assert torch.allclose(coarse, fine, atol=2e-5)


def test_coarse_nodes_follow_the_warp_to_a_fraction_of_a_voxel():
    volume = sphere_volume((0, 0, 0), 20)
    arguments = (volume, virtual_patient(5), shot(5), 40, 120.0)
    coarse = projection._sampling_grid(*arguments)
    nodes = projection._RAY_NODES
    try:
        projection._RAY_NODES = 64
        fine = projection._sampling_grid(*arguments)
    finally:
        projection._RAY_NODES = nodes
    voxels = (coarse - fine).abs().max() * (COUNT - 1) / 2
    assert voxels < 0.25


def test_all_masks_equal_one_projection_a_mask():
    rng = np.random.default_rng(0)
    codes = np.zeros((24, 24, 24), dtype=np.uint8)
    codes[2:-2, 2:-2, 2:-2] = rng.choice(
        [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 2 + ABDOMEN], size=(20, 20, 20)
    )
    codes[:, :, ::2] = 0
    volume = ChestVolume(
        density=torch.zeros(24, 24, 24),
        codes=codes,
        structures={
            "heart": 1,
            "lung_lower_lobe_left": 2,
            "rib_left_4": 3,
            "vertebrae_T4": 4,
        },
        voxel_mm=10.0,
        centre=(11.5, 11.5, 11.5),
        half_size_mm=(100.0,) * 3,
        half_depth_mm=120.0,
    )
    grid = projection._sampling_grid(
        volume, virtual_patient(1), shot(1), 32, 130.0
    )
    names, masks = projection._masks(volume, grid, 2.0)
    for name, label in (
        ("heart", 1),
        ("lungs_silhouette", 2),
        ("rib_left_4", 3),
        ("vertebra_T4", 4),
    ):
        alone = torch.from_numpy(codes % ABDOMEN == label).float()
        slow = F.grid_sample(
            alone[None, None],
            grid.permute(0, 2, 3, 4, 1),
            mode="nearest",
            align_corners=True,
        )[0, 0].amax(0)
        assert 0 < slow.mean() < 1
        assert np.array_equal(masks[names.index(name)], slow.numpy() > 0)


def test_the_diaphragm_lies_between_lung_and_liver():
    volume = prepare_volume(stand_in_scan())
    below = volume.codes >= ABDOMEN
    label = volume.codes % ABDOMEN
    assert below[label == 5].mean() > 0.99
    assert not below[(label == 10) | (label == 12)].any()
    assert not below[label == 51].any()
    film = projection.project(volume, AS_SCANNED, STILL, 64)
    masks = dict(zip(film.names, film.masks, strict=True))
    lungs, above, clear = (masks[n] for n in projection.LUNG_NAMES)
    assert not (above & ~lungs).any()
    assert not (clear & ~above).any()
    assert not (clear & masks["heart"]).any()
    # only the right lung, on the viewer's left, lies behind the liver
    hidden = np.nonzero(lungs & ~above)[1]
    assert hidden.size
    assert hidden.max() < 32


def test_seeds_decide_everything():
    scan = stand_in_scan()
    one = projection.render(scan, 3, 4, 48)
    torch.manual_seed(99)
    np.random.seed(99)
    same = projection.render(scan, 3, 4, 48)
    assert np.array_equal(one.image, same.image)
    assert np.array_equal(one.masks, same.masks)
    for patient, pose in ((2, 4), (3, 5)):
        other = projection.render(scan, patient, pose, 48)
        assert not np.array_equal(one.image, other.image)


def test_drawn_values_stay_in_their_ranges():
    for seed in range(50):
        pose, patient = shot(seed), virtual_patient(seed)
        assert abs(pose.turn) <= 10
        assert abs(pose.tilt) <= 8
        assert abs(pose.roll) <= 5
        assert (patient.scale >= 0.82).all()
        assert (patient.scale <= 1.15).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 48), "seed must be 0 or more, got -1"),
        ((0, -2, 48), "seed must be 0 or more, got -2"),
        ((0, 0, 7), "size must be 8 or more, got 7"),
    ],
)
def test_odd_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        projection.render(stand_in_scan(), *arguments)
