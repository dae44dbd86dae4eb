"""What each pipeline does to coordinates, labels and grey levels."""

import subprocess
import sys

import albumentations as A
import numpy as np
import pytest
import torch

from seglab import seed_everything
from seglab.data.augment import (
    TensorAugment,
    ct_slice,
    microscopy,
    natural,
    radiograph,
)

PIPELINES = [natural, radiograph, ct_slice, microscopy]
SIDE, CELL = 96, 12
each_pipeline = pytest.mark.parametrize("make", PIPELINES)


def geometry(pipeline):
    """The steps that move masks, and those alone."""
    moving = [
        step
        for step in pipeline.transforms
        if isinstance(step, A.DualTransform)
    ]
    assert 0 < len(moving) < len(pipeline.transforms)
    return TensorAugment(A.Compose(moving))


def coordinates():
    """An image whose channels hold x and y in pixels over the side."""
    y, x = torch.meshgrid(
        torch.arange(SIDE), torch.arange(SIDE), indexing="ij"
    )
    return torch.stack([x, y]).float() / SIDE


def labels_at(image):
    """A chequered map of three labels, from coordinates."""
    x, y = (image * SIDE).round().long()
    return (x // CELL + 2 * (y // CELL)) % 3


def margins_at(image):
    """How far inside two overlapping shapes, in pixels: [2, H, W]."""
    x, y = image * SIDE
    disc = 30 - (x - 40).hypot(y - 50)
    return torch.stack([disc, (SIDE - x - y) / 2**0.5])


def inside_a_cell(image):
    """Pixels that came from at least a pixel off every edge of a cell."""
    place = (image * SIDE) % CELL
    return ((place > 1) & (place < CELL - 2)).all(dim=0)


def off_the_fill(mask):
    """Pixels away from what came from outside, and from the border."""
    void = torch.nn.functional.pad((mask == 255).float(), (1,) * 4, value=1)
    return torch.nn.functional.max_pool2d(void[None], 3, 1)[0] == 0


@each_pipeline
@pytest.mark.parametrize("seed", range(6))
def test_a_label_map_moves_with_its_image(make, seed):
    seed_everything(seed)
    image = coordinates()
    moved, mask = geometry(make(mask_fill=255))(image, labels_at(image))
    assert mask.dtype == torch.int64 and moved.dtype == torch.float32
    sure = inside_a_cell(moved) & off_the_fill(mask)
    assert sure.float().mean() > 0.25
    assert torch.equal(mask[sure], labels_at(moved)[sure])


@each_pipeline
@pytest.mark.parametrize("seed", range(6))
def test_layers_move_with_their_image(make, seed):
    seed_everything(seed)
    image = coordinates()
    whole = torch.ones(1, SIDE, SIDE, dtype=torch.bool)
    layers = torch.cat([margins_at(image) > 0, whole])
    moved, masks = geometry(make())(image, layers)
    assert masks.dtype == torch.bool and masks.shape == layers.shape
    margins = margins_at(moved)
    sure = (margins.abs() > 1) & off_the_fill(torch.where(masks[2], 0, 255))
    assert sure.float().mean() > 0.4
    assert torch.equal(masks[:2][sure], (margins > 0)[sure])
    # three pixels off would be seen
    shifted = masks[:2].roll(3, dims=-1)
    assert (shifted != (margins > 0))[sure].sum() > 50


@each_pipeline
def test_all_of_a_pipeline_keeps_mask_and_picture_together(make):
    mask = torch.zeros(SIDE, SIDE, dtype=torch.long)
    mask[30:60, 20:50] = 1
    image = (0.2 + 0.6 * mask).float().expand(3, -1, -1)
    if make in (radiograph, ct_slice):
        image = image[:1]
    for seed in range(8):
        seed_everything(seed)
        moved, found = TensorAugment(make())(image, mask)
        grey = moved.mean(dim=0)
        bright = grey > (grey[found == 1].median() + 0.1) / 2
        agree = 2 * (bright & (found == 1)).sum()
        agree = agree / (bright.sum() + (found == 1).sum())
        assert agree > 0.95


@each_pipeline
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_types_ranges_and_labels_stay(make, dtype, channels):
    seed_everything(0)
    size = (47, 47) if make is microscopy else (33, 47)
    image = torch.rand(channels, *size)
    image = (255 * image).byte() if dtype == torch.uint8 else image
    mask = torch.randint(0, 3, size)
    mask[:5] = 255
    for _ in range(10):
        moved, found = TensorAugment(make())(image, mask)
        assert moved.shape == image.shape and moved.dtype == dtype
        assert moved.min() >= 0
        assert moved.max() <= (255 if dtype == torch.uint8 else 1)
        assert set(found.unique().tolist()) <= {0, 1, 2, 255}
        assert (found == 255).any()


@each_pipeline
def test_what_moves_in_is_the_fill(make):
    image, mask = torch.ones(1, 64, 64), torch.ones(64, 64).int()
    for fill in (0, 255):
        seed_everything(0)
        pipeline = geometry(make(mask_fill=fill))
        found = [pipeline(image, mask) for _ in range(12)]
        labels = torch.stack([one for _, one in found])
        assert set(labels.unique().tolist()) == {fill, 1}
        black = torch.stack([one[0] for one, _ in found]) == 0
        assert (labels[black] == fill).float().mean() > 0.9


def slopes(make, seed):
    """d(x, y) / d(column, row) in the middle of the moved picture."""
    seed_everything(seed)
    image = coordinates()
    moved, _ = geometry(make())(image, labels_at(image))
    x, y = moved[
        :, SIDE // 2 - 4 : SIDE // 2 + 4, SIDE // 2 - 4 : SIDE // 2 + 4
    ]
    return [[one.diff(dim=d).mean() for d in (1, 0)] for one in (x, y)]


@pytest.mark.parametrize("make", [radiograph, ct_slice])
def test_sides_keep_their_names(make):
    for seed in range(40):
        (x_column, x_row), (y_column, y_row) = slopes(make, seed)
        assert x_column > 0 and y_row > 0
        assert x_column * y_row - x_row * y_column > 0
        # and no angle is changed: the columns stay at right angles
        skew = x_column * x_row + y_column * y_row
        assert abs(skew) < 1e-3 * x_column


def test_photographs_are_mirrored_and_never_upside_down():
    mirrored = 0
    for seed in range(40):
        (x_column, _), (_, y_row) = slopes(natural, seed)
        assert y_row > 0
        mirrored += bool(x_column < 0)
    assert 8 < mirrored < 32


def test_microscopy_has_every_side_up():
    seen = set()
    for seed in range(80):
        (x_column, x_row), (y_column, y_row) = slopes(microscopy, seed)
        turned = bool(abs(x_column) < abs(x_row))
        first, second = (x_row, y_column) if turned else (x_column, y_row)
        seen.add((turned, bool(first > 0), bool(second > 0)))
    assert len(seen) == 8


def test_grey_levels_of_a_ct_hardly_move():
    flat = torch.full((1, SIDE, SIDE), 0.5)
    mask = torch.ones(SIDE, SIDE).long()
    for seed in range(40):
        seed_everything(seed)
        moved, found = TensorAugment(ct_slice())(flat, mask)
        inside = off_the_fill(torch.where(found == 1, 0, 255))
        assert abs(float(moved[0][inside].mean()) - 0.5) < 0.07


@each_pipeline
@pytest.mark.parametrize("fill", [-1, 256, True])
def test_odd_fills_are_refused(make, fill):
    with pytest.raises(ValueError, match="mask_fill must be 0 to 255"):
        make(mask_fill=fill)


@each_pipeline
def test_without_the_library_the_error_names_the_extra(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(ImportError, match=r"'seglab\[augment\]'"):
        make()


QUIET = """
import os, urllib.request
os.environ.pop("NO_ALBUMENTATIONS_UPDATE", None)
def no_network(*rest, **more):
    raise SystemExit("the library asked the network")
urllib.request.OpenerDirector.open = no_network
import numpy as np
from seglab.data.augment import ct_slice
ct_slice()(image=np.zeros((9, 9), np.float32))
"""


@pytest.mark.slow
def test_it_neither_warns_nor_asks_the_network():
    run = subprocess.run(
        [sys.executable, "-c", QUIET], capture_output=True, text=True
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_arrays_go_in_too():
    image = np.random.default_rng(0).random((20, 30), np.float32)
    layers = np.ones((4, 20, 30), np.uint8)
    found = ct_slice()(image=image, masks=layers)
    assert found["image"].shape == (20, 30)
    assert found["masks"].shape == (4, 20, 30)
