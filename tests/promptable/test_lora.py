import pytest
import torch

pytest.importorskip("peft")

from seglab.promptable.finetune import EncoderTuner
from seglab.promptable.lora import add_lora, merge_lora
from seglab.promptable.mini import build_mini_sam

IMAGES = torch.rand(
    2, 3, 128, 128, generator=torch.Generator().manual_seed(0)
)
MAPS = torch.zeros(2, 128, 128, dtype=torch.uint8)
MAPS[:, 20:90, 30:100] = 1


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_mini_sam().eval()


def encode(network):
    with torch.no_grad():
        return network.image_encoder(network.preprocess(IMAGES * 255))


def test_it_begins_with_the_same_answers(network):
    before = encode(network)
    count = add_lora(network, rank=2)
    assert torch.equal(encode(network), before)
    # four blocks, two matrices each: 96 to 2, 2 to 288
    assert count == 4 * 2 * (96 + 288)


def test_only_the_small_matrices_of_the_encoder_learn(network):
    add_lora(network, rank=2)
    tuner = EncoderTuner(network, per_picture=1)
    learning = [n for n, p in tuner.named_parameters() if p.requires_grad]
    encoder = [n for n in learning if "image_encoder" in n]
    assert len(encoder) == 8 and all("lora_" in n for n in encoder)
    assert any("mask_decoder" in n for n in learning)
    assert not any("prompt_encoder" in n for n in learning)
    tuner.loss(tuner(IMAGES), MAPS).backward()
    # the second matrix starts at zero, so it alone hears of the first step
    grads = {
        n: p.grad for n, p in tuner.named_parameters() if "lora_B" in n
    }
    assert len(grads) == 4
    assert all(g is not None and g.abs().sum() > 0 for g in grads.values())


def test_merged_it_is_the_plain_model_again(network):
    names = list(network.state_dict())
    before = encode(network)
    add_lora(network, rank=2)
    with torch.no_grad():
        for name, p in network.image_encoder.named_parameters():
            if "lora_B" in name:
                p.normal_(0, 0.1)
    adapted = encode(network)
    assert not torch.allclose(adapted, before, atol=1e-3)
    merge_lora(network)
    assert list(network.state_dict()) == names
    torch.testing.assert_close(
        encode(network), adapted, atol=1e-4, rtol=1e-4
    )
    fresh = build_mini_sam().eval()
    fresh.load_state_dict(network.state_dict())
    assert torch.equal(encode(fresh), encode(network))


def test_arguments_are_checked(network):
    with pytest.raises(ValueError, match="rank"):
        add_lora(network, rank=0)
    with pytest.raises(ValueError, match="layers"):
        add_lora(network, layers=["no_such"])
    with pytest.raises(ValueError, match="LoRA layers"):
        merge_lora(network)
