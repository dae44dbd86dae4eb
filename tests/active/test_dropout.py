import numpy as np
import pytest
import torch
from torch import nn

from seglab.active import dropout_passes


def model_with(layer):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        layer,
        nn.Linear(8, 3),
    )


INPUTS = torch.rand(5, 6)


def test_passes_differ_and_repeat_with_the_seed():
    model = model_with(nn.Dropout(0.5))
    passes = dropout_passes(model, INPUTS, passes=4, seed=1)
    assert passes.shape == (4, 5, 3)
    assert not np.allclose(passes[0], passes[1])
    again = dropout_passes(model, INPUTS, passes=4, seed=1)
    np.testing.assert_array_equal(passes, again)
    other = dropout_passes(model, INPUTS, passes=4, seed=2)
    assert not np.allclose(passes, other)


def test_their_mean_is_near_the_plain_answer():
    model = model_with(nn.Dropout(0.1)).eval()
    plain = model(INPUTS).softmax(1).detach().numpy()
    passes = dropout_passes(model, INPUTS, passes=200)
    np.testing.assert_allclose(passes.mean(0), plain, atol=0.03)


@pytest.mark.parametrize("mode", [True, False])
def test_nothing_else_changes(mode):
    model = model_with(nn.Dropout(0.5)).train(mode)
    model[0].train(not mode)
    modes = [m.training for m in model.modules()]
    state = {k: v.clone() for k, v in model.state_dict().items()}
    torch.manual_seed(7)
    before = torch.get_rng_state()
    dropout_passes(model, INPUTS, passes=2)
    assert [m.training for m in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), before)
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_batch_norm_stays_fixed():
    model = model_with(nn.Dropout(1e-6))
    together = dropout_passes(model, INPUTS, passes=1)[0]
    alone = dropout_passes(model, INPUTS[:1], passes=1)[0]
    np.testing.assert_allclose(together[:1], alone, atol=1e-6)


def test_pixels_are_taken():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Dropout2d(0.5))
    passes = dropout_passes(model, torch.rand(2, 1, 8, 8), passes=3)
    assert passes.shape == (3, 2, 4, 6, 6)
    np.testing.assert_allclose(passes.sum(2), 1, atol=1e-6)


@pytest.mark.parametrize("layer", [nn.Identity(), nn.Dropout(0.0)])
def test_a_model_without_dropout_is_refused(layer):
    with pytest.raises(ValueError, match="dropout"):
        dropout_passes(model_with(layer), INPUTS)


def test_passes_are_one_or_more():
    with pytest.raises(ValueError, match="passes"):
        dropout_passes(model_with(nn.Dropout(0.5)), INPUTS, passes=0)


def test_modes_return_when_the_model_fails():
    model = model_with(nn.Dropout(0.5)).train()
    with pytest.raises(RuntimeError):
        dropout_passes(model, torch.rand(2, 99))
    assert all(m.training for m in model.modules())
