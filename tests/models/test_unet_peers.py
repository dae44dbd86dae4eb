"""U-Net gives MONAI's and smp's outputs on their weights."""

import pytest
import torch

from seglab.models import UNet


@pytest.mark.parametrize("size", [(32, 48), (37, 61)])
def test_equals_monai_basic_unet(size):
    """The same weights give MONAI's output, odd sizes included."""
    monai = pytest.importorskip("monai.networks.nets")
    torch.manual_seed(0)
    widths = (8, 8, 16, 32, 64)
    theirs = monai.BasicUNet(
        spatial_dims=2,
        in_channels=3,
        out_channels=2,
        features=(*widths, widths[0]),
        act="RELU",
        norm="BATCH",
        bias=False,
    )
    ours = UNet(3, 2, widths=widths)
    ours.load_state_dict(from_monai_unet(theirs.state_dict()))
    x = torch.randn(2, 3, *size)
    for mode in (True, False):
        result = ours.train(mode)(x)
        assert torch.allclose(result, theirs.train(mode)(x), atol=1e-5)


def from_monai_unet(state):
    """MONAI's keys (``down_1.convs.conv_0.adn.N.weight``) as ours."""
    places = {"conv_0": "encoder.stem", "final_conv": "head"}
    for index in range(4):
        places[f"down_{index + 1}.convs"] = f"encoder.downs.{index}.1"
        places[f"upcat_{4 - index}.convs"] = f"ups.{index}.convolve"
        places[f"upcat_{4 - index}.upsample.deconv"] = (
            f"ups.{index}.upsample"
        )
    layers = {
        "conv_0.conv.": "0.",
        "conv_0.adn.N.": "1.",
        "conv_1.conv.": "3.",
        "conv_1.adn.N.": "4.",
        "conv.": "",
    }
    renamed = {}
    for key, value in state.items():
        place = max((p for p in places if key.startswith(p)), key=len)
        rest = key[len(place) + 1 :]
        for old, new in layers.items():
            if rest.startswith(old):
                rest = new + rest[len(old) :]
                break
        renamed[f"{places[place]}.{rest}"] = value
    return renamed


def test_decoder_equals_smp():
    """smp's decoder on our encoder's maps, for sizes divisible by 16.

    Not compared: smp's backbones, and its last block, which upsamples to
    full size without a skip connection.
    """
    decoders = pytest.importorskip(
        "segmentation_models_pytorch.decoders.unet.decoder"
    )
    torch.manual_seed(0)
    widths = (6, 8, 10, 12, 14)
    theirs = decoders.UnetDecoder(
        encoder_channels=(3, *widths),
        decoder_channels=(*reversed(widths[:-1]), 1),
        interpolation_mode="bilinear",
    ).eval()
    ours = UNet(3, 2, widths=widths, upsample="bilinear").eval()
    ours.ups.load_state_dict(from_smp_decoder(theirs.state_dict(), widths))
    found = []
    theirs.blocks[-2].register_forward_hook(
        lambda _, __, output: found.append(output)
    )
    ours.ups[-1].register_forward_hook(
        lambda _, __, output: found.append(output)
    )
    features = ours.encode(torch.randn(2, 3, 32, 48))
    ours.decode(features)
    theirs([features[0], *features])
    assert torch.allclose(*found, atol=1e-5)


def from_smp_decoder(state, widths):
    """smp's blocks as ours; smp stacks [upsampled, skip]."""
    layers = {"conv1.0": 0, "conv1.1": 1, "conv2.0": 3, "conv2.1": 4}
    renamed = {}
    for key, value in state.items():
        _, index, conv, place, parameter = key.split(".")
        if int(index) == len(widths) - 1:
            continue
        if (conv, place) == ("conv1", "0"):
            upsampled, skip = value.split(
                [widths[-1 - int(index)], widths[-2 - int(index)]], dim=1
            )
            value = torch.cat([skip, upsampled], dim=1)
        layer = layers[f"{conv}.{place}"]
        renamed[f"{index}.convolve.{layer}.{parameter}"] = value
    return renamed
