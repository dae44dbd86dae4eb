"""UNet++: nested nodes, heads, pruning, equality with MONAI and smp."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seglab.models import UNet, UNetPlusPlus, count_parameters
from seglab.models.unetpp import nested_nodes

SMALL = (4, 6, 8)


@pytest.mark.parametrize("upsample", ["transposed", "bilinear"])
@pytest.mark.parametrize("widths", [(3, 5), (4, 6, 8), (8, 4, 6, 2)])
def test_sizes_and_widths(widths, upsample):
    model = UNetPlusPlus(2, 3, widths=widths, upsample=upsample).eval()
    x = torch.randn(2, 2, 17, 26)
    assert model(x).shape == (2, 3, 17, 26)
    assert [f.shape[1] for f in model.encode(x)] == list(widths)
    logits = model.all_logits(x)
    assert len(logits) == len(widths) - 1
    assert torch.equal(model(x), logits[-1])


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 60), st.integers(4, 60))
def test_any_size_property(height, width):
    model = UNetPlusPlus(1, 2, widths=(2, 3, 2)).eval()
    out = model(torch.zeros(1, 1, height, width))
    assert out.shape[-2:] == (height, width)


def test_with_one_pooling_it_is_a_unet():
    nested = UNetPlusPlus(1, 2, widths=(4, 8)).eval()
    plain = UNet(1, 2, widths=(4, 8)).eval()
    state = {
        key.replace("nodes.0_1.", "ups.0.").replace("heads.0.", "head."): v
        for key, v in nested.state_dict().items()
    }
    plain.load_state_dict(state)
    x = torch.randn(1, 1, 12, 13)
    assert torch.equal(nested(x), plain(x))


def test_number_of_nodes_is_triangular():
    nodes = UNetPlusPlus(1, 2, widths=(2, 2, 2, 2, 2)).nodes
    assert len(nodes) == 10
    assert set(nodes) >= {"0_4", "3_1", "1_3"}
    assert "1_4" not in nodes


def test_nodes_come_in_an_order_that_can_be_computed():
    for poolings in (1, 2, 4):
        known = {(level, 0) for level in range(poolings + 1)}
        for level, order in nested_nodes(poolings):
            needed = {(level, earlier) for earlier in range(order)}
            assert needed | {(level + 1, order - 1)} <= known
            known.add((level, order))
        assert (
            max(order for level, order in known if level == 0) == poolings
        )


@pytest.mark.parametrize("poolings", [1, 2, 3])
def test_pruning_keeps_the_output_of_its_head(poolings):
    model = UNetPlusPlus(1, 2, widths=(4, 6, 8, 10)).eval()
    x = torch.randn(1, 1, 19, 24)
    small = model.prune(poolings)
    assert not small.training
    assert torch.equal(small(x), model.all_logits(x)[poolings - 1])
    smaller = count_parameters(small) < count_parameters(model)
    assert smaller == (poolings < 3)


@pytest.mark.parametrize("poolings", [0, 3])
def test_pruning_checks_its_argument(poolings):
    model = UNetPlusPlus(1, 2, widths=SMALL)
    with pytest.raises(ValueError, match="poolings must be 1 to 2, got"):
        model.prune(poolings)


def test_deep_supervision_reaches_every_parameter():
    model = UNetPlusPlus(1, 2, widths=SMALL)
    x = torch.randn(2, 1, 16, 16)
    sum(logits.square().mean() for logits in model.all_logits(x)).backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    model(x).square().mean().backward()
    assert model.heads[0].weight.grad is None


def test_images_and_arguments_are_checked():
    with pytest.raises(ValueError, match="upsample must be"):
        UNetPlusPlus(1, 2, upsample="nearest")
    with pytest.raises(ValueError, match="widths must be two or more"):
        UNetPlusPlus(1, 2, widths=())
    model = UNetPlusPlus(1, 2, widths=SMALL)
    with pytest.raises(ValueError, match="at least 4 x 4 px"):
        model(torch.zeros(1, 1, 3, 9))


def test_overfits_one_picture():
    torch.manual_seed(0)
    mask = torch.zeros(1, 16, 20, dtype=torch.long)
    mask[0, 3:9, 8:16] = 1
    image = mask[:, None] * 0.3 + 0.1 * torch.randn(1, 1, 16, 20)
    model = UNetPlusPlus(1, 2, widths=(8, 16, 32))
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(60):
        logits = model.all_logits(image)
        loss = sum(nn.functional.cross_entropy(y, mask) for y in logits)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for logits in model.eval().all_logits(image):
        assert (logits.argmax(1) == mask).float().mean() > 0.97


@pytest.mark.parametrize("size", [(32, 48), (37, 61)])
def test_equals_monai_basic_unet_plus_plus(size):
    """The whole network with all four heads, odd sizes included."""
    monai = pytest.importorskip("monai.networks.nets")
    torch.manual_seed(0)
    widths = (8, 8, 16, 32, 64)
    theirs = monai.BasicUNetPlusPlus(
        spatial_dims=2,
        in_channels=3,
        out_channels=2,
        features=(*widths, widths[0]),
        deep_supervision=True,
        act="RELU",
        norm="BATCH",
        bias=False,
    )
    ours = UNetPlusPlus(3, 2, widths=widths)
    ours.load_state_dict(from_monai(theirs.state_dict()))
    x = torch.randn(2, 3, *size)
    for mode in (True, False):
        pairs = zip(
            ours.train(mode).all_logits(x),
            theirs.train(mode)(x),
            strict=True,
        )
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)


def from_monai(state):
    """MONAI's keys (``upcat_1_2.convs.conv_0.conv.weight``) as ours."""
    layers = {
        "convs.conv_0.conv": "convolve.0",
        "convs.conv_0.adn.N": "convolve.1",
        "convs.conv_1.conv": "convolve.3",
        "convs.conv_1.adn.N": "convolve.4",
        "upsample.deconv": "upsample",
        "conv_0.conv": "0",
        "conv_0.adn.N": "1",
        "conv_1.conv": "3",
        "conv_1.adn.N": "4",
    }
    renamed = {}
    for key, value in state.items():
        place, rest = key.split(".", 1)
        name, parameter = rest.rsplit(".", 1) if "." in rest else ("", rest)
        kind, level, order = place.rsplit("_", 2)
        if kind == "final_conv":
            ours = f"heads.{int(order) - 1}"
        elif kind == "upcat":
            ours = f"nodes.{level}_{order}.{layers[name]}"
        elif level == "0":
            ours = f"encoder.stem.{layers[name]}"
        else:
            name = name.removeprefix("convs.")
            ours = f"encoder.downs.{int(level) - 1}.1.{layers[name]}"
        renamed[f"{ours}.{parameter}"] = value
    return renamed


