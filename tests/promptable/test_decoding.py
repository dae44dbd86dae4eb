"""The mask decoder for many images, against the package's for one."""

import torch
from small_sam import blobs, small_sam

from seglab.promptable.decoding import decode_masks

SAM = small_sam()
NETWORK = SAM.network


def encoded(count=5, per_prompt=3):
    draw = torch.Generator().manual_seed(3)
    points = torch.rand(count, per_prompt, 2, generator=draw) * 128
    labels = torch.randint(0, 2, (count, per_prompt), generator=draw)
    return NETWORK.prompt_encoder((points, labels), None, None)


@torch.no_grad()
def test_equals_the_package_for_one_image():
    features = SAM.embed(blobs()).features
    positions = NETWORK.prompt_encoder.get_dense_pe()
    sparse, dense = encoded()
    count = len(sparse)
    found = decode_masks(
        NETWORK.mask_decoder,
        features.expand(count, -1, -1, -1),
        positions,
        sparse,
        dense,
    )
    logits, quality = NETWORK.mask_decoder.predict_masks(
        features, positions, sparse, dense
    )
    assert found.logits.shape == (5, 4, 64, 64)
    torch.testing.assert_close(found.logits, logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.quality, quality, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_takes_prompts_of_several_images():
    features = torch.cat(
        [SAM.embed(blobs(seed=s)).features for s in (0, 1)]
    )
    positions = NETWORK.prompt_encoder.get_dense_pe()
    sparse, dense = encoded(count=2)
    both = decode_masks(
        NETWORK.mask_decoder, features, positions, sparse, dense
    )
    for k in range(2):
        one = slice(k, k + 1)
        alone, _ = NETWORK.mask_decoder.predict_masks(
            features[one], positions, sparse[one], dense[one]
        )
        torch.testing.assert_close(
            both.logits[one], alone, atol=1e-5, rtol=1e-5
        )
    assert not torch.allclose(both.logits[0], both.logits[1])


def test_learns_through_it():
    features = torch.randn(2, 64, 16, 16, requires_grad=True)
    positions = NETWORK.prompt_encoder.get_dense_pe()
    sparse, dense = encoded(count=2)
    answer = decode_masks(
        NETWORK.mask_decoder, features, positions, sparse, dense
    )
    (answer.logits.sum() + answer.quality.sum()).backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0
    NETWORK.zero_grad()
