"""Warps against SciPy's, and what a fold looks like."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from seglab import seed_everything
from seglab.data.augment import (
    ElasticWarp,
    jacobian,
    random_displacement,
    warp,
    warp_mask,
)

SIZES = [(64, 64), (96, 128), (31, 200), (192, 192)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_the_default_folds_nothing(size, seed):
    seed_everything(seed)
    assert jacobian(random_displacement(size)).min() > 0.2


def test_a_wild_warp_folds():
    seed_everything(0)
    wild = random_displacement((96, 96), strength=40, smoothness=8)
    assert jacobian(wild).min() < 0


@pytest.mark.parametrize("size", SIZES)
def test_the_farthest_pixel_moves_by_the_strength(size):
    seed_everything(0)
    field = random_displacement(size, strength=7, smoothness=12)
    assert field.shape == (2, *size)
    assert float(field.norm(dim=0).max()) == pytest.approx(7, abs=1e-4)


def test_the_field_is_smooth():
    seed_everything(0)
    rough = random_displacement((96, 96), smoothness=4)
    smooth = random_displacement((96, 96), smoothness=16)
    steps = [field.diff(dim=-1).abs().mean() for field in (rough, smooth)]
    assert steps[0] > 2 * steps[1]


def test_the_jacobian_of_known_maps():
    rows, columns = torch.meshgrid(
        torch.arange(5.0), torch.arange(6.0), indexing="ij"
    )
    twice = torch.stack([rows, columns])
    torch.testing.assert_close(jacobian(twice), torch.full((5, 6), 4.0))
    mirrored = torch.stack([torch.zeros(5, 6), -2 * columns])
    torch.testing.assert_close(jacobian(mirrored), torch.full((5, 6), -1.0))
    turned = torch.stack([columns - rows, -rows - columns])
    torch.testing.assert_close(jacobian(turned), torch.ones(5, 6))


@pytest.mark.parametrize("size", [(40, 56), (1, 9), (9, 1), (1, 1)])
def test_images_and_masks_move_as_scipy_moves_them(size):
    seed_everything(0)
    field = random_displacement(size, strength=3, smoothness=5)
    image = torch.rand(2, *size, dtype=torch.float64)
    mask = torch.randint(0, 5, size)
    places = np.indices(size) + field.double().numpy()
    found = warp(image, field)
    for channel, moved in zip(image, found, strict=True):
        wanted = ndimage.map_coordinates(
            channel.numpy(), places, order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(moved.numpy(), wanted, atol=1e-9)
    wanted = ndimage.map_coordinates(
        mask.numpy(), places, order=0, mode="grid-constant", cval=255
    )
    found = warp_mask(mask, field, fill=255)
    np.testing.assert_array_equal(found.numpy(), wanted)


def test_a_mask_moves_with_its_image():
    rows, columns = torch.meshgrid(
        torch.arange(96.0), torch.arange(80.0), indexing="ij"
    )
    image = torch.stack([rows, columns])
    inside = (rows - 50).hypot(columns - 38) < 25
    for seed in range(5):
        seed_everything(seed)
        moved, mask = ElasticWarp(strength=6)(image, inside)
        assert mask.dtype == torch.bool
        distance = (moved[0] - 50).hypot(moved[1] - 38)
        sure = (distance - 25).abs() > 1
        # near the border the image fades to what lies outside
        sure &= (image.sub(45).abs() < 32).all(dim=0)
        assert torch.equal(mask[sure], (distance < 25)[sure])
        assert not torch.equal(mask, inside)


def test_layers_whole_numbers_and_the_fill():
    seed_everything(0)
    layers = torch.full((3, 40, 40), 2**31 + 1)
    image = torch.ones(1, 40, 40)
    moved, found = ElasticWarp(strength=6, mask_fill=255)(image, layers)
    assert found.shape == layers.shape and found.dtype == torch.int64
    assert set(found.unique().tolist()) == {255, 2**31 + 1}
    assert (moved[0][found[0] == 255] <= 0.5).all()


def test_it_follows_the_seed_and_changes_from_call_to_call():
    image, mask = torch.rand(1, 32, 32), torch.ones(32, 32).long()
    augment = ElasticWarp()
    runs = []
    for seed in (1, 1, 2):
        seed_everything(seed)
        runs.append([augment(image, mask)[0] for _ in range(2)])
    assert torch.equal(runs[0][0], runs[1][0])
    assert not torch.equal(runs[0][0], runs[0][1])
    assert not torch.equal(runs[0][0], runs[2][0])


def test_no_strength_is_no_warp():
    image, mask = torch.rand(1, 20, 30), torch.randint(0, 9, (20, 30))
    moved, found = ElasticWarp(strength=0)(image, mask)
    torch.testing.assert_close(moved, image)
    assert torch.equal(found, mask)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ElasticWarp(strength=-1), ValueError, "strength must be"),
        (lambda: ElasticWarp(smoothness=0), ValueError, "smoothness must"),
        (lambda: random_displacement((0, 4)), ValueError, "size must be"),
        (lambda: random_displacement((4,)), ValueError, "size must be"),
        (lambda: jacobian(torch.zeros(2, 1, 4)), ValueError, "2 or more"),
        (
            lambda: jacobian(torch.zeros(3, 4, 4)),
            ValueError,
            r"\[2, H, W\]",
        ),
        (
            lambda: warp(torch.zeros(1, 4, 4).long(), torch.zeros(2, 4, 4)),
            TypeError,
            "image must be float",
        ),
        (
            lambda: warp(torch.zeros(1, 4, 4), torch.zeros(2, 4, 5)),
            ValueError,
            "displacement",
        ),
    ],
)
def test_odd_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