def test_nested_nodes_equal_smp():
    """All ten nested nodes of smp's decoder, fed with our encoder's maps.

    Not compared: smp's encoder (a ResNet or another backbone) and its last
    block, which upsamples to full size without a skip connection, because
    a backbone's first map has half the size of the image.
    """
    decoders = pytest.importorskip(
        "segmentation_models_pytorch.decoders.unetplusplus.decoder"
    )
    torch.manual_seed(0)
    widths = (6, 8, 10, 12, 14)
    last_block = 1
    theirs = decoders.UnetPlusPlusDecoder(
        encoder_channels=(3, *widths),
        decoder_channels=(*reversed(widths[:-1]), last_block),
        interpolation_mode="bilinear",
    ).eval()
    ours = UNetPlusPlus(3, 2, widths=widths, upsample="bilinear").eval()
    nodes = from_smp_nodes(theirs.state_dict(), widths)
    ours.nodes.load_state_dict(nodes)

    features = ours.encode(torch.randn(2, 3, 32, 48))
    found = {}
    for name, block in theirs.blocks.items():
        block.register_forward_hook(
            lambda _, __, output, name=name: found.update({name: output})
        )
    for name, node in ours.nodes.items():
        node.register_forward_hook(
            lambda _, __, output, name=name: found.update({name: output})
        )
    ours.decode(features)
    theirs([features[0], *features])
    compared = 0
    for level, order in nested_nodes(4):
        smp_name = smp_node(level, order)
        mine = found[f"{level}_{order}"]
        assert torch.allclose(mine, found[smp_name], atol=1e-5), smp_name
        compared += 1
    assert compared == 10


def smp_node(level, order, poolings=4):
    """Our (level, order) in smp's ``x_{depth}_{layer}``.

    smp counts layers from the coarsest skip connection upwards and depth
    from the last node of a row backwards.
    """
    layer = poolings - 1 - level
    return f"x_{layer + 1 - order}_{layer}"


def from_smp_nodes(state, widths):
    """smp's nested blocks as ours.

    smp stacks [upsampled, order - 1, ..., 0], we stack [0, 1, ...,
    upsampled]: the groups of input channels are reversed.
    """
    poolings = len(widths) - 1
    layers = {"conv1.0": 0, "conv1.1": 1, "conv2.0": 3, "conv2.1": 4}
    renamed = {}
    for level in range(poolings):
        for order in range(1, poolings - level + 1):
            prefix = f"blocks.{smp_node(level, order, poolings)}."
            groups = [widths[level + 1]] + [widths[level]] * order
            for key, value in state.items():
                if not key.startswith(prefix):
                    continue
                name, parameter = key[len(prefix) :].rsplit(".", 1)
                if name == "conv1.0":
                    parts = value.split(groups, dim=1)
                    value = torch.cat(parts[::-1], dim=1)
                place = f"{level}_{order}.convolve.{layers[name]}"
                renamed[f"{place}.{parameter}"] = value
    return renamed
