import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from seglab.active import bald, entropy, mean_kl, vote_entropy

SEEDS = st.integers(0, 10**6)


def draw(seed, members=4, shape=(5, 3)):
    raw = np.random.default_rng(seed).gamma(0.3, size=(members, *shape))
    return raw / raw.sum(2, keepdims=True)


@given(SEEDS, st.integers(1, 5))
def test_bald_by_its_definition(seed, members):
    opinions = draw(seed, members, (4, 3, 2))
    slow = np.zeros((4, 2))
    for n in range(4):
        for pixel in range(2):
            own = opinions[:, n, :, pixel]
            slow[n, pixel] = stats.entropy(own.mean(0)) - np.mean(
                [stats.entropy(row) for row in own]
            )
    np.testing.assert_allclose(bald(opinions), slow, atol=1e-9)


@given(SEEDS, st.integers(1, 5))
def test_mean_kl_by_its_definition(seed, members):
    opinions = draw(seed, members)
    slow = [
        np.mean([stats.entropy(row, own.mean(0)) for row in own])
        for own in opinions.transpose(1, 0, 2)
    ]
    np.testing.assert_allclose(mean_kl(opinions), slow, atol=1e-9)


@given(SEEDS)
def test_bald_and_mean_kl_are_one_number(seed):
    opinions = draw(seed, 6, (7, 4, 3))
    np.testing.assert_allclose(bald(opinions), mean_kl(opinions), atol=1e-9)


@given(SEEDS)
def test_of_two_members_it_is_scipys_jensen_shannon(seed):
    first, second = opinions = draw(seed, 2)
    wanted = jensenshannon(first, second, axis=1) ** 2
    np.testing.assert_allclose(bald(opinions), wanted, atol=1e-9)


@given(SEEDS)
def test_vote_entropy_by_counting(seed):
    opinions = draw(seed, 5, (6, 4))
    for n, found in enumerate(vote_entropy(opinions)):
        votes = [int(row.argmax()) for row in opinions[:, n]]
        counts = [votes.count(k) for k in range(4)]
        assert found == pytest.approx(stats.entropy(counts))


@pytest.mark.parametrize("figure", [bald, mean_kl, vote_entropy])
def test_members_that_agree_do_not_disagree(figure):
    one = draw(1, 1, (5, 3, 2))
    np.testing.assert_allclose(
        figure(np.repeat(one, 4, axis=0)), np.zeros((5, 2)), atol=1e-12
    )


def test_a_coin_is_uncertain_and_undisputed():
    coin = np.full((3, 1, 2), 0.5)
    assert entropy(coin[0])[0] == pytest.approx(math.log(2))
    assert bald(coin)[0] == 0


@pytest.mark.parametrize("figure", [bald, mean_kl, vote_entropy])
@pytest.mark.parametrize("bad", [[[0.5, 0.5]], np.full((2, 3, 2), 0.4)])
def test_what_is_no_committee(figure, bad):
    with pytest.raises(ValueError, match="probabilities"):
        figure(bad)
