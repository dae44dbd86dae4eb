"""Mask2Former: MaskFormer's pyramid, any size, any backbone, training."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import eight_scenes, small_backbone
from peer_networks import load_transformers, relative_gap, shake

from seglab.models.backbones import Backbone
from seglab.models.hrnet import HRNETS, HRNetBackbone
from seglab.models.mask2former import (
    PIXEL_DECODER_FROM_TRANSFORMERS,
    Mask2Former,
    PixelDecoder,
    group_norm,
)
from seglab.models.mix_transformer import MIX_TRANSFORMERS, MixTransformer
from seglab.models.set_loss import SetLoss
from seglab.models.set_prediction import semantic_scores, semantic_targets
from seglab.models.state_dicts import load_renamed


def small_network(backbone=None, classes=3, **options):
    """A network that trains in seconds, for grey images."""
    if backbone is None:
        size = MIX_TRANSFORMERS["mini"]
        backbone = MixTransformer(size, in_channels=1, drop_path=0.0)
    sizes = {
        "width": 32,
        "queries": 6,
        "layers": 3,
        "heads": 4,
        "inner": 64,
    }
    return Mask2Former(backbone, classes, **sizes | options)


@torch.no_grad()
@pytest.mark.parametrize("sides", [(32, 16, 8, 4), (25, 13, 7, 4)])
def test_pixel_decoder_equals_maskformers(sides):
    load_transformers()
    from transformers.models.maskformer import modeling_maskformer

    channels = (8, 16, 32, 64)
    torch.manual_seed(0)
    theirs = modeling_maskformer.MaskFormerPixelDecoder(
        in_features=64,
        feature_size=128,
        mask_feature_size=128,
        lateral_widths=channels[:-1],
    )
    ours = PixelDecoder(channels, 128)
    state = shake(theirs).state_dict()
    load_renamed(ours, state, PIXEL_DECODER_FROM_TRANSFORMERS)
    maps = [
        torch.randn(2, channel, side + 1, side)
        for channel, side in zip(channels, sides, strict=True)
    ]
    wanted = theirs(maps, output_hidden_states=True)
    scales, drawn_on = ours(maps)
    assert [x.shape[-1] for x in scales] == list(sides[:0:-1])
    assert relative_gap(drawn_on, wanted.last_hidden_state) < 1e-5
    # the library keeps the coarsest map to itself
    for one, other in zip(scales[1:], wanted.hidden_states, strict=False):
        assert relative_gap(one, other) < 1e-5
    assert relative_gap(scales[0], theirs.fpn.stem(maps[-1])) < 1e-5


@pytest.mark.parametrize("channels", [4, 12, 32, 96, 256])
def test_groups_divide_the_channels(channels):
    norm = group_norm(channels)
    assert channels / norm.num_groups >= 4
    assert norm(torch.randn(2, channels, 3, 3)).shape[1] == channels


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return small_network().eval()


@settings(max_examples=15)
@given(st.integers(29, 80), st.integers(29, 80))
def test_any_size(network, height, width):
    x = torch.zeros(1, 1, height, width)
    assert network(x).shape == (1, 3, height, width)


@torch.no_grad()
def test_logits_are_the_logarithms_of_the_scores(network):
    x = torch.randn(2, 1, 45, 50)
    predictions = network.all_predictions(x)
    assert len(predictions) == 4
    assert predictions[0].class_logits.shape == (2, 6, 4)
    assert predictions[0].mask_logits.shape == (2, 6, 12, 13)
    scores = semantic_scores(predictions[-1], (45, 50))
    shares = scores / scores.sum(1, keepdim=True)
    logits = network(x)
    torch.testing.assert_close(logits.softmax(1), shares)
    assert torch.equal(logits.argmax(1), scores.argmax(1))


def test_a_class_that_nobody_claims_has_a_finite_logit():
    network = small_network().eval()
    torch.nn.init.constant_(network.decoder.classify.bias, -1e4)
    with torch.no_grad():
        network.decoder.classify.bias[-1] = 1e4
        assert network(torch.zeros(1, 1, 32, 32)).isfinite().all()


@pytest.mark.parametrize("name", ["hrnet", "resnet"])
def test_stands_on_other_backbones(name):
    """The last four maps of one that has five, too."""
    backbone = small_backbone(32)
    if name == "hrnet":
        backbone = HRNetBackbone(HRNETS["mini"], in_channels=1)
    network = small_network(backbone).eval()
    last = network.all_predictions(torch.zeros(1, 1, 64, 48))[-1]
    assert last.mask_logits.shape == (1, 6, 16, 12)


def test_every_parameter_learns():
    torch.manual_seed(0)
    network = small_network()
    labels = torch.randint(0, 3, (2, 64, 64))
    predictions = network.all_predictions(torch.randn(2, 1, 64, 64))
    SetLoss()(predictions, semantic_targets(labels)).backward()
    without = [n for n, p in network.named_parameters() if not p.grad.any()]
    assert without == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": 0}, "num_classes must be 1 or more, got 0"),
        ({"width": 30}, "width must be a multiple of 4, got 30"),
        ({"width": 0}, "width must be a multiple of 4, got 0"),
        ({"heads": 5}, "divisible by heads, got 32 and 5"),
        ({"queries": 0}, "must be 1 or more, got 0, 3 and 64"),
        ({"layers": 0}, "must be 1 or more, got 6, 0 and 64"),
        (
            {"backbone": Backbone(1, (8, 8, 8), (4, 8, 16))},
            "4 maps or more",
        ),
    ],
)
def test_arguments_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        small_network(**change)


def test_images_are_checked(network):
    with pytest.raises(ValueError, match=r"shape \[N, 1, H, W\]"):
        network(torch.zeros(1, 3, 64, 64))


def test_learns_eight_scenes():
    torch.manual_seed(0)
    network = small_network()
    images, labels = eight_scenes()
    targets, loss = semantic_targets(labels), SetLoss()
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(50):
        total = loss(network.all_predictions(images), targets)
        losses.append(total.item())
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    assert losses[-1] < 0.1 * losses[0]
    right = network.eval()(images).argmax(1) == labels
    assert right.float().mean() > 0.95
