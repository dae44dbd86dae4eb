"""Pictures to learn from: maps turn with their images."""

import numpy as np
import pytest
import torch

from seglab import seed_everything
from seglab.data.prompt_scenes import PART, draw_prompt_scene
from seglab.promptable.learning.pictures import (
    PromptPictures,
    drawn_scenes,
    label_maps,
)


def test_image_and_maps_turn_together():
    numbers = torch.arange(36, dtype=torch.uint8).reshape(1, 1, 6, 6)
    pictures = PromptPictures(
        numbers.expand(1, 3, -1, -1), numbers.expand(1, 2, -1, -1)
    )
    seed_everything(0)
    seen = set()
    for _ in range(200):
        image, maps = pictures[0]
        whole = (image[0] * 255).round().to(torch.uint8)
        assert torch.equal(whole, maps[0])
        assert torch.equal(maps[0], maps[1])
        seen.add(maps[0].numpy().tobytes())
    assert len(seen) == 8, "a square has eight symmetries"


def test_refuses_counts_that_differ():
    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match="as many as the 2 images, got 1"):
        PromptPictures(images, images[:1, :2])


def test_maps_hold_every_mask():
    for seed in range(12):
        scene = draw_prompt_scene(seed)
        maps = label_maps(scene)
        for number, mask in enumerate(scene.masks, start=1):
            level = int(scene.kinds[number - 1] == PART)
            np.testing.assert_array_equal(maps[level] == number, mask)


def test_drawn_scenes_are_the_scenes():
    images, maps = drawn_scenes(range(3, 5))
    scene = draw_prompt_scene(4)
    np.testing.assert_allclose(images[1] / 255, scene.image, atol=0.5 / 255)
    np.testing.assert_array_equal(maps[1], label_maps(scene))
