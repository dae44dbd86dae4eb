"""Multiply-adds: counted as torchvision, fvcore and a pencil count."""

import warnings

import pytest
import torch
import torchvision
from torch import nn

from seglab.models import UNet
from seglab.models.complexity import count_multiply_adds
from seglab.models.factory import build


def test_equals_a_pencil():
    model = nn.Sequential(
        nn.Conv2d(2, 6, 3, stride=2, padding=1, groups=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 4, 2, stride=2),
    )
    first = 5 * 4 * 6 * 9 * (2 // 2)
    second = 5 * 4 * 6 * 4 * 4
    found = count_multiply_adds(model, (10, 7), in_channels=2)
    assert found == first + second


class BothHeads(nn.Module):
    """torchvision's networks run the auxiliary head in eval mode too."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.forward_with_auxiliary(x)


@pytest.mark.parametrize("family", ["fcn", "deeplabv3"])
def test_equals_torchvisions_table(family):
    """Its weight tables say how many billions at 520 x 520."""
    weights = torchvision.models.get_model_weights(f"{family}_resnet50")
    said = weights.DEFAULT.meta["_ops"]
    model = build(family, 21, auxiliary=True)
    found = count_multiply_adds(BothHeads(model), (520, 520)) / 1e9
    assert found == pytest.approx(said, abs=5e-4)
    without = count_multiply_adds(model, (520, 520)) / 1e9
    assert without < said - 5


@pytest.mark.parametrize("name", ["deeplabv3plus", "pspnet", "fcn8s"])
def test_equals_fvcore(name):
    """The convolutions; fvcore counts some of the rest besides."""
    fvcore = pytest.importorskip("fvcore.nn")
    model = build(name, 3, in_channels=1, backbone="small").eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analysis = fvcore.FlopCountAnalysis(
            model, torch.zeros(1, 1, 50, 41)
        )
        analysis.unsupported_ops_warnings(False)
        analysis.uncalled_modules_warnings(False)
        wanted = analysis.by_operator()["conv"]
    assert count_multiply_adds(model, (50, 41), in_channels=1) == wanted


def test_the_model_stays_as_it_is():
    model = UNet(1, 2, widths=(4, 8))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    count_multiply_adds(model, (16, 16), in_channels=1)
    assert model.training
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize("size", [(4,), (0, 4), (4, 4, 4)])
def test_size_is_checked(size):
    with pytest.raises(ValueError, match=r"size must be \(height, width\)"):
        count_multiply_adds(nn.Identity(), size)
