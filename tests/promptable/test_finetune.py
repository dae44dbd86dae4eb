import pytest
import torch
from torch import nn

from seglab.promptable.finetune import (
    DecoderTuner,
    EmbeddedPictures,
    EncoderTuner,
    cached_embeddings,
    choose_numbered,
    embed_pictures,
)
from seglab.promptable.mini import build_mini_sam
from seglab.promptable.sam import PromptableSam
from seglab.train import fit


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_mini_sam()


@pytest.fixture(scope="module")
def pictures():
    """Bright squares on a dark ground, two in each picture."""
    torch.manual_seed(1)
    images = torch.rand(4, 3, 128, 128) * 0.2
    maps = torch.zeros(4, 128, 128, dtype=torch.uint8)
    for n in range(4):
        for number in (1, 2):
            top, left = 10 + 12 * n, 5 + 60 * (number - 1)
            maps[n, top : top + 50, left : left + 40] = number
    images += 0.7 * (maps > 0)[:, None]
    return images, maps


def test_embeddings_are_those_of_embed(network, pictures):
    sam = PromptableSam(network)
    found = embed_pictures(network, pictures[0], batch_size=3)
    for image, own in zip(pictures[0], found, strict=True):
        wanted = sam.embed(image).features[0]
        torch.testing.assert_close(own, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "shape", [(3, 128, 128), (1, 1, 128, 128), (1, 3, 64, 64)]
)
def test_pictures_of_another_size(network, shape):
    with pytest.raises(ValueError, match="images"):
        embed_pictures(network, torch.rand(shape))


def test_batch_size_is_one_or_more(network, pictures):
    with pytest.raises(ValueError, match="batch_size"):
        embed_pictures(network, pictures[0], batch_size=0)


def test_embeddings_are_computed_once(network, pictures, tmp_path):
    first = cached_embeddings(network, pictures[0], tmp_path)
    calls = []
    hook = network.image_encoder.register_forward_hook(
        lambda *_: calls.append(1)
    )
    again = cached_embeddings(network, pictures[0], tmp_path)
    assert torch.equal(first, again) and not calls
    cached_embeddings(network, pictures[0] * 0.5, tmp_path)
    assert calls, "other pictures have other embeddings"
    calls.clear()
    with torch.no_grad():
        network.image_encoder.neck[0].weight[0, 0] += 1e-3
    cached_embeddings(network, pictures[0], tmp_path)
    hook.remove()
    assert calls, "other weights have other embeddings"
    assert len(list(tmp_path.iterdir())) == 3


def test_pictures_with_nothing_to_ask_for_are_left_out(pictures):
    maps = pictures[1].clone()
    maps[1] = 0
    kept = EmbeddedPictures(torch.arange(4)[:, None], maps)
    assert len(kept) == 3 and kept[1][0].item() == 2
    with pytest.raises(ValueError, match="maps"):
        EmbeddedPictures(torch.zeros(3, 1), maps)


def test_only_the_decoder_learns(network, pictures):
    network.requires_grad_(True)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    tuner = DecoderTuner(network, per_picture=2)
    data = EmbeddedPictures(
        embed_pictures(network, pictures[0]), pictures[1]
    )
    history = fit(
        tuner,
        data,
        loss=tuner.loss,
        steps=8,
        batch_size=4,
        learning_rate=3e-3,
        evaluate_every=4,
    )
    assert history.rows[-1]["loss"] < history.rows[0]["loss"]
    moved = {
        key.partition(".")[0]
        for key, value in network.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert moved == {"mask_decoder"}


def test_the_loss_asks_for_the_numbered_objects(pictures):
    torch.manual_seed(0)
    asked = choose_numbered(pictures[1], 5)
    assert asked.truth.shape == (20, 128, 128)
    assert asked.picture.tolist() == [n for n in range(4) for _ in range(5)]
    for n, truth in zip(asked.picture, asked.truth, strict=True):
        numbers = pictures[1][n][truth > 0].unique()
        assert len(numbers) == 1 and numbers[0] > 0
        assert torch.equal(truth > 0, pictures[1][n] == numbers[0])
    with pytest.raises(ValueError, match="every picture"):
        choose_numbered(torch.zeros(1, 4, 4), 1)


def test_a_frozen_encoder_gets_no_gradient_and_a_free_one_does(pictures):
    torch.manual_seed(0)
    network = build_mini_sam()
    network.image_encoder.requires_grad_(False)
    network.image_encoder.neck.requires_grad_(True)
    tuner = EncoderTuner(network, per_picture=1)
    tuner.loss(tuner(pictures[0][:1]), pictures[1][:1]).backward()
    neck = network.image_encoder.neck[0].weight.grad
    assert neck is not None and neck.abs().sum() > 0
    assert network.image_encoder.pos_embed.grad is None


def test_per_picture_is_one_or_more():
    with pytest.raises(ValueError, match="per_picture"):
        DecoderTuner(nn.Identity(), per_picture=0)
