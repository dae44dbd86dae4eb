import pytest
import torch

from seglab import seed_everything
from seglab.data.augment import RadiographAugment


def bar():
    """An image that is its own mask: bright exactly where the mask is."""
    mask = torch.zeros(1, 64, 64)
    mask[:, 16:48, 24:40] = 1
    return 0.2 + 0.6 * mask, mask


@pytest.mark.parametrize("seed", range(5))
def test_image_and_mask_move_together(seed):
    seed_everything(seed)
    image, mask = RadiographAugment(exposure=0, noise=0)(*bar())
    bright = image > 0.5
    agree = 2 * (bright & (mask > 0)).sum() / (bright.sum() + mask.sum())
    assert agree > 0.99


def test_masks_stay_masks():
    for seed in range(5):
        seed_everything(seed)
        image, mask = RadiographAugment()(*bar())
        assert set(mask.unique().tolist()) <= {0.0, 1.0}
        assert image.min() >= 0 and image.max() <= 1
        assert type(image) is type(mask) is torch.Tensor


def test_exposure_leaves_the_mask_alone():
    still = RadiographAugment(degrees=0, shift=0, zoom=(1, 1))
    image, mask = bar()
    changed, same = still(image, mask)
    assert torch.equal(same, mask) and not torch.equal(changed, image)


def test_several_masks_and_whole_numbers():
    image, mask = bar()
    both = torch.cat([mask, 1 - mask]).long()
    _, found = RadiographAugment()(image, both)
    assert found.shape == (2, 64, 64) and found.dtype == torch.int64


def test_nothing_is_flipped():
    image, mask = torch.zeros(1, 64, 64), torch.zeros(1, 64, 64)
    mask[:, 28:36, 50:56] = 1
    for seed in range(30):
        seed_everything(seed)
        _, found = RadiographAugment()(image, mask)
        columns = torch.nonzero(found[0].sum(0)).flatten()
        assert columns.float().mean() > 32


def test_it_follows_the_seed():
    seed_everything(1)
    once = RadiographAugment()(*bar())[0]
    seed_everything(1)
    assert torch.equal(once, RadiographAugment()(*bar())[0])
