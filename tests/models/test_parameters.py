from torch import nn

from seglab.models import count_parameters


def test_counts_what_can_be_trained():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    assert count_parameters(model) == 3 * 8 * 9 + 8 + 16
    model[0].requires_grad_(False)
    assert count_parameters(model) == 16
    assert count_parameters(nn.Identity()) == 0
