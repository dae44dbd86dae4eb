"""Label maps that hypothesis draws for the tests of this folder."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray


@st.composite
def label_maps(draw: st.DrawFn, most: int = 3) -> NDArray[np.int64]:
    """Blobs of up to ``most`` classes, from 1 x 1 to 14 x 14."""
    shape = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, most + 1, tuple((s + 2) // 3 for s in shape))
    labels = np.kron(coarse, np.ones((3, 3), int))[: shape[0], : shape[1]]
    noise = rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.4]))
    labels[noise] = rng.integers(0, most + 1, int(noise.sum()))
    return labels
