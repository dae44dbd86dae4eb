"""Seeds, workers and types of pipelines that are given tensors."""

import itertools

import albumentations as A
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from seglab import seed_everything
from seglab.data.augment import TensorAugment, radiograph


class OneFilm(Dataset):
    """The same film eight times, each changed by ``augment``."""

    def __init__(self, augment):
        self.augment = augment

    def __len__(self):
        return 8

    def __getitem__(self, index):
        y, x = torch.meshgrid(
            torch.arange(24), torch.arange(24), indexing="ij"
        )
        film = ((x + y) / 48).float()
        return self.augment(film[None], (film > 0.5).long())[0]


class OwnSeed:
    """A pipeline that keeps its own seed, as tutorials write it."""

    def __init__(self):
        self.pipeline = A.Compose([A.Affine(rotate=(-40, 40), p=1)], seed=1)

    def __call__(self, image, mask):
        found = self.pipeline(image=image[0].numpy(), mask=mask.numpy())
        return torch.from_numpy(found["image"])[None], found["mask"]


def dealt(augment, seed, workers):
    seed_everything(seed)
    films = OneFilm(augment)
    loader = DataLoader(films, batch_size=1, num_workers=workers)
    return [film for epoch in range(2) for film in loader]


def count_repeats(films):
    return sum(
        torch.equal(one, other)
        for one, other in itertools.combinations(films, 2)
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_a_seed_gives_the_run_again_and_no_item_twice(workers):
    augment = TensorAugment(radiograph())
    once = dealt(augment, 1, workers)
    assert count_repeats(once) == 0
    again = dealt(TensorAugment(radiograph()), 1, workers)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    other = dealt(augment, 2, workers)
    assert count_repeats(once + other) == 0


def test_a_seed_of_its_own_is_copied_into_every_worker():
    # what TensorAugment is there to prevent
    assert count_repeats(dealt(OwnSeed(), 1, workers=2)) >= 8


def test_steps_are_drawn_apart():
    flips = A.Compose([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)])
    image = torch.arange(4).reshape(1, 2, 2) / 3
    seed_everything(0)
    augment = TensorAugment(flips)
    seen = {
        tuple(augment(image, image[0])[0].flatten().tolist())
        for _ in range(40)
    }
    assert len(seen) == 4
    # the same seed for every step couples them: both flips, or none
    coupled = A.Compose(
        [A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)], seed=0
    )
    film = image[0].numpy()
    both = {tuple(coupled(image=film)["image"].flat) for _ in range(40)}
    assert len(both) == 2


@pytest.mark.parametrize(
    "dtype",
    [torch.bool, torch.uint8, torch.int16, torch.int64, torch.float32],
)
@pytest.mark.parametrize("shape", [(20, 30), (1, 20, 30), (7, 20, 30)])
def test_masks_of_every_type(dtype, shape):
    seed_everything(0)
    mask = torch.randint(0, 2, shape).to(dtype)
    image = torch.rand(1, 20, 30)
    moved, found = TensorAugment(radiograph())(image, mask)
    assert found.shape == shape and found.dtype == dtype
    assert moved.shape == image.shape
    assert set(found.unique().tolist()) <= {0, 1}


def test_large_instance_numbers_survive():
    mask = torch.full((16, 16), 70_001)
    found = TensorAugment(radiograph())(torch.rand(1, 16, 16), mask)[1]
    assert 70_001 in set(found.unique().tolist()) <= {0, 70_001}
    with pytest.raises(ValueError, match="labels up to"):
        TensorAugment(radiograph())(torch.rand(1, 16, 16), mask * 1000)


def test_what_was_given_is_left_alone():
    image, mask = torch.rand(1, 16, 16), torch.ones(16, 16).long()
    kept = image.clone(), mask.clone()
    moved, found = TensorAugment(radiograph())(image, mask)
    moved.zero_()
    found.zero_()
    assert torch.equal(image, kept[0]) and torch.equal(mask, kept[1])


@pytest.mark.parametrize(
    ("image", "mask", "error", "message"),
    [
        (torch.zeros(1, 4, 4).long(), (4, 4), TypeError, "float or uint8"),
        (
            torch.zeros(4, 4),
            (4, 4),
            ValueError,
            r"image must be \[C, H, W\]",
        ),
        (torch.zeros(1, 4, 4), (4, 5), ValueError, "same H and W"),
        (torch.zeros(1, 4, 4), (1, 1, 4, 4), ValueError, r"\[K, H, W\]"),
        (torch.zeros(1, 0, 4), (0, 4), ValueError, "image must be"),
        (torch.full((1, 4, 4), 40.0), (4, 4), ValueError, r"in \[0, 1\]"),
        (torch.full((1, 4, 4), -0.1), (4, 4), ValueError, r"in \[0, 1\]"),
        (torch.full((1, 4, 4), torch.nan), (4, 4), ValueError, "in"),
    ],
)
def test_odd_tensors_are_refused(image, mask, error, message):
    with pytest.raises(error, match=message):
        TensorAugment(radiograph())(image, torch.zeros(mask).long())


def test_an_odd_pipeline_is_refused():
    with pytest.raises(TypeError, match="albumentations Compose, got func"):
        TensorAugment(radiograph)
