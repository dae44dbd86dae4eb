"""What the tests of several networks share."""

import torch
from torch import nn
from torch.nn import functional as F

from seglab.models.backbones import ResNetBackbone, dilate
from seglab.models.small_resnet import SmallResNet
from seglab.models.state_dicts import load_renamed


def small_backbone(output_stride, maps=5):
    """A backbone for grey images that trains in a second or two."""
    widths = (16, 16, 32, 64, 64)[:maps]
    return SmallResNet(1, widths, output_stride=output_stride)


def dilated_as_in_smp(name, output_stride):
    """A ResNet whose dilated stages have one rate, the first kernel too."""
    backbone = ResNetBackbone(name, output_stride=output_stride)
    for stage, stride in ((backbone.layer3, 16), (backbone.layer4, 32)):
        if stride > output_stride:
            rate = stride // output_stride
            dilate(stage, rate, rate)
    return backbone


@torch.no_grad()
def randomise(model):
    """Batch norms as after training: fresh ones hide most mistakes."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.2)
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.5, 1.5)
    return model


def largest_difference(ours, theirs):
    """Of two outputs, relative to the largest value of the second."""
    assert ours.shape == theirs.shape
    # to compare constants would show nothing
    assert theirs.std(dim=(-2, -1)).min() > 1e-3 * theirs.abs().max()
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def outputs_on_peers_weights(ours, theirs, rules, size):
    """Load a peer's random weights; both networks' outputs in eval mode."""
    torch.manual_seed(0)
    randomise(theirs)
    load_renamed(ours, theirs.state_dict(), rules)
    x = torch.randn(2, 3, *size)
    with torch.no_grad():
        return ours.eval()(x), theirs.eval()(x)


def eight_scenes(size=32, classes=3):
    """Grey images [8, 1, S, S] of rectangles, and their class maps."""
    draw = torch.Generator().manual_seed(0)
    masks = torch.zeros(8, size, size, dtype=torch.long)
    for mask in masks:
        for label in range(1, classes):
            top, left = torch.randint(0, size - 16, (2,), generator=draw)
            mask[top : top + 14, left : left + 16] = label
    noise = 0.1 * torch.randn(8, size, size, generator=draw)
    return (masks / classes + noise)[:, None], masks


def share_of_loss_left(model, *, steps=60, scenes=None):
    """The loss on eight scenes after training, over that before."""
    images, masks = scenes or eight_scenes()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    model.train()
    for _ in range(steps + 1):
        if getattr(model, "auxiliary", None) is None:
            total = loss = F.cross_entropy(model(images), masks)
        else:
            logits, beside = model.forward_with_auxiliary(images)
            loss = F.cross_entropy(logits, masks)
            total = loss + 0.4 * F.cross_entropy(beside, masks)
        losses.append(loss.item())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    return losses[-1] / losses[0]
