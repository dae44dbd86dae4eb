"""The first lesson: which pixels belong together."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from seglab import seed_everything
from seglab.promptable.learning.affinity import (
    AffinityLearner,
    same_object,
)
from seglab.promptable.learning.pictures import drawn_scenes
from seglab.promptable.mini import build_mini_sam


@given(st.integers(0, 99))
def test_same_object_pixel_by_pixel(seed):
    draw = torch.Generator().manual_seed(seed)
    flat = torch.randint(0, 3, (2, 2, 12), generator=draw)
    anchors = torch.randint(0, 12, (2, 5), generator=draw)
    found = same_object(flat, anchors)
    assert found.shape == (2, 2, 5, 12)
    for n in range(2):
        wholes, parts = flat[n]
        for a, anchor in enumerate(anchors[n].tolist()):
            for p in range(12):
                whole = wholes[p] == wholes[anchor]
                part = parts[p] == parts[anchor]
                if parts[anchor] == 0:
                    part = whole
                assert found[n, 0, a, p] == whole
                assert found[n, 1, a, p] == part


def test_shapes():
    learner = AffinityLearner(build_mini_sam(), channels=8, anchors=5)
    embedded = learner(torch.rand(2, 3, 128, 128))
    assert embedded.shape == (2, 64, 16, 16)
    anchors = torch.randint(0, 64 * 64, (2, 5))
    assert learner.affinity(embedded, anchors).shape == (2, 2, 5, 64 * 64)


def test_preprocesses_as_the_package_does():
    learner = AffinityLearner(build_mini_sam()).eval()
    images = torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        wanted = learner.sam.image_encoder(
            learner.sam.preprocess(images * 255)
        )
        torch.testing.assert_close(learner(images), wanted)


def test_learns_two_pictures():
    seed_everything(0)
    images, maps = drawn_scenes(range(2))
    learner = AffinityLearner(build_mini_sam())
    optimiser = torch.optim.AdamW(learner.parameters(), lr=2e-3)
    pictures, losses = images.float() / 255, []
    for _ in range(20):
        loss = learner.loss(learner(pictures), maps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-4:]) / 4 < 0.85 * losses[0]
