"""The masks of the coins, checked by what coins are."""

import numpy as np
import torch
from skimage import data
from skimage.measure import label, regionprops

from seglab.data.coins import coins


def test_the_picture_is_that_of_scikit_image():
    image, _ = coins()
    assert image.dtype == torch.float32
    for channel in image:
        np.testing.assert_allclose(255 * channel, data.coins(), atol=1e-4)


def test_there_are_24_round_coins():
    _, masks = coins()
    assert masks.dtype == torch.bool and len(masks) == 24
    assert masks.sum(dim=0).max() == 1
    for mask in masks.numpy():
        (coin,) = regionprops(label(mask))
        assert 1000 < coin.area < 3500
        assert coin.solidity > 0.95 and coin.eccentricity < 0.65
        assert coin.euler_number == 1


def test_masks_come_from_top_to_bottom():
    _, masks = coins()
    tops = [int(np.nonzero(mask.numpy())[0].min()) for mask in masks]
    assert tops == sorted(tops)


def test_coins_are_brighter_than_the_table_beside_them():
    image, masks = coins()
    for mask in masks:
        ring = torch.nn.functional.max_pool2d(
            mask[None].float(), 9, stride=1, padding=4
        )[0].bool()
        beside = ring & ~masks.any(dim=0)
        assert image[0][mask].mean() > image[0][beside].mean() + 0.15
